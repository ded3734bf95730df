"""Let people teach by taking over: they watch the policy, drive, and hand back.

This is HG-DAgger (Kelly, Sidrane, Driggs-Campbell and Kochenderfer 2019,
https://arxiv.org/abs/1810.02890): what a person does while they drive becomes labels,
and who decides when to take over is the person alone.

Nobody waits: people go on while a policy is fitted, and from the next episode on they
watch the newest. A round begins when so many of the person's steps are new; `cut.json`
in its folder names the last episode that it used. Which steps these are follows from
the recording alone, so the same recording gives the same policies.
"""

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from novice.algorithms.bc import Evaluate, Phase
from novice.algorithms.dagger import advance
from novice.algorithms.settings import DaggerSettings
from novice.app.budget import Budget
from novice.app.record import Record
from novice.app.shown import LagSetting, lag_to_use, shown_in, tells_lag
from novice.datasets.dataset import Dataset
from novice.datasets.shards import renewed
from novice.envs.task import Task
from novice.evaluation.disagreement import disagreement
from novice.evaluation.statistics import estimate
from novice.inbox.played import PlayedEpisode
from novice.types import Round

# How often a run looks whether there is something new, in seconds.
LOOK = 0.2
# An action further than this from the policy's, in half-ranges, corrects it.
APART = 0.2


@dataclass(frozen=True, eq=False)
class Stretch:
    """What is new for a round: whole episodes, some of whose steps the person drove."""

    episodes: Sequence[PlayedEpisode]

    @property
    def labels(self) -> int:
        return sum(int(each.taught.sum()) for each in self.episodes)

    @property
    def seconds(self) -> float:
        """The person's time, whether they drove or watched."""
        return sum((each.seconds for each in self.episodes), 0.0)


class Takeover:
    """The loop of DAgger with somebody at the controls."""

    def __init__(
        self,
        task: Task,
        played: Record,
        settings: DaggerSettings,
        *,
        key: PRNGKeyArray,
        evaluate: Evaluate = lambda policy: {},
        brought: Dataset | None = None,
        brought_seconds: float = 0.0,
        lag: LagSetting = 0.0,
        phase: Phase = contextlib.nullcontext,
    ):
        self.task, self.played, self.settings = task, played, settings
        self.fit_key = key
        self.evaluate, self.phase, self.lag = evaluate, phase, lag
        self.brought = brought or Dataset()
        self.budget = Budget(
            settings=settings, brought=self.brought, brought_seconds=brought_seconds
        )

    def rounds(self, after: Round | None = None) -> Iterator[Round]:
        """One round after the other, until the budget is used up or the person stops.

        What was brought along comes first, so that there is a policy to watch; who
        brings nothing drives until there is one.
        """
        round = after
        if round is not None and round.number < 0:
            round = self.taken_along(round)
            yield round
        elif round is None and len(self.brought):
            round = self.learned(None, Stretch(()))
            yield round
        while (come := self.next_stretch(round)) is not None:
            round = self.learned(round, come)
            yield round
        self.played.end()

    def taken_along(self, start: Round) -> Round:
        """Another run's policy as the first round: nothing is fitted."""
        measures = {
            "env_steps": 0,
            "human_seconds": self.budget.brought_seconds,
            "rows": len(self.brought),
            "labels": int(self.brought.taught().sum()),
            "cut": {"episode": -1},
            **self.evaluate(start),
        }
        return dataclasses.replace(start, number=0, measures=measures)

    def learned(self, before: Round | None, come: Stretch) -> Round:
        """The next round: everything shown so far, and a policy fitted to it."""
        number = 0 if before is None else before.number + 1
        if before is not None:
            # Meanwhile somebody may have put some steps in quarantine. The recording
            # lies in the run's folder, beside its dataset.
            known = renewed(before.dataset, self.played.folder.parent / "dataset")
            before = dataclasses.replace(before, dataset=known)
        cut = come.episodes[-1].number if come.episodes else last_episode(before)
        so_far = self.until(cut)
        lag = lag_to_use(self.lag, so_far, self.task) if self.lag else None
        past = self.settings.fit.history - 1
        parts = shown_in(come.episodes, round=number, lag=lag, past=past).parts
        if before is None:
            parts = (*self.brought.parts, *parts)
        key = jax.random.fold_in(self.fit_key, number)
        with self.phase("fit"):
            round = advance(self.task, before, parts, self.settings, key=key)
        measured = {
            "env_steps": sum(each.steps for each in so_far),
            "human_seconds": self.budget.brought_seconds + Stretch(so_far).seconds,
            "rows": len(round.dataset),
            **round.measures,
            "cut": {"episode": cut},
            **driven(come.episodes, self.task),
            **({} if lag is None else {"lag_seconds": lag}),
            **self.evaluate(round),
        }
        return dataclasses.replace(round, measures=measured)

    def next_stretch(self, round: Round | None) -> Stretch | None:
        """Wait until there is enough for a round; None when nothing more will come."""
        if self.budget_used(round, Stretch(())):
            return None
        cut = last_episode(round)
        self.played.open(watching=round is not None)
        while True:
            # Asked before the episodes are read: what was the last is then among them.
            over = self.played.over()
            new = [each for each in self.played.episodes() if each.number > cut]
            come = self.enough(round, new)
            if come is not None or over:
                come = come or Stretch(new)
                return come if come.labels else None
            if self.would_be_enough(round, new):
                self.played.end()
                continue
            with self.phase("label"):
                time.sleep(LOOK)

    def enough(
        self, round: Round | None, new: Sequence[PlayedEpisode]
    ) -> Stretch | None:
        """The first of these episodes in which there is enough for a round."""
        for count in range(1, len(new) + 1):
            come = Stretch(new[:count])
            if self.budget_used(round, come):
                return come
            enough = come.labels >= self.settings.labels_per_round
            # What was learned late stays learned: the first round waits until it can
            # be told how late that is.
            if enough and tells_lag(self.lag, self.until(new[count - 1].number)):
                return come
        return None

    def until(self, cut: int) -> list[PlayedEpisode]:
        """Every episode up to this one."""
        return [each for each in self.played.episodes() if each.number <= cut]

    def would_be_enough(
        self, round: Round | None, new: Sequence[PlayedEpisode]
    ) -> bool:
        """Whether the last episode, which may still be thrown away, uses up the budget.

        Nobody is to begin another one only so that this one counts.
        """
        last = self.played.last_one()
        if last is None or any(each.number == last.number for each in new):
            return False
        return self.budget_used(round, Stretch([*new, last]))

    def budget_used(self, round: Round | None, come: Stretch) -> bool:
        """Whether the person has given all the steps, or all the time, they should."""
        return self.budget.is_used(round, labels=come.labels, seconds=come.seconds)


def driven(episodes: Sequence[PlayedEpisode], task: Task) -> dict[str, Any]:
    """How much of the driving the person did while a policy could have.

    A policy that gets better is taken over from less.
    """
    watched = [each for each in episodes if each.policy is not None]
    if not watched:
        return {}
    told = {
        "intervention_share": [each.by_person.mean() for each in watched],
        "interventions": [take_overs(each) for each in watched],
        "corrected": [
            share for each in watched if (share := corrected(each, task)) is not None
        ],
    }
    found = {}
    for name, values in told.items():
        if values:
            each = estimate(np.array(values, np.float64))
            found[name] = {"mean": each.mean, "ci95": list(each.ci95)}
    return found


def take_overs(played: PlayedEpisode) -> int:
    """How often the person took over in an episode."""
    before = np.r_[False, played.by_person[:-1]]
    return int((played.by_person & ~before).sum())


def corrected(played: PlayedEpisode, task: Task) -> float | None:
    """In which share of the person's steps they did something else than the policy."""
    rows = played.taught
    if not rows.any():
        return None
    apart = disagreement(task, played.intended[rows], played.policy_action[rows])
    return float((apart > (0 if task.bounds is None else APART)).mean())


def last_episode(round: Round | None) -> int:
    """The last episode that a round used, -1 before the first."""
    cut = {} if round is None else round.measures.get("cut", {})
    return int(cut.get("episode", -1))
