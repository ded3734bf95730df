"""How old what a page shows is, and whose page it is."""

from inbox.played import Clock
from novice.inbox.attention import Attention


def shown(attention: Attention, clock: Clock, frames: int) -> None:
    """A tenth of a second for each frame."""
    for frame in range(1, frames + 1):
        attention.showed(frame)
        clock.now += 0.1


def test_a_frame_is_as_old_as_its_successor():
    clock = Clock()
    attention = Attention(clock)
    shown(attention, clock, 5)

    assert round(attention.age(5), 6) == 0
    assert round(attention.age(4), 6) == 0.1
    assert [attention.is_old(frame) for frame in (1, 2, 5)] == [True, False, False]


def test_what_another_page_showed_does_not_count():
    clock = Clock()
    attention = Attention(clock)
    shown(attention, clock, 8)
    attention.hear(8)
    attention.move()
    attention.hear(1)

    assert attention.seen == 1
    assert attention.is_old(attention.seen)
