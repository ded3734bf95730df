"""Serve an app that a test made up in a thread of its own."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


class Prompt(uvicorn.Server):
    """uvicorn's server, which ends as soon as it is told to."""

    async def main_loop(self) -> None:
        while not self.should_exit:
            await asyncio.sleep(0.01)


@contextmanager
def hosted(app: ASGIApp) -> Iterator[str]:
    """The origin at which the app is served meanwhile, without a slash at its end."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", access_log=False)
    server = Prompt(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        # Whoever is still being answered has left.
        server.should_exit = server.force_exit = True
        thread.join()
        listener.close()
