"""Say in plain sentences what the overview's numbers mean, and what to do."""

from collections.abc import Mapping, Sequence
from typing import Any

# What an agreement beyond chance is called from each value on (Landis and Koch 1977,
# https://doi.org/10.2307/2529310).
_BANDS = (
    (0.8, "almost perfect"),
    (0.6, "substantial"),
    (0.4, "moderate"),
    (0.2, "fair"),
    (0.0, "slight"),
)
# An interval that is wider says little yet.
WIDE = 0.5
# Whoever is right less often should talk with the others.
OFTEN_RIGHT = 0.8
# A scatter of real actions, in half-ranges, above which the same holds.
FAR = 0.4
# A share whose interval is wider is uncertain.
UNCERTAIN = 0.3

Told = Mapping[str, Any]


def called(value: float) -> str:
    """What an agreement of this size is called."""
    return next((name for least, name in _BANDS if value > least), "none beyond chance")


def from_moments(count: int) -> str:
    """How much something rests on."""
    return f"from {count:,} moment{'' if count == 1 else 's'}"


def pair(told: Told | None) -> str:
    """What the agreement of two people says, and what to do."""
    if told is None:
        return "Too few moments to say how far they agree."
    return f"{called(told['value']).capitalize()}{what_to_do(told)}"


def what_to_do(told: Told) -> str:
    """How sure an agreement is, and what follows from it."""
    low, high = told["ci95"]
    if high - low > WIDE:
        return ", but still uncertain: it takes more moments that both answer."
    if low >= 0.6:
        return ": they teach the same."
    if told["value"] >= 0.6:
        return ": look at the contradictions together."
    return (
        ": they teach different things. Decide together what is right in the"
        " contradictions, and write it into the instructions."
    )


def person(told: Told, *, labels: int, answers: bool, choices: bool) -> str:
    """How far one person can be trusted, and what to do about it."""
    if not labels:
        return "Has not answered yet." if answers else ""
    reliability = told["reliability"]
    if reliability is None:
        return "Nothing has measured these answers yet."
    return reliable(reliability, choices=choices)


def reliable(told: Told, *, choices: bool) -> str:
    """What a reliability rests on, and what to do about a low or an uncertain one."""
    low, high = told["ci95"]
    rests = f"Measured {from_moments(told['items'])}"
    if choices:
        poor, sure = high < OFTEN_RIGHT, high - low <= UNCERTAIN
    else:
        poor, sure = low > FAR, high <= 2 * low
    if poor:
        return f"{rests}. Go through the contradictions with this person."
    return f"{rests}." if sure else f"{rests}: still uncertain."


def everybody(told: Told | None, people: int) -> str:
    """What the agreement of all people says; why there is none where there is none."""
    if people < 2:
        return (
            "Agreement needs two people who are asked the same. Invite a second one"
            " with novice label RUN --invite NAME, and begin the run with --overlap"
            " 0.1."
        )
    if told is None:
        return (
            "Nobody has answered the same moment as somebody else yet. A run that began"
            " with --overlap 0.1 asks two people about every tenth question."
        )
    low, high = told["ci95"]
    return (
        f"All together: alpha {told['value']:.2f} [{low:.2f}, {high:.2f}]"
        f" {from_moments(told['items'])}. {called(told['value']).capitalize()}"
        f"{what_to_do(told)} 1 would mean that everybody always says the same, 0 no"
        " more often than by chance."
    )


def measuring(shares: Mapping[str, int]) -> str:
    """Which questions measure the people themselves."""
    kinds = {
        "shared": "asked of two people",
        "repeats": "asked again of the same person",
        "gold": "whose right answer is known",
    }
    said = [
        f"{shares[name]:,} {words}" for name, words in kinds.items() if shares[name]
    ]
    if not said:
        return (
            "No question measures the people themselves: novice dagger takes --overlap,"
            " --repeats and --gold for that."
        )
    return f"Among the questions: {', '.join(said)}. Nobody sees which."


def course(rounds: Sequence[Told], enough: Told | None = None) -> str:
    """What people's time has changed, and whether more of it still pays."""
    said = changed(rounds)
    return said if enough is None else f"{said} {enough['says']}"


def changed(rounds: Sequence[Told]) -> str:
    """What people's time has changed, as far as it can be told."""
    measured = [each for each in rounds if drawn(each)]
    if not measured:
        if rounds:
            return (
                "The task gives no reward, so there is no return to show; the share of"
                " corrections on the label page says how it goes."
            )
        return "The curve begins when the first round has learned from the answers."
    last, first = measured[-1], measured[0]
    said = f"After {last['labels']:,} labels: return {around(last['return'])}."
    if last is first:
        return said
    said += f" At {first['labels']:,} labels it was {around(first['return'])}."
    before, now = first["return"]["ci95"], last["return"]["ci95"]
    if now[0] > before[1]:
        return f"{said} That is better beyond chance."
    if now[1] < before[0]:
        return f"{said} That is worse beyond chance: look at the contradictions."
    return f"{said} The intervals overlap: chance could explain the difference."


def drawn(each: Told) -> bool:
    """Whether a round has a return that a curve can show."""
    found = each.get("return")
    return isinstance(found, Mapping) and bool(found["mean"] or any(found["ci95"]))


def around(found: Told) -> str:
    """A return and its interval."""
    low, high = found["ci95"]
    return f"{number(found['mean'])} [{number(low)}, {number(high)}]"


def number(value: int | float) -> str:
    """A number in few characters, with a real minus sign."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", "−")


def use(answers: str) -> str:
    """Which answers a run learns from."""
    return {
        "all": "The run learns from every answer alike.",
        "majority": "Where people differ, the run learns what most of them said.",
        "weighted": "The run believes each answer as far as its author is reliable.",
    }.get(answers, "The run learns from every answer alike.")
