"""Describe states by features in which any difference shows, at equal times."""

import numpy as np
from jaxtyping import Float, Int, Num

# A picture has thousands of numbers: of more than so many, random mixtures are taken.
MOST_NUMBERS = 200
_MIXTURES = 100
# Waves beside the numbers themselves: they show changed spreads and connections.
_WAVES = 64
# In standard deviations; what lies beyond looks like this much.
_FARTHEST = 5.0
# In standard deviations: so much noise hides what differs by less, such as where two
# controllers come to rest, a millionth apart.
_ALIKE = 0.01
_SEED = 20070312


def features(
    state: Num[np.ndarray, "rows obs"],
    step: Int[np.ndarray, " rows"],
    stretch: Int[np.ndarray, " rows"],
) -> Float[np.ndarray, "rows features"]:
    """What a linear classifier can tell states by, less what time alone explains.

    These are the standardized numbers, by which means differ, and random Fourier
    features (Rahimi and Recht 2007, https://papers.nips.cc/paper/3182), by which
    anything else does. What is less than a hundredth of a standard deviation apart is
    taken for the same. In each stretch of time, a straight line in the step is taken
    off each feature.
    """
    numbers = standardized(mixed(state))
    if not numbers.shape[1]:
        return np.zeros((len(state), 1))
    generator = np.random.default_rng(_SEED)
    direction = generator.normal(size=(numbers.shape[1], _WAVES))
    start = generator.uniform(0, 2 * np.pi, _WAVES)
    numbers = numbers + _ALIKE * generator.normal(size=numbers.shape)
    waves = np.cos(numbers @ direction / np.sqrt(numbers.shape[1]) + start)
    both = np.concatenate([numbers, waves], axis=1)
    return scaled(without_time(both, step, stretch))


def mixed(state: Num[np.ndarray, "rows obs"]) -> Float[np.ndarray, "rows numbers"]:
    """The state's numbers, or 100 fixed random mixtures of more than 200 of them."""
    numbers = state.reshape(len(state), -1)
    width = numbers.shape[1]
    if width <= MOST_NUMBERS:
        return numbers.astype(np.float64)
    generator = np.random.default_rng(_SEED)
    mixture = generator.normal(size=(width, _MIXTURES)) / np.sqrt(width)
    # Not all pictures at once as real numbers: they would take eight times the room.
    parts = np.array_split(numbers, max(1, len(numbers) // 1000))
    return np.concatenate([part @ mixture for part in parts])


def standardized(
    numbers: Float[np.ndarray, "rows numbers"],
) -> Float[np.ndarray, "rows kept"]:
    """Mean 0 and variance 1 over all rows; a number that never changes is left out."""
    spread = numbers.std(axis=0)
    changes = spread > 1e-9 * (1e-9 + np.abs(numbers).max(axis=0))
    kept = numbers[:, changes]
    return np.clip((kept - kept.mean(axis=0)) / spread[changes], -_FARTHEST, _FARTHEST)


def without_time(
    values: Float[np.ndarray, "rows features"],
    step: Int[np.ndarray, " rows"],
    stretch: Int[np.ndarray, " rows"],
) -> Float[np.ndarray, "rows features"]:
    """What is left when each stretch's straight line in the step is taken off."""
    left = np.empty_like(values)
    for place in range(int(stretch.max()) + 1):
        rows = np.flatnonzero(stretch == place)
        time = step[rows] - step[rows].mean()
        rest = values[rows] - values[rows].mean(axis=0)
        if time.any():
            rest -= np.outer(time, time @ rest / (time @ time))
        left[rows] = rest
    return left


def scaled(
    values: Float[np.ndarray, "rows features"],
) -> Float[np.ndarray, "rows features"]:
    """Each feature with variance 1; one that says nothing stays 0."""
    spread = values.std(axis=0)
    says = spread > 1e-9
    return np.where(says, values / np.where(says, spread, 1), 0.0)
