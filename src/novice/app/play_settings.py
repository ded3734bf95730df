"""What can be set for a person who acts, checked at birth; loads at once."""

from dataclasses import dataclass
from typing import Literal

from novice.algorithms.settings import BadSettingError, check, check_choices, setting

SLOWEST, FASTEST = 0.25, 2.0


@dataclass(frozen=True, kw_only=True)
class PlaySettings:
    """How a person acts in a task, and where that is kept."""

    episodes: int = setting(0, "stop after so many episodes (0: when you stop)")
    speed: float = setting(
        1.0, f"times the task's own speed to begin with, {SLOWEST} to {FASTEST}"
    )
    turns: Literal["auto", "yes", "no"] = setting(
        "auto", "a step for each key (yes) or real time (no); auto: as suits the task"
    )
    policy: str | None = setting(
        None, "a run whose policy drives until you take the controls over"
    )
    drive: Literal["toggle", "hold"] = setting(
        "toggle", "take over by pressing Space, and again to hand back, or by holding"
    )
    simulate: str | None = setting(
        None, "who plays instead of a person: auto, module:function or a run's folder"
    )
    out: str | None = setting(
        None, "folder to record into (default: runs/play-TASK-SEED, or the next free)"
    )
    resume: bool = setting(False, "add to what is in this folder already")
    seed: int = setting(0, "where the episodes' beginnings come from")

    def __post_init__(self) -> None:
        check(self, "episodes", low=0)
        if not SLOWEST <= self.speed <= FASTEST:
            raise BadSettingError(
                f"--speed is {self.speed:g}, but it must be {SLOWEST} to {FASTEST:g}"
            )
        check_choices(self)
        if self.simulate is not None and not self.episodes:
            raise BadSettingError(
                "--simulate plays until it is told to stop; say how many --episodes"
            )
        if self.policy is not None and self.simulate is not None:
            raise BadSettingError(
                "--simulate plays alone, and --policy waits for you to take over; leave"
                " one of them away (novice dagger --by takeover simulates both)"
            )
        if self.policy is None and self.drive != "toggle":
            raise BadSettingError(
                f"--drive {self.drive} is about taking over from a policy; say --policy"
                " RUN as well"
            )
        check(self, "seed", low=0, high=2**32 - 1)
