"""Show both gradients against the exact one, for `novice lab gradient`."""

from collections.abc import Mapping
from typing import Any

from novice.app.report.gradient import hundredths, truth_sentence
from novice.app.report.gradient_parts import claim, small_multiples
from novice.app.report.gradient_pictures import even_ranges, scattered
from novice.app.report.markup import Html
from novice.app.report.numbers import whole
from novice.app.report.parts import table

# The color of each way to come to a step.
_COLORS = {
    "supervised": "expert",
    "full return": "random",
    "rewards to go − mean": "policy",
}


def truth_section(truth: Mapping[str, Any], drawn: Mapping[str, Any]) -> Html:
    """What batches say on a task whose gradient is known."""
    clouds = drawn["batches"]
    axes = even_ranges(list(clouds.values()))
    towards = {each["name"]: each["towards"] for each in truth["ways"]}
    aims = {name: [1.0, 0.0] for name in clouds} | {"supervised": drawn["supervised"]}
    figures = [
        (
            name,
            f"cosine {_range(towards[name])}",
            scattered(
                steps,
                aims[name],
                axes,
                color=_COLORS[name],
                description=f"The steps of {len(steps)} batches, {name}",
            ),
        )
        for name in (each["name"] for each in truth["ways"])
        for steps in [clouds[name]]
    ]
    rows = [
        [
            each["name"],
            hundredths(each["off"], 1),
            hundredths(each["by_chance"], 1),
            hundredths(each["scatter"]),
            _range(each["towards"]),
        ]
        for each in truth["ways"]
    ]
    return claim(
        "Against the exact gradient",
        truth_sentence(truth),
        small_multiples(figures, least=13),
        table(
            ["steps", "mean off by", "by chance", "one batch scatters", "its cosine"],
            rows,
            name="against the exact gradient",
        ),
        reading=(
            "From the start one action leads to a bridge, and another from there home;"
            " the others lead into a swamp, where the expert never is. All"
            f" {whole(truth['trajectories'])} trajectories are listed, so a beginner's"
            " gradients are known exactly. The arrow without a color is the gradient of"
            " the return. Dots: the step that each of some batches of"
            f" {truth['episodes']} episodes asks for, in the plane of both exact"
            " gradients; circle: their mean. Supervised steps are in lengths of their"
            " own exact gradient, the arrow in their color. In the table, what each"
            " aims at has length 100 %. Cosines, with the gradient of the return, are"
            " the median and the middle 90 % of the batches."
        ),
    )


def _range(found: Mapping[str, Any]) -> str:
    low, high = found["middle90"]
    told = f"{found['median']:.2f} [{low:.2f}, {high:.2f}]"
    return told.replace(" ", "\N{NO-BREAK SPACE}")
