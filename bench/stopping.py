"""When does the stopping rule say "enough", and how far is it off? On kept runs.

    .venv/bin/python bench/stopping.py               # plays what it has not played yet
    .venv/bin/python bench/stopping.py --page        # write the page alone
    .venv/bin/python bench/stopping.py --experts DIR # where the CS 285 experts are

Nothing is trained. The rule is replayed over what each round of bench/runs/*-dagger
measured; the expert, chance and the policies it would have stopped at are played, and
their returns kept in bench/stopping.json. The page is bench/STOPPING.md.
"""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from novice.evaluation import stopping
from novice.evaluation.statistics import paired_difference
from novice.evaluation.stopping import Apart, Enough, Measured, Scale, first_enough
from novice.files import read_arrays, read_json, write_json

BENCH = Path(__file__).resolve().parent
PAGE, KEPT = BENCH / "STOPPING.md", BENCH / "stopping.json"
EXPERTS = BENCH.parent.parent / "shared" / "data" / "cs285"
# The constants are chosen on these seeds, and judged on the others.
CHOSEN_ON = {"cartpole": {0, 1}, "lander": {0}, "hopper": {0}, "cheetah": {0}}
# On which the delivered policy and the one at "enough" are compared.
EPISODES = 100
# How far off still counts as right.
RIGHT = 0.2


@dataclass(frozen=True)
class Run:
    """A kept run: its rounds, and what they are held against."""

    task: str
    seed: int

    @property
    def folder(self) -> Path:
        return BENCH / "runs" / f"{self.task}-dagger" / str(self.seed)

    @property
    def chooses(self) -> bool:
        return self.seed in CHOSEN_ON[self.task]

    @cached_property
    def measures(self) -> list[dict[str, Any]]:
        paths = sorted((self.folder / "rounds").glob("*/measures.json"))
        return [read_json(path) for path in paths]

    @cached_property
    def means(self) -> np.ndarray:
        return np.array([np.mean(each["validation_returns"]) for each in self.measures])

    @cached_property
    def delivered(self) -> int:
        return int(read_json(self.folder / "summary.json")["best_round"])

    def rounds(self, *, paid: bool) -> list[Measured]:
        """What the rule sees, or what it would see if nothing was paid."""
        return [
            Measured(
                round=number,
                labels=each["labels"],
                returns=np.array(each["validation_returns"]) if paid else None,
                apart=apart(each["expert_disagreement"]),
            )
            for number, each in enumerate(self.measures)
        ]

    def reached(self) -> int:
        """The first round whose interval holds the best mean return of the run."""
        return next(
            number
            for number, each in enumerate(self.measures)
            if max(each["return"]["ci95"][1], self.means[number]) >= self.means.max()
        )

    def reached_by_mean(self) -> int:
        """The first round whose mean lies in the best round's interval, or above."""
        low = self.measures[int(self.means.argmax())]["return"]["ci95"][0]
        return int(np.flatnonzero(self.means >= low)[0])


def apart(found: dict[str, Any]) -> Apart:
    """A disagreement as the rule takes it."""
    return Apart(mean=found["mean"], low=found["ci95"][0], high=found["ci95"][1])


RUNS = [
    Run(task, seed)
    for task, many in {"cartpole": 10, "lander": 5, "hopper": 5, "cheetah": 5}.items()
    for seed in range(many)
]


def scale_of(run: Run, kept: dict[str, Any], *, expert: bool = True) -> Scale:
    """What was played of chance and the expert."""
    known = kept["references"][run.task]
    return Scale(
        chance=np.array(known["random"]),
        expert=np.array(known["expert"]) if expert else None,
        most=1.0 if run.task in ("cartpole", "lander") else 2.0,
    )


def said(
    run: Run, kept: dict[str, Any], *, expert: bool = True, paid: bool = True
) -> Enough | None:
    """What the rule says of a run."""
    return first_enough(run.rounds(paid=paid), scale_of(run, kept, expert=expert))


# What is played


def play(kept: dict[str, Any]) -> None:
    """Chance and the expert on the validation episodes; stopped policies on others."""
    # These load JAX.
    from novice.app.judge import Judge
    from novice.app.runs import expert_named
    from novice.app.tasks import task_called

    for run in RUNS:
        settings = read_json(run.folder / "settings.json")["settings"]
        task = task_called(settings["task"], settings["task_argument"])
        expert = expert_named(settings["expert"], task, needed=True)
        judge = Judge(task, expert, settings["validation_episodes"], EPISODES)
        if run.task not in kept["references"]:
            known = judge.validation
            assert known.expert is not None
            kept["references"][run.task] = {
                "random": known.random.value.tolist(),
                "expert": known.expert.value.tolist(),
            }
        found = said(run, kept)
        if found is not None and found.round != run.delivered:
            play_round(run, found.round, judge, kept)
        write_json(KEPT, kept)


def play_round(run: Run, number: int, judge: Any, kept: dict[str, Any]) -> None:
    """The policy of a round on episodes that chose nothing, unless it was played."""
    from novice.envs.seeds import test_seeds
    from novice.evaluation.returns import returns_of
    from novice.experts.kept import policy_from_config, with_named_arrays

    name = f"{run.task}/{run.seed}/{number}"
    if name not in kept["returns"]:
        # Two of the runs are older than the hashes that `load_policy` asks for.
        folder = run.folder / "rounds" / f"{number:03d}"
        path = folder / "policy.safetensors"
        skeleton = policy_from_config(read_json(folder / "policy.json"))
        policy = with_named_arrays(skeleton, read_arrays(path), path)
        seen = judge.play(policy, test_seeds(EPISODES))
        kept["returns"][name] = returns_of(seen).value.tolist()
        print(name, np.mean(kept["returns"][name]), flush=True)


# The page


def off(run: Run, found: Enough | None, target: int) -> float:
    """How far the labels at "enough" are from those of a round, as a share of these."""
    stops = run.measures[-1]["labels"] if found is None else found.labels
    return float(stops / run.measures[target]["labels"] - 1)


def right(runs: Sequence[Run], kept: dict[str, Any], **how: bool) -> int:
    """In how many runs the rule stops within 20 % of the labels it should."""
    return sum(
        abs(off(run, said(run, kept, **how), run.reached())) <= RIGHT for run in runs
    )


def row(run: Run, kept: dict[str, Any]) -> str:
    """A run as a line of the table."""
    found, target = said(run, kept), run.reached()
    labels = run.measures[-1]["labels"] if found is None else found.labels
    first, other = (
        run.measures[number]["labels"] for number in (target, run.reached_by_mean())
    )
    mark = " (chosen on)" if run.chooses else ""
    hit = " ✓" if abs(labels / first - 1) <= RIGHT else ""
    return (
        f"| {run.task} {run.seed}{mark} | {first:,} | {labels:,} |"
        f" {labels / first:.2f}{hit} | {labels / other:.2f} |"
        f" {'never' if found is None else found.by} | {given_up(run, found, kept)} |"
    )


def given_up(run: Run, found: Enough | None, kept: dict[str, Any]) -> str:
    """What the delivered policy returns more, in shares of the way to the expert."""
    if found is None:
        return "nothing"
    if found.round == run.delivered:
        return "nothing: the same policy"
    later = difference(run, found, kept)
    low, high = later.ci95
    share = share_of_way(run, later.mean, kept)
    return f"{later.mean:.1f} [{low:.1f}, {high:.1f}], {share:.1f} % of the way"


def share_of_way(run: Run, gained: float, kept: dict[str, Any]) -> float:
    """A gain in percent of the way from chance to the expert."""
    scale = scale_of(run, kept)
    assert scale.chance is not None and scale.expert is not None
    return 100 * gained / float(scale.expert.mean() - scale.chance.mean())


def difference(run: Run, found: Enough, kept: dict[str, Any]) -> Any:
    """The delivered policy's return less that of the policy at "enough"."""
    delivered = read_json(run.folder / "evaluation.json")["final"]["return"]
    stopped = delivered[:EPISODES]
    if found.round != run.delivered:
        stopped = kept["returns"][f"{run.task}/{run.seed}/{found.round}"]
    return paired_difference(np.array(delivered[:EPISODES]), np.array(stopped))


def choices(kept: dict[str, Any]) -> Iterator[str]:
    """What the constants do on the runs that they are chosen on."""
    runs = [run for run in RUNS if run.chooses]
    tries: list[tuple[str, str, float, dict[str, bool]]] = [
        *(("SMALL, with the expert", "SMALL", v, {}) for v in (0.02, 0.05, 0.1, 0.2)),
        *(("ROUNDS, without", "ROUNDS", v, {"expert": False}) for v in (2, 3, 4)),
        *(
            ("LITTLE, no reward", "LITTLE", v, {"paid": False})
            for v in (0.005, 0.01, 0.02, 0.05)
        ),
    ]
    for name, constant, value, how in tries:
        with patch.object(stopping, constant, value):
            labels = [labels_at(said(run, kept, **how)) for run in runs]
        yield f"| {name} = {value:g} | {' | '.join(labels)} |"


def labels_at(found: Enough | None) -> str:
    """Where the rule stops, in words."""
    return "never" if found is None else f"{found.labels:,}"


def count_lines(kept: dict[str, Any]) -> Iterator[str]:
    """In how many runs the rule is right, by what it knows."""
    others = [run for run in RUNS if not run.chooses]
    ways: list[tuple[str, dict[str, bool]]] = [
        ("with the expert's returns (scripted experts)", {}),
        ("without them (people teach)", {"expert": False}),
        ("without a reward", {"paid": False}),
    ]
    for name, how in ways:
        far = [off(run, said(run, kept, **how), run.reached()) for run in others]
        rounds = [apart_in_rounds(run, said(run, kept, **how)) for run in others]
        yield (
            f"| {name} | {sum(abs(x) <= RIGHT for x in far)} of {len(far)} |"
            f" {sum(abs(x) <= 1 for x in rounds)} of {len(far)} |"
            f" {sum(x < -RIGHT for x in far)} | {sum(x > RIGHT for x in far)} |"
            f" {1 + np.median(far):.2f} |"
        )


def apart_in_rounds(run: Run, found: Enough | None) -> int:
    """How many rounds too late (or, below 0, too early) the rule stops."""
    stops = len(run.measures) - 1 if found is None else found.round
    return stops - run.reached()


def by_task(kept: dict[str, Any]) -> Iterator[str]:
    """In how many runs of each task the rule is right."""
    for task in CHOSEN_ON:
        runs = [run for run in RUNS if run.task == task and not run.chooses]
        yield f"{task} {right(runs, kept)} of {len(runs)}"


def losses(kept: dict[str, Any]) -> str:
    """How much return stopping gives up, over the runs that chose nothing."""
    known = [
        (run, found, difference(run, found, kept))
        for run in RUNS
        if not run.chooses and (found := said(run, kept)) is not None
    ]
    worse = [each for each in known if each[2].ci95[0] > 0]
    ways = [share_of_way(run, later.mean, kept) for run, _, later in known]
    saved = [1 - found.labels / run.measures[-1]["labels"] for run, found, _ in known]
    return (
        f"It asks for {100 * float(np.mean(saved)):.0f} % fewer labels than the run's"
        f" budget in the mean. In {len(worse)} of {len(known)} runs the delivered"
        f' policy is better than the one at "enough" beyond its interval, on {EPISODES}'
        " fresh episodes that neither was chosen on; the most that later"
        " labels brought is"
        f" {max(ways):.1f} % of the way from chance to the expert."
    )


def coarse() -> str:
    """How far 20 % reach where a round is 250 labels."""
    others = [run for run in RUNS if not run.chooses]
    step = [run.measures[1]["labels"] - run.measures[0]["labels"] for run in others]
    early = sum(
        each / run.measures[run.reached()]["labels"] > RIGHT
        for run, each in zip(others, step, strict=True)
    )
    return (
        f"In {early} of the {len(others)} runs the best return is within its interval"
        " before 1,250 labels, where one round of 250 labels is more than 20 %: there"
        " only the very round counts as right. The second column counts those that are"
        " at most one round off."
    )


def page(kept: dict[str, Any]) -> str:
    """Everything that was found."""
    runs = [run for run in RUNS if run.chooses]
    heads = " | ".join(f"{run.task} {run.seed}" for run in runs)
    should = " | ".join(f"{run.measures[run.reached()]['labels']:,}" for run in runs)
    nl = "\n"
    return f"""# When do more labels no longer pay?

Written by `bench/stopping.py` from {len(RUNS)} kept runs of `novice dagger` on four
tasks; nothing is trained. After each round the rule of `evaluation/stopping.py` sees
what was measured so far. It should stop at the labels at which the best mean return of
the run was first within a round's 95 % interval ("should"). The best of 20 to 40 means
is partly luck, so "other reading" holds it against the first round whose mean lies
within the best round's interval instead. What later labels brought is measured on
{EPISODES} fresh episodes: what the delivered policy returns more than the one at
"enough".

## How often it is right

Of the {len(RUNS) - len(runs)} runs that chose no constant:

| what it knows | within 20 % | within one round | too early | too late | median |
|---|--:|--:|--:|--:|--:|
{nl.join(count_lines(kept))}

With the expert: {", ".join(by_task(kept))}. {coarse()}
Without the expert's returns the rule compares thirds of the labels of three rounds
each, so it cannot say anything before the eighth round, 2,000 labels here: it protects
from asking without end, it does not find the first moment.

{losses(kept)}

## Each run

| run | should | stops | ratio | other reading | because of | later labels brought |
|---|--:|--:|--:|--:|---|---|
{nl.join(row(run, kept) for run in RUNS)}

## How the constants were chosen

On {heads.replace(" | ", ", ")} alone. Labels at which the rule stops:

| constant | {heads} |
|---|{"--:|" * len(runs)}
| should | {should} |
{nl.join(choices(kept))}
"""


def main() -> None:
    """Play what is missing, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experts", type=Path, default=EXPERTS)
    parser.add_argument("--page", action="store_true", help="write the page alone")
    asked = parser.parse_args()
    os.environ.setdefault("CS285_EXPERTS", str(asked.experts))
    empty: dict[str, Any] = {"references": {}, "returns": {}}
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else empty
    if not asked.page:
        play(kept)
    PAGE.write_text(page(kept))


if __name__ == "__main__":
    main()
