"""Ask people questions and store their answers, over HTTP."""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Collection, Iterator
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from novice.errors import NoviceError
from novice.inbox.assets import assets, send_asset
from novice.inbox.beside import Beside
from novice.inbox.clerk import Clerk
from novice.inbox.facts import budget_of, measures, needed, offers_consequences
from novice.inbox.limits import Allowance, RefusedError, refused_for
from novice.inbox.overview import Overview
from novice.inbox.protocol import (
    action_kind,
    answer_words,
    minutes_left,
    parse_answers,
    parse_history,
    parse_id,
    parse_lease,
    question_words,
)
from novice.inbox.routes import ANYBODY, WHO_ANSWERS, WHO_OVERSEES, guarded, route
from novice.inbox.security import LOOPBACK, Doorkeeper, Guard
from novice.inbox.store import Inbox, UnknownQuestionError
from novice.inbox.strips import Pictures, send_strip

# A person may answer so fast for long, and so many at once after a time offline.
ANSWERS_A_SECOND = 30.0
ANSWERS_AT_ONCE = 300
# After so many seconds without a sign of life the run is thought to have stopped.
SIGN_OF_LIFE = 15.0
# After so many minutes the page proposes a pause.
PAUSE_AFTER = 25
_NEWS = 5
# Why there is no help with a question that chance alone chose.
BLIND = (
    "this question was drawn by chance to find out how often the policy is wrong: it is"
    " answered without help"
)


def label_app(
    folder: Path,
    doorkeeper: Doorkeeper,
    inbox: Inbox,
    darkroom: Pictures,
    *,
    allowed_hosts: Collection[str] = LOOPBACK,
    answers: Allowance | None = None,
    bad_tokens: Allowance | None = None,
) -> Guard:
    """The page on which people answer the questions of the run in `folder`.

    The app closes `darkroom` when it ends, the caller then closes `inbox`.
    """
    desk = _Desk(folder.name, inbox, darkroom, doorkeeper, answers)
    question = "/api/questions/{question}"
    return guarded(
        [
            route("/", desk.page, ANYBODY),
            route("/overview", desk.overview_page, WHO_OVERSEES),
            route("/static/{name}", desk.static, ANYBODY),
            route("/api/hello", desk.hello, ANYBODY),
            route("/api/overview", desk.overview, WHO_OVERSEES),
            route("/api/lease", desk.lease, WHO_ANSWERS, "POST"),
            route(f"{question}/clip", desk.clip, ANYBODY),
            route(f"{question}/consequences", desk.consequences, WHO_ANSWERS),
            route(f"{question}/action", desk.action, WHO_ANSWERS),
            route("/api/answers", desk.answers, WHO_ANSWERS, "POST"),
            route("/api/history", desk.history, WHO_ANSWERS),
            route("/api/progress", desk.progress, ANYBODY),
        ],
        doorkeeper,
        open=desk.open,
        allowed_hosts=allowed_hosts,
        bad_tokens=bad_tokens,
    )


class _Desk:
    """What the page can ask for, one method a route: each parses, calls and replies."""

    def __init__(
        self,
        run: str,
        inbox: Inbox,
        darkroom: Pictures,
        doorkeeper: Doorkeeper,
        answers: Allowance | None,
    ) -> None:
        self._run = run
        self._overview = Overview(inbox.path, doorkeeper.everybody)
        self._inbox = inbox
        self._darkroom = darkroom
        self._clerk = Clerk(inbox)
        self._beside = Beside("desk")
        self._allowance = answers or Allowance(
            a_second=ANSWERS_A_SECOND, burst=ANSWERS_AT_ONCE
        )
        self._assets = assets()

    @contextlib.asynccontextmanager
    async def open(self, app: Any) -> AsyncIterator[None]:
        """Let what was handed in be stored before the server ends."""
        try:
            yield
        finally:
            await self._clerk.close()
            await self._darkroom.close()
            await self._overview.close()
            self._beside.close()

    async def page(self, request: Request) -> Response:
        if request.state.role not in WHO_ANSWERS:
            return RedirectResponse("/overview", status_code=303)
        return send_asset(self._assets, "label.html", request)

    async def overview_page(self, request: Request) -> Response:
        return send_asset(self._assets, "overview.html", request)

    async def static(self, request: Request) -> Response:
        return send_asset(self._assets, request.path_params["name"], request)

    async def hello(self, request: Request) -> Response:
        facts = await self._beside.call(self._inbox.facts)
        words = needed(facts, "words")
        content = {
            "who": request.state.who,
            "role": request.state.role,
            "overview": request.state.role in WHO_OVERSEES,
            "csrf": request.state.csrf,
            "run": facts.get("run", self._run),
            "inbox": facts.get("inbox"),
            "task": needed(facts, "task")["id"],
            "simulated": facts.get("simulated", False),
            "words": words,
            "instructions": facts.get("instructions"),
            "budget": budget_of(facts),
            "consequences": offers_consequences(facts),
            "measuring": measures(facts),
            "pause_after_minutes": PAUSE_AFTER,
        }
        return JSONResponse(content)

    async def overview(self, request: Request) -> Response:
        content = await self._overview.latest()
        you = {"who": request.state.who, "role": request.state.role}
        return JSONResponse({**content, "you": you, "run": content["run"] or self._run})

    async def lease(self, request: Request) -> Response:
        who, wish = request.state.who, parse_lease(await request.body())

        def lease() -> tuple[dict[str, Any], bool]:
            if wish.release:
                self._inbox.release(who, wish.release)
            leased = self._inbox.lease(who, want=wish.want, holding=wish.holding)
            questions = [
                question_words(each.question, lease=each.lease) for each in leased
            ]
            content = {"questions": questions, "progress": self._progress(who)}
            return content, offers_consequences(self._inbox.facts())

        content, consequences = await self._beside.call(lease)
        self._darkroom.forget(wish.release)
        self._darkroom.expect(
            [question["id"] for question in content["questions"]],
            consequences=consequences,
        )
        return JSONResponse(content)

    async def clip(self, request: Request) -> Response:
        with _no_picture():
            strip = await self._darkroom.clip(_question(request))
        return send_strip(strip)

    async def action(self, request: Request) -> Response:
        number = _question(request)
        await self._check_blind(number)
        with _unknown_is_absent():
            asked = await self._beside.call(lambda: self._inbox.question(number))
        return JSONResponse({"action": asked.action.tolist()})

    async def consequences(self, request: Request) -> Response:
        number = _question(request)
        await self._check_blind(number)
        with _no_picture():
            strip = await self._darkroom.consequences(number)
        response = send_strip(strip)
        response.headers["X-Branches"] = json.dumps(strip.branches)
        return response

    async def answers(self, request: Request) -> Response:
        who = request.state.who
        words = await self._beside.call(lambda: self._inbox.told("words"))
        kind = action_kind(needed({"words": words}, "words"))
        answers = parse_answers(await request.body(), who=who, kind=kind)
        wait = self._allowance.take(who, len(answers))
        if wait > 0:
            raise refused_for(
                wait, f"more than {ANSWERS_A_SECOND:g} answers a second; they wait here"
            )
        try:
            await self._clerk.store(answers)
        except UnknownQuestionError:
            sentence = "one of these questions is not of this run: reload the page"
            raise RefusedError(409, sentence) from None
        self._darkroom.forget([answer.question for answer in answers])
        progress = await self._beside.call(lambda: self._progress(who))
        stored = [answer.uuid for answer in answers]
        return JSONResponse({"stored": stored, "progress": progress})

    async def history(self, request: Request) -> Response:
        wish = parse_history(request.query_params)

        def items() -> list[dict[str, Any]]:
            kept = self._inbox.history(
                request.state.who, before=wish.before, most=wish.most
            )
            return [answer_words(each.id, each.answer, asked) for asked, each in kept]

        return JSONResponse({"items": await self._beside.call(items)})

    async def progress(self, request: Request) -> Response:
        who = request.state.who
        return JSONResponse(await self._beside.call(lambda: self._progress(who)))

    async def _check_blind(self, question: int) -> None:
        """Raise RefusedError while answers, or this one, must come without help."""
        if question in await self._beside.call(self._inbox.reserved):
            raise RefusedError(403, BLIND)
        if measures(await self._beside.call(self._inbox.facts)):
            raise RefusedError(
                403, "agreement is being measured: answers come without help for now"
            )

    def _progress(self, who: str) -> dict[str, Any]:
        """How far the run and this person are."""
        now = time.time()
        facts, tally = self._inbox.facts(), self._inbox.tally(who, now=now)
        budget = budget_of(facts)
        return {
            "answered": tally.answered,
            "mine": tally.mine,
            "stored": tally.stored,
            "human_seconds": tally.seconds,
            "open": tally.open,
            "per_minute": tally.rate,
            "minutes_left": minutes_left(
                budget,
                answered=tally.answered,
                seconds=tally.seconds,
                a_minute=tally.rate,
            ),
            "round": facts.get("round", 0),
            "phase": facts.get("phase", "starting"),
            "budget": budget,
            "news": self._inbox.news(0)[-_NEWS:],
            "training": now - facts.get("alive", 0.0) < SIGN_OF_LIFE,
        }


def _question(request: Request) -> int:
    return parse_id(request.path_params["question"], "a question")


@contextlib.contextmanager
def _unknown_is_absent() -> Iterator[None]:
    """Say so where somebody asks about a question that there is not."""
    try:
        yield
    except UnknownQuestionError:
        raise RefusedError(404, "there is no such question") from None


@contextlib.contextmanager
def _no_picture() -> Iterator[None]:
    """Whatever a picture fails from, the page goes on without it."""
    try:
        with _unknown_is_absent():
            yield
    except RefusedError:
        raise
    except NoviceError as error:
        raise RefusedError(404, str(error)) from error
