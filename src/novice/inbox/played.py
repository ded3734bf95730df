"""An episode that somebody played, as its journal tells it."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, Num

from novice.errors import NoviceError
from novice.files import BrokenFileError

# How an episode is laid out. Format 1 knew one driver and no way back; it is read for
# ever, and a newer one is refused.
FORMAT = 2

WHOLE = (np.int32, np.int64)

# The task ended it, its time was up, the person ended it, or the power went.
Ending = Literal["terminated", "truncated", "cut", "unfinished"]


class NotARecordingError(NoviceError):
    """The folder is not one that `novice play` wrote."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlayedEpisode:
    """One episode as a person played it; it replays from `seed` and `action`.

    `observation` is what was seen before each step; `last_observation` what came after
    the last one, None where a kill took it. `seconds` is the person's time in it,
    pauses left out, and `step_seconds` when each step was taken. `seen` is the frame
    that the person had on the screen, `applied` the frame at which the action came to
    act: their difference is the time that eyes, hand and network took, in frames.

    Where a `policy` drives until the person takes over, `by_person` says who drove in
    each step. `intended` is what the driver wanted, which differs from `action` while
    one driver's action becomes the other's. `policy_action` is what the policy did or
    would have done, and `uncertainty` how uncertain it was: -1 or NaN where nobody
    knows. A step that is `fumbled` is not to be learned from. `drive_seconds` is the
    person's time at the controls, with what was taken back.
    """

    number: int
    seed: int
    who: str
    policy: str | None
    observation: Float[np.ndarray, "steps obs"] = field(repr=False)
    action: Num[np.ndarray, "steps actions"] = field(repr=False)
    reward: Float64[np.ndarray, " steps"] = field(repr=False)
    last_observation: Float[np.ndarray, " obs"] | None = field(repr=False)
    ending: Ending
    terminated: bool
    truncated: bool
    seconds: float
    drive_seconds: float
    step_seconds: Float64[np.ndarray, " steps"] = field(repr=False)
    seen: Int[np.ndarray, " steps"] = field(repr=False)
    applied: Int[np.ndarray, " steps"] = field(repr=False)
    by_person: Bool[np.ndarray, " steps"] = field(repr=False)
    intended: Num[np.ndarray, "steps actions"] = field(repr=False)
    policy_action: Num[np.ndarray, "steps actions"] = field(repr=False)
    uncertainty: Float64[np.ndarray, " steps"] = field(repr=False)
    fumbled: Bool[np.ndarray, " steps"] = field(repr=False)

    @property
    def steps(self) -> int:
        return len(self.action)

    @property
    def taught(self) -> Bool[np.ndarray, " steps"]:
        """The steps to learn from: the person's, without those that they threw away."""
        return self.by_person & ~self.fumbled

    @property
    def total_reward(self) -> float:
        return float(self.reward.sum())


@dataclasses.dataclass
class Told:
    """What a journal has told so far: steps, who fumbled which, and the end."""

    steps: list[Mapping[str, Any]] = field(default_factory=list)
    fumbled: list[bool] = field(default_factory=list)
    end: Mapping[str, Any] | None = None
    drive_seconds: float = 0.0
    seconds: float = 0.0  # at the step that was told last, even if it was taken back

    def hear(self, entry: Mapping[str, Any]) -> None:
        """Take in one entry; raises ValueError and its like when it makes no sense."""
        kind = entry["kind"]
        if kind == "step" and self.end is None:
            self._step(entry)
        elif kind == "end" and self.end is None:
            self.end = entry
        elif kind == "rewound":
            first = place(entry["step"], len(self.steps))
            del self.steps[first:], self.fumbled[first:]
            self.end = None
        elif kind == "fumbled":
            self._fumble(entry["steps"])
        else:
            raise ValueError(f"{kind!r:.40} stands where it cannot")

    def _step(self, entry: Mapping[str, Any]) -> None:
        self.steps.append(entry)
        self.fumbled.append(False)
        seconds = float(row([entry["seconds"]], 1, np.float64)[0])
        if is_by_person(entry):
            self.drive_seconds += max(0.0, seconds - self.seconds)
        self.seconds = seconds

    def _fumble(self, count: Any) -> None:
        """The last so many steps of the person that were not fumbled are now."""
        kept = [
            number
            for number, step in enumerate(self.steps)
            if is_by_person(step) and not self.fumbled[number]
        ]
        for number in kept[len(kept) - place(count, len(kept)) :]:
            self.fumbled[number] = True


def place(number: Any, most: int) -> int:
    """A whole number from 0 to `most`; raises ValueError."""
    if type(number) is not int or not 0 <= number <= most:
        raise ValueError(f"{number!r:.40} stands where 0 to {most} should")
    return number


def is_by_person(step: Mapping[str, Any]) -> bool:
    """Whether the person took a step; raises ValueError where nobody did."""
    by = step.get("by", "person")
    if by not in ("person", "policy"):
        raise ValueError(f"{by!r:.40} took a step")
    return bool(by == "person")


def episode_in(entries: Sequence[Mapping[str, Any]], path: Path) -> PlayedEpisode:
    """The episode that a journal tells; raises BrokenFileError."""
    head, *rest = entries
    if head.get("kind") != "episode":
        raise broken(path, "it does not begin as an episode")
    layout = head.get("format")
    if type(layout) is not int or not 1 <= layout <= FORMAT:
        raise newer(path, layout, FORMAT)
    if layout == 1 and any(each.get("kind") not in ("step", "end") for each in rest):
        raise broken(path, "something else than a step stands among its steps")
    told = Told()
    try:
        for entry in rest:
            told.hear(entry)
        return told_episode(head, told)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise broken(path, f"{type(error).__name__}: {error}") from error


def told_episode(head: Mapping[str, Any], told: Told) -> PlayedEpisode:
    """The episode in arrays; raises ValueError and its like when it is none."""
    size, width = int(head["observation_size"]), int(head["action_width"])
    kinds = {"int32": np.int32, "float32": np.float32}
    kind, steps, end = kinds[head["action_type"]], told.steps, told.end
    last = None if end is None else end["observation"]
    endings: dict[str, Ending] = {each: each for each in get_args(Ending)}
    seconds = column(steps, "seconds", np.float64)
    # Without an end, the time is known until the last step that was taken.
    spent = row([end["seconds"] if end else told.seconds], 1, np.float64)
    policy = head.get("policy")
    return PlayedEpisode(
        number=int(head["number"]),
        seed=int(head["seed"]),
        who=str(head["who"]),
        policy=None if policy is None else str(policy),
        observation=table(steps, "observation", size, np.float32),
        action=table(steps, "action", width, kind),
        reward=column(steps, "reward", np.float64),
        last_observation=None if last is None else row(last, size, np.float32),
        ending=endings["unfinished" if end is None else end["ending"]],
        terminated=bool(end and end["terminated"]),
        truncated=bool(end and end["truncated"]),
        seconds=float(spent[0]),
        drive_seconds=told.drive_seconds,
        step_seconds=seconds,
        seen=column(steps, "seen", np.int64),
        applied=column(steps, "applied", np.int64),
        by_person=np.array([is_by_person(step) for step in steps], bool),
        intended=table([intention(step) for step in steps], "intended", width, kind),
        policy_action=policy_actions(steps, width, kind),
        uncertainty=uncertainties(steps),
        fumbled=np.array(told.fumbled, bool),
    )


def intention(step: Mapping[str, Any]) -> Mapping[str, Any]:
    """A step with what its driver wanted, which format 1 did not tell apart."""
    return step if "intended" in step else {"intended": step["action"]}


def policy_actions(
    steps: Sequence[Mapping[str, Any]], width: int, kind: type
) -> Num[np.ndarray, "steps actions"]:
    """What the policy did or would have done; -1 or NaN where there was none."""
    found = np.full((len(steps), width), -1 if kind in WHOLE else np.nan, kind)
    for number, step in enumerate(steps):
        if step.get("policy_action") is not None:
            found[number] = row(step["policy_action"], width, kind)
    return found


def uncertainties(steps: Sequence[Mapping[str, Any]]) -> Float64[np.ndarray, " steps"]:
    """How uncertain the policy was; NaN where it did not say."""
    found = np.full(len(steps), np.nan)
    for number, step in enumerate(steps):
        if step.get("uncertainty") is not None:
            found[number] = row([step["uncertainty"]], 1, np.float64)[0]
    return found


def row(numbers: Any, width: int, kind: type) -> np.ndarray:
    """Numbers of one step as a row; raises ValueError unless all are there."""
    array = np.asarray(numbers, np.float64)
    if array.shape != (width,):
        raise ValueError(f"{array.shape} numbers stand where {width} should")
    largest = np.iinfo(kind).max if kind in WHOLE else np.finfo(kind).max
    if not (np.abs(array) <= largest).all():
        raise ValueError("a number is not finite, or too large")
    if kind in WHOLE and (array != np.round(array)).any():
        raise ValueError("a number is not whole")
    return array.astype(kind)


def table(
    steps: Sequence[Mapping[str, Any]], name: str, width: int, kind: type
) -> np.ndarray:
    """One row a step."""
    rows = [row(step[name], width, kind) for step in steps]
    return np.array(rows, kind).reshape(len(rows), width)


def column(steps: Sequence[Mapping[str, Any]], name: str, kind: type) -> np.ndarray:
    """One number a step."""
    return table([{name: [step[name]]} for step in steps], name, 1, kind)[:, 0]


def broken(path: Path, why: str) -> BrokenFileError:
    """What to say about a file that novice did not write so."""
    return BrokenFileError(
        f"{path} is not as novice writes it: {why}; restore it from a copy"
    )


def newer(path: Path, found: Any, known: int) -> NotARecordingError:
    """What to say about a layout that is not known yet."""
    return NotARecordingError(
        f"{path} was written by a newer novice (format {found!r:.40}), but this version"
        f" reads {known}; upgrade novice"
    )
