"""What share of a task's own speed is left while novice acts and learns in it.

    .venv/bin/python bench/practice_speed.py     # writes bench/PRACTICE_SPEED.md

The sides of a row take turns in one process, every pair of neighbors gives one ratio.
Everything is compiled before it is measured.
"""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

# A second thread brings these small networks nothing.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np

from novice.algorithms.beginning import first_learner
from novice.algorithms.practice_settings import (
    ReinforceSettings,
    preset,
)
from novice.algorithms.practitioners import (
    practitioner_for,
    rates_of,
)
from novice.app.tasks import task_called
from novice.envs.actor import SampleActor
from novice.envs.functional import (
    functional_beginning,
    functional_core,
)
from novice.envs.rollout import rollout
from novice.envs.slots import (
    AbstractSlots,
    SeparateSlots,
    VectorSlots,
)
from novice.envs.stream import Stream
from novice.envs.task import Task
from novice.learning.policy import Policy, new_policy
from novice.learning.stepping import NO_GUIDES

PAGE = Path(__file__).resolve().parent / "PRACTICE_SPEED.md"
PAIRS, SECONDS = 7, 2.0


class Row(NamedTuple):
    """Two sides whose steps a second are compared, and the share that is wanted."""

    id: str
    work: str
    alone: Callable[[], int]  # acts for a while and says how many steps
    learning: Callable[[], int]
    wanted: float


def speed(act: Callable[[], int]) -> float:
    """Steps a second over `SECONDS` at least."""
    steps, begun = 0, time.perf_counter()
    while (spent := time.perf_counter() - begun) < SECONDS:
        steps += act()
    return steps / spent


def slots_of(task: Task, count: int) -> AbstractSlots:
    """The environments that a run would practice in."""
    spec = gymnasium.spec(task.id)
    if spec.vector_entry_point is None:
        return SeparateSlots(task, count)
    mode = "vector_entry_point"
    vector = gymnasium.make_vec(task.id, num_envs=count, vectorization_mode=mode)
    return VectorSlots(task, vector)


def by_chance(id: str, count: int) -> Callable[[], int]:
    """Gymnasium's own vector environment, actions drawn beforehand."""
    mode = "vector_entry_point"
    vector = gymnasium.make_vec(id, num_envs=count, vectorization_mode=mode)
    vector.reset(seed=0)
    actions = [vector.action_space.sample() for _ in range(256)]

    def act() -> int:
        for action in actions:
            vector.step(action)
        return len(actions) * count

    return act


def practicing(id: str, count: int, name: str = "ppo") -> Callable[[], int]:
    """A preset that acts and learns, a batch at a time."""
    task = task_called(id, {})
    settings = ReinforceSettings(**preset(name, environments=count))
    core = functional_core(task)
    slots = slots_of(task, count) if core is None else SeparateSlots(task, 1)
    practitioner = practitioner_for(slots, core, settings, contextlib.nullcontext)
    learner, _ = first_learner(task, settings, practitioner, key=jax.random.key(0))
    now: list[Any] = [learner, 0]

    def act() -> int:
        learner, batches = now
        rates = rates_of(settings, left=1.0, batches=batches)
        keys = jax.random.split(jax.random.fold_in(jax.random.key(1), batches))
        practiced = practitioner.improve(learner, rates, NO_GUIDES, keys[0], keys[1])
        now[:] = practiced.learner, batches + 1
        return int(practiced.steps)

    return act


def jitted_by_chance(id: str, count: int, steps: int) -> Callable[[], int]:
    """A JAX task under random actions, so many steps in one compiled program."""
    task = task_called(id, {})
    core: Any = functional_core(task)
    options = task.head.options[0]

    def onward(state: Any, action: Any, key: Any) -> tuple[Any, Any]:
        after = core.transition(state, action, key)
        shown = core.observation(after, key)
        told = shown.sum() + core.reward(state, action, after, key)
        fresh, ended = core.initial(rng=key), core.terminal(after, key)
        both = zip(jax.tree.leaves(fresh), jax.tree.leaves(after), strict=True)
        chosen = [jnp.where(ended, *pair) for pair in both]
        return jax.tree.unflatten(jax.tree.structure(after), chosen), told

    def one(state: Any, key: Any) -> tuple[Any, Any]:
        act_key, key = jax.random.split(key)
        action = jax.random.randint(act_key, (count,), 0, options)
        return jax.vmap(onward)(state, action, jax.random.split(key, count))

    @jax.jit
    def run(state: Any, key: Any) -> tuple[Any, Any]:
        return jax.lax.scan(one, state, jax.random.split(key, steps))

    state = functional_beginning(core, task, jax.random.key(0), count=count).state
    now: list[Any] = [state, 0]

    def act() -> int:
        state, told = run(now[0], jax.random.key(now[1]))
        jax.block_until_ready(told)
        now[:] = state, now[1] + 1
        return count * steps

    return act


def single(id: str) -> Callable[[], int]:
    """One Gymnasium environment alone under random actions."""
    env = gymnasium.make(id)
    env.reset(seed=0)
    actions = [env.action_space.sample() for _ in range(1000)]

    def act() -> int:
        for action in actions:
            *_, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        return len(actions)

    return act


def small_policy(task: Task) -> Policy:
    """Somebody with two hidden layers of 64 who has learned nothing."""
    size, key = task.observation_size, jax.random.key(0)
    return new_policy(size, task.head, hidden=(64, 64), key=key)


def acting(id: str, count: int) -> Callable[[], int]:
    """Fragments of `count` environments with a policy of 64-64 in the loop."""
    task = task_called(id, {})
    policy = small_policy(task)
    stream = Stream(slots_of(task, count))
    stream.begin(jax.random.key(1))
    keys = iter(range(1_000_000))

    def act() -> int:
        seen = stream.collect(policy, jax.random.key(next(keys)), steps=128)
        return int(seen.valid.sum())

    return act


def episodes(id: str, count: int) -> Callable[[], int]:
    """Whole episodes instead."""
    task = task_called(id, {})
    policy = small_policy(task)
    slots = slots_of(task, count)
    keys = iter(range(1_000_000))

    def act() -> int:
        key = jax.random.key(next(keys))
        actor = SampleActor(policy, key, episodes=count, slots=count)
        return int(rollout(slots, actor, np.arange(count)).valid.sum())

    return act


JITTED, HOST, CHEETAH, HOPPER = (
    "phys2d/CartPole-v1",
    "CartPole-v1",
    "HalfCheetah-v5",
    "Hopper-v5",
)
ROWS = {
    "P6 jitted": lambda: Row(
        "P6",
        f"{JITTED}, 1,024 environments: PPO preset against random actions, both jitted",
        jitted_by_chance(JITTED, 1024, 8),
        practicing(JITTED, 1024),
        0.4,
    ),
    "P6 host 8": lambda: Row(
        "P6",
        f"{HOST}, 8 environments: PPO preset against Gymnasium's vector environment",
        by_chance(HOST, 8),
        practicing(HOST, 8),
        0.75,
    ),
    "P6 host 64": lambda: Row(
        "P6",
        "the same, 64 environments",
        by_chance(HOST, 64),
        practicing(HOST, 64),
        0.5,
    ),
    "P6 jitted, A2C": lambda: Row(
        "P6",
        f"{JITTED}, 1,024 environments: A2C preset against random actions, both jitted",
        jitted_by_chance(JITTED, 1024, 64),
        practicing(JITTED, 1024, "a2c"),
        0.4,
    ),
    "P6 host 8, A2C": lambda: Row(
        "P6",
        f"{HOST}, 8 environments: A2C preset against Gymnasium's vector environment",
        by_chance(HOST, 8),
        practicing(HOST, 8, "a2c"),
        0.75,
    ),
    "P6 host 64, A2C": lambda: Row(
        "P6",
        "the same, 64 environments",
        by_chance(HOST, 64),
        practicing(HOST, 64, "a2c"),
        0.5,
    ),
    "P7 cheetah": lambda: Row(
        "P7",
        f"{CHEETAH}, 8 environments with a 64-64 policy against one alone, fragments",
        single(CHEETAH),
        acting(CHEETAH, 8),
        0.8,
    ),
    "P7 cheetah episodes": lambda: Row(
        "P7",
        "the same, whole episodes",
        single(CHEETAH),
        episodes(CHEETAH, 8),
        0.8,
    ),
    "P7 hopper": lambda: Row(
        "P7", f"{HOPPER}, the same, fragments", single(HOPPER), acting(HOPPER, 8), 0.8
    ),
}


def measured(row: Row) -> str:
    """A line of the table."""
    speed(row.alone), speed(row.learning)
    alone, learning = [], []
    for _ in range(PAIRS):
        alone.append(speed(row.alone))
        learning.append(speed(row.learning))
    share = np.array(learning) / np.array(alone)
    middle = np.median(share)
    reached = "yes" if middle >= row.wanted else "no"
    return (
        f"| {row.id} | {row.work} | {np.median(alone):,.0f} |"
        f" {np.median(learning):,.0f} | {middle:.2f} [{share.min():.2f} to"
        f" {share.max():.2f}] | {row.wanted} | {reached} |"
    )


def main() -> None:
    """Measure every row and write the page."""
    lines = [
        "# Speed of practice",
        "",
        f"Written by `bench/practice_speed.py`: {PAIRS} pairs of {SECONDS:g} seconds a"
        " side, in turns;",
        "the median of the ratios, the lowest and the highest. Steps a second, warm,"
        " two cores.",
        "",
        "| row | work | alone | with novice | share kept | bar | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    remarks = [
        "",
        "CartPole takes 0.1 to 4 µs a step. PPO goes over every step 4 to 20 times",
        "with two networks of 64-64, which takes 8 to 40 µs a step here, A2C 3 to 17:",
        "beside a task that costs nothing, learning is the whole cost. Where a step",
        "costs what a simulator's does (P7), acting is.",
    ]
    for name, row in ROWS.items():
        lines.append(measured(row()))
        print(name, lines[-1], flush=True)
    PAGE.write_text("\n".join([*lines, *remarks, ""]))


if __name__ == "__main__":
    main()
