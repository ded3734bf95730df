"""Make the page of `novice lab gradient`."""

from collections.abc import Mapping
from typing import Any

from novice.app.report.gradient import (
    BECOME,
    FOOT,
    HEAD,
    UNKNOWN,
    agreement_sentence,
    auc,
    cosine_of,
    data_sentence,
    episodes_needed,
    gradient_lines,
    hundredths,
    listed,
    noise_sentence,
    point_name,
    point_row,
    score,
    weight_sentence,
)
from novice.app.report.gradient_parts import claim, small_multiples, swatches
from novice.app.report.gradient_pictures import (
    cloud_of_states,
    compass,
    ranges_of,
)
from novice.app.report.gradient_truth import truth_section
from novice.app.report.lab import Line, chart, lab_page, paragraphs
from novice.app.report.markup import Html, joined, tag
from novice.app.report.numbers import interval, percent, percents, rounded, whole
from novice.app.report.parts import definitions, section, table
from novice.app.report.svg import EXPERT, OTHER, POLICY, RANDOM

_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
# The color of each way to weigh an action.
_COLORS = {
    "full return": RANDOM,
    "rewards to go": OTHER,
    "rewards to go − mean": POLICY,
}


def gradient_page(
    settings: Mapping[str, Any], summary: Mapping[str, Any], drawn: Mapping[str, Any]
) -> str:
    """The page about two gradients of one function.

    `drawn` are the states and steps to draw, by the name of what was measured.
    """
    headline, *sentences = gradient_lines(summary)
    return lab_page(
        "gradient",
        about=[
            summary["env"],
            f"{whole(summary['episodes'])} episodes a side",
            f"seed {summary['seed']}",
        ],
        title=f"{summary['env']} · gradient",
        headline=headline,
        remarks=[sentences[0], *sentences[-2:]],
        sections=[
            _function(),
            _data(summary, drawn),
            _weights(summary, drawn["beginner"]["trace"]),
            _directions(summary),
            truth_section(summary["truth"], drawn["truth"]),
        ],
        settings=settings,
    )


def _function() -> Html:
    """What both have in common, and the two things that they have not."""
    return section(
        "One function",
        paragraphs(
            joined(
                "Both are the gradient of the weighted likelihood in ",
                tag("code", "learning/fit.py"),
                ", which is not told who uses it:",
            )
        ),
        tag("pre", tag("code", "Σ weight · ∇ log π(action | observation) / divisor")),
        definitions(
            {
                "watching": (
                    "the rows are the expert's, drawn from g(x), which no θ changes;"
                    " each weighs 1, and the sum is divided by the rows: ∇ of"
                    " E[log π(a given x)] over g(x)"
                ),
                "practicing": (
                    "the rows are the policy's own, drawn from p(x; θ), which moves"
                    " with θ; each weighs the rewards that followed, less what was to"
                    " be expected, and the sum is divided by the trajectories: ∇ of"
                    " the expected return over p(x; θ)"
                ),
            }
        ),
    )


def _data(summary: Mapping[str, Any], drawn: Mapping[str, Any]) -> Html:
    """The expert's states, and the policy's own at each point."""
    expert = drawn["expert"]["states"]
    own = {each["name"]: drawn[each["name"]]["states"] for each in summary["points"]}
    axes = ranges_of([expert, *own.values()])
    across, up = summary["expert"]["axes"]
    figures = [
        (
            "expert",
            "the same for every θ",
            cloud_of_states(
                [("expert", 0.5, expert)],
                axes,
                description="The states of the expert",
            ),
        )
    ]
    for point in summary["points"]:
        told = point["states"].get("from_expert")
        apart = "" if told is None else f"told apart: {percents(auc(told))}"
        figures.append(
            (
                point_name(point),
                apart,
                cloud_of_states(
                    [("policy", 0.45, own[point["name"]]), ("expert", 0.5, expert)],
                    axes,
                    description=f"The states of the policy, {point_name(point)}",
                ),
            )
        )
    return claim(
        "Where the data comes from",
        data_sentence(summary),
        small_multiples(figures, least=17),
        swatches(
            {"expert": f"expert{_APOSTROPHE}s states", "policy": "policy's states"}
        ),
        reading=(
            f"Across: {across}; up: {up}; the two numbers of a state in which beginner"
            " and expert differ most. Percents: of pairs of one state each, at equal"
            " times, in which a classifier finds whose is whose; 50 is guessing."
        ),
    )


def _weights(summary: Mapping[str, Any], trace: Mapping[str, Any]) -> Html:
    """What each action of an episode counts, and what that means for all of them."""
    length = len(next(iter(trace.values())))
    at = list(range(1, length + 1))
    lines = [
        Line(name=name, color=_COLORS[name], at=at, values=values)
        for name, values in trace.items()
    ]
    ones = Line(name="1, in imitation", color=EXPERT, at=at, values=[1.0] * length)
    beginner = summary["points"][0]
    declared = [each["name"] for each in beginner["weighings"] if each["unbiased"]]
    rows = [
        ["1, in imitation", "1", "0", percent(0.0), episodes_needed(_one(beginner))]
    ]
    rows += [
        [
            each["name"],
            rounded(each["mean"], width=each["spread"]),
            rounded(each["spread"], width=each["spread"]),
            hundredths(each["against"]),
            episodes_needed(each),
        ]
        for each in beginner["weighings"]
    ]
    return claim(
        "What each action weighs",
        f"{weight_sentence(summary)} {noise_sentence(summary)}",
        chart(
            [ones, *lines],
            name="weights",
            description=(
                "What each action of one of the beginner's episodes weighs: 1 in"
                " imitation, the return, the rewards to go, and those less a mean"
            ),
            at_name="step of one of the beginner's episodes",
            value_name="weight of its action",
            from_zero=True,
        ),
        table(
            ["weight", "mean", "spread", "below 0", "episodes needed"],
            rows,
            name="what actions weigh",
        ),
        reading=(
            "The picture's episode is the one whose return is nearest to the mean."
            f" Right in the mean, as they declare, are {listed(declared)}; what"
            " differs is the noise. The mean is that of the other episodes at the same"
            " step. Episodes needed: until a step is more gradient than noise"
            f" ({UNKNOWN}: these episodes show no gradient)."
        ),
    )


def _one(point: Mapping[str, Any]) -> Mapping[str, Any]:
    """What weighing everything once comes to."""
    found: Mapping[str, Any] = point["supervised"]
    return found


def _directions(summary: Mapping[str, Any]) -> Html:
    """Both directions at each point, as arrows and in numbers."""
    points = summary["points"]
    parameters = points[0]["parameters"]
    figures = [
        (
            point_name(point),
            f"cosine {cosine_of(point)}" if "cosine" in point else UNKNOWN,
            compass(
                point.get("cosine"),
                description=(
                    f"The two directions {BECOME[point['name']]}: cosine"
                    f" {cosine_of(point)}"
                ),
            ),
        )
        for point in points
    ]
    return claim(
        "What the two directions are",
        agreement_sentence(points),
        small_multiples(figures, least=12),
        swatches({"expert": "supervised gradient", "policy": "policy gradient"}),
        table(HEAD, [point_row(point) for point in points], name="both directions"),
        tag("h3", "Their lengths, and what halves say"),
        table(
            [
                "policy",
                "supervised length",
                "halves",
                "practice length",
                "halves",
                "effective",
            ],
            [_lengths_row(point) for point in points],
            name="lengths",
        ),
        reading=(
            f"{FOOT} Each is drawn as long; the shade is the 95 % interval over"
            " episodes, noise taken out. Directions drawn at random among"
            f" {whole(parameters)} numbers have cosines within"
            f" ±{2 / parameters**0.5:.2f}. A supervised gradient is as long as the"
            " log-likelihood of an action grows, the policy gradient as the return of"
            " an episode does, for each unit that θ moves along it: the two lengths"
            " cannot be compared. Halves: the cosine between what two halves of the"
            " episodes say; effective: how many of the policy's episodes its step is"
            " made of (Kish)."
        ),
    )


def _lengths_row(point: Mapping[str, Any]) -> list[str]:
    supervised, practice = point["supervised"], point["practice"]
    return [
        point_name(point),
        interval(score(supervised["length"])),
        f"{supervised['agreement']:.2f}",
        interval(score(practice["length"])),
        f"{practice['agreement']:.2f}",
        whole(practice["effective"]),
    ]
