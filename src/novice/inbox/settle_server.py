"""Show pairs of answers that contradict each other, and keep which one is right."""

import contextlib
from collections.abc import AsyncIterator, Collection, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from novice.errors import NoviceError
from novice.files import TakenError
from novice.inbox.assets import assets, send_asset
from novice.inbox.beside import Beside
from novice.inbox.limits import Allowance, RefusedError
from novice.inbox.protocol import parse_id
from novice.inbox.routes import ANYBODY, WHO_DECIDES, guarded, route
from novice.inbox.security import LOOPBACK, Doorkeeper, Guard
from novice.inbox.settling import (
    CannotSettleError,
    Docket,
    StalePairError,
    UnknownPairError,
    parse_decision,
)
from novice.inbox.strips import Pictures, send_strip

# So many pairs are told ahead, whose pictures are then there in time.
AHEAD = 3


def settle_app(
    doorkeeper: Doorkeeper,
    docket: Docket,
    darkroom: Pictures,
    *,
    allowed_hosts: Collection[str] = LOOPBACK,
    bad_tokens: Allowance | None = None,
) -> Guard:
    """The page on which a run's owner settles the pairs of a docket.

    The app closes `darkroom`, whose pictures are those of rows, when it ends.
    """
    table = _Table(docket, darkroom)
    return guarded(
        [
            route("/", table.page, ANYBODY),
            route("/static/{name}", table.static, ANYBODY),
            route("/api/hello", table.hello, ANYBODY),
            route("/api/pairs", table.pairs, WHO_DECIDES),
            route("/api/rows/{row}/clip", table.clip, WHO_DECIDES),
            route("/api/decisions", table.decide, WHO_DECIDES, "POST"),
            route("/api/decided/{back}", table.decided, WHO_DECIDES),
        ],
        doorkeeper,
        open=table.open,
        allowed_hosts=allowed_hosts,
        bad_tokens=bad_tokens,
    )


class _Table:
    """What the page can ask for, one method a route: each parses, calls and replies."""

    def __init__(self, docket: Docket, darkroom: Pictures) -> None:
        self._docket = docket
        self._darkroom = darkroom
        self._beside = Beside("table")
        self._assets = assets()

    @contextlib.asynccontextmanager
    async def open(self, app: Any) -> AsyncIterator[None]:
        """Let what was decided be stored before the server ends."""
        try:
            yield
        finally:
            await self._darkroom.close()
            self._beside.close()

    async def page(self, request: Request) -> Response:
        return send_asset(self._assets, "settle.html", request)

    async def static(self, request: Request) -> Response:
        return send_asset(self._assets, request.path_params["name"], request)

    async def hello(self, request: Request) -> Response:
        you = {name: getattr(request.state, name) for name in ("who", "role", "csrf")}
        facts = await self._beside.call(self._docket.facts)
        return JSONResponse({**facts, **you})

    async def pairs(self, request: Request) -> Response:
        who = request.state.who
        return JSONResponse(await self._beside.call(lambda: self._what_is_next(who)))

    async def clip(self, request: Request) -> Response:
        row = parse_id(request.path_params["row"], "a row")
        if not await self._beside.call(lambda: self._docket.has_row(row)):
            raise RefusedError(404, "this row stands in no pair")
        try:
            return send_strip(await self._darkroom.clip(row))
        except NoviceError as error:
            # Whatever a picture fails from, the page goes on without it.
            raise RefusedError(404, str(error)) from error

    async def decide(self, request: Request) -> Response:
        who, decision = request.state.who, parse_decision(await request.body())

        def decide() -> dict[str, Any]:
            with _worded():
                decided = self._docket.decide(who, decision)
            return {"decided": decided, **self._what_is_next(who)}

        return JSONResponse(await self._beside.call(decide))

    async def decided(self, request: Request) -> Response:
        who, back = request.state.who, parse_id(request.path_params["back"], "a place")
        with _worded():
            found = await self._beside.call(lambda: self._docket.decided(who, back))
        if found is None:
            raise RefusedError(404, "there is no earlier decision of yours")
        return JSONResponse({"decided": found})

    def _what_is_next(self, who: str) -> dict[str, Any]:
        pairs = [*self._docket.upcoming(AHEAD)]
        return {"pairs": pairs, "progress": self._docket.progress(who)}


@contextlib.contextmanager
def _worded() -> Iterator[None]:
    """Turn away what cannot be decided, in the words of whoever found out."""
    try:
        yield
    except UnknownPairError as error:
        raise RefusedError(404, str(error)) from error
    except (StalePairError, CannotSettleError) as error:
        raise RefusedError(409, str(error)) from error
    except TakenError as error:
        sentence = "somebody else writes in the ledger at this moment; try again"
        raise RefusedError(503, sentence) from error
