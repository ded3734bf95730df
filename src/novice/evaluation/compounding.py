"""Measure how fast errors compound, with learners whose rate of errors is known.

Ross and Bagnell (2010, Efficient reductions for imitation learning, theorem 2.1,
http://proceedings.mlr.press/v9/ross10a.html): a clone that errs with probability ε in
the states of the *expert* may cost up to ε T² in T steps. Ross, Gordon and Bagnell
(2011, https://arxiv.org/abs/1011.0686): a learner that errs with probability ε in its
*own* states costs at most u ε T where the expert makes up for an error in u steps.

The learners are tables: one entry for every pace along novice/Tightrope-v0 and every
rung below its rope (which hangs still). What goes into a table is what the algorithm's
own data hold: behavior cloning fills in the states that the expert visits, DAgger those
that the learner itself visits, round by round. Two things are *made*, and nothing else:

- an entry that is filled in is wrong with probability ε, drawn for each state once, so
  that each learner has the same rate of errors in the states that it has learned from,
  and no amount of data makes it less;
- where nothing is filled in, the learner does what its data show most often.

A learner with no wrong entry on the rope never leaves it and costs nothing, whatever
it knows of the net: it is counted and not simulated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Int8

from novice.envs.own.tightrope import CLIMB, STRAIGHT, depth_after

_ACTIONS = 4
# Shaken demonstrations are walked so many at a time: more take more memory.
_AT_A_TIME = 10
# How often costs are drawn again for an interval.
RESAMPLES = 2_000

# Says what walkers do at a pace, each so many rungs below the rope.
Act = Callable[[int, np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Ropes of several lengths, and who walks on them.

    With the default, a learner that has erred errs a second time on the longest rope
    with a probability of 2 percent: errors are as good as alone.
    """

    lengths: tuple[int, ...] = (128, 256, 512, 1024, 2048, 4096)  # paces
    error_rate: float = 5e-6  # ε: wrong entries among those that are filled in
    errors: int = 600  # to be expected on the rope, over all learners of a length
    recovery: int = 3  # rungs from the net to the rope
    episodes: int = 50  # in whose states a learner is told what is right
    noise: float = 0.2  # of the demonstrator's hand, where it is shaken
    forgiving: bool = False  # whether one comes back from the net whatever one does

    def learners(self, length: int) -> int:
        """How many learners walk on a rope of this length."""
        return round(self.errors / (self.error_rate * length))


@dataclass(frozen=True, kw_only=True, eq=False)
class Walked:
    """What all learners of one way to learn cost on a rope of one length.

    `cost` holds, for each learner that was simulated, the paces that ended off the
    rope; the others cost nothing. Rates of errors are over all learners: in the states
    on the rope about which they were taught, and where they then went themselves.
    """

    length: int
    learners: int
    cost: Int[np.ndarray, " simulated"]
    wrong_where_taught: float
    wrong_where_it_went: float
    erred_twice: float  # share of the simulated ones

    @property
    def mean(self) -> float:
        """The mean cost of a learner."""
        return float(self.cost.sum() / self.learners)


@dataclass(frozen=True, kw_only=True)
class Power:
    """The exponent by which cost grows with length, and its 95 % interval."""

    exponent: float
    ci95: tuple[float, float]

    def holds(self, exponent: float | int) -> bool:
        """Whether this exponent lies in the interval."""
        return self.ci95[0] <= exponent <= self.ci95[1]


@dataclass(frozen=True, eq=False)
class Tables:
    """What many learners know: for each pace and rung, whether, and how wrongly.

    A `slip` is what is added to the right action where a state is `known`; 0: it is
    right. `usual` is what their data show most often.
    """

    slip: Int8[np.ndarray, "paces learners rungs"]
    known: Bool[np.ndarray, "paces learners rungs"]
    usual: Int[np.ndarray, " learners"]

    def act(
        self, pace: int, depth: Int[np.ndarray, " learners"]
    ) -> Int[np.ndarray, " learners"]:
        """What each learner does."""
        here = pace, np.arange(len(depth)), depth
        learned = (expert(pace, depth) + self.slip[here]) % _ACTIONS
        return np.where(self.known[here], learned, self.usual)


def expert(
    pace: int, depth: Int[np.ndarray, " walkers"]
) -> Int[np.ndarray, " walkers"]:
    """What is right: to walk on the rope, and to climb below it."""
    return np.where(depth > 0, np.int8(CLIMB), np.int8(STRAIGHT))


def walked(
    learn: "Learn", length: int, experiment: Experiment, random: np.random.Generator
) -> Walked:
    """Let learners learn in one way on ropes of one length, and then walk."""
    learners = experiment.learners(length)
    slip = slips(learners, length, experiment, random)
    tables = learn(slip, experiment, random)
    path = walk(tables.act, slip.shape[1], length, experiment)
    here = states(path)
    wrong = np.where(tables.known[here], slip[here] != 0, path[:-1] > 0)
    return Walked(
        length=length,
        learners=learners,
        cost=(path[1:] > 0).sum(axis=0),
        wrong_where_taught=float(wrong_entries(tables).sum() / (learners * length)),
        wrong_where_it_went=float(wrong.sum() / (learners * length)),
        erred_twice=float(np.mean(wrong_entries(tables) > 1)),
    )


def wrong_entries(tables: Tables) -> Int[np.ndarray, " learners"]:
    """How many entries on the rope are filled in and wrong."""
    wrong = tables.known & (tables.slip != 0)
    return wrong[:, :, 0].sum(axis=0)


def slips(
    learners: int, length: int, experiment: Experiment, random: np.random.Generator
) -> Int8[np.ndarray, "paces simulated rungs"]:
    """The wrong entries of those learners that have any on the rope."""
    counts = random.binomial(length, experiment.error_rate, learners)
    counts = counts[counts > 0]
    shape = (length, len(counts), experiment.recovery + 1)
    wrong = random.random(shape, np.float32) < experiment.error_rate
    wrong[:, :, 0] = False
    for learner, count in enumerate(counts):
        wrong[random.choice(length, count, replace=False), learner, 0] = True
    slip = np.zeros(shape, np.int8)
    slip[wrong] = random.integers(1, _ACTIONS, int(wrong.sum()))
    return slip


def walk(
    act: Act, walkers: int, length: int, experiment: Experiment
) -> Int8[np.ndarray, "places walkers"]:
    """How far below the rope each walker is, before every pace and at the end."""
    path = np.zeros((length + 1, walkers), np.int8)
    depth = np.zeros(walkers, np.int8)
    for pace in range(length):
        depth = depth_after(
            depth,
            act(pace, depth),
            np.array(STRAIGHT),
            recovery=experiment.recovery,
            forgiving=experiment.forgiving,
        )
        path[pace + 1] = depth
    return path


def states(path: Int8[np.ndarray, "places walkers"]) -> tuple[np.ndarray, ...]:
    """Where in the tables the states of these walks stand, but for the last ones."""
    places, walkers = path.shape
    return np.arange(places - 1)[:, None], np.arange(walkers), path[:-1]


# Fills in the tables of learners that have these wrong entries.
Learn = Callable[[np.ndarray, Experiment, np.random.Generator], Tables]


def clone(
    slip: Int8[np.ndarray, "paces learners rungs"],
    experiment: Experiment,
    random: np.random.Generator,
) -> Tables:
    """Behavior cloning: every demonstration walks the rope from end to end."""
    length, learners, _ = slip.shape
    path = walk(expert, learners, length, experiment)
    known = np.zeros(slip.shape, bool)
    known[states(path)] = True
    return Tables(slip, known, np.full(learners, STRAIGHT))


def clone_of_shaken(
    slip: Int8[np.ndarray, "paces learners rungs"],
    experiment: Experiment,
    random: np.random.Generator,
) -> Tables:
    """Behavior cloning where the demonstrator's hand is shaken (DART).

    With probability `noise` anything may be done instead of what the expert chose; what
    it chose is learned (Laskey et al. 2017, https://arxiv.org/abs/1703.09327).
    """
    length, learners, _ = slip.shape

    def shaken(pace: int, depth: np.ndarray) -> np.ndarray:
        shakes = random.random(len(depth), np.float32) < experiment.noise
        anything = random.integers(_ACTIONS, size=len(depth), dtype=np.int8)
        return np.where(shakes, anything, expert(pace, depth))

    known = np.zeros(slip.shape, bool)
    climbs = np.zeros(learners, np.int64)
    left = experiment.episodes
    while left:
        some = min(left, _AT_A_TIME)
        paths = walk(shaken, some * learners, length, experiment)
        for path in np.split(paths, some, axis=1):
            known[states(path)] = True
            climbs += (path[:-1] > 0).sum(axis=0)
        left -= some
    often = 2 * climbs > experiment.episodes * length
    return Tables(slip, known, np.where(often, CLIMB, STRAIGHT))


def correct(
    slip: Int8[np.ndarray, "paces learners rungs"],
    experiment: Experiment,
    random: np.random.Generator,
) -> Tables:
    """DAgger: one demonstration, then the learner walks and is told what was right.

    A learner whose walk shows it nothing new will walk the same way for ever: there its
    remaining rounds are left out.
    """
    length, learners, _ = slip.shape
    first = clone(slip, experiment, random)
    known, usual = first.known.copy(), first.usual.copy()
    answers = np.full(learners, length)
    climbs = np.zeros(learners, np.int64)
    learning = np.arange(learners)
    for _ in range(experiment.episodes - 1):
        tables = Tables(slip[:, learning], known[:, learning], usual[learning])
        path = walk(tables.act, len(learning), length, experiment)
        here = states(path)
        new = ~tables.known[here].all(axis=0)
        known[here[0], learning, here[2]] = True
        answers[learning] += length
        climbs[learning] += (path[:-1] > 0).sum(axis=0)
        usual = np.where(2 * climbs > answers, CLIMB, STRAIGHT)
        learning = learning[new]
        if not len(learning):
            break
    return Tables(slip, known, usual)


# The ways to learn by their names, and whether the net is forgiving.
WAYS: Mapping[str, tuple[Learn, bool]] = {
    "bc": (clone, False),
    "dagger": (correct, False),
    "bc-noise": (clone_of_shaken, False),
    "bc-forgiven": (clone, True),
}


def power(
    found: Sequence[Walked], random: np.random.Generator
) -> tuple[Power, list[tuple[float, float]]]:
    """The exponent of the cost's growth, and each mean cost's 95 % interval.

    The exponent is the slope of the least squares line through log cost over log
    length. The intervals are percentiles of the bootstrap over learners.
    """
    lengths = [each.length for each in found]
    means = np.stack([resampled_means(each, random) for each in found], axis=1)
    low, high = np.quantile(slopes(lengths, means), [0.025, 0.975])
    observed = slopes(lengths, np.array([[each.mean for each in found]]))
    ends = np.quantile(means, [0.025, 0.975], axis=0)
    return (
        Power(exponent=float(observed[0]), ci95=(float(low), float(high))),
        [(float(a), float(b)) for a, b in ends.T],
    )


def slopes(
    lengths: Sequence[int], costs: Float[np.ndarray, "rows lengths"]
) -> Float[np.ndarray, " rows"]:
    """The slope of log cost over log length in each row."""
    place = np.log(np.asarray(lengths, np.float64))
    place = place - place.mean()
    return np.log(costs) @ place / (place @ place)


def resampled_means(
    found: Walked, random: np.random.Generator
) -> Float[np.ndarray, " resamples"]:
    """Mean costs of learners drawn again, those that cost nothing among them."""
    simulated = len(found.cost)
    counts = random.binomial(found.learners, simulated / found.learners, RESAMPLES)
    drawn = found.cost[random.integers(simulated, size=int(counts.sum()))]
    of = np.repeat(np.arange(RESAMPLES), counts)
    sums = np.bincount(of, weights=drawn, minlength=RESAMPLES)
    return sums / found.learners


def exact_cost(
    length: int,
    *,
    error_rate: float,
    recovery: int,
    knows_the_way: bool,
    forgiving: bool = False,
) -> float:
    """The expected cost, by going through all that can happen (dynamic programming).

    Who `knows_the_way` climbs back, and errs on the way as on the rope; who does not
    stays in the net, unless it is forgiving.
    """
    share = np.zeros(recovery + 1)  # of learners, by rungs below the rope
    share[0] = 1.0
    cost = 0.0
    rises = 1.0 if forgiving else 1 - error_rate if knows_the_way else 0.0
    for _ in range(length):
        risen = np.append(share[1:], 0.0) * rises
        after = risen
        after[0] += share[0] * (1 - error_rate)
        after[recovery] += share[0] * error_rate + share[1:].sum() * (1 - rises)
        share = after
        cost += 1 - share[0]
    return float(cost)
