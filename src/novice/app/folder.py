"""Keep a run in a folder, so that a killed run can go on where it was."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from novice.algorithms.settings import layers_of
from novice.app.choice import latest_of_the_best, promoted
from novice.app.run_settings import NotARunError, no_run, settings_in
from novice.datasets.dataset import GOLD, Dataset
from novice.datasets.shards import forget_parts, load_dataset, save_part
from novice.envs.rollout import unpadded
from novice.errors import NoviceError
from novice.experts.kept import (
    SCHEMA,
    load_policy,
    named_arrays,
    save_policy,
    with_named_arrays,
)
from novice.files import (
    LOCK,
    append_line,
    make_folder,
    read_arrays,
    read_json,
    read_lines,
    unchanged,
    whole_folder,
    write_arrays,
    write_json,
    write_lines,
)
from novice.inbox.recording import read_recording
from novice.learning.fit import new_learner
from novice.learning.policy import Policy, new_critic
from novice.types import Learner, Round

__all__ = [
    "DivergedError",
    "NotARunError",
    "RunFolder",
    "check_finite",
    "free_name",
    "metrics_line",
    "named_arrays",
]

# What a run that was killed at once may have left before its settings.json.
_FIRST_TRACES = {"start", "expert", "rounds", LOCK}


class DivergedError(NoviceError):
    """What was learned is not finite any more."""


def check_finite(numbers: Any, what: str) -> None:
    """Raise DivergedError when an array of a pytree holds NaN or infinity."""
    for name, array in named_arrays(numbers).items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise DivergedError(
                f"{what} is not finite any more ({name}): learning went astray; lower"
                " --learning-rate"
            )


def metrics_line(number: int, measures: Mapping[str, Any]) -> dict[str, Any]:
    """A round's plain numbers."""
    numbers = {k: v for k, v in measures.items() if isinstance(v, int | float)}
    return {"round": number, **numbers}


def quarantine_measures(dataset: Dataset | None) -> dict[str, int]:
    """What a round adds to its measures where somebody has decided about rows.

    How many entries of the ledger it knew tells which rows were in quarantine; and no
    longer are there as many rows as labels.
    """
    if dataset is None or not dataset.ledger:
        return {}
    return {
        "rows": len(dataset),
        "quarantined": len(dataset.quarantined),
        "ledger": dataset.ledger,
    }


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    path: Path

    @property
    def settings_path(self) -> Path:
        return self.path / "settings.json"

    @property
    def dataset_path(self) -> Path:
        return self.path / "dataset"

    def round_path(self, number: int) -> Path:
        return self.path / "rounds" / f"{number:03d}"

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Make the folder and write down everything needed to repeat the run."""
        make_folder(self.path / "rounds")
        write_json(self.settings_path, {"schema": SCHEMA, **settings})

    def settings(self) -> dict[str, Any]:
        """What the run was started with. Raises NotARunError or NewerRunError."""
        return settings_in(self.path)

    def check_free(self) -> None:
        """Raise NotARunError when what is in the folder is not a run's."""
        if self.path.exists() and not self.path.is_dir():
            raise NotARunError(f"{self.path} is a file, not the folder of a run")
        if self.settings_path.exists() or not self.path.exists():
            return
        for path in sorted(self.path.iterdir()):
            if path.name not in _FIRST_TRACES and path.suffix != ".part":
                raise no_run(self.path, f"it holds {path.name} but no settings.json")

    @property
    def finished(self) -> bool:
        return (self.path / "summary.json").exists()

    def round_count(self) -> int:
        """How many rounds are complete."""
        count = 0
        while self.round_path(count).exists():
            count += 1
        return count

    def save_round(self, round: Round, seconds: Mapping[str, float]) -> None:
        """Add a complete round: its folder appears whole, after everything it needs."""
        check_finite(round.learner, f"the learner of round {round.number}")
        check_finite(dict(round.measures), f"what round {round.number} measured")
        if round.dataset is not None:
            self._save_dataset(round)
        kept = {**round.measures, **quarantine_measures(round.dataset)}
        with whole_folder(self.round_path(round.number)) as part:
            save_policy(part, round.learner.policy)
            write_arrays(part / "learner.safetensors", named_arrays(round.learner))
            measures = dict(kept)
            if "cut" in measures:
                write_json(part / "cut.json", measures.pop("cut"))
            write_json(part / "measures.json", measures)
            if round.trajectories is not None:
                columns = unpadded(round.trajectories)
                write_arrays(part / "trajectories.safetensors", columns)
        line = metrics_line(round.number, kept)
        append_line(self.path / "metrics.jsonl", line)
        rounded = {phase: float(f"{spent:.4f}") for phase, spent in seconds.items()}
        append_line(self.path / "timings.jsonl", {"round": round.number, **rounded})

    def _save_dataset(self, round: Round) -> None:
        """Add the parts that the round before did not have yet.

        What a killed attempt left of this round goes: people may have answered anew.
        """
        parts, kept = round.dataset.parts, 0
        if round.number:
            kept = len(round.dataset.first(self._rows(round.number - 1)).parts)
        forget_parts(self.dataset_path, kept)
        for number in range(kept, len(parts)):
            save_part(self.dataset_path, number, parts[number])

    def _rows(self, number: int) -> int:
        """How many answers there were after a round, standing or not."""
        measures = self.measures(number)
        return int(measures.get("rows", measures["labels"]))

    def measures(self, number: int) -> dict[str, Any]:
        return read_json(unchanged(self.round_path(number) / "measures.json"))

    def policy(self, number: int) -> Policy:
        return load_policy(self.round_path(number))

    @property
    def start_path(self) -> Path:
        return self.path / "start"

    @property
    def expert_path(self) -> Path:
        return self.path / "expert"

    def clear_start(self) -> None:
        """Throw away what an attempt took over that was killed before it began."""
        for path in (self.start_path, self.expert_path):
            shutil.rmtree(path, ignore_errors=True)

    def save_start(
        self,
        policy: Policy | None,
        dataset: Dataset | None,
        human: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the policy and the answers that this run starts from.

        `human` names the people that these are from, and the seconds of their time.
        """
        with whole_folder(self.start_path) as start:
            if human is not None:
                write_json(start / "human.json", dict(human))
            if policy is not None:
                save_policy(start, policy)
            for number, part in enumerate(dataset.parts if dataset else ()):
                save_part(start / "dataset", number, part)

    def start(self) -> Round | None:
        """What this run starts from, as round -1; None when no policy came along."""
        if not (self.start_path / "policy.json").exists():
            return None
        return Round(
            number=-1,
            learner=new_learner(load_policy(self.start_path)),
            dataset=self.start_dataset(),
            measures={"env_steps": 0},
        )

    def start_dataset(self) -> Dataset | None:
        """The answers that this run starts from; None when it starts from none."""
        path = self.start_path / "dataset"
        return load_dataset(path) if path.exists() else None

    def reactions(self) -> dict[str, Any]:
        """How people reacted in the recording that this run starts from, if in one."""
        names = ("reaction_seconds", "latency", "lag_seconds")
        human = self._start_human()
        return {name: human[name] for name in names if name in human}

    def start_seconds(self) -> float:
        """The people's time behind what this run starts from."""
        return float(self._start_human().get("seconds", 0.0))

    def _start_human(self) -> dict[str, Any]:
        path = self.start_path / "human.json"
        return read_json(unchanged(path)) if path.exists() else {}

    def people(self) -> tuple[str, ...]:
        """The people whose answers or demonstrations are in this run, simulated or not.

        Whoever has answered questions of people's is a person; an expert is not, even
        where it knows what would have been right.
        """
        found = set(self._start_human().get("people", ()))
        if self.dataset_path.exists():
            parts = load_dataset(self.dataset_path).parts
            found |= {
                part.origin.who
                for part in parts
                if part.question is not None and part.origin.source != GOLD
            }
        if self.takeover_path.exists():
            found |= {each.who for each in read_recording(self.takeover_path).episodes}
        return tuple(sorted(found))

    @property
    def takeover_path(self) -> Path:
        """Where what people do at the controls is recorded, if they take over."""
        return self.path / "takeover"

    def save_expert(self, policy: Policy, name: str) -> None:
        """Keep the policy that this run asks."""
        with whole_folder(self.expert_path) as expert:
            save_policy(expert, policy)
            write_json(expert / "name.json", name)

    def expert(self) -> tuple[Policy, str] | None:
        """The policy that this run asks, and its name; None when it asks none."""
        if not self.expert_path.exists():
            return None
        name = read_json(unchanged(self.expert_path / "name.json"))
        return load_policy(self.expert_path), name

    def last_round(self) -> Round | None:
        """The newest complete round, to go on from; None before the first."""
        count = self.round_count()
        self._mend_lines(count)
        if not count:
            return None
        number = count - 1
        dataset = None
        if self.dataset_path.exists():
            dataset = load_dataset(self.dataset_path).first(self._rows(number))
        return Round(
            number=number,
            learner=self._learner(number),
            dataset=dataset,
            measures=self.measures(number) | self._cut(number),
        )

    def _cut(self, number: int) -> dict[str, Any]:
        """The last answer that a round used, where people answered."""
        path = self.round_path(number) / "cut.json"
        return {"cut": read_json(unchanged(path))} if path.exists() else {}

    def _learner(self, number: int) -> Learner:
        policy = self.policy(number)
        path = self.round_path(number) / "learner.safetensors"
        arrays = read_arrays(unchanged(path))
        critic = None
        if any(name.startswith("critic.") for name in arrays):
            told, key = policy.config(), jax.random.key(0)
            hidden = layers_of(tuple(self.settings()["settings"]["hidden"]))
            picture = getattr(policy.trunk, "picture", None)
            critic = new_critic(
                told["observation"], hidden=hidden, picture=picture, key=key
            )
        return with_named_arrays(new_learner(policy, critic), arrays, path)

    def _mend_lines(self, rounds: int) -> None:
        """Bring the line files in step with the complete rounds.

        A kill may come between a round's folder and its lines, or within a line.
        """
        metrics, timings = self.path / "metrics.jsonl", self.path / "timings.jsonl"
        if rounds or metrics.exists():
            numbers = [metrics_line(n, self.measures(n)) for n in range(rounds)]
            write_lines(metrics, numbers)
        if timings.exists():
            lines = read_lines(timings)
            known = [each for each in lines if each.get("round") in range(rounds)]
            write_lines(timings, known)

    def seconds(self) -> dict[str, float]:
        """What each phase of the complete rounds took, as far as it is known."""
        total: dict[str, float] = {}
        for line in read_lines(self.path / "timings.jsonl"):
            for phase, spent in line.items():
                if phase != "round":
                    total[phase] = total.get(phase, 0.0) + spent
        return total

    def summary(self) -> dict[str, Any]:
        return read_json(self.path / "summary.json")

    def best_round(self) -> int:
        """The round that the run delivers.

        It is what `latest_of_the_best` chooses, but a policy that came along to
        practice is only replaced by one that is `promoted`.
        """
        measures = [self.measures(number) for number in range(self.round_count())]
        returns = [each["validation_returns"] for each in measures]
        return promoted(returns) if self.goes_on else latest_of_the_best(returns)

    @property
    def goes_on(self) -> bool:
        """Whether a policy practices here that was learned elsewhere."""
        practices = self.settings()["command"] == "reinforce"
        return practices and (self.start_path / "policy.json").exists()

    def dataset(self) -> Dataset:
        """Everything that was answered in this run."""
        if not self.dataset_path.exists():
            raise NotARunError(f"{self.path} has no dataset: nobody answered in it")
        return load_dataset(self.dataset_path)


def free_name(base: Path) -> Path:
    """The first of `base`, `base-2`, `base-3` … that is not there yet."""
    candidate, number = base, 2
    while candidate.exists():
        candidate = base.with_name(f"{base.name}-{number}")
        number += 1
    return candidate
