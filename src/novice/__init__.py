"""Train a policy the way a person is trained: it watches, is corrected, practices."""

import importlib
from typing import Any

__version__ = "0.1.0"

# A public name is imported when it is first used, so that `novice --help` stays quick.
_HOME = {
    "Batch": "novice.types",
    "Learner": "novice.types",
    "Round": "novice.types",
    "Trajectories": "novice.types",
    "Task": "novice.envs.task",
    "make_task": "novice.envs.task",
    "SeparateSlots": "novice.envs.slots",
    "BestActor": "novice.envs.actor",
    "SampleActor": "novice.envs.actor",
    "rollout": "novice.envs.rollout",
    "test_seeds": "novice.envs.seeds",
    "validation_seeds": "novice.envs.seeds",
    "Dataset": "novice.datasets.dataset",
    "AbstractExpert": "novice.experts.expert",
    "Answer": "novice.experts.question",
    "Question": "novice.experts.question",
    "Inbox": "novice.inbox.store",
    "Teaching": "novice.app.teaching",
    "read_recording": "novice.inbox.recording",
    "built_in_expert": "novice.experts.controllers",
    "callable_expert": "novice.experts.find",
    "evaluate": "novice.evaluation.returns",
    "estimate": "novice.evaluation.statistics",
    "paired_difference": "novice.evaluation.statistics",
    "BcSettings": "novice.algorithms.settings",
    "DaggerSettings": "novice.algorithms.settings",
    "ReinforceSettings": "novice.algorithms.practice_settings",
    "bc": "novice.algorithms.bc",
    "dagger": "novice.algorithms.dagger",
    "advance": "novice.algorithms.dagger",
    "visit": "novice.algorithms.dagger",
    "reinforce": "novice.algorithms.reinforce",
}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'novice' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
