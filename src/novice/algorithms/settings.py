"""What can be set, with defaults that work; checked at birth.

No JAX is imported here, so that the command line can print its help at once.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin

from novice.errors import NoviceError


class BadSettingError(NoviceError):
    """A setting has a value that makes no sense."""


def setting(default: Any, meaning: str, *, later: bool = False) -> Any:
    """A field whose meaning the command line shows.

    One that came `later` than others is only written down where it is not as usual.
    """
    return field(default=default, metadata={"help": meaning, "later": later})


def check(
    settings: Any, name: str, *, low: int | float, high: int | float | None = None
) -> None:
    """Raise BadSettingError unless the named number lies within its range."""
    value = getattr(settings, name)
    if low <= value and (high is None or value <= high):
        return
    wanted = f"at least {low:g}" if high is None else f"between {low:g} and {high:g}"
    flag = name.replace("_", "-")
    raise BadSettingError(f"--{flag} is {value}, but it must be {wanted}")


def check_layers(hidden: tuple[int, ...]) -> None:
    """Raise BadSettingError unless every hidden layer has a unit, or 0 says none."""
    if hidden != (0,) and (not hidden or min(hidden) < 1):
        sizes = " ".join(str(size) for size in hidden) or "empty"
        raise BadSettingError(
            f"--hidden is {sizes}, but layers have at least one unit (0 alone: no"
            " hidden layer, a linear policy)"
        )


def check_blocks(hidden: tuple[int, ...], residual: bool) -> None:
    """Raise BadSettingError where blocks cannot add to what passes them."""
    if residual and (len(hidden) < 2 or len(set(hidden)) > 1):
        sizes = " ".join(str(size) for size in hidden)
        raise BadSettingError(
            f"--hidden is {sizes}, but with --residual there are at least two sizes,"
            " all the same, such as 256 256 256 256"
        )


def layers_of(hidden: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of the hidden layers that a setting means, none where it is 0."""
    return () if hidden == (0,) else hidden


def check_choices(settings: Any) -> None:
    """Raise BadSettingError unless every setting with named choices is one of them."""
    for each in dataclasses.fields(settings):
        value = getattr(settings, each.name)
        if get_origin(each.type) is Literal and value not in get_args(each.type):
            flag = each.name.replace("_", "-")
            known = ", ".join(get_args(each.type))
            raise BadSettingError(f"--{flag} is {value!r}, but it is one of {known}")


# More makes a decision so wide that nothing is learned of its end.
LONGEST_CHUNK = 100
LONGEST_HISTORY = 32


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How a network is fitted to answers."""

    hidden: tuple[int, ...] = setting(
        (64, 64), "sizes of the hidden layers (0: none, a linear policy)"
    )
    residual: bool = setting(
        False,
        "blocks of layers that add to what passes them, one for each size after the"
        " first (--hidden 256 256 256 256)",
    )
    learning_rate: float = setting(1e-3, "Adam's first step size within each fit")
    batch_size: int = setting(256, "rows in a minibatch")
    head: Literal[
        "auto", "gaussian", "squared", "mixture", "discretized", "flow", "pairs"
    ] = setting(
        "auto",
        "what turns numbers into actions: gaussian (real) or categorical; several"
        " right answers: mixture, discretized, flow; squared error; all pairs (SVM)",
    )
    chunk: int = setting(1, "actions decided at once")
    execute: int = setting(
        0, "actions of a chunk that are done before looking again (0: half of them)"
    )
    history: int = setting(1, "observations seen at once, the latest and those before")

    def __post_init__(self) -> None:
        check(self, "batch_size", low=1)
        check(self, "learning_rate", low=0)
        check_layers(self.hidden)
        check_blocks(self.hidden, self.residual)
        check_choices(self)
        check(self, "chunk", low=1, high=LONGEST_CHUNK)
        check(self, "execute", low=0, high=self.chunk)
        check(self, "history", low=1, high=LONGEST_HISTORY)

    @property
    def layers(self) -> tuple[int, ...]:
        """The sizes of the hidden layers, none where the policy is linear."""
        return layers_of(self.hidden)

    @property
    def executed(self) -> int:
        """How many actions of a chunk are done before the policy looks again."""
        return self.execute or -(-self.chunk // 2)


@dataclass(frozen=True, kw_only=True)
class BcSettings:
    """Behavior cloning: watch demonstrations, and do likewise."""

    demonstrations: int = setting(20, "episodes that the expert shows")
    labels: int = setting(0, "stop after this many answers (0: all that were shown)")
    noise: float = setting(
        0.0, "shake the demonstrator's hand, in half-ranges or probability (DART)"
    )
    steps: int = setting(10_000, "gradient steps, rounded up to 500s")
    fit: FitSettings = field(default_factory=FitSettings)

    def __post_init__(self) -> None:
        check(self, "demonstrations", low=1)
        check(self, "labels", low=0)
        check(self, "noise", low=0)
        check(self, "steps", low=1)


@dataclass(frozen=True, kw_only=True)
class PeopleSettings:
    """How people teach, and what is made of what several of them say.

    A share is one of the questions that are put: of 100 with an overlap of 0.2, two
    people are asked 20. Repeats and gold look like any other question.
    """

    by: Literal["label", "takeover"] = setting(
        "label", "people answer questions, or take the controls over"
    )
    overlap: float = setting(0.0, "share of questions that two people are asked")
    repeats: float = setting(
        0.0, "share of questions that the same person is asked again, unsaid"
    )
    gold: float = setting(0.0, "share of questions whose right answer is known")
    gold_by: str = setting(
        "auto", "who knows it: auto, module:function or a run's folder"
    )
    answers: Literal["all", "majority", "weighted"] = setting(
        "all",
        "learn from all answers, from what most say, or by how reliable each person is",
    )

    def __post_init__(self) -> None:
        check_choices(self)
        for name in ("overlap", "repeats", "gold"):
            check(self, name, low=0, high=0.5)
        if not self.gold_by:
            raise BadSettingError(
                "--gold-by is empty, but it is auto, module:function or a run's folder"
            )

    @property
    def measured(self) -> bool:
        """Whether it is measured how far people can be trusted."""
        return bool(self.overlap or self.repeats or self.gold)


@dataclass(frozen=True, kw_only=True)
class DaggerSettings:
    """DAgger: act, be corrected on what was visited, aggregate, fit again."""

    labels: int = setting(
        5_000, "answers to ask the expert for, in all (a person: 1000)"
    )
    minutes: float = setting(
        0.0, "stop after so much of a person's time (0: ask for all the labels)"
    )
    labels_per_round: int = setting(250, "answers in a round (a person: 50)")
    episodes_per_round: int = setting(5, "episodes to act in, in a round")
    ask: Literal[
        "random", "everything", "entropy", "committee", "novelty", "risk", "bursts"
    ] = setting(
        "random",
        "which visited states to ask about: any; all, in order; where the policy is"
        " undecided; where five policies disagree; what is unlike all answered; from"
        " where little is paid; stretches of disagreement",
    )
    audit: float | None = setting(
        None,
        "share of the questions that chance alone chooses and people answer unaided, to"
        " estimate how often the policy is wrong (default: 0.1; with --ask random or"
        " everything 0)",
    )
    beta: Literal["first", "linear", "exponential", "constant"] = setting(
        "first",
        "who acts: the expert in round 0 only, or with a probability that falls",
    )
    beta_rate: float = setting(
        0.5,
        "linear: fall a round; exponential: factor a round; constant: the probability",
    )
    noise: float = setting(0.0, "shake the actor's hand, in half-ranges or probability")
    first_steps: int = setting(4_000, "gradient steps in round 0, rounded up to 500s")
    steps: int = setting(1_000, "gradient steps in each later round, rounded likewise")
    refit: Literal["warm", "scratch"] = setting(
        "warm",
        "go on from the last policy (unless what is seen varies four times as much as"
        " before), or start anew every round",
    )
    people: PeopleSettings = field(default_factory=PeopleSettings)
    fit: FitSettings = field(default_factory=FitSettings)

    def __post_init__(self) -> None:
        for name in ("labels", "labels_per_round", "episodes_per_round"):
            check(self, name, low=1)
        check(self, "minutes", low=0)
        check_choices(self)
        check(self, "beta_rate", low=0, high=1)
        check(self, "noise", low=0)
        check(self, "first_steps", low=1)
        check(self, "steps", low=1)
        if self.audit is not None:
            check(self, "audit", low=0, high=1)
        self._check_chunk()
        self._check_asked()

    def _check_chunk(self) -> None:
        """Chunks learn from stretches; a question is about a single moment."""
        if self.fit.chunk > 1 and self.people.by != "takeover":
            raise BadSettingError(
                f"--chunk is {self.fit.chunk}, but chunks are learned from stretches of"
                " actions and DAgger asks about single moments; novice bc learns them"
                " from demonstrations, and --expert human --by takeover from driving"
            )

    def _check_asked(self) -> None:
        """Who takes over is asked nothing."""
        choosy = self.ask not in ("random", "everything")
        if self.people.by == "takeover" and (choosy or self.audit is not None):
            flag = f"--ask {self.ask}" if choosy else f"--audit {self.audit:g}"
            raise BadSettingError(
                f"{flag} is about questions, but who takes over is asked none; leave"
                " it, or --by takeover, away"
            )

    @property
    def audited(self) -> float:
        """The share of the questions that chance alone chooses, for an estimate."""
        if self.audit is None:
            return 0.0 if self.ask in ("random", "everything") else 0.1
        return self.audit

    @property
    def rounds(self) -> int:
        """How many rounds the answers last, when every round uses all of its own."""
        return -(-self.labels // self.labels_per_round)


def as_json(settings: Any, *, whole: bool = False) -> dict[str, Any]:
    """The settings as plain values.

    Of what was not always there to be set only that is said which is not as usual, so
    that a run from before has the same settings as one in which nothing of it is set;
    unless the `whole` is wanted, as where the command line has other things for usual.
    """
    content = dataclasses.asdict(settings)
    if content.get("audit", 0) is None:
        del content["audit"]
    if "people" in content:
        people = unusual(content.pop("people"), PeopleSettings())
        content |= {"people": people} if people else {}
    for name, usual in usually(type(settings)).items():
        if content[name] == usual and not whole:
            del content[name]
    if "fit" in content:
        fit = content["fit"]
        kept = {name: fit[name] for name in ("hidden", "learning_rate", "batch_size")}
        content["fit"] = kept | unusual(fit, FitSettings())
    return content


def usually(kind: type) -> dict[str, Any]:
    """What the settings were before somebody could set them."""
    return {
        each.name: each.default
        for each in dataclasses.fields(kind)
        if each.metadata.get("later")
    }


def unusual(values: dict[str, Any], usual: Any) -> dict[str, Any]:
    """The values that differ from those of the usual settings."""
    return {
        name: value for name, value in values.items() if value != getattr(usual, name)
    }


def from_json(kind: type, content: dict[str, Any]) -> Any:
    """Settings of `kind` from plain values; an unknown name is a BadSettingError."""
    known: dict[str, Any] = {f.name: f for f in dataclasses.fields(kind)}
    for name in content:
        if name not in known:
            raise BadSettingError(
                f"{kind.__name__} has no setting {name!r} (known: {', '.join(known)})"
            )
    values = {}
    for name, value in content.items():
        if dataclasses.is_dataclass(known[name].type):
            value = from_json(known[name].type, value)
        values[name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)
