"""Ask people questions and store their answers, over HTTP."""

import asyncio
import contextlib
import json
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from novice.errors import NoviceError
from novice.inbox.assets import assets, send_asset
from novice.inbox.clerk import Clerk
from novice.inbox.limits import Allowance, RefusedError, refused_for
from novice.inbox.overview import Overview
from novice.inbox.people import ROLES
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
from novice.inbox.security import LOOPBACK, Doorkeeper, Guard, guard
from novice.inbox.store import Inbox, UnknownQuestionError

# A person may answer so fast for long, and so many at once after a time offline.
ANSWERS_A_SECOND = 30.0
ANSWERS_AT_ONCE = 300
# After so many seconds without a sign of life the run is thought to have stopped.
SIGN_OF_LIFE = 15.0
# After so many minutes the page proposes a pause.
PAUSE_AFTER = 25
_NEWS = 5

# Who may do what: see Person.role.
ANYBODY = frozenset(ROLES)
WHO_ANSWERS = frozenset({"owner", "labeler"})
WHO_OVERSEES = frozenset({"owner", "observer"})
_MAY = {
    WHO_ANSWERS: "your invitation is to look at the overview, not to answer",
    WHO_OVERSEES: "your invitation is to answer; the overview is for the run's owner",
}

Result = TypeVar("Result")
Endpoint = Callable[[Request], Awaitable[Response]]


@runtime_checkable
class Strip(Protocol):
    """Frames of one size in one image."""

    @property
    def image(self) -> bytes: ...
    @property
    def media(self) -> str: ...
    @property
    def frames(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def frames_per_second(self) -> float: ...
    @property
    def every(self) -> int: ...


@runtime_checkable
class BranchedStrip(Strip, Protocol):
    """Frames beside each other, a column a branch."""

    @property
    def branches(self) -> Sequence[Mapping[str, Any]]: ...


@runtime_checkable
class Pictures(Protocol):
    """Where the pictures of questions are drawn."""

    async def clip(self, question: int) -> Strip: ...

    async def consequences(self, question: int) -> BranchedStrip: ...

    def expect(self, questions: Collection[int], *, consequences: bool) -> None: ...

    def forget(self, questions: Collection[int]) -> None: ...

    async def close(self) -> None: ...


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
    router = Router(
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
        redirect_slashes=False,
        lifespan=desk.open,
    )
    return guard(
        routed(router), doorkeeper, allowed_hosts=allowed_hosts, bad_tokens=bad_tokens
    )


def route(
    path: str, endpoint: Endpoint, roles: frozenset[str], method: str = "GET"
) -> Route:
    """A route that answers to these roles, and says to others what they may do."""

    async def checked(request: Request) -> Response:
        if request.state.role not in roles:
            raise RefusedError(403, _MAY[roles])
        return await endpoint(request)

    return Route(path, checked, methods=[method])


def routed(router: Router) -> ASGIApp:
    """The router as an app: what it does not know is refused in our words."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # A router that belongs to an app raises, and the guard words the reply.
        await router({**scope, "app": router}, receive, send)

    return app


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
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="desk")
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
            self._thread.shutdown()

    async def page(self, request: Request) -> Response:
        if request.state.role not in WHO_ANSWERS:
            return RedirectResponse("/overview", status_code=303)
        return send_asset(self._assets, "label.html", request)

    async def overview_page(self, request: Request) -> Response:
        return send_asset(self._assets, "overview.html", request)

    async def static(self, request: Request) -> Response:
        return send_asset(self._assets, request.path_params["name"], request)

    async def hello(self, request: Request) -> Response:
        facts = await self._call(self._inbox.facts)
        words = _told(facts, "words")
        content = {
            "who": request.state.who,
            "role": request.state.role,
            "overview": request.state.role in WHO_OVERSEES,
            "csrf": request.state.csrf,
            "run": facts.get("run", self._run),
            "inbox": facts.get("inbox"),
            "task": _told(facts, "task")["id"],
            "simulated": facts.get("simulated", False),
            "words": words,
            "instructions": facts.get("instructions"),
            "budget": _budget(facts),
            "consequences": _offers_consequences(facts),
            "measuring": _measures(facts),
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
            return content, _offers_consequences(self._inbox.facts())

        content, consequences = await self._call(lease)
        self._darkroom.forget(wish.release)
        self._darkroom.expect(
            [question["id"] for question in content["questions"]],
            consequences=consequences,
        )
        return JSONResponse(content)

    async def clip(self, request: Request) -> Response:
        with _no_picture():
            strip = await self._darkroom.clip(_question(request))
        return _picture(strip)

    async def action(self, request: Request) -> Response:
        number = _question(request)
        await self._check_blind()
        with _unknown_is_absent():
            asked = await self._call(lambda: self._inbox.question(number))
        return JSONResponse({"action": asked.action.tolist()})

    async def consequences(self, request: Request) -> Response:
        await self._check_blind()
        with _no_picture():
            strip = await self._darkroom.consequences(_question(request))
        response = _picture(strip)
        response.headers["X-Branches"] = json.dumps(strip.branches)
        return response

    async def answers(self, request: Request) -> Response:
        who = request.state.who
        words = await self._call(lambda: self._inbox.told("words"))
        kind = action_kind(_told({"words": words}, "words"))
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
        progress = await self._call(lambda: self._progress(who))
        stored = [answer.uuid for answer in answers]
        return JSONResponse({"stored": stored, "progress": progress})

    async def history(self, request: Request) -> Response:
        wish = parse_history(request.query_params)

        def items() -> list[dict[str, Any]]:
            kept = self._inbox.history(
                request.state.who, before=wish.before, most=wish.most
            )
            return [answer_words(each.id, each.answer, asked) for asked, each in kept]

        return JSONResponse({"items": await self._call(items)})

    async def progress(self, request: Request) -> Response:
        who = request.state.who
        return JSONResponse(await self._call(lambda: self._progress(who)))

    async def _check_blind(self) -> None:
        """Raise RefusedError while answers must come without help."""
        if _measures(await self._call(self._inbox.facts)):
            raise RefusedError(
                403, "agreement is being measured: answers come without help for now"
            )

    def _progress(self, who: str) -> dict[str, Any]:
        """How far the run and this person are."""
        now = time.time()
        facts, tally = self._inbox.facts(), self._inbox.tally(who, now=now)
        budget = _budget(facts)
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

    async def _call(self, work: Callable[[], Result]) -> Result:
        """Do something that waits for the disk beside the loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, work)


def _told(facts: dict[str, Any], name: str) -> Any:
    if facts.get(name) is None:
        raise RefusedError(503, "the run is still starting; try again in a moment")
    return facts[name]


def _budget(facts: dict[str, Any]) -> dict[str, Any]:
    return {"labels": None, "minutes": None, **facts.get("budget", {})}


def _measures(facts: Mapping[str, Any]) -> bool:
    """Whether agreement is being measured, so that nobody may look ahead or copy."""
    return bool(facts.get("measuring")) or facts.get("consequences") is False


def _offers_consequences(facts: Mapping[str, Any]) -> bool:
    """Whether a person may look at what an action leads to."""
    if _measures(facts):
        return False
    action = (facts.get("words") or {}).get("action", {})
    return bool(facts.get("consequences", action.get("kind") == "discrete"))


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


def _picture(strip: Strip) -> Response:
    headers = {
        "X-Frames": str(strip.frames),
        "X-Width": str(strip.width),
        "X-Height": str(strip.height),
        "X-Frames-Per-Second": f"{strip.frames_per_second:g}",
        "X-Every": str(strip.every),
    }
    return Response(strip.image, media_type=strip.media, headers=headers)
