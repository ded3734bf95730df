"""Show how far a policy's states are from those that it learned from, and say when."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from novice.app.report.contents import RunContents, UnreadableRunError
from novice.app.report.facts import Facts, Score, number
from novice.app.report.figures import Curve, Level, learning_curve
from novice.app.report.markup import Child, Html, joined, tag
from novice.app.report.numbers import whole
from novice.app.report.parts import section
from novice.app.report.shift_map import map_of_states
from novice.app.report.svg import MUTED
from novice.evaluation.shift import FEWEST_EPISODES

Part = Mapping[str, Any]

# Two sides differ where chance does as well less often than this.
FALSE_ALARMS = 0.05
# From this AUC on, most states say which side they are from.
FAR = 0.8
EXPLANATION = (
    "AUC: how often a classifier finds the policy's state in a pair of one of its own"
    " and one of the dataset's, at equal steps, of episodes that it has not learned"
    " from; 0.5 is guessing, 1 always."
)
_GUESSING = Level(
    name="guessing", color=MUTED, score=Score(mean=0.5, low=0.5, high=0.5)
)


def shift_section(contents: RunContents, run: Facts) -> Html | None:
    """Whether the policy visits the states that it learned from, as far as measured."""
    shown = _delivered(contents, run)
    found = _part(contents.evaluation, "visited", "evaluation")
    rounds = [entry for entry in _entries(contents) if "shift" in entry]
    if shown is None and "shift_unknown" not in found and not rounds:
        return None
    lines = _unknown(found, run) if shown is None else _lines(contents, run, shown)
    return section(
        "Where the policy goes",
        (tag("p", line, class_="remark") for line in lines),
        _over_rounds(rounds, run),
        None if shown is None else _by_time(_stretches(shown)),
        map_of_states(_part(found, "map", "evaluation.visited"))
        if "map" in found
        else None,
        note=EXPLANATION,
    )


def in_words(told: Part) -> str:
    """What an AUC means, in half a sentence."""
    if told["p"] > FALSE_ALARMS or told["auc"] <= 0.5:
        return "no difference that these episodes can show"
    how_well = "mostly" if told["auc"] >= FAR else "partly"
    return f"its states can {how_well} be told from those of its dataset"


def leaves_at(stretches: Sequence[Part]) -> int | None:
    """The first step of the first stretch that is told apart for sure.

    Only where the AUC stays above 0.5 from there on; a late stretch with few episodes
    need not be sure by itself.
    """
    place = len(stretches)
    while place and stretches[place - 1]["auc"] > 0.5:
        place -= 1
    sure = [each for each in stretches[place:] if each["ci95"][0] > 0.5]
    return int(sure[0]["from"]) if sure else None


def _unknown(found: Part, run: Facts) -> Iterator[Child]:
    """Why nothing is known of the policy that was delivered, and what would help."""
    why = found.get("shift_unknown", "too few episodes to compare")
    flag = "--episodes-per-round" if run.command == "dagger" else "--demonstrations"
    yield joined(
        f"No AUC of the delivered policy: {why}. To do: answers from more episodes, ",
        tag("code", flag),
        ".",
    )


def _lines(contents: RunContents, run: Facts, shown: Part) -> Iterator[Child]:
    """What the numbers mean, and what to do about them."""
    told = _checked(_part(shown, "shift", "evaluation"))
    score = _score(told, "shift")
    data, policy = (whole(count) for count in told["episodes"])
    first, last = (whole(step) for step in told["steps"])
    yield joined(
        f"AUC {_written(score)}: ",
        tag("b", in_words(told)),
        f" (p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{told['p']:.2g}). Compared:"
        f" {policy} fresh episodes with {data} of the dataset, in steps {first} to"
        f" {last}, which both have.",
    )
    settings = contents.settings.get("settings") or {}
    yield from _newest(shown, settings.get("episodes_per_round"))
    yield from _what_is_owed(run)
    if run.command == "bc" and settings.get("noise"):
        yield (
            "The hand that showed was shaken and has been in more states than the"
            " policy need visit: 0.5 is not owed."
        )
    yield from _what_to_do(run, told, _stretches(shown))


def _newest(shown: Part, episodes: Any) -> Iterator[str]:
    """How far the policy is from the rows that the last round added."""
    if new := _part(shown, "shift_new", "shift_new"):
        yield (
            "From the rows of the newest round alone: AUC"
            f" {_written(_score(new, 'shift_new'))}. Where this is nearer to 0.5, the"
            " rest of the difference is what older policies visited."
        )
    elif isinstance(episodes, int) and episodes < FEWEST_EPISODES:
        yield (
            "The rows of the newest round are not compared by themselves: a round has"
            f" {whole(episodes)} episodes, and {FEWEST_EPISODES} would be needed"
            f" (--episodes-per-round {FEWEST_EPISODES})."
        )


def _what_is_owed(run: Facts) -> Iterator[str]:
    if run.command == "dagger":
        yield (
            "0.5 is not owed: the dataset also holds what older policies visited, and"
            " the expert where it acted. What counts is that no place is left that the"
            " policy visits and nobody was asked about; then the AUC falls over the"
            " rounds, or stays where the policy does well."
        )
    else:
        yield (
            "0.5 would mean that the policy is where it was taught. Above it, it visits"
            " states that nobody has shown, where its errors lead to more of them, or"
            " known ones more or less often than they were shown."
        )


def _what_to_do(run: Facts, told: Part, stretches: Sequence[Part]) -> Iterator[Child]:
    if told["p"] > FALSE_ALARMS or told["auc"] <= 0.5:
        yield (
            "There is nothing to do about the states. Where the return is low all the"
            " same, the answers or the fit are to blame: more labels, or another"
            " --head."
        )
        return
    start = leaves_at(stretches)
    when = "" if start is None else f"from step {whole(start)} on "
    how = "goes on with these answers and asks where the policy goes."
    yield joined(
        f"What the policy sees {when}is new, or known and seen more or less often than"
        " in the dataset; an AUC does not tell which. Where the return is as good as"
        " it can be, leave it. Otherwise ask about these states: ",
        tag("code", "novice dagger ", tag("bdi", run.env), " --from RUN"),
        f" {how}",
    )


def _over_rounds(rounds: Sequence[Part], run: Facts) -> Html | None:
    """The AUC of every round, to be seen beside the return."""
    if len(rounds) < 2:
        return None
    scores = [_score(entry["shift"], "shift") for entry in rounds]
    numbers = [int(entry["round"]) for entry in rounds]
    labels = [entry.get("labels") for entry in rounds]
    known = [float(count) for count in labels if isinstance(count, int | float)]
    chosen = run.best_round if run.paid else None
    curve = Curve(
        at=known if len(known) == len(rounds) else [float(each) for each in numbers],
        at_name="labels" if len(known) == len(rounds) else "round",
        scores=scores,
        score_name="AUC on the validation episodes",
        chosen=numbers.index(chosen) if chosen in numbers else None,
    )
    note = (
        "On the validation episodes of each round, with 95\N{NO-BREAK SPACE}%"
        " intervals. Seen beside the return: both are good where this has come down and"
        " the return has gone up."
    )
    return _figure("Over the rounds", curve, "shift", note)


def _by_time(stretches: Sequence[Part]) -> Html | None:
    """The AUC of each stretch of an episode."""
    if len(stretches) < 2:
        return None
    curve = Curve(
        at=[(stretch["from"] + stretch["to"]) / 2 for stretch in stretches],
        at_name="step of the episode",
        scores=[_score(stretch, "shift_by_time") for stretch in stretches],
        score_name="AUC",
        chosen=None,
    )
    note = (
        "The same classifier, asked about one stretch of time after the other: where"
        " the band leaves the dashed line for good, the policy leaves the dataset."
    )
    return _figure("Along an episode", curve, "shift-by-time", note)


def _figure(title: str, curve: Curve, name: str, note: str) -> Html:
    first, last = (_written(curve.scores[place]) for place in (0, -1))
    description = f"{curve.score_name} over {curve.at_name}: from {first} to {last}"
    drawn = learning_curve(curve, [_GUESSING], name=name, description=description)
    return joined(tag("h3", title), tag("p", note, class_="note"), drawn)


def _delivered(contents: RunContents, run: Facts) -> Part | None:
    """What is known of the policy that was delivered, by its final episodes if so."""
    evaluation = contents.evaluation or {}
    found = _part(evaluation, "visited", "evaluation")
    if "shift" in found:
        return found
    chosen = [
        entry
        for entry in _entries(contents)
        if entry.get("round") == run.best_round and "shift" in entry
    ]
    return chosen[0] if chosen else None


def _entries(contents: RunContents) -> Sequence[Part]:
    return list(contents.summary.get("rounds", ()))


def _stretches(shown: Part) -> Sequence[Part]:
    told = shown.get("shift_by_time") or []
    if not isinstance(told, list | tuple):
        raise UnreadableRunError(f"shift_by_time should be a list, but is {told!r}")
    for stretch in told:
        _score(stretch, "shift_by_time")
        for name in ("from", "to"):
            _needed(stretch, name, "shift_by_time")
    return told


def _checked(told: Part) -> Part:
    """A whole comparison, in which no number is missing."""
    _score(told, "shift")
    _needed(told, "p", "shift")
    for name in ("episodes", "steps"):
        pair = told.get(name)
        if not (isinstance(pair, list | tuple) and len(pair) == 2):
            raise UnreadableRunError(
                f"shift.{name} should be two numbers, but is {pair!r}"
            )
        for each in pair:
            _needed({name: each}, name, "shift")
    return told


def _score(told: Part, where: str) -> Score:
    """An AUC with its interval."""
    ends = told.get("ci95")
    if not (isinstance(ends, list | tuple) and len(ends) == 2):
        raise UnreadableRunError(f"{where}.ci95 should be [low, high], but is {ends!r}")
    low, high = (_needed({"ci95": end}, "ci95", where) for end in ends)
    return Score(mean=_needed(told, "auc", where), low=low, high=high)


def _needed(told: Part, name: str, where: str) -> float:
    value = number(told, name, where=where)
    if value is None:
        raise UnreadableRunError(f"summary.json: {where} has no {name}")
    return value


def _part(told: Part | None, name: str, where: str) -> Part:
    part = (told or {}).get(name) or {}
    if not isinstance(part, Mapping):
        raise UnreadableRunError(f"{where}.{name} should be an object, but is {part!r}")
    return part


def _written(score: Score) -> str:
    low, high = f"{score.low:.2f}", f"{score.high:.2f}"
    return f"{score.mean:.2f} [{low}, {high}]".replace(" ", "\N{NO-BREAK SPACE}")
