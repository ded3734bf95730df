"""A visited state is found again by replaying its seed and its actions."""

import jax
import numpy as np
import pytest

from novice.envs.actor import RandomActor
from novice.envs.moment import Moment, NoPictureError, frames
from novice.envs.rollout import rollout
from novice.envs.slots import SeparateSlots
from novice.envs.task import make_task


@pytest.mark.parametrize("id", ["CartPole-v1", "Pendulum-v1", "LunarLander-v3"])
def test_a_replay_shows_what_was_seen_to_the_bit(id):
    task = make_task(id)
    actor = RandomActor(task, jax.random.key(0), episodes=3, slots=2)
    seen = rollout(SeparateSlots(task, 2), actor, np.array([4, 5, 6]))

    for episode, length in enumerate(seen.length):
        for step in (0, length // 2, length):
            moment = Moment(
                task, int(seen.seed[episode]), seen.action_executed[episode, :step]
            )
            np.testing.assert_array_equal(
                moment.observation(), seen.observation[episode, step]
            )


CARTPOLE = make_task("CartPole-v1")


def there_and_back(steps: int) -> Moment:
    return Moment(CARTPOLE, 3, np.arange(steps, dtype=np.int32)[:, None] % 2)


@pytest.mark.parametrize("most", [1, 2, 3, 5, 50])
@pytest.mark.parametrize("steps", [0, 1, 7, 20])
def test_there_are_at_most_so_many_pictures(steps, most):
    pictures, _ = frames(there_and_back(steps), most=most)

    assert 1 <= len(pictures) <= most
    assert all(picture.shape == (400, 600, 3) for picture in pictures)


def picture_of(moment: Moment) -> np.ndarray:
    environment = CARTPOLE.make(render_mode="rgb_array")
    environment.reset(seed=moment.seed)
    for action in moment.actions:
        environment.step(int(action[0]))
    picture = environment.render()
    environment.close()
    return picture


@pytest.mark.parametrize("most", [1, 4])
def test_the_last_picture_is_the_moment_itself(most):
    moment = there_and_back(13)

    pictures, _ = frames(moment, most=most)

    np.testing.assert_array_equal(pictures[-1], picture_of(moment))


def test_pictures_are_evenly_spaced_from_the_beginning():
    pictures, _ = frames(there_and_back(12), most=4)

    # Steps 0, 4, 8 and 12.
    assert len(pictures) == 4
    np.testing.assert_array_equal(pictures[0], picture_of(there_and_back(0)))
    np.testing.assert_array_equal(pictures[1], picture_of(there_and_back(4)))


def test_fewer_pictures_are_shown_more_slowly():
    _, every_step = frames(there_and_back(12), most=50)
    _, every_fourth = frames(there_and_back(12), most=4)

    assert (every_step, every_fourth) == (50.0, 12.5)


@pytest.mark.parametrize("id", ["Parade-v0", "Trouble-v0"])
def test_a_task_without_pictures_says_so(id):
    moment = Moment(make_task(id), 0, np.zeros((0, 1), np.int32))

    with pytest.raises(NoPictureError, match=f"^{id} cannot be drawn"):
        frames(moment, most=3)
