"""Check the numbers of a run before a report says anything about them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from novice.app.report.contents import RunContents, UnreadableRunError


@dataclass(frozen=True, kw_only=True)
class Score:
    """A mean with its 95 % interval; of how many episodes, where that is known."""

    mean: float
    low: float
    high: float
    episodes: int | None = None
    iqm: float | None = None


@dataclass(frozen=True, kw_only=True)
class RoundFacts:
    """What is known about one round; what is not known is `None`."""

    number: int
    labels: int | None = None
    human_seconds: float | None = None
    env_steps: int | None = None
    score: Score | None = None
    success: Score | None = None  # percent of episodes
    normalized: float | None = None
    disagreement: Score | None = None
    corrected: Score | None = None  # percent of answers
    driven: Score | None = None  # percent of steps, by the person
    audit: Score | None = None  # of the policy before it, by a blind random slice


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Some of a person's answers: how many, how often they corrected, how long each."""

    answers: int
    corrected: float  # share
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """The people who answered, and how they were simulated if they were."""

    people: Sequence[str]
    simulated: bool
    human_seconds: float | None
    simulation: Mapping[str, Any]
    brought_from: str | None  # the run whose answers were there from the beginning
    looked: Looks | None = None  # answers after a look at the consequences
    not_looked: Looks | None = None
    only_brought: bool = False  # the run's own expert answered the rest
    reaction: Score | None = None  # seconds from seeing to acting
    lag: float | None = None  # so many of them were compensated


@dataclass(frozen=True, kw_only=True, eq=False)
class Episodes:
    """Each evaluation episode of one policy, with the seed it started from."""

    seed: Int[np.ndarray, " episodes"]
    total: Float[np.ndarray, " episodes"]


@dataclass(frozen=True, kw_only=True)
class Ends:
    """How episodes went in a task that pays nothing."""

    episodes: int
    ended: int  # so many ended by themselves, the others at the limit of steps
    length: float  # mean steps


@dataclass(frozen=True, kw_only=True, eq=False)
class Facts:
    """What a run's files say, checked; what they do not say is `None` or empty."""

    command: str
    env: str
    seed: int | None
    teacher: Teacher | None  # where people taught; the expert is then a yardstick
    expert_name: str | None
    expert: Score | None
    random: Score | None
    final: Score | None
    normalized: float | None
    minus_expert: Score | None
    rounds: Sequence[RoundFacts]
    best_round: int | None
    seconds: Mapping[str, float]
    episodes: Mapping[str, Episodes]
    final_ends: Ends | None = None  # where nothing is paid
    random_ends: Ends | None = None
    audit: str | None = None  # what the blind random slice says
    enough: str | None = None  # whether more labels still paid
    signal: str | None = None  # whether a batch of practice was large enough
    practice: str | None = None  # what its steps go along
    gain: str | None = None  # over a policy that was brought
    success: Mapping[str, Score] = field(default_factory=dict)  # percent, by who acts
    strategy: str | None = None  # that chose which states to ask about, unless chance

    @property
    def paid(self) -> bool:
        """Whether the task gave rewards, so that there are returns to speak of."""
        return any([self.final, *(facts.score for facts in self.rounds)])

    @property
    def best(self) -> RoundFacts | None:
        """The round whose policy was delivered, where one was chosen."""
        found = [facts for facts in self.rounds if facts.number == self.best_round]
        return found[0] if found else None

    @property
    def labels(self) -> int | None:
        """How many answers the whole run was given."""
        known = [facts.labels for facts in self.rounds if facts.labels is not None]
        return max(known, default=None)

    @property
    def env_steps(self) -> int | None:
        """How many steps of the task the whole run took."""
        known = [
            facts.env_steps for facts in self.rounds if facts.env_steps is not None
        ]
        return max(known, default=None)


def facts(contents: RunContents) -> Facts:
    """The checked numbers of a run; a malformed one is named in the error."""
    summary = contents.summary
    final = _part(summary, "final")
    expert = _part(summary, "expert")
    return Facts(
        command=str(summary.get("command", contents.settings.get("command", "run"))),
        env=str(summary.get("env", "")),
        seed=count(summary, "seed", where="summary"),
        teacher=_teacher(contents),
        expert_name=None if expert.get("name") is None else str(expert["name"]),
        expert=score(expert, "return", where="expert"),
        random=score(_part(summary, "random"), "return", where="random"),
        final=score(final, "return", where="final"),
        normalized=number(final, "normalized", where="final"),
        minus_expert=score(final, "minus_expert", where="final"),
        rounds=[_round(entry) for entry in summary.get("rounds", ())],
        best_round=summary.get("best_round"),
        seconds=_seconds(summary, contents.timings),
        episodes=_episodes(contents.evaluation or {}),
        success={
            who: rate
            for who in ("final", "last", "expert", "random")
            if (rate := success(_part(summary, who), where=who)) is not None
        },
        final_ends=_ends(final, "final"),
        random_ends=_ends(_part(summary, "random"), "random"),
        audit=_part(summary, "audit").get("says"),
        enough=_part(summary, "enough").get("says"),
        signal=_part(summary, "signal").get("says"),
        practice=_part(summary, "practice").get("says"),
        gain=_part(summary, "gain").get("says"),
        strategy=_strategy(contents),
    )


def _strategy(contents: RunContents) -> str | None:
    """What chose the states to ask about, where neither chance nor all were to."""
    asked = _settings(contents).get("ask")
    return None if asked in (None, "random", "everything") else str(asked)


def _ends(part: Mapping[str, Any], where: str) -> Ends | None:
    """How somebody's episodes ended, where the summary says so."""
    told = _part(part, "episodes")
    episodes = count(told, "episodes", where=where)
    ended = count(told, "ended", where=where)
    length = number(_part(told, "length"), "mean", where=where)
    if episodes is None or ended is None or length is None:
        return None
    return Ends(episodes=episodes, ended=ended, length=length)


def success(part: Mapping[str, Any], *, where: str) -> Score | None:
    """In how many percent of their episodes somebody succeeded, if the part says so."""
    return _percent(score(part, "success", where=where, middle="rate"))


def score(
    part: Mapping[str, Any], name: str, *, where: str, middle: str = "mean"
) -> Score | None:
    """The mean and interval called `name`, if the part has them."""
    if part.get(name) is None:
        return None
    entry = _part(part, name)
    where = f"{where}.{name}"
    mean = number(entry, middle, where=where)
    if mean is None:
        return None
    interval = entry.get("ci95")
    if not (isinstance(interval, list | tuple) and len(interval) == 2):
        raise UnreadableRunError(
            f"summary.json: {where}.ci95 should be [low, high], but is {interval!r}"
        )
    low, high = (_finite(bound, where=f"{where}.ci95") for bound in interval)
    return Score(
        mean=mean,
        low=low,
        high=high,
        episodes=count(entry, "episodes", where=where),
        iqm=number(entry, "iqm", where=where),
    )


def number(part: Mapping[str, Any], name: str, *, where: str) -> float | None:
    """The finite number called `name`, if the part has it."""
    value = part.get(name)
    return None if value is None else _finite(value, where=f"{where}.{name}")


def count(part: Mapping[str, Any], name: str, *, where: str) -> int | None:
    """The whole number called `name`, if the part has it."""
    value = number(part, name, where=where)
    return None if value is None else round(value)


def _finite(value: Any, *, where: str) -> float:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    if not plain or not math.isfinite(value):
        raise UnreadableRunError(
            f"summary.json: {where} should be a finite number, but is {value!r}"
        )
    return float(value)


def _part(mapping: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = mapping.get(name) or {}
    if not isinstance(part, Mapping):
        raise UnreadableRunError(
            f"summary.json: {name} should be an object, but is {part!r}"
        )
    return part


def _round(entry: Mapping[str, Any]) -> RoundFacts:
    known = count(entry, "round", where="rounds")
    where = f"rounds[{known}]"
    return RoundFacts(
        number=-1 if known is None else known,
        labels=count(entry, "labels", where=where),
        human_seconds=number(entry, "human_seconds", where=where),
        env_steps=count(entry, "env_steps", where=where),
        score=score(entry, "return", where=where),
        success=success(entry, where=where),
        normalized=number(entry, "normalized", where=where),
        disagreement=score(entry, "expert_disagreement", where=where),
        corrected=_percent(score(entry, "corrected", where=where)),
        driven=_percent(score(entry, "intervention_share", where=where)),
        audit=score(entry, "audit", where=where),
    )


def _percent(found: Score | None) -> Score | None:
    """A share of one as a share of a hundred."""
    if found is None:
        return None
    low, high = 100 * found.low, 100 * found.high
    return Score(mean=100 * found.mean, low=low, high=high, episodes=found.episodes)


def _teacher(contents: RunContents) -> Teacher | None:
    if not contents.summary.get("teacher"):
        return None
    told = _part(contents.summary, "teacher")
    people = told.get("people") or []
    if not isinstance(people, list | tuple):
        raise UnreadableRunError(
            f"summary.json: teacher.people should be a list, but is {people!r}"
        )
    brought_from = _settings(contents).get("from")
    return Teacher(
        people=[str(name) for name in people],
        simulated=bool(told.get("simulated")),
        human_seconds=number(told, "human_seconds", where="teacher"),
        simulation=_simulation(told),
        brought_from=None if brought_from is None else str(brought_from),
        looked=_looks(told, "looked"),
        not_looked=_looks(told, "not_looked"),
        only_brought=bool(told.get("brought")),
        reaction=score(told, "reaction_seconds", where="teacher"),
        lag=number(told, "lag_seconds", where="teacher"),
    )


def _looks(teacher: Mapping[str, Any], side: str) -> Looks | None:
    """What was answered with or without a look at the consequences."""
    told = _part(_part(teacher, "consequences"), side)
    numbers = [
        number(told, name, where=f"teacher.consequences.{side}")
        for name in ("answers", "corrected", "seconds")
    ]
    if any(each is None for each in numbers):
        return None
    answers, corrected, seconds = (float(each or 0) for each in numbers)
    return Looks(answers=int(answers), corrected=corrected, seconds=seconds)


def _simulation(teacher: Mapping[str, Any]) -> Mapping[str, Any]:
    """How people were simulated, if they were; its numbers are numbers."""
    told = _part(teacher, "simulation")
    for name in ("lapses", "tremor", "unsure", "reaction"):
        several = told.get(name)
        for value in several if isinstance(several, list) else [several]:
            number({name: value}, name, where="teacher.simulation")
    return told


def _settings(contents: RunContents) -> Mapping[str, Any]:
    settings = contents.settings.get("settings")
    return settings if isinstance(settings, Mapping) else {}


def _seconds(
    summary: Mapping[str, Any], timings: Sequence[Mapping[str, Any]]
) -> Mapping[str, float]:
    """Seconds a phase, in the order written; summed over rounds if not summed yet."""
    told = _part(summary, "seconds")
    if told:
        return {name: number(told, name, where="seconds") or 0.0 for name in told}
    summed: dict[str, float] = {}
    for line in timings:
        for name in line:
            if name != "round":
                spent = number(line, name, where="timings") or 0.0
                summed[name] = summed.get(name, 0.0) + spent
    return summed


def _episodes(evaluation: Mapping[str, Any]) -> Mapping[str, Episodes]:
    return {
        name: Episodes(
            seed=np.asarray(entry["seed"], dtype=np.int64),
            total=np.asarray(entry["return"], dtype=np.float64),
        )
        for name, entry in evaluation.items()
        if isinstance(entry, Mapping) and entry.get("return")
    }
