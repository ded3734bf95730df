"""Let people teach: act, ask them about what was visited, learn from what they say.

Nobody waits. People answer in the browser while policies are fitted, evaluated and
acted with; a round begins when enough new answers are in. Which stage a run is in
follows from what is there: a round's folder, a visit's folder and its questions in the
inbox, the answers. `cut.json` in a round's folder names the last answer that it used.
"""

import contextlib
import dataclasses
import os
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, PRNGKeyArray

from novice.algorithms.bc import Evaluate, Phase
from novice.algorithms.dagger import advance, visit
from novice.algorithms.settings import DaggerSettings
from novice.datasets.dataset import Answers, Dataset
from novice.envs.moment import CLIP_FRAMES, CLIP_SECONDS, Clip, replays
from novice.envs.photographed import Album, PhotographedSlots
from novice.envs.rollout import unpadded
from novice.envs.slots import AbstractSlots
from novice.envs.task import Task
from novice.envs.words import words
from novice.errors import NoviceError
from novice.evaluation.statistics import estimate
from novice.experts.ask import STRATEGIES
from novice.files import read_json, unchanged, whole_folder, write_arrays, write_json
from novice.inbox.collect import (
    Harvest,
    Place,
    harvest,
    harvest_nothing,
    places_of,
)
from novice.inbox.drawing import developed_clip
from novice.inbox.store import (
    AskedEpisode,
    Inbox,
    KeptAnswer,
    NewQuestion,
    SavedClip,
)
from novice.types import Round, Trajectories

# Questions put for each answer that a round needs: nobody should run out of them while
# the next policy is made.
QUESTIONS_AHEAD = 3
# How often the run looks for answers, and says that it is alive, in seconds.
LOOK = 0.1
HEARTBEAT = 5.0


class CannotAskError(NoviceError):
    """A task whose moments nobody can be asked about."""


def check_askable(task: Task) -> None:
    """Raise CannotAskError unless a task's actions can be chosen by a key."""
    if not task.head.options:
        raise CannotAskError(
            f"{task.id} takes {task.action_space}, but the page asks only about"
            " actions to choose from; novice play records demonstrations in it, and"
            " novice bc --data learns from them"
        )


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
        phase: Phase = contextlib.nullcontext,
        warn: Any = print,
    ):
        self.slots, self.task = slots, slots.task
        check_askable(self.task)
        self.options = self.task.head.options
        self.inbox, self.folder, self.settings = inbox, folder, settings
        introduce(inbox, folder, self.task, settings)
        self.visit_key, self.fit_key = jax.random.split(key)
        self.evaluate, self.phase, self.warn = evaluate, phase, warn
        self.brought = brought or Dataset()
        self.brought_seconds = brought_seconds
        self.before: Mapping[str, Any] = {}

    def rounds(self, after: Round | None = None) -> Iterator[Round]:
        """One round after the other, until the budget is used up."""
        round = after
        if round is None and len(self.brought):
            round = self.learned(None, self.brought.parts, {})
            yield round
        while (come := self.next_harvest(round)) is not None:
            measures: dict[str, Any] = {"cut": {"answer": come.last}}
            if come.labels:
                found = estimate(come.corrected.astype(np.float64))
                share = {"mean": found.mean, "ci95": list(found.ci95)}
                measures["corrected"] = share
            measures["human_seconds"] = human_seconds(round, self) + come.seconds
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
        self.inbox.tell("phase", "fitting")
        key = jax.random.fold_in(self.fit_key, number)
        with self.phase("fit"):
            round = advance(self.task, before, parts, self.settings, key=key)
        self.inbox.tell("phase", "evaluating")
        measured = {
            "env_steps": self.steps_until(number),
            "human_seconds": human_seconds(before, self),
            "rows": len(round.dataset),
            **round.measures,
            **measures,
            **self.evaluate(round.learner.policy),
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
            self.announce(round)
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
        question = self.inbox.question
        return harvest(kept, question, self.options, known=known, round=round)

    def announce(self, round: Round) -> None:
        """Tell people once what their answers changed."""
        told = [each["round"] for each in self.inbox.news(0)]
        if round.number not in told:
            before = self.before.get("return")
            sentence = what_changed(round.measures, before)
            self.inbox.announce({"round": round.number, "sentence": sentence})
        self.before = round.measures

    def budget_used(self, round: Round | None, come: Harvest) -> bool:
        """Whether people have given all the labels, or all the time, they should."""
        brought = int(self.brought.standing().sum())
        asked = 0 if round is None else int(round.measures.get("labels", brought))
        asked = max(0, asked - brought)
        seconds = human_seconds(round, self) + come.seconds - self.brought_seconds
        minutes = self.settings.minutes
        return asked + come.labels >= self.settings.labels or (
            minutes > 0 and seconds >= 60 * minutes
        )

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
        act_key, ask_key, deal_key = jax.random.split(key, 3)
        self.inbox.tell("phase", "acting")
        with self.phase("collect"):
            seen, album = self.seen(round, key=act_key)
        at_most = QUESTIONS_AHEAD * self.settings.labels_per_round
        asked = STRATEGIES[self.settings.ask](
            dataclasses.replace(seen, valid=distinct(seen)),
            at_most=at_most,
            key=ask_key,
        )
        path = self.visit_path(visit_number)
        shutil.rmtree(path, ignore_errors=True)
        facts = {
            "policy": number,
            "env_steps": int(np.sum(seen.length)),
            "questions": int(asked.sum()),
            "replays": album is None,
        }
        with whole_folder(path) as part:
            write_arrays(part / "trajectories.safetensors", unpadded(seen))
            write_json(part / "visit.json", facts)
        self.inbox.tell("phase", "asking")
        self.inbox.add_visit(
            visit_number,
            episodes_of(seen, visit_number, replays=album is None),
            questions_of(
                seen,
                asked,
                album,
                at_a_time=self.settings.labels_per_round,
                key=deal_key,
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


def what_changed(measures: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    """What a round's answers changed, as far as the validation episodes can tell."""
    labels = f"{measures['labels']} answers"
    found = measures.get("return")
    if not (isinstance(found, Mapping) and (found["mean"] or any(found["ci95"]))):
        if "corrected" not in measures:
            return f"After {labels} the policy has learned anew."
        share = 100 * measures["corrected"]["mean"]
        return f"After {labels}: you corrected {share:.0f} % of what the policy did."
    low, high = found["ci95"]
    change = f"return {found['mean']:.0f}"
    if before is not None:
        change = f"return {before['mean']:.0f} → {found['mean']:.0f}"
    return f"After {labels}: {change} (95 % interval {low:.0f} to {high:.0f})."


def last_answer(round: Round | None) -> int:
    """The last answer that a round used."""
    cut = {} if round is None else round.measures.get("cut", {})
    return int(cut.get("answer", 0))


def human_seconds(round: Round | None, teaching: Teaching) -> float:
    """The people's time that had gone into a round's policy."""
    if round is None:
        return teaching.brought_seconds
    return float(round.measures.get("human_seconds", teaching.brought_seconds))


def distinct(seen: Trajectories) -> Bool[np.ndarray, "episodes time"]:
    """The visited states, each observation only where it was met first.

    Nobody likes to be asked the same thing twice, and small tasks come by the same
    places again and again.
    """
    valid = np.asarray(seen.valid)
    rows = np.asarray(seen.observation)[:, :-1][valid]
    _, first = np.unique(rows, axis=0, return_index=True)
    met_first = np.zeros(len(rows), bool)
    met_first[first] = True
    found = np.zeros_like(valid)
    found[valid] = met_first
    return found


def episodes_of(seen: Trajectories, visit: int, *, replays: bool) -> list[AskedEpisode]:
    """The episodes of a visit as the inbox keeps them."""
    return [
        AskedEpisode(
            id=None,
            visit=visit,
            episode=episode,
            seed=int(seen.seed[episode]),
            actions=np.asarray(seen.action_executed)[episode, :length],
            replays=replays,
        )
        for episode, length in enumerate(np.asarray(seen.length).tolist())
    ]


def questions_of(
    seen: Trajectories,
    asked: Bool[np.ndarray, "episodes time"],
    album: Album | None,
    *,
    at_a_time: int,
    key: PRNGKeyArray,
) -> list[NewQuestion]:
    """The states asked about, in an order in which any beginning is a fair choice.

    They are dealt out at random, as many `at_a_time` as a round needs; among these the
    episodes take turns and each goes forward, so that it is replayed only once.
    """
    places = np.argwhere(asked)
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    dealt = generator.permutation(len(places)) // at_a_time
    turns: Counter[tuple[int, int]] = Counter()
    order = []
    for (episode, step), deal in zip(places.tolist(), dealt.tolist(), strict=True):
        order.append((deal, turns[deal, episode], episode, step))
        turns[deal, episode] += 1
    return [
        NewQuestion(
            episode=episode,
            step=step,
            rank=rank,
            observation=np.asarray(seen.observation)[episode, step],
            action=np.asarray(seen.action_executed)[episode, step],
            clip=None
            if album is None
            else album_clip(album, int(seen.seed[episode]), step),
        )
        for rank, (_, _, episode, step) in enumerate(sorted(order))
    ]


def album_clip(album: Album, seed: int, step: int) -> SavedClip | None:
    """The pictures that lead up to a moment as the page shows them."""
    every = max(1, round(album.frames_per_second * CLIP_SECONDS / CLIP_FRAMES))
    pictures = album.frames(seed, step, most=CLIP_FRAMES, every=every)
    if not pictures:
        return None
    told, image = developed_clip(Clip(pictures, album.frames_per_second / every))
    return SavedClip(
        image=image,
        media=told["media"],
        frames=told["frames"],
        width=told["width"],
        height=told["height"],
        frames_per_second=told["frames_per_second"],
    )


def introduce(inbox: Inbox, folder: Path, task: Task, settings: DaggerSettings) -> None:
    """Tell the page what it must know about a run."""
    if inbox.told("inbox") is None:
        # The page keeps what is not sent yet by this name.
        inbox.tell("inbox", secrets.token_hex(16))
    budget = {"labels": settings.labels, "minutes": settings.minutes or None}
    for name, value in {
        "run": folder.name,
        "task": {"id": task.id, "kwargs": dict(task.kwargs), "folder": os.getcwd()},
        "words": words(task),
        "budget": budget,
        "labels_per_round": settings.labels_per_round,
        "phase": "starting",
    }.items():
        inbox.tell(name, value)


@contextlib.contextmanager
def alive(inbox: Inbox) -> Iterator[None]:
    """Say every few seconds that the run is at work, for the page to show."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(HEARTBEAT):
            inbox.tell("alive", time.time())

    inbox.tell("alive", time.time())
    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
