"""People read what a task shows and does in their own words."""

import json
import math
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from novice.envs.phrases import Choice
from novice.envs.places import idle_of, with_keys, with_places
from novice.envs.task import make_task
from novice.envs.words import BadNamesError, within_reach, words

KNOWN = [
    "CartPole-v1",
    "MountainCar-v0",
    "MountainCarContinuous-v0",
    "Acrobot-v1",
    "Pendulum-v1",
    "LunarLander-v3",
    "LunarLanderContinuous-v3",
    "BipedalWalker-v3",
    "FrozenLake-v1",
    "FrozenLake8x8-v1",
    "CliffWalking-v1",
    "Taxi-v4",
    "Blackjack-v1",
    "Hopper-v5",
    "Ant-v5",
    "Humanoid-v5",
    "Reacher-v5",
]


@pytest.mark.parametrize("id", KNOWN)
def test_every_number_has_a_name_and_finite_ends(id):
    task = make_task(id)

    bars = words(task)["observation"]

    assert len(bars) == task.observation_size
    assert len({bar["name"] for bar in bars}) == len(bars)
    for bar in bars:
        assert bar["name"]
        assert math.isfinite(bar["low"]) and math.isfinite(bar["high"])
        assert bar["low"] < bar["high"]


@pytest.mark.parametrize("id", KNOWN)
def test_words_travel_as_json(id):
    told = words(make_task(id))

    assert json.loads(json.dumps(told, allow_nan=False)) == told


def choices(id: str, **kwargs: Any) -> dict[str | None, int]:
    """Which action lies at each place."""
    action = words(make_task(id, kwargs, pictures=True))["action"]
    return {
        choice["place"]: number
        for number, choice in enumerate(action["choices"])
        if choice["place"]
    }


@pytest.mark.parametrize(
    ("id", "places"),
    [
        ("CartPole-v1", {"left": 0, "right": 1}),
        ("MountainCar-v0", {"left": 0, "down": 1, "right": 2}),
        ("LunarLander-v3", {"down": 0, "left": 1, "up": 2, "right": 3}),
        ("FrozenLake-v1", {"left": 0, "down": 1, "right": 2, "up": 3}),
        ("CliffWalking-v1", {"up": 0, "right": 1, "down": 2, "left": 3}),
        ("Taxi-v4", {"down": 0, "up": 1, "right": 2, "left": 3, "fire": 4}),
    ],
)
def test_actions_lie_where_they_lead(id, places):
    assert choices(id) == places


def test_a_car_is_steered_with_the_arrows():
    places = choices("CarRacing-v3", continuous=False)

    assert places == {"right": 1, "left": 2, "up": 3, "down": 4}


def change(id: str, action: int, number: int, *, steps: int, idle: int) -> float:
    """How an action, held from the start, changes a number of the observation."""
    found = []
    for chosen in (action, idle):
        environment = gymnasium.make(id)
        environment.reset(seed=0)
        for _ in range(steps):
            seen, *_ = environment.step(chosen)
        environment.close()
        found.append(seen[number])
    return float(found[0] - found[1])


def test_the_lander_goes_where_its_keys_point():
    places = choices("LunarLander-v3")

    # Entries 2, 3 and 4: speed across, speed upwards, tilt to the left.
    lander = {"id": "LunarLander-v3", "steps": 15, "idle": places["down"]}
    assert change(action=places["left"], number=2, **lander) < -0.1
    assert change(action=places["left"], number=4, **lander) > 0.1
    assert change(action=places["right"], number=2, **lander) > 0.1
    assert change(action=places["right"], number=4, **lander) < -0.1
    assert change(action=places["up"], number=3, **lander) > 0.1


def test_the_lake_is_crossed_where_the_keys_point():
    places = choices("FrozenLake-v1", is_slippery=False)
    environment = gymnasium.make("FrozenLake-v1", is_slippery=False)
    environment.reset(seed=0)

    squares = [
        environment.step(places[way])[0] for way in ("right", "left", "down", "up")
    ]

    assert squares == [1, 0, 4, 0]
    environment.close()


def test_places_and_numbers_have_keys():
    action = words(make_task("LunarLander-v3"))["action"]

    assert action["kind"] == "discrete"
    assert action["idle"] == 0
    assert [choice["keys"] for choice in action["choices"]] == [
        ["ArrowDown", "KeyS", "Digit0"],
        ["ArrowLeft", "KeyA", "Digit1"],
        ["ArrowUp", "KeyW", "Digit2"],
        ["ArrowRight", "KeyD", "Digit3"],
    ]


@pytest.mark.parametrize("count", [1, 2, 10, 11, 18, 26])
def test_no_two_choices_share_a_key(count):
    names = ["NOOP", "FIRE", "UP", "RIGHT", "LEFT", "DOWN"]
    names += [f"OTHER {i}" for i in range(count)]
    described = with_keys(with_places([Choice(name) for name in names[:count]]))

    keys = [key for choice in described for key in choice["keys"]]

    assert len(set(keys)) == len(keys)
    # There are nineteen spare ones, and five places.
    assert all(choice["keys"] for choice in described[:24])


def test_names_speak_of_places():
    names = ["NOOP", "FIRE", "RIGHT", "LEFTFIRE", "go left", "left", "up or down"]
    placed = with_places([Choice(name) for name in names])

    assert [choice.place for choice in placed] == [
        None,
        "fire",
        "right",
        None,
        "left",
        None,
        None,
    ]
    assert idle_of(placed) == 0


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-1, 2, (-1, 2)),
        (-np.inf, np.inf, (-10, 10)),
        (-3.4e38, 3.4e38, (-10, 10)),
        (0, np.inf, (0, 10)),
        (50, np.inf, (50, 60)),
        (-np.inf, -50, (-60, -50)),
    ],
)
def test_a_bar_has_ends(low, high, expected):
    assert within_reach(float(low), float(high)) == expected


class Named(gymnasium.Env):
    """Says itself what its numbers and actions are."""

    observation_space = spaces.Box(-1, 1, (2,))
    action_space = spaces.Discrete(3)
    observation_names = ("heat", "<b>light</b>")
    metadata: ClassVar = {
        "render_fps": 20,
        "observation_units": ["°C", "lx"],
        "action_names": ["wait", "go left", "jump"],
    }

    def __init__(self, names: list[str] | None = None):
        if names is not None:
            self.observation_names = tuple(names)


class Arcade(Named):
    """Says what its actions are as the arcade's games do."""

    metadata: ClassVar = {}
    action_space = spaces.Discrete(18)

    def get_action_meanings(self) -> list[str]:
        moves = ["NOOP", "FIRE", "UP", "RIGHT", "LEFT", "DOWN", "UPRIGHT", "UPLEFT"]
        moves += ["DOWNRIGHT", "DOWNLEFT"]
        return moves + [f"{move}FIRE" for move in moves[2:]]


class Mixed(gymnasium.Env):
    """Shows a bit of everything, and takes switches."""

    observation_space = spaces.Dict(
        {
            "at": spaces.Box(-1, 1, (1,)),
            "seen": spaces.Tuple((spaces.Discrete(2, start=5), spaces.MultiBinary(2))),
        }
    )
    action_space = spaces.MultiBinary(3)


gymnasium.register("Named-v0", entry_point=Named)
gymnasium.register("Arcade-v0", entry_point=Arcade)
gymnasium.register("Mixed-v0", entry_point=Mixed)


def test_a_task_s_own_names_come_first():
    told = words(make_task("Named-v0"))

    assert told["observation"] == [
        {"name": "heat", "unit": "°C", "low": -1.0, "high": 1.0},
        {"name": "<b>light</b>", "unit": "lx", "low": -1.0, "high": 1.0},
    ]
    assert told["action"] == {
        "kind": "discrete",
        "choices": [
            {"name": "wait", "keys": ["Digit0"], "place": None},
            {
                "name": "go left",
                "keys": ["ArrowLeft", "KeyA", "Digit1"],
                "place": "left",
            },
            {"name": "jump", "keys": ["Space", "Digit2"], "place": "fire"},
        ],
        "idle": 0,
    }
    assert told["step_seconds"] == 0.05


def test_too_few_names_are_refused():
    with pytest.raises(
        BadNamesError,
        match="observation_names of Named-v0 are 1, but an observation has 2 numbers",
    ):
        words(make_task("Named-v0", {"names": ["heat"]}))


def test_the_arcade_s_words_are_used():
    action = words(make_task("Arcade-v0"))["action"]

    assert action["idle"] == 0
    places = [choice["place"] for choice in action["choices"][:6]]
    assert places == [None, "fire", "up", "right", "left", "down"]
    assert action["choices"][17]["name"] == "DOWNLEFTFIRE"


def test_parts_of_an_observation_are_named_in_the_order_of_its_numbers():
    told = words(make_task("Mixed-v0"))

    assert [bar["name"] for bar in told["observation"]] == [
        "at",
        "seen part 0 5",
        "seen part 0 6",
        "seen part 1 0",
        "seen part 1 1",
    ]
    names = ["part 1", "part 2", "part 3"]
    assert told["action"] == {"kind": "switches", "count": 3, "names": names}


def test_real_actions_have_finite_ends():
    told = words(make_task("Hopper-v5"))

    assert told["action"] == {
        "kind": "real",
        "low": [-1.0] * 3,
        "high": [1.0] * 3,
        "names": ["thigh", "leg", "foot"],
        "units": ["N·m"] * 3,
        "center": [0.0] * 3,
        "half_range": [1.0] * 3,
    }
    assert told["step_seconds"] == 0.008


@pytest.mark.parametrize(
    ("id", "names", "units"),
    [
        ("Pendulum-v1", ["torque counterclockwise"], ["N·m"]),
        ("InvertedPendulum-v5", ["push to the right"], ["N"]),
        (
            "Reacher-v5",
            ["first joint counterclockwise", "second joint counterclockwise"],
            ["N·m", "N·m"],
        ),
        (
            "LunarLanderContinuous-v3",
            ["main engine", "push to the right"],
            ["", ""],
        ),
        ("MountainCarContinuous-v0", ["push to the right"], [""]),
    ],
)
def test_real_actions_have_the_names_and_units_of_their_documentation(id, names, units):
    action = words(make_task(id))["action"]

    assert (action["names"], action["units"]) == (names, units)


@pytest.mark.parametrize(
    ("id", "action", "number"),
    [
        # The cart's speed across, and how fast each joint turns counterclockwise.
        ("InvertedPendulum-v5", [1.0], 2),
        ("Reacher-v5", [1.0, 0.0], 6),
        ("Reacher-v5", [0.0, 1.0], 7),
        # How fast the pole turns counterclockwise, and the lander flies across.
        ("Pendulum-v1", [2.0], 2),
        ("LunarLanderContinuous-v3", [0.0, 1.0], 2),
        ("MountainCarContinuous-v0", [1.0], 1),
    ],
)
def test_a_real_action_goes_where_its_name_says(id, action, number):
    found = []
    for sign in (1, -1):
        environment = gymnasium.make(id)
        environment.reset(seed=0)
        for _ in range(3):
            seen, *_ = environment.step(sign * np.array(action, np.float32))
        environment.close()
        found.append(float(seen[number]))

    assert found[0] > found[1] + 1e-3


class Tank(gymnasium.Env):
    """Takes real actions with bounds on both sides, on one, or on none."""

    observation_space = spaces.Box(-1, 1, (1,))
    action_space = spaces.Box(
        np.float32([0, 5, -np.inf, -np.inf]), np.float32([10, np.inf, -7, np.inf])
    )
    action_units = ("l/s", "°C", "°C", "")


gymnasium.register("Tank-v0", entry_point=Tank)


def test_bounds_are_finite_and_units_are_the_tasks_own():
    task = make_task("Tank-v0")
    action = words(task)["action"]

    assert (action["low"], action["high"]) == ([0, 5, -9, -1], [10, 7, -7, 1])
    assert action["units"] == ["l/s", "°C", "°C", ""]
    assert action["names"] == ["part 1", "part 2", "part 3", "part 4"]


@pytest.mark.parametrize("id", ["Tank-v0", "Pendulum-v1", "InvertedPendulum-v5"])
def test_a_real_action_is_told_in_the_units_of_its_head(id):
    task = make_task(id)
    action = words(task)["action"]

    assert tuple(action["center"]) == task.head.center
    assert tuple(action["half_range"]) == task.head.half_range


def test_too_few_units_are_refused(monkeypatch):
    monkeypatch.setattr(Tank, "action_units", ("l/s",))

    with pytest.raises(BadNamesError, match="action_units of Tank-v0 are 1, but its"):
        words(make_task("Tank-v0"))


def test_a_task_in_turns_has_no_clock():
    assert words(make_task("FrozenLake-v1"))["step_seconds"] is None


def test_a_picture_has_no_bars():
    assert words(make_task("CarRacing-v3", pictures=True))["observation"] == []
