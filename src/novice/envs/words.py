"""Say in a person's words what a task shows and what can be done in it."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces

from novice.envs.moment import step_seconds
from novice.envs.task import Task
from novice.errors import NoviceError

# An observation of more numbers than this is not shown as bars.
MOST_BARS = 600
# What lies beyond this is not a bound, but somebody's way to write infinity.
LARGEST_BOUND = 1e6
# How far a number goes that has no bounds.
USUAL_REACH = 10.0
# Up to so many choices have a number key each.
MOST_DIGITS = 10

# The keys at a place, as KeyboardEvent.code names them: they stay on every layout.
PLACES = {
    "left": ("ArrowLeft", "KeyA"),
    "right": ("ArrowRight", "KeyD"),
    "up": ("ArrowUp", "KeyW"),
    "down": ("ArrowDown", "KeyS"),
    "fire": ("Space",),
}
# For choices beyond ten that lie at no place.
SPARE_KEYS = tuple(
    [f"Key{letter}" for letter in "TYGVBNMIOJKL"]
    + ["Comma", "Period", "Slash", "Semicolon", "Quote", "BracketLeft", "BracketRight"]
)


class BadNamesError(NoviceError):
    """A task names more or fewer things than it has."""


class Bar(NamedTuple):
    """One number of an observation, and between what it usually lies."""

    name: str
    unit: str
    low: float
    high: float


class Choice(NamedTuple):
    """One of several actions, and where it lies on a cross of keys."""

    name: str
    place: str | None = None


class Phrases(NamedTuple):
    """What is known about a task; what is empty is said in general words."""

    bars: Sequence[Bar] = ()
    choices: Sequence[Choice] = ()
    idle: int | None = None  # the choice that does nothing
    numbers: Sequence[str] = ()  # the names of a real action's parts


def _lidar() -> list[Bar]:
    return [Bar(f"distance to the ground {i}", "", 0, 1) for i in range(10)]


def _leg(number: int) -> list[Bar]:
    return [
        Bar(f"hip {number} angle", "rad", -math.pi, math.pi),
        Bar(f"hip {number} speed", "", -5, 5),
        Bar(f"knee {number} angle", "rad", -math.pi, math.pi),
        Bar(f"knee {number} speed", "", -5, 5),
        Bar(f"leg {number} on the ground", "", 0, 1),
    ]


_LANDER = [
    Bar("position across", "", -1.5, 1.5),
    Bar("height", "", -0.5, 1.5),
    Bar("speed across", "", -2, 2),
    Bar("speed upwards", "", -2, 2),
    Bar("tilt to the left", "rad", -math.pi, math.pi),
    Bar("turning to the left", "", -5, 5),
    Bar("left leg on the ground", "", 0, 1),
    Bar("right leg on the ground", "", 0, 1),
]
_MOUNTAIN = [
    Bar("position", "", -1.2, 0.6),
    Bar("speed", "a step", -0.07, 0.07),
]
_LEFT_RIGHT = [Choice("push left", "left"), Choice("push right", "right")]

# By the task's id without its version.
KNOWN = {
    "CartPole": Phrases(
        bars=[
            Bar("cart position", "m", -2.4, 2.4),
            Bar("cart speed", "m/s", -3, 3),
            Bar("pole tilt to the right", "rad", -0.21, 0.21),
            Bar("pole turning to the right", "rad/s", -3, 3),
        ],
        choices=_LEFT_RIGHT,
    ),
    "MountainCar": Phrases(
        bars=_MOUNTAIN,
        choices=[_LEFT_RIGHT[0], Choice("coast", "down"), _LEFT_RIGHT[1]],
        idle=1,
    ),
    "MountainCarContinuous": Phrases(bars=_MOUNTAIN, numbers=["push to the right"]),
    "Acrobot": Phrases(
        bars=[
            Bar("cosine of the shoulder", "", -1, 1),
            Bar("sine of the shoulder", "", -1, 1),
            Bar("cosine of the elbow", "", -1, 1),
            Bar("sine of the elbow", "", -1, 1),
            Bar("shoulder turning", "rad/s", -4 * math.pi, 4 * math.pi),
            Bar("elbow turning", "rad/s", -9 * math.pi, 9 * math.pi),
        ],
        # On the screen, a negative torque swings the lower link to the left.
        choices=[
            Choice("turn the elbow clockwise", "left"),
            Choice("let it swing", "down"),
            Choice("turn the elbow counterclockwise", "right"),
        ],
        idle=1,
    ),
    "Pendulum": Phrases(
        bars=[
            Bar("height of the tip", "", -1, 1),
            Bar("tip to the left", "", -1, 1),
            Bar("turning counterclockwise", "rad/s", -8, 8),
        ],
        numbers=["torque counterclockwise"],
    ),
    # Gymnasium calls 1 the left and 3 the right orientation engine. Held for 15 steps
    # from the start, 1 changes the speed across by -0.15 and turns the lander to the
    # left, 3 the other way round: the names say where the lander is pushed.
    "LunarLander": Phrases(
        bars=_LANDER,
        choices=[
            Choice("do nothing", "down"),
            Choice("push left", "left"),
            Choice("main engine", "up"),
            Choice("push right", "right"),
        ],
        idle=0,
    ),
    "LunarLanderContinuous": Phrases(
        bars=_LANDER, numbers=["main engine", "push to the right"]
    ),
    "BipedalWalker": Phrases(
        bars=[
            Bar("hull angle", "rad", -math.pi, math.pi),
            Bar("hull turning", "", -1, 1),
            Bar("speed forwards", "", -1, 1),
            Bar("speed upwards", "", -1, 1),
            *_leg(1),
            *_leg(2),
            *_lidar(),
        ],
        numbers=["hip 1", "knee 1", "hip 2", "knee 2"],
    ),
    "CarRacing": Phrases(
        choices=[
            Choice("coast", None),
            Choice("steer right", "right"),
            Choice("steer left", "left"),
            Choice("gas", "up"),
            Choice("brake", "down"),
        ],
        idle=0,
        numbers=["steer right", "gas", "brake"],
    ),
    "FrozenLake": Phrases(
        choices=[
            Choice("left", "left"),
            Choice("down", "down"),
            Choice("right", "right"),
            Choice("up", "up"),
        ]
    ),
    "CliffWalking": Phrases(
        choices=[
            Choice("up", "up"),
            Choice("right", "right"),
            Choice("down", "down"),
            Choice("left", "left"),
        ]
    ),
    "Taxi": Phrases(
        choices=[
            Choice("south", "down"),
            Choice("north", "up"),
            Choice("east", "right"),
            Choice("west", "left"),
            Choice("pick up", "fire"),
            Choice("drop off"),
        ]
    ),
    "Blackjack": Phrases(
        bars=[
            *(Bar(f"your cards: {i}", "", 0, 1) for i in range(32)),
            *(Bar(f"dealer shows: {i}", "", 0, 1) for i in range(11)),
            Bar("no usable ace", "", 0, 1),
            Bar("usable ace", "", 0, 1),
        ],
        choices=[Choice("stick", "down"), Choice("hit", "up")],
    ),
}
KNOWN["FrozenLake8x8"] = KNOWN["FrozenLake"]

# What others call an action that lies at a place.
_AT = {
    "left": "left",
    "west": "left",
    "right": "right",
    "east": "right",
    "up": "up",
    "north": "up",
    "forward": "up",
    "down": "down",
    "south": "down",
    "backward": "down",
    "back": "down",
    "fire": "fire",
    "jump": "fire",
    "shoot": "fire",
}
_IDLE = {"noop", "none", "nothing", "idle", "coast", "wait", "stay", "do nothing"}


def words(task: Task) -> dict[str, Any]:
    """What the pages call a task's numbers and actions, as JSON.

    A task's own `observation_names`, `observation_units` and `action_names` (attributes
    or metadata) come first, then what is known about it. An observation of very many
    numbers, such as a picture, has no bars. Raises BadNamesError.
    """
    environment = task.make()
    try:
        phrases = _phrases(task, environment)
        return {
            "observation": [bar._asdict() for bar in phrases.bars],
            "action": _action(task, phrases),
            "step_seconds": None if _is_in_turns(environment) else _length(environment),
        }
    finally:
        environment.close()


def _is_in_turns(environment: gymnasium.Env) -> bool:
    """Whether nothing happens until somebody acts."""
    module = type(environment.unwrapped).__module__
    return module.startswith("gymnasium.envs.toy_text")


def _length(environment: gymnasium.Env) -> float | None:
    seconds = step_seconds(environment)
    return None if seconds is None else round(seconds, 6)


def _phrases(task: Task, environment: gymnasium.Env) -> Phrases:
    """What is said about the task: its own words, or known ones, or general ones."""
    known = KNOWN.get(_family(task), Phrases())
    count = int(spaces.flatdim(task.observation_space))
    if not known.bars or len(known.bars) != count:
        known = known._replace(bars=_general_bars(task, environment, count))
    bars = _renamed(task, environment, known.bars, count)
    meanings = _own_actions(task, environment)
    if meanings:
        choices = [Choice(name) for name in meanings]
        return Phrases(bars, with_places(choices), idle_of(choices), meanings)
    numbers = known.numbers or _joints_driven(task, environment)
    return known._replace(bars=bars, numbers=numbers)


def _family(task: Task) -> str:
    """The task's id without module and version."""
    name = task.id.split(":")[-1].split("/")[-1]
    return name.rpartition("-v")[0] or name


def _own(environment: gymnasium.Env, name: str) -> list[str] | None:
    """What the task itself says under this name, as texts."""
    said = getattr(environment.unwrapped, name, None)
    if said is None:
        said = environment.metadata.get(name)
    return None if said is None else [str(each) for each in said]


def _renamed(
    task: Task, environment: gymnasium.Env, bars: Sequence[Bar], count: int
) -> list[Bar]:
    """The bars with the names and units that the task gives them."""
    names = _own(environment, "observation_names")
    units = _own(environment, "observation_units")
    for what, said in (("observation_names", names), ("observation_units", units)):
        if said is not None and len(said) != count:
            raise BadNamesError(
                f"the {what} of {task.id} are {len(said)}, but an observation has"
                f" {count} numbers; give one for each"
            )
    if not bars:
        return []
    names = names or [bar.name for bar in bars]
    units = units or [bar.unit for bar in bars]
    return [
        bar._replace(name=name, unit=unit)
        for bar, name, unit in zip(bars, names, units, strict=True)
    ]


def _own_actions(task: Task, environment: gymnasium.Env) -> list[str]:
    """The names that the task gives its actions; none where it gives none."""
    names = _own(environment, "action_names")
    ask = getattr(environment.unwrapped, "get_action_meanings", None)
    if names is None and callable(ask):
        names = [str(name) for name in ask()]
    count = _action_count(task)
    if names is not None and len(names) != count:
        raise BadNamesError(
            f"the action_names of {task.id} are {len(names)}, but its actions are"
            f" {task.action_space}; give {count}"
        )
    return names or []


def _action_count(task: Task) -> int:
    """How many choices there are, or how many parts an action has."""
    if isinstance(task.action_space, spaces.Discrete):
        return int(task.action_space.n)
    return int(np.prod(task.action_space.shape or ()))


def _general_bars(task: Task, environment: gymnasium.Env, count: int) -> list[Bar]:
    """A bar for each number, by where it stands in the observation."""
    if count > MOST_BARS:
        return []
    bars = _bars_of(task.observation_space, "")
    joints = _joints_seen(environment)
    return joints if len(joints) == count else bars


def _bars_of(space: spaces.Space[Any], name: str) -> list[Bar]:
    """The bars of a space, in the order in which it is flattened."""
    within = f"{name} " if name else ""
    if isinstance(space, spaces.Dict):
        each = [_bars_of(part, f"{within}{key}") for key, part in space.items()]
        return [bar for bars in each for bar in bars]
    if isinstance(space, spaces.Tuple):
        each = [_bars_of(part, f"{within}part {i}") for i, part in enumerate(space)]
        return [bar for bars in each for bar in bars]
    if isinstance(space, spaces.Box):
        low, high = space.low.ravel().tolist(), space.high.ravel().tolist()
        ends = [within_reach(*both) for both in zip(low, high, strict=True)]
        alone = name if len(ends) == 1 and name else ""
        return [
            Bar(alone or f"{name or 'number'} {i}", "", *both)
            for i, both in enumerate(ends)
        ]
    if isinstance(space, spaces.Discrete):
        first = int(space.start)
        names = [f"{name or 'state'} {first + i}" for i in range(int(space.n))]
        return [Bar(each, "", 0, 1) for each in names]
    count = int(spaces.flatdim(space))
    return [Bar(f"{name or 'number'} {i}", "", 0, 1) for i in range(count)]


def within_reach(low: float, high: float) -> tuple[float, float]:
    """The bounds of a bar: finite ones, whatever the task says."""
    low_bounded, high_bounded = abs(low) < LARGEST_BOUND, abs(high) < LARGEST_BOUND
    if not low_bounded:
        low = min(-USUAL_REACH, high - USUAL_REACH) if high_bounded else -USUAL_REACH
    if not high_bounded:
        high = max(USUAL_REACH, low + USUAL_REACH)
    return float(low), float(high)


# MuJoCo's kinds of joint, by number: how many positions and speeds each has.
_FREE, _BALL, _SLIDE = 0, 1, 2
_FREE_NAMES = ["x", "y", "z", "turn w", "turn x", "turn y", "turn z"]


def _joints_seen(environment: gymnasium.Env) -> list[Bar]:
    """What the numbers of one of Gymnasium's MuJoCo tasks are; none for others."""
    task: Any = environment.unwrapped
    structure = getattr(task, "observation_structure", None)
    if not (isinstance(structure, dict) and hasattr(task, "model")):
        return []
    positions, speeds = _joint_bars(task.model)
    bars: list[Bar] = []
    for part, count in structure.items():
        if part == "qpos":
            bars += positions[len(positions) - count :]
        elif part == "qvel":
            bars += speeds[len(speeds) - count :]
        elif not part.startswith("skipped"):
            bars += [Bar(f"{part} {i}", "", -1, 1) for i in range(count)]
    return bars


def _joint_bars(model: Any) -> tuple[list[Bar], list[Bar]]:
    """The position and the speed of every joint, in MuJoCo's order."""
    positions: list[Bar] = []
    speeds: list[Bar] = []
    for number in range(model.njnt):
        name, kind = _joint_name(model, number), int(model.jnt_type[number])
        if kind in (_FREE, _BALL):
            places = _FREE_NAMES if kind == _FREE else _FREE_NAMES[3:]
            positions += [Bar(f"{name} {place}", "", -2, 2) for place in places]
            moves = ["speed x", "speed y", "speed z"] if kind == _FREE else []
            moves += ["turning x", "turning y", "turning z"]
            speeds += [Bar(f"{name} {move}", "", -10, 10) for move in moves]
        elif kind == _SLIDE:
            positions.append(Bar(name, "m", -2, 2))
            speeds.append(Bar(f"{name} speed", "m/s", -10, 10))
        else:
            positions.append(Bar(name, "rad", -math.pi, math.pi))
            speeds.append(Bar(f"{name} turning", "rad/s", -10, 10))
    return positions, speeds


def _joint_name(model: Any, number: int) -> str:
    name = model.joint(number).name.removesuffix("_joint").replace("_", " ")
    return name or f"joint {number}"


def _joints_driven(task: Task, environment: gymnasium.Env) -> list[str]:
    """The joints that a MuJoCo task's action moves; none for other tasks."""
    model = getattr(environment.unwrapped, "model", None)
    moved = getattr(model, "actuator_trnid", None)
    if moved is None or len(moved) != _action_count(task):
        return []
    return [_joint_name(model, int(joint)) for joint in moved[:, 0]]


def with_places(choices: Sequence[Choice]) -> list[Choice]:
    """The choices with the places that their names speak of, each place once."""
    placed: list[Choice] = []
    for choice in choices:
        place = _AT.get(plain(choice.name)) or _word_for_place(choice.name)
        free = place and all(other.place != place for other in placed)
        placed.append(choice._replace(place=place if free else None))
    return placed


def _word_for_place(name: str) -> str | None:
    """The place that exactly one word of a name speaks of."""
    said = {_AT[word] for word in plain(name).split() if word in _AT}
    return said.pop() if len(said) == 1 else None


def idle_of(choices: Sequence[Choice]) -> int | None:
    """The choice whose name says that it does nothing."""
    for number, choice in enumerate(choices):
        if plain(choice.name) in _IDLE:
            return number
    return None


def plain(name: str) -> str:
    """A name in small letters, with its words apart."""
    return " ".join(name.replace("_", " ").replace("-", " ").lower().split())


def _action(task: Task, phrases: Phrases) -> dict[str, Any]:
    """What there is to do, in the form that the space has."""
    space: Any = task.action_space
    names = [*phrases.numbers]
    if isinstance(space, spaces.Discrete):
        count = int(space.n)
        first = int(space.start)
        choices = [*phrases.choices]
        if len(choices) != count:
            choices = [Choice(f"action {first + i}") for i in range(count)]
            phrases = phrases._replace(idle=None)
        return {
            "kind": "discrete",
            "choices": with_keys(choices),
            "idle": phrases.idle,
        }
    width = _action_count(task)
    if len(names) != width:
        names = [f"part {i + 1}" for i in range(width)]
    if isinstance(space, spaces.MultiDiscrete):
        counts = [int(count) for count in space.nvec.ravel()]
        return {"kind": "several", "counts": counts, "names": names}
    if isinstance(space, spaces.MultiBinary):
        return {"kind": "switches", "count": width, "names": names}
    low, high = space.low.ravel().tolist(), space.high.ravel().tolist()
    return {
        "kind": "real",
        "low": [end if abs(end) < LARGEST_BOUND else -1.0 for end in low],
        "high": [end if abs(end) < LARGEST_BOUND else 1.0 for end in high],
        "names": names,
    }


def with_keys(choices: Sequence[Choice]) -> list[dict[str, Any]]:
    """Each choice with its keys: by its place, and by its number up to ten."""
    spare = iter(SPARE_KEYS)
    described = []
    for number, choice in enumerate(choices):
        keys = [*PLACES.get(choice.place or "", ())]
        if len(choices) <= MOST_DIGITS:
            keys.append(f"Digit{number}")
        elif not keys:
            keys += [key for key in [next(spare, None)] if key]
        described.append({"name": choice.name, "keys": keys, "place": choice.place})
    return described
