"""Serve a page where and how its options say."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path

from novice.app.options import PageOptions
from novice.inbox.connections import serve
from novice.inbox.security import Guard


def serve_page(
    app: Guard,
    page: PageOptions,
    *,
    ready: Callable[[int], None],
    stop: threading.Event | None = None,
) -> signal.Signals | None:
    """Serve until a signal comes, which is returned, or until `stop` is set.

    `ready` is told the port; raises CannotServeError.
    """
    return serve(
        app,
        host=page.host,
        port=page.port,
        tls_cert=None if page.tls_cert is None else Path(page.tls_cert),
        tls_key=None if page.tls_key is None else Path(page.tls_key),
        ready=ready,
        stop=stop,
    )
