"""Open pages in the windows of a browser, and use each window again.

Every new window is a new process of Chromium, which takes longer than most tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

# The pages of a window share a process.
ARGUMENTS = ["--no-sandbox", "--renderer-process-limit=1"]


class Windows:
    """A browser whose windows forget what was done in them."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium
        self._free: dict[str, list[Any]] = {}

    def new_page(self) -> Any:
        """A page in a window of its own, which is closed with it."""
        return self._chromium.new_page()

    @contextmanager
    def window(self, **options: Any) -> Iterator[Any]:
        """A window in which nothing has happened yet; its pages are closed in the end.

        An empty page stays open in it and keeps the process.
        """
        free = self._free.setdefault(repr(sorted(options.items())), [])
        window = free.pop() if free else self._chromium.new_context(**options)
        if not window.pages:
            window.new_page()
        yield window
        forget(window)
        free.append(window)


def forget(window: Any) -> None:
    """Close all pages but the empty one, and remove what they kept."""
    empty, *pages = window.pages
    origins = {"{0.scheme}://{0.netloc}".format(urlsplit(page.url)) for page in pages}
    for page in pages:
        page.close()
    window.set_offline(False)
    window.clear_cookies()
    protocol = window.new_cdp_session(empty)
    protocol.send("Network.clearBrowserCache")
    for origin in origins:
        kept = {"origin": origin, "storageTypes": "all"}
        protocol.send("Storage.clearDataForOrigin", kept)
    protocol.detach()
