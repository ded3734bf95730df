"""Tell which exponents `novice lab compounding` measured: in lines, and as a page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from novice.app.report.facts import Score
from novice.app.report.lab import Line, chart, lab_page, paragraphs
from novice.app.report.markup import Child, Html, joined, tag
from novice.app.report.numbers import percent, whole
from novice.app.report.parts import definitions, section, table, with_interval
from novice.app.report.svg import EXPERT, MUTED, OTHER, POLICY, RANDOM

COLORS = {"bc": RANDOM, "bc-noise": OTHER, "dagger": POLICY, "bc-forgiven": EXPERT}
# What each way is, for whoever has not read about it.
TOLD = {
    "bc": "copies the expert",
    "dagger": "is corrected where it went",
    "bc-noise": "copies an expert whose hand is shaken",
    "bc-forgiven": "copies, above a net that gives everybody back",
}


def tightrope_page(settings: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    """The page about exponents on the tightrope."""
    ways = {way["name"]: way for way in summary["ways"]}
    return lab_page(
        "compounding",
        about=[summary["env"], f"seed {summary['seed']}"],
        title="compounding",
        headline=_headline(ways),
        remarks=verdict_lines(summary)[:-1],
        sections=[
            _growth(summary),
            _exponents(summary),
            _errors(summary),
            advice(),
            _made_and_measured(summary),
        ],
        settings=settings,
    )


def verdict_lines(summary: Mapping[str, Any]) -> list[str]:
    """What the exponents say, sentence by sentence, and last what to do."""
    ways = {way["name"]: way for way in summary["ways"]}
    lines = [_claimed(ways)]
    lines.append(
        "A clone that falls is where no demonstration has been: it stays off the rope"
        f" for the rest of its walk, {_per_error(ways['bc'], summary):,.0f} paces an"
        " error on the longest rope. Who was corrected there climbs back in"
        f" {_per_error(ways['dagger'], summary):.1f}."
    )
    if "bc-noise" in ways:
        lines.append(
            "Demonstrations by a shaken hand show the way back, too: exponent"
            f" {_exponent(ways['bc-noise'])}. And where the net gives everybody back,"
            f" a clone needs none of it: {_exponent(ways['bc-forgiven'])}. So it is not"
            " copying that compounds, but copying where errors lead to what nobody"
            " showed."
        )
    lines.append(
        "To do: ask where you went (novice dagger TASK), or shake the demonstrator's"
        " hand (novice bc TASK --noise 0.1)."
    )
    return lines


def _claimed(ways: Mapping[str, Any]) -> str:
    """Whether the exponents are those of the theorems, as far as can be told."""
    told = {name: _exponent(ways[name]) for name in ("bc", "dagger")}
    known = f"bc {told['bc']}, dagger {told['dagger']}"
    if _as_claimed(ways):
        return (
            "2 lies in bc's interval and not in dagger's, 1 the other way round:"
            f" {known}."
        )
    return (
        f"The exponents are {known}; computed exactly they are"
        f" {ways['bc']['exact_exponent']:.2f} and"
        f" {ways['dagger']['exact_exponent']:.2f}. An interval misses by chance once in"
        " 20 times; another --seed tells."
    )


def _as_claimed(ways: Mapping[str, Any]) -> bool:
    """Whether 2 is bc's exponent and 1 dagger's, and not the other way round."""
    return all(
        _holds(ways[name], exponent) == (exponent == of)
        for name, of in (("bc", 2), ("dagger", 1))
        for exponent in (1, 2)
    )


def _holds(way: Mapping[str, Any], exponent: int) -> bool:
    low, high = way["exponent"]["ci95"]
    return bool(low <= exponent <= high)


def _exponent(way: Mapping[str, Any]) -> str:
    low, high = way["exponent"]["ci95"]
    return f"{way['exponent']['mean']:.2f} [{low:.2f}, {high:.2f}]"


def _per_error(way: Mapping[str, Any], summary: Mapping[str, Any]) -> float:
    """The paces off the rope that an error costs on the longest rope."""
    return _costs_of_an_error(way, summary)[-1]


def _costs_of_an_error(
    way: Mapping[str, Any], summary: Mapping[str, Any]
) -> list[float]:
    rate = summary["experiment"]["error_rate"]
    return [rope["cost"]["mean"] / (rate * rope["length"]) for rope in way["ropes"]]


def _headline(ways: Mapping[str, Any]) -> str:
    if _as_claimed(ways):
        return (
            "Errors compound: a clone costs four times as much when the task is twice"
            " as long; who is corrected where it went, twice as much."
        )
    return (
        f"Cost grows with length to the power of {ways['bc']['exponent']['mean']:.2f}"
        f" for a clone, {ways['dagger']['exponent']['mean']:.2f} for who is corrected."
    )


def _growth(summary: Mapping[str, Any]) -> Html:
    lines = []
    for way in summary["ways"]:
        ropes = way["ropes"]
        lines.append(
            Line(
                name=f"{way['name']}: {_exponent(way)}",
                color=COLORS[way["name"]],
                at=[rope["length"] for rope in ropes],
                values=[rope["cost"]["mean"] for rope in ropes],
                low=[rope["cost"]["ci95"][0] for rope in ropes],
                high=[rope["cost"]["ci95"][1] for rope in ropes],
            )
        )
    told = ", ".join(f"{way['name']} {_exponent(way)}" for way in summary["ways"])
    return section(
        "How cost grows with length",
        chart(
            [*lines, *_guides(summary)],
            name="growth",
            description=f"Cost over length on two logarithmic axes; slopes: {told}",
            at_name="length of the rope, in paces",
            value_name="paces off the rope, in the mean of all walks",
            logarithmic=True,
        ),
        note=(
            "Both axes are logarithmic, so that a power of the length is a straight"
            " line and its exponent the slope. Bands are 95 % intervals. Dashed:"
            " slopes of exactly 2 and 1. Lines of equal cost lie over one another. A"
            " mean is far below 1 because few walkers err at all."
        ),
    )


def _guides(summary: Mapping[str, Any]) -> Iterator[Line]:
    """Slopes of 2 and 1 through the expected costs on the middle rope."""
    for name, slope in (("bc", 2), ("dagger", 1)):
        way = next(way for way in summary["ways"] if way["name"] == name)
        ropes = way["ropes"]
        middle = ropes[len(ropes) // 2]
        yield Line(
            name="",
            color=MUTED,
            at=[rope["length"] for rope in ropes],
            values=[
                middle["exact_cost"] * (rope["length"] / middle["length"]) ** slope
                for rope in ropes
            ],
            dashed=True,
        )


def _exponents(summary: Mapping[str, Any]) -> Html:
    ropes = summary["ways"][0]["ropes"]
    shortest, longest = ropes[0]["length"], ropes[-1]["length"]
    rows: list[Sequence[Child]] = []
    for way in summary["ways"]:
        costs = _costs_of_an_error(way, summary)
        rows.append(
            [
                way["name"],
                with_interval(score(way["exponent"])),
                f"{way['exact_exponent']:.3f}",
                f"{costs[0]:,.1f} paces",
                f"{costs[-1]:,.1f} paces",
            ]
        )
    return section(
        "The exponents",
        table(
            [
                "",
                "measured",
                "exactly",
                f"an error costs: rope of {shortest}",
                f"of {whole(longest)}",
            ],
            rows,
        ),
        definitions({way["name"]: TOLD[way["name"]] for way in summary["ways"]}),
        note=(
            "With 95 % intervals. Exactly: from expected costs, computed by dynamic"
            " programming instead of walking (for bc-noise with demonstrations without"
            " end). They are not whole numbers because the ropes are finite."
        ),
    )


def _errors(summary: Mapping[str, Any]) -> Html:
    longest = summary["ways"][0]["ropes"][-1]["length"]
    rows = [
        [
            way["name"],
            _one_in(way["ropes"][-1]["wrong_where_taught"]),
            _one_in(way["ropes"][-1]["wrong_where_it_went"]),
        ]
        for way in summary["ways"]
    ]
    return section(
        "Where they err",
        table(["", "where it was taught", "where it then went"], rows),
        note=joined(
            "Steps with a wrong action, on the rope of"
            f" {whole(longest)} paces. A low error on the data says little about a"
            " clone: look at its errors where it goes itself. ",
            tag("code", "novice bc"),
            " and ",
            tag("code", "novice dagger"),
            " print them as the disagreement.",
        ),
    )


def advice(task: str | None = None) -> Html:
    """What to do against errors that compound."""
    correct, shake = f"novice dagger {task or 'TASK'}", f"novice bc {task or 'TASK'}"
    ask = joined(
        "Ask where you went. ",
        tag("code", correct),
        " lets the policy act, asks the expert about the states that it got into, and"
        " so learns the way back from its own errors.",
    )
    noise = joined(
        "Or shake the demonstrator\N{RIGHT SINGLE QUOTATION MARK}s hand. ",
        tag("code", f"{shake} --noise 0.1"),
        " makes small errors happen while the expert is still there to show how it"
        " makes up for them; nobody needs to come a second time.",
    )
    look = joined(
        "Whether errors compound on a task of yours: ",
        tag("code", "novice lab compounding TASK"),
        " shows at which steps trained policies lose reward and leave the expert.",
    )
    told = [ask, noise] if task else [ask, noise, look]
    return section("What to do", paragraphs(*told))


def _made_and_measured(summary: Mapping[str, Any]) -> Html:
    experiment = summary["experiment"]
    longest = summary["ways"][0]["ropes"][-1]
    once = experiment["error_rate"] * longest["length"]
    rate = f"once in {whole(1 / experiment['error_rate'])} times"
    return section(
        "What is made, and what is measured",
        paragraphs(
            "Made: the rate of errors. Each learner is a table with an entry for every"
            " pace and every rung below the rope. An entry is filled in where the"
            " algorithm\N{RIGHT SINGLE QUOTATION MARK}s own data hold the state, and is"
            f" then wrong {rate}, drawn for each state and learner. Where nothing is"
            " filled in, the learner does what its data show most often. The expert"
            f" climbs back in {experiment['recovery']} steps, which no undisturbed"
            " demonstration shows.",
            "Measured: everything else. The tables are filled by the algorithms"
            f" themselves, each with {experiment['episodes']} episodes of right"
            " actions: bc by demonstrations, dagger by one demonstration and then by"
            " walking and being told. Then every learner walks once more, and the paces"
            " that end off the rope are counted. Walkers without a wrong entry on the"
            " rope never leave it; they are counted as costing nothing without being"
            " simulated.",
            "The powers of 2 and 1 are the bounds of Ross and Bagnell (2010) and of"
            " Ross, Gordon and Bagnell (2011); the tightrope is made to reach the first"
            " one, as most tasks are not. They hold while errors are rare: on the"
            f" longest rope a walker errs with a probability of {percent(100 * once)},"
            " and of those who erred,"
            f" {percent(100 * longest['erred_twice'])} did so twice. Intervals are of"
            " the bootstrap over learners.",
        ),
    )


def score(found: Mapping[str, Any]) -> Score:
    """What the summary says of a mean and its interval."""
    low, high = found["ci95"]
    return Score(mean=found["mean"], low=low, high=high)


def _one_in(rate: float) -> str:
    """A rate as people say it: 1 in 4,000."""
    return "never" if not rate else f"1 in {whole(1 / rate)}"
