"""Let each route answer to those whose invitation is for it."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from novice.inbox.limits import Allowance, RefusedError
from novice.inbox.people import ROLES
from novice.inbox.security import Doorkeeper, Guard, guard

# Who may do what: see Person.role.
ANYBODY = frozenset(ROLES)
WHO_ANSWERS = frozenset({"owner", "labeler"})
WHO_OVERSEES = frozenset({"owner", "observer"})
WHO_DECIDES = frozenset({"owner"})
_MAY = {
    WHO_ANSWERS: "your invitation is to look at the overview, not to answer",
    WHO_OVERSEES: "your invitation is to answer; the overview is for the run's owner",
    WHO_DECIDES: "which answers count is for the run's owner to decide",
}

Endpoint = Callable[[Request], Awaitable[Response]]


def route(
    path: str, endpoint: Endpoint, roles: frozenset[str], method: str = "GET"
) -> Route:
    """A route that answers to these roles, and says to others what they may do."""

    async def checked(request: Request) -> Response:
        if request.state.role not in roles:
            raise RefusedError(403, _MAY[roles])
        return await endpoint(request)

    return Route(path, checked, methods=[method])


def guarded(
    routes: Sequence[Route],
    doorkeeper: Doorkeeper,
    *,
    open: Callable[[Any], AbstractAsyncContextManager[None]],
    allowed_hosts: Collection[str],
    bad_tokens: Allowance | None,
) -> Guard:
    """The routes of a page as an app behind a door; `open` is entered while it runs."""
    router = Router(routes, redirect_slashes=False, lifespan=open)
    return guard(
        _routed(router), doorkeeper, allowed_hosts=allowed_hosts, bad_tokens=bad_tokens
    )


def _routed(router: Router) -> ASGIApp:
    """The router as an app: what it does not know is refused in our words."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # A router that belongs to an app raises, and the guard words the reply.
        await router({**scope, "app": router}, receive, send)

    return app
