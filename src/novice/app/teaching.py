"""Let people teach: act, ask them about what was visited, learn from what they say.

Nobody waits. People answer in the browser while policies are fitted, evaluated and
acted with; a round begins when enough new answers are in. Which stage a run is in
follows from what is there: a round's folder, a visit's folder and its questions in the
inbox, the answers. `cut.json` in a round's folder names the last answer that it used.
"""

import contextlib
import dataclasses
import functools
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Num, PRNGKeyArray

from novice.algorithms.asking import choose
from novice.algorithms.bc import Evaluate, Phase
from novice.algorithms.dagger import advance, visit
from novice.algorithms.settings import DaggerSettings
from novice.app.asking import (
    Examiner,
    distinct,
    episodes_of,
    gold_part,
    questions_of,
)
from novice.app.audit import newest_audit
from novice.app.budget import Budget
from novice.app.bulletin import announce, introduce
from novice.datasets.dataset import Answers, Dataset, Origin
from novice.datasets.shards import renewed
from novice.envs.photographed import Album, PhotographedSlots
from novice.envs.replays import replays
from novice.envs.rollout import unpadded
from novice.envs.slots import AbstractSlots
from novice.evaluation.statistics import estimate
from novice.experts.asking.bursts import context_switches
from novice.experts.expert import AbstractExpert
from novice.experts.question import Question
from novice.files import (
    read_arrays,
    read_json,
    unchanged,
    whole_folder,
    write_arrays,
    write_json,
)
from novice.inbox.collect import (
    Harvest,
    Place,
    harvest,
    harvest_nothing,
    places_of,
)
from novice.inbox.store import Inbox, KeptAnswer
from novice.types import Round, Trajectories

# Questions put for each answer that a round needs: nobody should run out of them while
# the next policy is made.
QUESTIONS_AHEAD = 3
# How often the run looks for answers, in seconds.
LOOK = 0.1


class Teaching:
    """The loop of DAgger with people in it."""

    def __init__(
        self,
        slots: AbstractSlots,
        inbox: Inbox,
        folder: Path,
        settings: DaggerSettings,
        *,
        key: PRNGKeyArray,
        evaluate: Evaluate = lambda policy: {},
        brought: Dataset | None = None,
        brought_seconds: float = 0.0,
        knows: AbstractExpert | None = None,
        phase: Phase = contextlib.nullcontext,
        warn: Any = print,
    ):
        self.slots, self.task = slots, slots.task
        self.examiner = Examiner(self.task, settings.people, knows)
        self.inbox, self.folder, self.settings = inbox, folder, settings
        introduce(inbox, folder, self.task, settings)
        self.visit_key, self.fit_key = jax.random.split(key)
        self.evaluate, self.phase, self.warn = evaluate, phase, warn
        self.brought = brought or Dataset()
        self.budget = Budget(
            settings=settings, brought=self.brought, brought_seconds=brought_seconds
        )
        if self.examiner.measures:
            inbox.tell("consequences", False)

    def rounds(self, after: Round | None = None) -> Iterator[Round]:
        """One round after the other, until the budget is used up."""
        round = after
        if round is None and len(self.brought):
            round = self.learned(None, self.brought.parts, {})
            yield round
        while (come := self.next_harvest(round)) is not None:
            measures: dict[str, Any] = {"cut": {"answer": come.last}}
            if come.corrected.size:
                found = estimate(come.corrected.astype(np.float64))
                share = {"mean": found.mean, "ci95": list(found.ci95)}
                measures["corrected"] = share
            measures |= self.audited(round, come)
            measures["human_seconds"] = self.budget.seconds_until(round) + come.seconds
            round = self.learned(round, come.parts, measures)
            yield round
        self.inbox.tell("phase", "finished")

    def learned(
        self,
        before: Round | None,
        parts: Sequence[Answers],
        measures: Mapping[str, Any],
    ) -> Round:
        """The next round: everything answered so far, and a policy fitted to it."""
        number = 0 if before is None else before.number + 1
        if before is not None:
            # Meanwhile somebody may have put answers in quarantine.
            known = renewed(before.dataset, self.folder / "dataset")
            before = dataclasses.replace(before, dataset=known)
        self.inbox.tell("phase", "fitting")
        key = jax.random.fold_in(self.fit_key, number)
        with self.phase("fit"):
            round = advance(self.task, before, parts, self.settings, key=key)
        self.inbox.tell("phase", "evaluating")
        measured = {
            "env_steps": self.steps_until(number),
            "human_seconds": self.budget.seconds_until(before),
            "rows": len(round.dataset),
            **round.measures,
            **measures,
            **self.evaluate(round),
        }
        return dataclasses.replace(round, measures=measured)

    # What people say

    def next_harvest(self, round: Round | None) -> Harvest | None:
        """Wait until a round's answers are in; None when the budget is used up."""
        number = -1 if round is None else round.number
        dataset = Dataset() if round is None else round.dataset
        self.inbox.tell("round", number + 1)
        if round is not None:
            here = "start" if number < 0 else f"rounds/{number:03d}"
            self.inbox.tell("policy", here)
        if round is not None and number >= 0:
            announce(self.inbox, round)
        known, cut = places_of(dataset), last_answer(round)
        come, seen = harvest_nothing(cut), 0
        if self.budget_used(round, come):
            return None
        while True:
            # Asked before the answers are read: what is used up is then among them.
            used_up = self.used_up()
            kept = self.inbox.answers_after(cut)
            if len(kept) > seen:
                come, seen = self.harvested(kept, known, number + 1), len(kept)
            if self.budget_used(round, come):
                # Nobody is asked any more; what is still on its way stays in the inbox.
                self.inbox.retire(before=self.inbox.visits())
                return come if come.parts else None
            # People are to teach the newest policy, so their questions come first.
            if not self.asked_for(number):
                self.act(round)
                continue
            if come.labels >= self.settings.labels_per_round:
                return come
            if used_up:
                if come.labels:
                    return come
                self.act(round)
            with self.phase("label"):
                time.sleep(LOOK)

    def harvested(
        self, kept: Sequence[KeptAnswer], known: Collection[Place], round: int
    ) -> Harvest:
        """What these answers are worth to a round."""
        come = harvest(
            kept,
            self.inbox.question,
            self.task.head.options,
            known=known,
            round=round,
            observed=self.observed,
            half_range=self.task.half_range,
            past=self.settings.fit.history - 1,
            chances=self.inbox.reserved(),
        )
        return self.with_gold(come, round) if self.examiner.knows else come

    def audited(self, round: Round | None, come: Harvest) -> dict[str, Any]:
        """How many stretches were asked about, and how often the policy was wrong."""
        own = [part for part in come.parts if part.origin.source == "correction"]
        places = {
            (int(episode), int(step))
            for part in own
            for episode, step in zip(part.episode, part.step, strict=True)
        }
        found = newest_audit(
            self.inbox,
            self.task,
            since=last_answer(round),
            until=come.last,
            done=self.done,
        )
        if found:
            found["audit"]["policy"] = self.visit_facts(found.pop("visit"))["policy"]
        return {"context_switches": context_switches(places), **found}

    def done(self, question: Question) -> Num[np.ndarray, " actions"]:
        """What the policy chose at a question's moment, the hand steady."""
        episode = self.inbox.episode(question.episode).episode
        seen = trajectories_in(self.visit_path(question.visit))
        first = int(seen["length"][:episode].sum())
        chosen: np.ndarray = seen["action_sampled"][first + question.step]
        return chosen

    def with_gold(self, come: Harvest, round: int) -> Harvest:
        """What came in, and the right answers where they are known."""
        assert self.examiner.knows is not None
        numbers = {
            int(question)
            for part in come.parts
            if part.question is not None
            for question in part.question
        }
        gold = gold_part(
            self.inbox.golds(),
            [self.inbox.question(number) for number in sorted(numbers)],
            action_type=come.parts[0].action.dtype if come.parts else np.dtype(int),
            origin=Origin(round, "gold", self.examiner.knows.name),
        )
        if gold is None:
            return come
        return dataclasses.replace(come, parts=(*come.parts, gold))

    def observed(self, question: Question, before: int) -> Float[np.ndarray, " obs"]:
        """What was seen so many steps before a question's moment."""
        episode = self.inbox.episode(question.episode).episode
        seen = trajectories_in(self.visit_path(question.visit))
        first = int(seen["length"][:episode].sum())
        found: np.ndarray = seen["observation"][first + question.step - before]
        return found

    def budget_used(self, round: Round | None, come: Harvest) -> bool:
        """Whether people have given all the labels, or all the time, they should."""
        return self.budget.is_used(round, labels=come.labels, seconds=come.seconds)

    def used_up(self) -> bool:
        """Whether somebody has said something to every question of the last visit."""
        newest = self.inbox.visits() - 1
        return self.inbox.unanswered(newest) == 0

    # What the policy does

    def visit_path(self, visit: int) -> Path:
        return self.folder / "visits" / f"{visit:03d}"

    def visit_facts(self, visit: int) -> Mapping[str, Any]:
        return read_json(unchanged(self.visit_path(visit) / "visit.json"))

    def asked_for(self, number: int) -> bool:
        """Whether questions about this round's policy have been put already."""
        visits = self.inbox.visits()
        return visits > 0 and self.visit_facts(visits - 1)["policy"] == number

    def steps_until(self, number: int) -> int:
        """Steps taken in the task before this round's policy was there."""
        each = [self.visit_facts(visit) for visit in range(self.inbox.visits())]
        return sum(facts["env_steps"] for facts in each if facts["policy"] < number)

    def act(self, round: Round | None) -> None:
        """Run the newest policy, and put questions about where it went."""
        number = -1 if round is None else round.number
        visit_number = self.inbox.visits()
        key = jax.random.fold_in(self.visit_key, visit_number)
        act_key, ask_key, deal_key, examine_key = jax.random.split(key, 4)
        self.inbox.tell("phase", "acting")
        with self.phase("collect"):
            seen, album = self.seen(round, key=act_key)
        at_most = QUESTIONS_AHEAD * self.settings.labels_per_round
        asked = choose(
            self.task,
            round,
            seen,
            self.settings,
            at_most=at_most,
            # These are to be answered before the next policy is there.
            share=self.settings.audited / QUESTIONS_AHEAD,
            askable=distinct(seen),
            key=ask_key,
        )
        path = self.visit_path(visit_number)
        shutil.rmtree(path, ignore_errors=True)
        facts = {
            "policy": number,
            "env_steps": int(np.sum(seen.length)),
            "questions": int(asked.states.sum()),
            "replays": album is None,
        }
        with whole_folder(path) as part:
            write_arrays(part / "trajectories.safetensors", unpadded(seen))
            write_json(part / "visit.json", facts)
        self.inbox.tell("phase", "asking")
        self.inbox.add_visit(
            visit_number,
            episodes_of(seen, visit_number, replays=album is None),
            self.examiner.prepared(
                questions_of(
                    seen,
                    asked,
                    album,
                    at_a_time=self.settings.labels_per_round,
                    in_stretches=self.settings.ask == "bursts",
                    key=deal_key,
                ),
                key=examine_key,
            ),
        )
        self.inbox.retire(before=visit_number)
        self.inbox.tell("phase", "waiting")

    def seen(
        self, round: Round | None, *, key: PRNGKeyArray
    ) -> tuple[Trajectories, Album | None]:
        """Whole episodes of the newest policy, with pictures if they do not replay."""
        policy = None if round is None else round.learner.policy
        if self.inbox.told("replays") is not False:
            seen = visit(self.slots, None, policy, self.settings, key=key)
            why_not = replays(self.task, seen)
            if why_not is None:
                return seen, None
            self.warn(
                f"{why_not}; pictures are taken while the policy acts instead, and the"
                " page cannot show what an action would lead to"
            )
            self.inbox.tell("replays", False)
        with PhotographedSlots(self.task, self.slots.count) as slots:
            return visit(slots, None, policy, self.settings, key=key), slots.album


@functools.lru_cache(maxsize=2)
def trajectories_in(visit: Path) -> dict[str, np.ndarray]:
    """What was visited; the file is written once, and checked when it is read."""
    return read_arrays(unchanged(visit / "trajectories.safetensors"))


def last_answer(round: Round | None) -> int:
    """The last answer that a round used."""
    cut = {} if round is None else round.measures.get("cut", {})
    return int(cut.get("answer", 0))
