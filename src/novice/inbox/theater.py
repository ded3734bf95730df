"""Run a stage in a thread of its own, and show it to whoever watches."""

import dataclasses
import json
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from novice.inbox.stage import Stage
from novice.inbox.status import Status
from novice.inbox.wishes import Message

# More pictures in a second than this nobody sees.
MOST_PICTURES = 60.0
# Where drawing is slower than acting, a picture comes at least this often, in seconds.
LONGEST_BLINDNESS = 0.1
# What there is to see at the end is left on its way for so long, in seconds.
FAREWELL = 0.3
# While somebody plays, words come at least this often, in seconds.
LONGEST_QUIET = 0.4


@dataclass(frozen=True)
class Shown:
    """What there is to see: words, and a picture where it is a new one."""

    status: Status
    picture: bytes | None

    def words(self) -> str:
        """The words as the page reads them."""
        return json.dumps({"kind": "status", **dataclasses.asdict(self.status)})


class Theater:
    """A thread with a stage in it.

    Environments are made, stepped and drawn in one thread, as most renderers want it.
    """

    def __init__(self) -> None:
        self._said: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._watchers: dict[int, Callable[[Shown], None]] = {}
        self._next_watcher = 0
        self._last: Shown | None = None
        self._opened = threading.Event()
        self._stage: Stage | None = None
        self._error: BaseException | None = None
        self._closing = False
        self.done = threading.Event()

    def open(self, make_stage: Callable[[], Stage]) -> Stage:
        """Begin, with a stage made in the thread; raises what making it raised."""
        self._make_stage = make_stage
        self._thread = threading.Thread(target=self._run, name="theater")
        self._thread.start()
        self._opened.wait()
        if self._stage is None:
            self._thread.join()
            assert self._error is not None
            raise self._error
        return self._stage

    def close(self) -> None:
        """Keep what was done and end; raises what went wrong on the way."""
        self._closing = True
        self._said.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def say(self, message: Message) -> None:
        """Tell the stage what a page said."""
        self._said.put(message)

    def wake(self) -> None:
        """Look again: something was saved, or could not be."""
        self._said.put(None)

    def watch(self, watcher: Callable[[Shown], None]) -> Callable[[], None]:
        """Call `watcher` from now on, in the stage's thread; returns how to stop."""
        with self._lock:
            number = self._next_watcher
            self._next_watcher += 1
            self._watchers[number] = watcher
            last = self._last
        if last is not None:
            watcher(last)
        return lambda: self._leave(number)

    def _leave(self, number: int) -> None:
        with self._lock:
            self._watchers.pop(number, None)

    def _run(self) -> None:
        try:
            stage = self._make_stage()
        except BaseException as error:
            self._error = error
            self._opened.set()
            return
        self._stage = stage
        self._opened.set()
        try:
            self._play(stage)
        except BaseException as error:
            self._error = error
        finally:
            self.done.set()
            try:
                stage.close()
            except BaseException as error:
                self._error = self._error or error

    def _play(self, stage: Stage) -> None:
        shown, frame, drawn_at, shown_at = -1, -1, 0.0, 0.0
        while not self._closing:
            wait = stage.tick()
            now = time.monotonic()
            quiet = stage.state == "playing" and now - shown_at > LONGEST_QUIET
            if stage.version != shown or quiet:
                picture = None
                due = wait > 0 or now - drawn_at > LONGEST_BLINDNESS
                late = now - drawn_at >= 1 / MOST_PICTURES or stage.state != "playing"
                if stage.frame != frame and due and late:
                    picture, frame, drawn_at = stage.picture(), stage.frame, now
                shown, shown_at = stage.version, now
                self._show(Shown(stage.status, picture))
                if picture is not None or not stage.screen.draws:
                    stage.showed(stage.frame)
                wait = stage.tick()
            if stage.state == "done" and now - shown_at > FAREWELL:
                self.done.set()
            self._listen(stage, wait)

    def _listen(self, stage: Stage, wait: float) -> None:
        """Hear everything that was said meanwhile, or wait for something."""
        try:
            message = self._said.get(timeout=wait) if wait else self._said.get_nowait()
            while True:
                if message is None:
                    stage.show()
                else:
                    stage.hear(message)
                message = self._said.get_nowait()
        except queue.Empty:
            return

    def _show(self, shown: Shown) -> None:
        with self._lock:
            before = self._last.picture if self._last else None
            # Who comes later sees the last picture with the newest words.
            self._last = Shown(shown.status, shown.picture or before)
            watchers = list(self._watchers.values())
        for watcher in watchers:
            watcher(shown)
