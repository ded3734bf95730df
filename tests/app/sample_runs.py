"""Runs as the commands leave them behind, made up from seeded random numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from novice.app.report import Replay, RunContents

SEEDS = range(9_000, 9_100)
VERSIONS = {
    "python": "3.11.9",
    "jax": "0.10.2",
    "equinox": "0.13.8",
    "numpy": "2.4.6",
    "gymnasium": "1.4.0",
}
SECONDS = {
    "collect": 6.21,
    "compile": 2.9,
    "evaluate": 4.02,
    "fit": 7.75,
    "label": 0.44,
    "total": 20.6,
}


def estimate(values: Sequence[float], *, episodes: bool = True) -> dict[str, Any]:
    """Mean and interval as they stand in summary.json."""
    mean, half = np.mean(values), 1.96 * np.std(values) / len(values) ** 0.5
    found = {"mean": float(mean), "ci95": [float(mean - half), float(mean + half)]}
    if episodes:
        quarter = len(values) // 4
        middle = np.sort(values)[quarter : len(values) - quarter]
        found |= {"iqm": float(np.mean(middle)), "episodes": len(values)}
    return found


def corrected(answers: np.ndarray) -> dict[str, Any]:
    """The share of answers that differed; its interval stays within 0 and 1."""
    found = estimate(answers, episodes=False)
    return {**found, "ci95": np.clip(found["ci95"], 0, 1).tolist()}


def landings(
    skill: float, *, seeds: Sequence[int] = SEEDS, salt: int = 0
) -> np.ndarray:
    """Returns of LunarLander as somebody of this skill (0 to 1) gets them."""
    rng = np.random.default_rng(salt)
    luck = np.random.default_rng(99).normal(0, 14, len(seeds))
    good = rng.random(len(seeds)) < skill
    landed = 252 + luck + rng.normal(0, 9, len(seeds))
    crashed = -190 + 5 * luck + rng.normal(0, 70, len(seeds))
    return np.where(good, landed, crashed)


def episodes(returns: np.ndarray, *, seeds: Sequence[int] = SEEDS) -> dict[str, Any]:
    return {
        "seed": list(seeds),
        "return": returns.tolist(),
        "length": [int(200 + abs(value) / 3) for value in returns],
    }


def share(returns: np.ndarray) -> float:
    random, expert = landings(0, salt=1).mean(), landings(0.97, salt=2).mean()
    return float((returns.mean() - random) / (expert - random))


def outcome(returns: np.ndarray) -> dict[str, Any]:
    return {"return": estimate(returns), "normalized": share(returns)}


def replays(returns: np.ndarray) -> list[Replay]:
    order = np.argsort(returns)
    return [
        Replay(
            label=label,
            seed=SEEDS[place],
            length=int(200 + abs(returns[place]) / 3),
            total_reward=float(returns[place]),
            actions=[[0], [2]],
        )
        for label, place in (
            ("best", order[-1]),
            ("median", order[len(order) // 2]),
            ("worst", order[0]),
        )
    ]


def settings(command: str, **values: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "command": command,
        "version": "0.1.0",
        "settings": {
            "task": "LunarLander-v3",
            "task_argument": {},
            "expert": "auto",
            "seed": 0,
            "test_episodes": 100,
            "validation_episodes": 20,
            **values,
        },
        "versions": VERSIONS,
    }


def summary(
    command: str, rounds: list[dict[str, Any]], best: int, final: np.ndarray
) -> dict[str, Any]:
    return {
        "command": command,
        "env": "LunarLander-v3",
        "seed": 0,
        "version": "0.1.0",
        "random": {"return": estimate(landings(0, salt=1))},
        "expert": {"name": "heuristic", "return": estimate(landings(0.97, salt=2))},
        "rounds": rounds,
        "best_round": best,
        "final": outcome(final),
        "seconds": SECONDS,
    }


def evaluation(final: np.ndarray, **others: np.ndarray) -> dict[str, Any]:
    everybody = {
        "final": final,
        "expert": landings(0.97, salt=2),
        "random": landings(0, salt=1),
        **others,
    }
    return {name: episodes(returns) for name, returns in everybody.items()}


def lines(rounds: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """The plain numbers of the rounds, as metrics.jsonl has them."""
    return [{name: entry[name] for name in ("round", *names)} for entry in rounds]


def bc() -> RunContents:
    final = landings(0.62, salt=3)
    rounds = [
        {
            "round": 0,
            "labels": 4_612,
            "env_steps": 4_612,
            "loss": 0.1873,
            "gradient_steps": 10_000,
            "return": estimate(landings(0.6, seeds=range(20), salt=4)),
            "normalized": 0.58,
            "expert_disagreement": estimate(np.arange(200) % 100 < 19, episodes=False),
        }
    ]
    return RunContents(
        settings=settings(
            "bc", demonstrations=20, noise=0.0, fit={"hidden": [64, 64]}, steps=10_000
        ),
        summary=summary("bc", rounds, 0, final),
        evaluation=evaluation(final),
        metrics=lines(rounds, "labels", "env_steps", "loss", "gradient_steps"),
        timings=[{"round": 0, "collect": 1.2, "fit": 3.1, "evaluate": 1.0}],
        replays=replays(final),
    )


def dagger(*, best: int = 12, count: int = 20) -> RunContents:
    """A run of many rounds whose best round is not its last one."""
    skills = 0.99 - 0.8 * np.exp(-np.arange(count) / 3.2)
    skills[-3:] = (0.9, 0.93, 0.86)
    skills[best] = 1.0
    rounds = []
    for number, skill in enumerate(skills):
        returns = landings(skill, seeds=range(20), salt=100 + number)
        apart = np.random.default_rng(number).random(200) < 0.04 + 0.3 * np.exp(
            -number / 4
        )
        rounds.append(
            {
                "round": number,
                "labels": 250 * (number + 1),
                "env_steps": 1_180 * (number + 1),
                "loss": float(0.12 + 0.3 * np.exp(-number / 5) + 0.01 * (number % 3)),
                "gradient_steps": 4_000 if number == 0 else 1_000,
                "return": estimate(returns),
                "normalized": share(returns),
                "expert_disagreement": estimate(apart, episodes=False),
            }
        )
    final, last = landings(0.98, salt=5), landings(0.85, salt=6)
    whole = summary("dagger", rounds, best, final)
    whole["last"] = {"round": count - 1, **outcome(last)}
    return RunContents(
        settings=settings(
            "dagger",
            labels=5_000,
            labels_per_round=250,
            episodes_per_round=5,
            beta="first",
            fit={"hidden": [64, 64], "learning_rate": 0.001},
        ),
        summary=whole,
        evaluation=evaluation(final, last=last),
        metrics=lines(rounds, "labels", "env_steps", "loss", "gradient_steps"),
        timings=[{"round": n, "collect": 0.3, "fit": 0.4} for n in range(count)],
        replays=replays(final),
    )


def reinforce(*, count: int = 20) -> RunContents:
    """CartPole without an expert: no labels, nothing to normalize by."""
    rng = np.random.default_rng(8)
    rounds = []
    for number in range(count):
        top = 500 / (1 + np.exp(4 - 0.55 * number))
        returns = np.minimum(500, np.maximum(9, rng.normal(top, 60 - 2.9 * number, 20)))
        rounds.append(
            {
                "round": number,
                "env_steps": 25_000 * (number + 1),
                "batches": 30 * (number + 1),
                "training_return": float(0.93 * returns.mean()),
                "entropy": float(0.69 * np.exp(-number / 12)),
                "loss": float(rng.normal(0, 2)),
                "value_loss": float(900 * np.exp(-number / 6) + rng.random() * 40),
                "return": estimate(returns),
            }
        )
    final = np.minimum(500, rng.normal(505, 12, 100))
    random = rng.gamma(4, 5.6, 100) + 8
    whole = summary("reinforce", rounds, count - 1, final)
    del whole["expert"], whole["final"]["normalized"]
    whole |= {"env": "CartPole-v1", "random": {"return": estimate(random)}}
    given = settings("reinforce", env_steps=500_000, rounds=count, baseline="value")
    given["settings"] |= {"task": "CartPole-v1"}
    names = ("env_steps", "batches", "training_return", "entropy", "loss", "value_loss")
    return RunContents(
        settings=given,
        summary=whole,
        evaluation={"final": episodes(final), "random": episodes(random)},
        metrics=lines(rounds, *names),
        replays=replays(final),
    )


def unpaid() -> RunContents:
    """A task without a reward: the disagreement with the expert is all there is."""
    rounds = [
        {
            "round": number,
            "labels": 250 * (number + 1),
            "env_steps": 900 * (number + 1),
            "loss": float(0.1 + 0.4 * np.exp(-number / 3)),
            "expert_disagreement": estimate(
                np.random.default_rng(number).random(200)
                < 0.03 + 0.5 * np.exp(-number / 2.5),
                episodes=False,
            ),
        }
        for number in range(8)
    ]
    nothing = episodes(np.zeros(100))
    return RunContents(
        settings=settings("dagger", labels=2_000),
        summary={
            "command": "dagger",
            "env": "garden:Unpaid-v0",
            "seed": 3,
            "version": "0.1.0",
            "random": {},
            "expert": {"name": "garden:gardener"},
            "rounds": rounds,
            "best_round": 7,
            "final": {},
            "last": {"round": 7},
            "seconds": SECONDS,
        },
        evaluation={"final": nothing, "expert": nothing, "random": nothing},
        metrics=lines(rounds, "labels", "env_steps", "loss"),
        replays=replays(np.zeros(100)),
    )


def human(
    *people: str, simulation: Mapping[str, Any] | None = None, count: int = 7
) -> RunContents:
    """Somebody teaches in the browser; the built-in controller is the yardstick."""
    rounds = []
    for number in range(count):
        skill = 0.96 - 0.85 * np.exp(-(number + 1) / 2)
        returns = landings(skill, seeds=range(20), salt=200 + number)
        answers = np.random.default_rng(number).random(45)
        rounds.append(
            {
                "round": number,
                "labels": 45 * (number + 1),
                "rows": 45 * (number + 1) + number // 3,
                "human_seconds": 44.6 * (number + 1) + 0.3 * number,
                "env_steps": 2_050 * (number + 1),
                "loss": float(0.1 + 0.5 * np.exp(-number / 3)),
                "gradient_steps": 1_000,
                "cut": {"answer": 47 * (number + 1)},
                "corrected": corrected(answers < 0.06 + 0.6 * np.exp(-number / 2)),
                "return": estimate(returns),
                "normalized": share(returns),
                "expert_disagreement": estimate(
                    np.random.default_rng(number).random(200)
                    < 0.05 + 0.4 * np.exp(-number / 3),
                    episodes=False,
                ),
            }
        )
    final, last = landings(0.93, salt=5), landings(0.9, salt=6)
    whole = summary("dagger", rounds, count - 2, final)
    whole["last"] = {"round": count - 1, **outcome(last)}
    whole["seconds"] = {**SECONDS, "label": 290.0, "total": 330.0}
    whole["teacher"] = {
        "people": list(people or ("ana",)),
        "simulated": simulation is not None,
        "human_seconds": 44.6 * count + 0.3 * (count - 1),
    }
    told = {"expert": "human", "labels": 45 * count, "labels_per_round": 45}
    if simulation is not None:
        whole["teacher"]["simulation"] = simulation
        told["simulation"] = simulation
    names = ("labels", "rows", "human_seconds", "env_steps", "loss", "gradient_steps")
    return RunContents(
        settings=settings("dagger", **told),
        summary=whole,
        evaluation=evaluation(final, last=last),
        metrics=lines(rounds, *names),
        timings=[{"round": n, "collect": 0.3, "fit": 0.4} for n in range(count)],
        replays=replays(final),
    )


def simulated() -> RunContents:
    """The same from somebody who is not real."""
    return human(
        "simulated person",
        simulation={
            "simulate": "auto",
            "lapses": 0.1,
            "unsure": 0.0,
            "reaction": 0.6,
            "hurry": True,
        },
    )


def human_unpaid() -> RunContents:
    """People teach a task without a reward: what they correct is all there is."""
    contents = human("ana", "ben")
    nothing = episodes(np.zeros(100))
    rounds = [without(entry, "return", "normalized") for entry in _rounds(contents)]
    changes = {
        "env": "garden:Unpaid-v0",
        "random": {},
        "expert": {"name": "garden:gardener"},
        "rounds": rounds,
        "best_round": 6,
        "final": {},
        "last": {"round": 6},
    }
    return replace(
        contents,
        summary={**contents.summary, **changes},
        evaluation={"final": nothing, "expert": nothing, "random": nothing},
        replays=replays(np.zeros(100)),
    )


def human_alone(*, of: Callable[[], RunContents] = human) -> RunContents:
    """A task with a reward or without one, for which there is no controller."""
    contents = of()
    rounds = [
        without(entry, "normalized", "expert_disagreement")
        for entry in _rounds(contents)
    ]
    told = without(contents.summary, "expert")
    assert contents.evaluation is not None
    return replace(
        contents,
        summary={
            **told,
            "rounds": rounds,
            "final": without(told["final"], "normalized"),
            "last": without(told["last"], "normalized"),
        },
        evaluation=without(contents.evaluation, "expert"),
    )


def without(mapping: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in names}


def _rounds(contents: RunContents) -> Sequence[Mapping[str, Any]]:
    return contents.summary["rounds"]


def evaluate() -> RunContents:
    final = landings(0.9, salt=7)
    whole = summary("evaluate", [], 0, final)
    del whole["rounds"], whole["best_round"], whole["seconds"]
    return RunContents(
        settings=settings("evaluate"), summary=whole, evaluation=evaluation(final)
    )


def demo() -> RunContents:
    """Three steps; practice changes nothing that can be shown, and is set aside."""
    skills = {"cloned": 0.45, "corrected": 0.96, "practiced": 0.95}
    gained = {name: landings(skill, salt=5) for name, skill in skills.items()}
    steps: list[dict[str, Any]] = []
    before: np.ndarray | None = None
    for (name, returns), (labels, env_steps) in zip(
        gained.items(), ((1_000, 1_000), (5_000, 18_000), (5_000, 60_000)), strict=True
    ):
        step = {
            "name": name,
            "folder": f"runs/demo/{name}",
            "labels": labels,
            "env_steps": env_steps,
            **outcome(returns),
            "kept": name != "practiced",
        }
        if before is not None:
            change = estimate(returns - before, episodes=False)
            step["change"] = {**change, "episodes": len(returns)}
        steps.append(step)
        before = returns
    worst = int(gained["cloned"].argmin())
    return RunContents(
        settings={
            **settings("demo"),
            "settings": {"task": "LunarLander-v3", "task_argument": {}, "seed": 0},
        },
        summary={
            "command": "demo",
            "env": "LunarLander-v3",
            "seed": 0,
            "version": "0.1.0",
            "steps": steps,
            "expert": {"name": "heuristic", "return": estimate(landings(0.97, salt=2))},
            "random": {"return": estimate(landings(0, salt=1))},
            "seconds": {"total": 61.3, "compile": 8.2},
        },
        evaluation={name: episodes(returns) for name, returns in gained.items()},
        replays=[
            Replay(
                label=name,
                seed=SEEDS[worst],
                length=300,
                total_reward=float(returns[worst]),
                actions=[[0], [2]],
            )
            for name, returns in gained.items()
        ],
    )


SAMPLES = {
    "bc": bc,
    "dagger": dagger,
    "reinforce": reinforce,
    "unpaid": unpaid,
    "human": human,
    "simulated": simulated,
    "human_unpaid": human_unpaid,
    "human_alone": human_alone,
    "evaluate": evaluate,
    "demo": demo,
}
