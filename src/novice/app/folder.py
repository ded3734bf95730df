"""Keep a run in a folder, so that a killed run can go on where it was."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from novice.app.choice import latest_of_the_best
from novice.datasets.dataset import Dataset
from novice.datasets.shards import load_dataset, read_index, save_part
from novice.envs.rollout import unpadded
from novice.errors import NoviceError
from novice.files import (
    BrokenFileError,
    append_line,
    read_arrays,
    read_json,
    read_lines,
    sync_folder,
    write_arrays,
    write_json,
    write_lines,
)
from novice.learning.fit import new_learner
from novice.learning.policy import Policy, new_critic, policy_from_config
from novice.types import Learner, Round

SCHEMA = 1


class NotARunError(NoviceError):
    """The folder is not one that a run wrote."""


class NewerRunError(NoviceError):
    """The folder was written by a newer version of novice."""


def named_arrays(tree: Any) -> dict[str, np.ndarray]:
    """The arrays of a pytree by their paths."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): np.asarray(leaf)
        for path, leaf in leaves
    }


def with_named_arrays(
    skeleton: Any, arrays: Mapping[str, np.ndarray], path: Path
) -> Any:
    """The skeleton filled with arrays by path; raises BrokenFileError on a mismatch."""
    leaves, structure = jax.tree_util.tree_flatten_with_path(skeleton)
    names = [jax.tree_util.keystr(p, simple=True, separator=".") for p, _ in leaves]
    if set(names) != set(arrays):
        odd = sorted(set(names) ^ set(arrays))[0]
        raise BrokenFileError(
            f"{path} and its policy.json do not belong together: {odd}"
        )
    for name, (_, leaf) in zip(names, leaves, strict=True):
        if np.shape(leaf) != arrays[name].shape:
            raise BrokenFileError(
                f"{path} holds {name} of shape {arrays[name].shape}, but policy.json"
                f" says {np.shape(leaf)}"
            )
    filled = [jax.numpy.asarray(arrays[name]) for name in names]
    return jax.tree_util.tree_unflatten(structure, filled)


def save_policy(folder: Path, policy: Policy) -> None:
    """Write a policy as `policy.json` (its shape) and `policy.safetensors`."""
    write_json(folder / "policy.json", {"schema": SCHEMA, **policy.config()})
    write_arrays(folder / "policy.safetensors", named_arrays(policy))


def load_policy(folder: Path) -> Policy:
    """Read a policy that `save_policy` wrote."""
    path = folder / "policy.json"
    if not path.exists():
        raise NotARunError(f"{folder} holds no policy (there is no policy.json)")
    config = read_json(path)
    try:
        skeleton = policy_from_config(config)
    except KeyError as error:
        raise NewerRunError(
            f"{path} describes a policy of kind {error}, which novice does not know;"
            " use the version that wrote it"
        ) from error
    arrays = read_arrays(folder / "policy.safetensors")
    return with_named_arrays(skeleton, arrays, folder / "policy.safetensors")


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
        (self.path / "rounds").mkdir(parents=True, exist_ok=True)
        write_json(self.settings_path, {"schema": SCHEMA, **settings})

    def settings(self) -> dict[str, Any]:
        """What the run was started with. Raises NotARunError or NewerRunError."""
        if not self.path.exists():
            raise NotARunError(f"there is no folder {self.path}")
        if not self.settings_path.exists():
            raise NotARunError(
                f"{self.path} is not a run: it holds no settings.json; a run is a"
                " folder that novice wrote, such as runs/dagger-CartPole-v1-0"
            )
        settings = read_json(self.settings_path)
        if settings.get("schema") != SCHEMA:
            raise NewerRunError(
                f"{self.path} was written by novice {settings.get('version')} (schema"
                f" {settings.get('schema')}), but this version reads schema {SCHEMA};"
                " upgrade novice"
            )
        return settings

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
        if round.dataset is not None:
            parts = round.dataset.parts
            kept = len(read_index(self.dataset_path))
            for number in range(min(kept, len(parts) - 1), len(parts)):
                save_part(self.dataset_path, number, parts[number])
        final = self.round_path(round.number)
        part = final.with_name(final.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_policy(part, round.learner.policy)
        write_arrays(part / "learner.safetensors", named_arrays(round.learner))
        write_json(part / "measures.json", dict(round.measures))
        if round.trajectories is not None:
            columns = unpadded(round.trajectories)
            write_arrays(part / "trajectories.safetensors", columns)
        sync_folder(part)
        part.rename(final)
        sync_folder(final.parent)
        numbers = {
            k: v for k, v in round.measures.items() if isinstance(v, int | float)
        }
        append_line(self.path / "metrics.jsonl", {"round": round.number, **numbers})
        rounded = {phase: float(f"{spent:.4f}") for phase, spent in seconds.items()}
        append_line(self.path / "timings.jsonl", {"round": round.number, **rounded})

    def measures(self, number: int) -> dict[str, Any]:
        return read_json(self.round_path(number) / "measures.json")

    def policy(self, number: int) -> Policy:
        return load_policy(self.round_path(number))

    def save_start(self, policy: Policy, dataset: Dataset | None) -> None:
        """Keep what this run starts from."""
        start = self.path / "start"
        shutil.rmtree(start, ignore_errors=True)
        start.mkdir(parents=True)
        save_policy(start, policy)
        for number, part in enumerate(dataset.parts if dataset else ()):
            save_part(start / "dataset", number, part)

    def start(self) -> Round | None:
        """What this run starts from, as round -1; None when it starts from nothing."""
        start = self.path / "start"
        if not start.exists():
            return None
        policy = load_policy(start)
        dataset = None
        if (start / "dataset").exists():
            dataset = load_dataset(start / "dataset")
        learner = new_learner(policy)
        return Round(
            number=-1, learner=learner, dataset=dataset, measures={"env_steps": 0}
        )

    def last_round(self) -> Round | None:
        """The newest complete round, to go on from; None before the first."""
        count = self.round_count()
        self._forget_lines_after(count)
        if not count:
            return None
        number = count - 1
        dataset = None
        if self.dataset_path.exists():
            labels = self.measures(number)["labels"]
            dataset = load_dataset(self.dataset_path).first(labels)
        return Round(
            number=number,
            learner=self._learner(number),
            dataset=dataset,
            measures=self.measures(number),
        )

    def _learner(self, number: int) -> Learner:
        policy = self.policy(number)
        path = self.round_path(number) / "learner.safetensors"
        arrays = read_arrays(path)
        critic = None
        if any(name.startswith("critic.") for name in arrays):
            config = policy.config()
            hidden = tuple(config["hidden"])
            key = jax.random.key(0)
            critic = new_critic(config["observation"], hidden=hidden, key=key)
        return with_named_arrays(new_learner(policy, critic), arrays, path)

    def _forget_lines_after(self, rounds: int) -> None:
        """Bring the line files in step with the complete rounds.

        A kill between a round's folder and its lines leaves a line too few, which is
        written anew from the round's measures.
        """
        for name in ("metrics.jsonl", "timings.jsonl"):
            path = self.path / name
            lines = [line for line in read_lines(path) if line["round"] < rounds]
            known = {line["round"] for line in lines}
            for number in range(rounds):
                if number not in known and name == "metrics.jsonl":
                    measures = self.measures(number)
                    numbers = {
                        k: v for k, v in measures.items() if isinstance(v, int | float)
                    }
                    lines.append({"round": number, **numbers})
            if path.exists() or lines:
                write_lines(path, lines)

    def summary(self) -> dict[str, Any]:
        return read_json(self.path / "summary.json")

    def best_round(self) -> int:
        """The round that the run delivers, as `latest_of_the_best` chooses it."""
        measures = [self.measures(number) for number in range(self.round_count())]
        return latest_of_the_best([each["validation_returns"] for each in measures])

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
