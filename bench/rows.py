"""Say what is compared in each row, and with which bar.

The numbers of a workload stand here once; both sides of a row get the same ones.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

# What one process told and what was measured about it, by side.
Facts = Mapping[str, Any]
Pair = Mapping[str, Facts]

OURS = "novice"
EVALUATION_EPISODES = 100
VALIDATION_EPISODES = 20


@dataclass(frozen=True, kw_only=True)
class Side:
    """One program that does the work: who runs it, and with which words."""

    name: str
    runs_in: Literal["novice", "ours", "imitation", "torch", "sb3"]
    words: tuple[str, ...]
    cache: Literal["cold", "warm"] = "cold"
    # A side that only adds a line to the table need not run as often as the others.
    at_most: int | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A ratio that each pair of runs gives, and how far it should reach."""

    against: str
    bar: float
    ratio: Callable[[Pair], float]
    needs: frozenset[str]
    unit: Literal["x", "%"] = "x"
    at_most: bool = False  # the bar is a ceiling


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the bar: its sides take turns, and its comparisons judge them."""

    id: str
    work: str
    sides: tuple[Side, ...]
    comparisons: tuple[Comparison, ...]
    as_good: Callable[[Pair], bool] = lambda _: True
    repetitions: int | None = None


def sooner(peer: str, bar: float) -> Comparison:
    """How many times as long the peer's whole process takes."""
    return Comparison(
        against=peer,
        bar=bar,
        ratio=lambda pair: pair[peer]["seconds"] / pair[OURS]["seconds"],
        needs=frozenset({peer, OURS}),
    )


def more_steps(peer: str, bar: float) -> Comparison:
    """How many gradient steps we take while the peer takes one."""
    return Comparison(
        against=peer,
        bar=bar,
        ratio=lambda pair: pair[OURS]["steps_a_second"] / pair[peer]["steps_a_second"],
        needs=frozenset({peer, OURS}),
    )


def share_of_peak(bar: float, flops: float) -> Comparison:
    """Which part of the machine's matrix arithmetic goes into gradient steps."""
    return Comparison(
        against=PEAK,
        bar=bar,
        ratio=lambda pair: (
            pair[OURS]["steps_a_second"] * flops / pair[PEAK]["flops_a_second"]
        ),
        needs=frozenset({PEAK, OURS}),
        unit="%",
    )


def growth(bar: float) -> Comparison:
    """The cost of round 40 over that of round 4, each a median with its neighbors."""

    def ratio(pair: Pair) -> float:
        cost = pair[OURS]["round_seconds"]
        return float(np.median(cost[38:43]) / np.median(cost[3:6]))

    return Comparison(
        against="its own round 4",
        bar=bar,
        ratio=ratio,
        needs=frozenset({OURS}),
        at_most=True,
    )


def step_flops(sizes: tuple[int, ...], batch: int) -> float:
    """Multiplications and additions in the matrix products of one gradient step.

    Every layer multiplies once forward and once for its weights' gradient; every layer
    but the first once more, for the gradient of what came in.
    """
    layers = [a * b for a, b in itertools.pairwise(sizes)]
    return 2.0 * batch * (3 * sum(layers) - layers[0])


def returns_as_much(pair: Pair) -> bool:
    """Whether our interval reaches the peer's mean return."""
    return pair[OURS]["return"]["ci95"][1] >= pair[IMITATION]["return"]["mean"]


def holds_the_pole(pair: Pair) -> bool:
    """Whether our policy returns at least 475 in the mean at the end."""
    return pair[OURS]["return"]["mean"] >= 475


IMITATION = "imitation, same work"
IMITATION_SHIPPED = "imitation, as shipped"
PYTORCH = "PyTorch, Adam as it comes"
PYTORCH_FUSED = "PyTorch, fused Adam"
SB3 = "Stable-Baselines3 PPO, tuned"
SB3_USUAL = "Stable-Baselines3 PPO, defaults"
PEAK = "NumPy's matrix product"


def practiced(task: str, *, env_steps: int, repetitions: int) -> Row:
    """PPO from nothing on both sides, with the same batches, epochs and minibatches."""
    work = words(env_steps=env_steps)
    peer = words(task=task, episodes=VALIDATION_EPISODES)
    # Nothing is played but the last policy.
    played = words(
        rounds=1, validation_episodes=2, test_episodes=VALIDATION_EPISODES, preset="ppo"
    )
    return Row(
        id=f"PPO {task}",
        work=f"{task} from nothing, {env_steps:,} steps of PPO, {VALIDATION_EPISODES}"
        " test episodes, whole process, compile cache empty",
        sides=(
            Side(
                name=SB3_USUAL,
                runs_in="sb3",
                words=("peers/sb3_ppo.py", *work, *peer),
            ),
            Side(
                name=OURS,
                runs_in="novice",
                words=("reinforce", task, *work, *played),
            ),
        ),
        comparisons=(sooner(SB3_USUAL, 1),),
        repetitions=repetitions,
    )


def words(**options: Any) -> tuple[str, ...]:
    """Options as a command line has them: --batch-size 32 --hidden 32 32."""
    said: list[str] = []
    for name, value in options.items():
        values = value if isinstance(value, tuple) else (value,)
        said += ["--" + name.replace("_", "-"), *(str(v) for v in values)]
    return tuple(said)


def corrected(
    id: str, work: str, bar: float, *, rounds: int, first: int, later: int, cache: str
) -> Row:
    """DAgger on CartPole: 4,000 labels a round, from 8 whole episodes of 500 steps."""
    labels = 4_000
    peer = words(
        rounds=rounds,
        labels=labels,
        first_steps=first,
        steps=later,
        hidden=(32, 32),
        batch=32,
        environments=8,
        episodes=EVALUATION_EPISODES,
    )
    ours = words(
        labels=rounds * labels,
        labels_per_round=labels,
        episodes_per_round=8,
        first_steps=first,
        steps=later,
        hidden=(32, 32),
        batch_size=32,
        validation_episodes=VALIDATION_EPISODES,
        test_episodes=EVALUATION_EPISODES,
    )
    script = ("peers/imitation_dagger.py", *peer)
    validated = (*script, *words(validation_episodes=VALIDATION_EPISODES))
    return Row(
        id=id,
        work=work,
        sides=(
            Side(name=IMITATION, runs_in="imitation", words=validated),
            Side(
                name=OURS,
                runs_in="novice",
                words=("dagger", "CartPole-v1", *ours),
                cache=cache,
            ),
            Side(
                name=IMITATION_SHIPPED,
                runs_in="imitation",
                words=(*script, "--as-shipped"),
                at_most=2,
            ),
        ),
        comparisons=(sooner(IMITATION, bar), sooner(IMITATION_SHIPPED, bar)),
        as_good=returns_as_much,
    )


def cloned(
    id: str,
    work: str,
    *,
    hidden: int,
    batch: int,
    threads: int,
    comparisons: tuple[Comparison, ...],
) -> Row:
    """Cloning 100,000 rows of 17 numbers to 6: gradient steps a second, warm."""
    same = words(hidden=(hidden, hidden), batch=batch)
    pytorch = ("peers/torch_clone.py", *same, *words(threads=threads))
    sides = (
        Side(
            name=IMITATION,
            runs_in="imitation",
            words=("peers/imitation_clone.py", *same),
        ),
        Side(name=PYTORCH, runs_in="torch", words=pytorch),
        Side(name=PYTORCH_FUSED, runs_in="torch", words=(*pytorch, "--fused")),
        Side(name=PEAK, runs_in="ours", words=("ours/peak.py",)),
        Side(name=OURS, runs_in="ours", words=("ours/clone.py", *same)),
    )
    needed = frozenset().union(*(comparison.needs for comparison in comparisons))
    return Row(
        id=id,
        work=work,
        sides=tuple(side for side in sides if side.name in needed),
        comparisons=comparisons,
    )


ROWS = (
    corrected(
        "P1",
        "DAgger on CartPole-v1, 8 rounds, 32,000 labels, 18,000 gradient steps,"
        " whole process, compile cache empty",
        20,
        rounds=8,
        first=4_000,
        later=2_000,
        cache="cold",
    ),
    corrected(
        "P2",
        "the same, 3 rounds, 12,000 labels, 3,000 gradient steps, compile cache warm",
        10,
        rounds=3,
        first=1_000,
        later=1_000,
        cache="warm",
    ),
    cloned(
        "P3",
        "cloning 100,000 rows (17 to 6), 2x256, batch 256, gradient steps a second",
        hidden=256,
        batch=256,
        threads=2,
        comparisons=(
            more_steps(IMITATION, 8),
            more_steps(PYTORCH, 1.5),
            more_steps(PYTORCH_FUSED, 1.5),
            share_of_peak(0.65, step_flops((17, 256, 256, 6), 256)),
        ),
    ),
    cloned(
        "P4",
        "cloning 100,000 rows (17 to 6), 2x64, batch 32, gradient steps a second",
        hidden=64,
        batch=32,
        threads=1,
        comparisons=(more_steps(PYTORCH, 15), more_steps(PYTORCH_FUSED, 15)),
    ),
    Row(
        id="P5",
        work="CartPole-v1 from nothing to a mean of 475 at the end, whole process,"
        " compile cache empty, 10 seeds",
        sides=(
            Side(
                name=SB3,
                runs_in="sb3",
                words=("peers/sb3_ppo.py", *words(episodes=EVALUATION_EPISODES)),
            ),
            Side(
                name=OURS,
                runs_in="novice",
                words=(
                    "reinforce",
                    "CartPole-v1",
                    # Fewer steps than the peer; nothing is played but the last policy.
                    *words(preset="ppo", env_steps=70_000),
                    *words(rounds=1, validation_episodes=2),
                    *words(test_episodes=EVALUATION_EPISODES),
                ),
            ),
        ),
        comparisons=(sooner(SB3, 5),),
        as_good=holds_the_pole,
        repetitions=10,
    ),
    practiced("HalfCheetah-v5", env_steps=200_000, repetitions=3),
    Row(
        id="P8",
        work="DAgger on CartPole-v1, 44 rounds of 250 labels and 1,000 gradient steps:"
        " fit, collect and label of a round",
        sides=(
            Side(
                name=OURS,
                runs_in="novice",
                words=(
                    "dagger",
                    "CartPole-v1",
                    *words(
                        labels=44 * 250,
                        labels_per_round=250,
                        first_steps=1_000,
                        steps=1_000,
                        validation_episodes=2,
                        test_episodes=2,
                    ),
                ),
            ),
        ),
        comparisons=(growth(1.2),),
    ),
)
