"""The racing expert sees road, curbs, speed and bends, and drives by them."""

import math

import gymnasium
import numpy as np
import pytest

from novice.envs.task import make_task
from novice.experts.controllers import built_in_expert
from novice.experts.expert import UnknownExpertError
from novice.experts.racing import (
    DIRECTIONS,
    Road,
    drive,
    near,
    road_in,
    speed_in,
    stretches,
    wanted_speed,
)

GRASS, GRAY, WHITE, BLACK = (102, 217, 102), (102, 102, 102), (255, 255, 255), (0, 0, 0)
EXPERT = built_in_expert("CarRacing-v3", {})


def landscape(shift_at=lambda row: 0.0, *, speed: float = 0.0) -> np.ndarray:
    """A road of ten pixels, shifted to the right by so much in each row."""
    picture = np.zeros((48, 48, 3), np.uint8)
    picture[:42] = GRASS
    for row in range(42):
        middle = 24 + round(shift_at(row))
        picture[row, max(0, middle - 5) : max(0, middle + 5)] = GRAY
    picture[33:38, 23:25] = (100, 0, 0)
    bar = round(speed * 0.024)
    picture[47 - bar : 47, 6] = WHITE
    return picture


def bend(row: int) -> float:
    """A road that turns to the right ahead of the car."""
    return max(0, 33 - row) ** 2 / 30


def returned(seed: int, steps: int) -> float:
    """What the expert gets in an episode, from what a policy sees of it."""
    task = make_task("CarRacing-v3")
    with task.make() as environment:
        observation, _ = environment.reset(seed=seed)
        memory, total = EXPERT.start(), 0.0
        for _ in range(steps):
            seen = task.observation_of(task.vector(observation))
            action, memory = EXPERT.act(memory, seen)
            observation, reward, terminated, truncated, _ = environment.step(action)
            total += float(reward)
            if terminated or truncated:
                break
    return total


def test_the_speed_is_read_from_the_bar():
    # Two pixels of the small picture are 2 / 0.024 meters a second.
    assert speed_in(landscape(speed=84)) == pytest.approx(83.3, abs=0.1)


def test_the_road_ahead_is_followed_to_the_edge_of_the_picture():
    road = road_in(landscape())

    assert road.distance[-1] == 34
    assert np.abs(road.direction).max() < 0.1


def test_a_bend_lies_farther_aside_with_distance():
    road = road_in(landscape(bend))

    assert road.direction[-1] > 0.4
    assert (np.diff(road.direction) > -0.1).all()


def test_curbs_and_grass_are_no_road():
    picture = landscape()
    picture[:33] = GRASS
    picture[:33:2, 24] = WHITE
    picture[1:33:2, 24] = (255, 0, 0)

    assert len(road_in(picture).distance) == 1


def test_another_road_beside_this_one_is_not_taken():
    picture = landscape(bend)
    picture[:42, :6] = GRAY

    np.testing.assert_allclose(
        road_in(picture).direction, road_in(landscape(bend)).direction
    )


def test_a_road_that_ends_does_not_go_on_somewhere_else():
    picture = landscape()
    picture[:18] = GRASS
    picture[:24, :15] = GRAY

    assert road_in(picture).distance[-1] < 20


def test_stretches_by_hand():
    road = np.zeros(len(DIRECTIONS), bool)
    road[[0, 1, 7]] = True

    left, right = stretches(road)

    np.testing.assert_allclose(np.rad2deg(left), [-100, -72])
    np.testing.assert_allclose(np.rad2deg(right), [-96, -72])


@pytest.mark.parametrize("side", [1, -1], ids=["right", "left"])
def test_it_steers_into_a_bend(side):
    action = drive(landscape(lambda row: side * bend(row), speed=40))

    assert side * action[0] > 0.1


def test_on_a_straight_road_it_goes_straight_and_gives_gas():
    steering, gas, brake = drive(landscape(speed=40))

    assert abs(steering) < 0.1
    assert gas > 0.9
    assert brake == 0


def test_it_brakes_before_a_bend_at_speed():
    _, gas, brake = drive(landscape(bend, speed=125))

    assert gas == 0
    assert brake > 0.5


def test_beside_the_road_it_slowly_turns_back():
    picture = landscape(lambda row: 17)

    steering, _, _ = drive(picture)

    assert steering > 0.5
    assert wanted_speed(road_in(picture), 1.0) < 26


def test_slow_wheels_are_braked_less():
    # Where no road is seen, it turns round, and wants 64 / 1.4 / (1 + 1.5 * 1.745**2)
    # = 8.2 meters a second; half a pixel of the bar is 20.8.
    picture = landscape()
    picture[:33] = GRASS
    picture[46, 6] = (128, 128, 128)

    brake = drive(picture)[2]

    assert brake == pytest.approx(0.03 * (20.9 - 8.2) * 20.9 / 34, abs=0.005)


def test_where_no_road_is_seen_it_turns_round():
    picture = landscape()
    picture[:33] = GRASS

    assert drive(picture)[0] == 1


def test_wanted_speed_by_hand():
    # All of it seen, one radian aside: 64 / 1.4; half unseen, half a radian: the same.
    bent = Road(np.array([0.0, 34.0]), np.array([0.0, 1.0]))
    short = Road(np.array([0.0, 17.0]), np.array([0.0, -0.5]))

    assert wanted_speed(bent, 0.0) == pytest.approx(64 / 1.4)
    assert wanted_speed(short, 0.0) == pytest.approx(64 / 1.4)
    # Whoever must go 0.2 radians aside: 1 + 1.5 * 0.04 times as slowly.
    assert wanted_speed(bent, -0.2) == pytest.approx(64 / 1.4 / 1.06)


def test_an_episode_begins_far_above_and_it_waits_with_steering():
    with gymnasium.make("CarRacing-v3") as environment:
        observation, _ = environment.reset(seed=3)
        assert not near(observation[::2, ::2])
        action, _ = EXPERT.act(EXPERT.start(), observation)

    np.testing.assert_allclose(action, [0, 0.3, 0])


def test_it_needs_only_what_it_sees():
    assert not EXPERT.remembers


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"continuous": False}, "drives only with continuous=True"),
        ({"domain_randomize": True}, "drives only with domain_randomize=False"),
    ],
)
def test_other_cars_and_colors_are_refused(kwargs, said):
    with pytest.raises(UnknownExpertError, match=said):
        built_in_expert("CarRacing-v3", kwargs)


def test_usual_arguments_are_fine():
    assert built_in_expert("CarRacing-v3", {"continuous": True}).name == EXPERT.name


def test_it_gets_away_from_the_start():
    # 0.1 a step is lost; a tile of this track pays 3.7.
    assert returned(100, 150) > 60


@pytest.mark.soak
def test_it_drives_well():
    returns = [returned(seed, 1000) for seed in range(10)]

    assert math.fsum(returns) / 10 > 800
