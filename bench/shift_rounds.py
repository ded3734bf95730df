"""How far is a policy from its data, round by round of DAgger? On three tasks.

    .venv/bin/python bench/shift_rounds.py               # goes on after a stop
    .venv/bin/python bench/shift_rounds.py --experts DIR # where the CS 285 experts are

Each task is one command that a user would type; the table of rounds that it makes of
their summaries is bench/SHIFT_ROUNDS.md.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parent
RUNS = BENCH / "runs"
PAGE = BENCH / "SHIFT_ROUNDS.md"
EXPERTS = BENCH.parent.parent / "shared" / "data" / "cs285"


@dataclass(frozen=True)
class Case:
    """A task, and what is typed after `novice dagger`."""

    name: str
    words: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return RUNS / f"shift-{self.name}"


# Where episodes are short there is time for more of them, which tell more.
MANY = ("--validation-episodes", "60")
CASES = (
    Case("cartpole", ("CartPole-v1", "--labels", "2500", *MANY)),
    Case("lander", ("LunarLander-v3", "--labels", "2500", *MANY)),
    Case(
        "hopper",
        ("Hopper-v5", "--expert", "cs285_experts:hopper", "--labels", "5000"),
    ),
)


def carry_out(case: Case, experts: Path) -> None:
    """The command of a case, unless it was carried out before."""
    subprocess.run(
        [
            *(sys.executable, "-m", "novice", "dagger", *case.words),
            *("--out", str(case.folder), "--resume", "--quiet"),
        ],
        cwd=BENCH,
        env=os.environ | {"CS285_EXPERTS": str(experts)},
        check=True,
    )


def section(case: Case) -> str:
    """The rounds of a case as a table."""
    summary = json.loads((case.folder / "summary.json").read_text())
    words = " ".join(case.words)
    rows = "\n".join(line(round) for round in summary["rounds"])
    return f"""## {summary["env"]}

`novice dagger {words}`; the expert returns {summary["expert"]["return"]["mean"]:.1f}.

| round | labels | return | AUC |
|--:|--:|--:|---|
{rows}
"""


def line(round: dict[str, Any]) -> str:
    """A round: its labels, what its policy returned, how far that is from the data."""
    found, shift = round["return"], round.get("shift")
    told = "too few episodes to tell"
    if shift:
        low, high = shift["ci95"]
        told = f"{shift['auc']:.2f} [{low:.2f}, {high:.2f}]"
    low, high = found["ci95"]
    return (
        f"| {round['round']} | {round['labels']:,} |"
        f" {found['mean']:.1f} [{low:.1f}, {high:.1f}] | {told} |"
    )


def page() -> str:
    """All cases that were carried out."""
    sections = "\n".join(
        section(case) for case in CASES if (case.folder / "summary.json").exists()
    )
    return f"""# Does DAgger's policy come to see what its data holds?

Written by `bench/shift_rounds.py`. After each round a classifier tells fresh episodes
of the policy from the data it learned from; its AUC is 0.5 where it cannot. The data
holds the states of older policies as well, so 0.5 is not owed; what says something is
whether it falls while the return rises. The first rounds have fewer than 20 episodes of
data, of which nothing is said. Brackets: 95 %.

{sections}"""


def main() -> None:
    """Carry out what is missing, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experts", type=Path, default=EXPERTS)
    parser.add_argument("--page", action="store_true", help="write the page alone")
    asked = parser.parse_args()
    for case in [] if asked.page else CASES:
        carry_out(case, asked.experts)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
