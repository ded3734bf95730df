"""Whether anybody looks at the stage, and how old what they see is."""

from collections import deque
from collections.abc import Callable

# How long nothing may be heard from the page while somebody plays, in seconds.
LONGEST_SILENCE = 0.5
# What was followed by a newer picture so many seconds ago is too old to act on.
STALE_AFTER = 0.3
# For how long a page may show what is too old before it loses the controls.
LONGEST_STALENESS = 0.3
# Of so many pictures it is known when they were shown.
REMEMBERED = 1000


class Attention:
    """What is known of the page's eyes: when it spoke, and which frame it shows.

    A frame is as old as the first newer one has been on its way to the page: while
    nothing newer is shown, nothing is old, however slowly a task draws. Unless it is
    `strict`, nothing ever is.
    """

    def __init__(self, clock: Callable[[], float], *, strict: bool = True):
        self._clock, self._strict = clock, strict
        self._shown: deque[tuple[int, float]] = deque(maxlen=REMEMBERED)
        self._heard = clock()
        self._stale_since: float | None = None
        self.seen = 0  # the newest frame that the page says it shows

    def begin(self) -> None:
        """Somebody wants to go on: what was before does not count."""
        self._heard = self._clock()
        self._stale_since = None

    def move(self) -> None:
        """Another page is looked at, which has not said yet what it shows."""
        self.seen = 0

    def showed(self, frame: int) -> None:
        """This frame is on its way to the page."""
        if not self._shown or frame > self._shown[-1][0]:
            self._shown.append((frame, self._clock()))

    def hear(self, seen: int | None = None) -> None:
        """The page spoke, and says what it shows."""
        self._heard = self._clock()
        if seen is not None:
            self.seen = max(self.seen, seen)

    def age(self, frame: int) -> float:
        """For how many seconds there has been something newer to see than a frame."""
        followed_at = None
        for newer, shown_at in reversed(self._shown):
            if newer <= frame:
                break
            followed_at = shown_at
        return 0.0 if followed_at is None else self._clock() - followed_at

    def is_old(self, frame: int) -> bool:
        """Whether nobody should act on this frame any more."""
        return self._strict and self.age(frame) > STALE_AFTER

    @property
    def silent(self) -> bool:
        """Whether the page has said nothing for too long."""
        return self._clock() - self._heard > LONGEST_SILENCE

    @property
    def stale(self) -> bool:
        """Whether the page has shown what is too old for too long."""
        if not self.is_old(self.seen):
            self._stale_since = None
            return False
        if self._stale_since is None:
            self._stale_since = self._clock()
        return self._clock() - self._stale_since >= LONGEST_STALENESS
