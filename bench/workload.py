"""State the work that both sides of a comparison do, in NumPy alone."""

import json
import time
from collections.abc import Callable

import numpy as np


def pole_law(observation: np.ndarray) -> np.ndarray:
    """Push the cart under the falling pole, as novice's built-in expert does.

    The gains are those of its linear-quadratic regulator; it returns 500 of 500.
    """
    gain = np.array([0.91012638, 2.13248802, 30.594563, 7.84150551])
    return (observation @ gain > 0).astype(np.int64)


def rows_to_clone(count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Observations of 17 numbers and an imagined expert's answers of 6 numbers."""
    rng = np.random.default_rng(seed)
    observation = rng.standard_normal((count, 17), dtype=np.float32)
    gain = rng.standard_normal((17, 6), dtype=np.float32) / np.float32(np.sqrt(17))
    noise = rng.standard_normal((count, 6), dtype=np.float32)
    answer = np.tanh(observation @ gain) + np.float32(0.1) * noise
    return observation, answer


def steps_a_second(
    fit_some: Callable[[], int], *, warm_up: int, seconds: float
) -> list[float]:
    """Gradient steps a second of each call after the first `warm_up` calls.

    `fit_some` takes a few hundred steps or more, waits until they are done and returns
    how many there were. Calls go on until `seconds` have passed, and three are made at
    least.
    """
    for _ in range(warm_up):
        fit_some()
    rates: list[float] = []
    start = time.perf_counter()
    while len(rates) < 3 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        steps = fit_some()
        rates.append(steps / (time.perf_counter() - before))
    return rates


def mean_return(returns: np.ndarray) -> dict[str, object]:
    """The mean over episodes with a 95 % bootstrap interval, as summary.json has it."""
    rng = np.random.default_rng(0)
    resampled = rng.choice(returns, size=(2000, len(returns))).mean(axis=1)
    low, high = np.percentile(resampled, [2.5, 97.5])
    return {
        "mean": float(np.mean(returns)),
        "ci95": [float(low), float(high)],
        "episodes": len(returns),
    }


def say(**facts: object) -> None:
    """Hand the driver what only the process itself can know: one line of JSON."""
    print(json.dumps(facts), flush=True)
