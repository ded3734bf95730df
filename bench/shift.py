"""How often does the shift raise a false alarm, and how small a shift does it find?

    .venv/bin/python bench/shift.py           # measure; goes on after a stop
    .venv/bin/python bench/shift.py --page    # bench/SHIFT.md again, nothing run

Each repetition makes two sides of fresh episodes and compares them. Without a shift
both come from the same source, so p is at most 0.05 in about 5 % of them, and the
interval of the AUC misses 0.5 in about as many. The sources, at 25 episodes of a
dataset against 20 of a policy:

- "whole": autocorrelated states of 6 numbers (0.95 from step to step), which drift with
  time, each episode around a place of its own, 25 to 100 steps long; both sides have
  whole episodes.
- "picked": the same, but of the dataset's episodes only 10 steps each, picked at
  random, as in a round of DAgger.
- "CartPole": CartPole-v1 acted in by one fixed, clumsy controller, at most 200 steps;
  10 picked steps of each of the dataset's episodes. Each repetition draws its episodes,
  none twice, from 3,000.

The repetitions have the seeds 1,000,000 to 1,000,999. Those from 0 on were looked at
while the comparison was made: what was tuned to them says nothing about it.

The shifts are put into the policy's side: of the mean (of the first number, in its
standard deviations), of the spread (of all numbers, around their mean), of the
correlation of the first two numbers.
"""

import argparse
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import gymnasium
import numpy as np
import scipy.signal
import scipy.stats

from novice.evaluation.shift import Visits, shift

HERE = Path(__file__).parent
FOUND = HERE / "shift.json"
PAGE = HERE / "SHIFT.md"
DATA, POLICY, PICKED = 25, 20, 10
REPETITIONS, POWER_REPETITIONS = 1_000, 100
AT_A_TIME = 50
# No choice was made by what came out with these.
FIRST_SEED = 1_000_000
SIZES = {
    "mean": (0.25, 0.5, 1.0, 1.5, 2.0),
    "spread": (1.1, 1.25, 1.5, 2.0),
    "correlation": (0.3, 0.6, 0.9),
}
# Cause a shift in the policy's states.
Change = Callable[[np.ndarray], np.ndarray]


def changed(kind: str, size: float) -> Change:
    """What a shift does to states of which each number has about mean 0, variance 1."""

    def change(state: np.ndarray) -> np.ndarray:
        state = state.copy()
        if kind == "mean":
            state[..., 0] += size
        elif kind == "spread":
            state *= size
        elif kind == "correlation":
            rest = np.sqrt(1 - size**2) * state[..., 1]
            state[..., 1] = size * state[..., 0] + rest
        return state

    return change


def toy(generator: np.random.Generator, count: int, change: Change) -> tuple:
    """States of `count` episodes, and which of their steps there were."""
    steps, numbers, keeps = 100, 6, 0.95
    noise = generator.normal(size=(count, steps, numbers)) * np.sqrt(1 - keeps**2)
    noise[:, 0] = generator.normal(size=(count, numbers))
    state = scipy.signal.lfilter([1], [1, -keeps], noise, axis=1)
    own = generator.normal(size=(count, 1, numbers))
    state = change((state + 0.5 * own) / np.sqrt(1.25))
    state = state + np.linspace(0, 1, steps)[:, None]
    length = generator.integers(steps // 4, steps + 1, count)
    return state, np.arange(steps) < length[:, None]


@cache
def cartpoles() -> tuple[np.ndarray, np.ndarray]:
    """Standardized states of 3,000 episodes of CartPole, and which steps there were."""
    count, steps = 3_000, 200
    environment = gymnasium.make_vec(
        "CartPole-v1", num_envs=count, vectorization_mode="vector_entry_point"
    )
    observation, _ = environment.reset(seed=0)
    generator = np.random.default_rng(0)
    going = np.ones(count, bool)
    state, valid = [], []
    for _ in range(steps):
        state.append(observation)
        valid.append(going)
        push = observation @ np.array([0.3, 0.5, 4.0, 1.0])
        clumsy = generator.random(count) < 0.35
        action = np.where(clumsy, generator.integers(2, size=count), push > 0)
        observation, _, terminated, _, _ = environment.step(action)
        going = going & ~terminated
    environment.close()
    states, there = np.stack(state, axis=1), np.stack(valid, axis=1)
    seen = states[there]
    return (states - seen.mean(axis=0)) / seen.std(axis=0), there


def visits(
    state: np.ndarray, there: np.ndarray, generator: np.random.Generator | None
) -> Visits:
    """Whole episodes, or of each the steps that a generator picks."""
    if generator is not None:
        lot = np.where(there, generator.random(there.shape), 2.0)
        there = there & (lot.argsort(axis=1).argsort(axis=1) < PICKED)
    episode, step = np.nonzero(there)
    return Visits(state[there], episode, step)


def sides(source: str, change: Change, seed: int) -> tuple[Visits, Visits]:
    """A dataset's and a policy's fresh episodes."""
    generator = np.random.default_rng(seed)
    if source == "CartPole":
        states, there = cartpoles()
        drawn = generator.choice(len(states), DATA + POLICY, replace=False)
        data = states[drawn[:DATA]], there[drawn[:DATA]]
        policy = change(states[drawn[DATA:]]), there[drawn[DATA:]]
    else:
        data = toy(generator, DATA, lambda state: state)
        policy = toy(generator, POLICY, change)
    picks = None if source == "whole" else generator
    return visits(*data, picks), visits(*policy, None)


def measure(source: str, kind: str, size: float, seeds: range) -> list[list[float]]:
    """The AUC, its interval and p of each repetition."""
    change = changed(kind, size)
    rows = []
    for seed in seeds:
        found = shift(*sides(source, change, seed))
        assert found is not None
        numbers = (found.auc, *found.ci95, found.p)
        rows.append([round(each, 5) for each in numbers])
    return rows


def cases() -> list[tuple[str, str, float, int]]:
    """Source, kind of shift, its size and the repetitions of everything measured."""
    same = [
        (source, "none", 0.0, REPETITIONS) for source in ("whole", "picked", "CartPole")
    ]
    shifted = [
        (source, kind, size, POWER_REPETITIONS)
        for source in ("picked", "CartPole")
        for kind, sizes in SIZES.items()
        for size in sizes
    ]
    return same + shifted


def case_name(source: str, kind: str, size: float) -> str:
    """What a case is called in shift.json; other seeds are another case."""
    return f"{source} {kind} {size} from seed {FIRST_SEED}"


def share(hits: int, count: int) -> str:
    """A share in percent with its exact binomial 95 % interval."""
    low, high = scipy.stats.binomtest(hits, count).proportion_ci()
    return f"{100 * hits / count:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def page(found: dict[str, list[list[float]]]) -> str:
    """What was measured, as tables."""
    alarms, power = [], []
    for source, kind, size, _ in cases():
        rows = np.array(found.get(case_name(source, kind, size), []))
        if not len(rows):
            continue
        told = share(int((rows[:, 3] <= 0.05).sum()), len(rows))
        if kind == "none":
            misses = int(((rows[:, 1] > 0.5) | (rows[:, 2] < 0.5)).sum())
            alarms.append(
                f"| {source} | {len(rows)} | {told} | {share(misses, len(rows))}"
                f" | {rows[:, 0].mean():.3f} |"
            )
        else:
            power.append(
                f"| {source} | {kind} | {size:g} | {told} | {rows[:, 0].mean():.2f} |"
            )
    return "\n".join(
        [
            "# Is p_data(o) = p_pi(o)? Calibration of the shift",
            "",
            "Written by `bench/shift.py`; its first lines say what the sources are."
            f" {DATA} episodes of a dataset against {POLICY} of a policy; intervals are"
            f" exact binomial 95 % ones. The seeds are those from {FIRST_SEED:,} on,"
            " which were not looked at while the comparison was made.",
            "",
            "## Both sides from the same source",
            "",
            "| source | repetitions | p at most 0.05 | interval without 0.5"
            " | mean AUC |",
            "|---|--:|---|---|--:|",
            *alarms,
            "",
            f"## A known shift, {POWER_REPETITIONS} repetitions each",
            "",
            "| source | shift of the | size | found (p at most 0.05) | mean AUC |",
            "|---|---|--:|---|--:|",
            *power,
            "",
        ]
    )


def main() -> None:
    """Measure what is still to be measured, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="write the page alone")
    only_page = parser.parse_args().page
    found = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    names = {case_name(source, kind, size) for source, kind, size, _ in cases()}
    found = {name: rows for name, rows in found.items() if name in names}
    for source, kind, size, repetitions in [] if only_page else cases():
        rows = found.setdefault(case_name(source, kind, size), [])
        while len(rows) < repetitions:
            last = min(len(rows) + AT_A_TIME, repetitions)
            seeds = range(FIRST_SEED + len(rows), FIRST_SEED + last)
            rows += measure(source, kind, size, seeds)
            FOUND.write_text(json.dumps(found))
            print(source, kind, size, len(rows), flush=True)
    PAGE.write_text(page(found))


if __name__ == "__main__":
    main()
