"""Tell what `novice lab gradient` measured, in lines."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from novice.app.report.facts import Score
from novice.app.report.numbers import interval, percent, percents, whole

# What a policy has become, at each point that is measured.
BECOME = {
    "beginner": "for a beginner",
    "cloned": "after cloning",
    "practiced": "after practice",
}
UNKNOWN = "can't be told"
HEAD = (
    "policy",
    "returns",
    "the gradients' cosine",
    "supervised needs",
    "practice needs",
)
FOOT = (
    "A cosine of 1: the same direction; 0: nothing in common. Needs: episodes until a"
    " step is more gradient than noise."
)


def gradient_table(summary: Mapping[str, Any]) -> list[str]:
    """Both gradients at each point, for a terminal."""
    rows = [list(HEAD), *map(point_row, summary["points"])]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    lines = [
        "  ".join(
            f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return [*lines, FOOT]


def gradient_lines(summary: Mapping[str, Any]) -> list[str]:
    """What was found, sentence by sentence; the last one says what to do."""
    return [
        headline(summary),
        later_sentence(summary["points"][1:]),
        f"The data: {data_sentence(summary)}",
        f"The weights: {weight_sentence(summary)}",
        f"The noise: {noise_sentence(summary)}",
        f"The directions: {agreement_sentence(summary['points'])}",
        f"The truth: {truth_sentence(summary['truth'])}",
        (
            "The intervals are over episodes; all of it is of one training, and"
            f" --seed {summary['seed'] + 1} is another."
        ),
        (
            f"To do: novice dagger {summary['env']} asks the expert about the states"
            f" that the policy gets into itself; novice reinforce {summary['env']}"
            " practices, and says how many episodes a step needs."
        ),
    ]


def point_row(point: Mapping[str, Any]) -> list[str]:
    """What was measured at a point."""
    return [
        point_name(point),
        interval(score(point["return"])),
        cosine_of(point),
        episodes_needed(point["supervised"]),
        episodes_needed(point["practice"]),
    ]


def point_name(point: Mapping[str, Any]) -> str:
    """Who was measured: a beginner, or who has taken some steps."""
    steps = point["steps"]
    if not steps:
        return str(point["name"])
    return f"{point['name']}, {whole(steps)} step{'' if steps == 1 else 's'}"


def cosine_of(point: Mapping[str, Any]) -> str:
    """How far the two directions agree, if either can be told from noise."""
    return interval(score(point["cosine"])) if "cosine" in point else UNKNOWN


def episodes_needed(direction: Mapping[str, Any]) -> str:
    """Whole episodes until noise is no longer than the gradient, if there is one."""
    if "noise_scale" not in direction:
        return UNKNOWN
    return whole(max(1, math.ceil(direction["noise_scale"])))


def headline(summary: Mapping[str, Any]) -> str:
    """How far the two directions agree for a beginner."""
    beginner, where = summary["points"][0], f"on {summary['env']}"
    if "cosine" in beginner:
        return (
            f"One function, two directions: {where}, a beginner's supervised gradient"
            f" and policy gradient agree by a cosine of {cosine_of(beginner)}."
        )
    return (
        f"One function, two directions: {where}, {summary['episodes']} episodes can't"
        " tell where a beginner's point."
    )


def later_sentence(points: Sequence[Mapping[str, Any]]) -> str:
    """How far the two directions agree after training."""
    known = [
        f"by {cosine_of(each)} {BECOME[each['name']]}"
        for each in points
        if "cosine" in each
    ]
    unknown = [BECOME[each["name"]] for each in points if "cosine" not in each]
    told = [f"they agree {listed(known)}"] if known else []
    if unknown:
        told.append(
            f"{listed(unknown)} it {UNKNOWN}: a gradient is lost in noise, or there is"
            " none"
        )
    sentence = "; ".join(told)
    return f"{sentence[0].upper()}{sentence[1:]} (1: the same way, 0: unrelated)."


def data_sentence(summary: Mapping[str, Any]) -> str:
    """Whose data moves when θ does."""
    moved = [
        f"{BECOME[point['name']]} in {percents(auc(point['states']['from_beginner']))}"
        for point in summary["points"]
        if "from_beginner" in point["states"]
    ]
    start = (
        "The expert's stays the same, whatever becomes of the policy; the policy's own"
        " moves with it."
    )
    if not moved:
        return start
    return (
        f"{start} Of pairs at equal times, a classifier finds which state is the"
        f" beginner's {listed(moved)} (guessing: {percent(50.0)})."
    )


def weight_sentence(summary: Mapping[str, Any]) -> str:
    """What actions count on both sides."""
    against = summary["points"][0]["weighings"][-1]["against"]
    return (
        "In imitation each action weighs 1, so every one becomes likelier. In practice"
        " it weighs the rewards that followed less what was to be expected:"
        f" {hundredths(against)} of the beginner's actions weigh less than"
        " nothing, and become less likely."
    )


def noise_sentence(summary: Mapping[str, Any]) -> str:
    """How many episodes each direction takes, by what actions weigh."""
    beginner, episodes = summary["points"][0], summary["episodes"]
    needed = [
        f"{episodes_needed(each)} with {weighing_told(each['name'])}"
        if "noise_scale" in each
        else f"more than {episodes} can tell with {weighing_told(each['name'])}"
        for each in beginner["weighings"]
    ]
    return (
        "Until a beginner's step is more gradient than noise, imitation takes"
        f" {episodes_needed(beginner['supervised'])} of the expert's episodes, and"
        f" practice of its own {listed(needed)}."
    )


def weighing_told(name: str) -> str:
    """What an action weighs, as one says it."""
    return {
        "full return": "the full return",
        "rewards to go": "the rewards to go",
        "rewards to go − mean": "these less the other episodes' mean",
    }[name]


def truth_sentence(truth: Mapping[str, Any]) -> str:
    """What becomes of both where the gradient is known."""
    _, *estimators = truth["ways"]
    off = [
        f"{hundredths(each['off'], 1)} of its length ({each['name']})"
        for each in estimators
    ]
    wrong = [each for each in truth["ways"] if each["surely_off"]]
    verdict = (
        f"more than chance explains for {listed([each['name'] for each in wrong])}"
        if wrong
        else "no more than chance explains"
    )
    towards = [f"{each['towards']['median']:.2f}" for each in estimators]
    return (
        f"On a task of {len(truth['places'])} places the gradient of the return is"
        f" known. The mean of {whole(truth['batches'])} batches is off by"
        f" {listed(off)}, {verdict}; one batch of {truth['episodes']} episodes agrees"
        f" with it by a cosine of {listed(towards)} in the median. The supervised"
        f" gradient agrees by {truth['cosine']:.2f} however many episodes there are,"
        " and is silent about the place that the expert never sees."
    )


def agreement_sentence(points: Sequence[Mapping[str, Any]]) -> str:
    """Whether imitating better also pays more, at each point."""
    groups: dict[str, list[str]] = {}
    for point in points:
        groups.setdefault(_leads(point), []).append(BECOME[point["name"]])
    told = "; ".join(f"{listed(when)}, {what}" for what, when in groups.items())
    return f"{told[0].upper()}{told[1:]}."


def _leads(point: Mapping[str, Any]) -> str:
    """What a small step along the supervised gradient does to the return."""
    if "cosine" not in point:
        return "one of the two is lost in noise, or zero"
    agreed = score(point["cosine"])
    if agreed.low > 0:
        return "a small step that imitates better also pays more"
    if agreed.high < 0:
        return "a small step that imitates better pays less"
    return "whether a small step that imitates better pays is open"


def hundredths(share: float, digits: int = 0) -> str:
    """A share of one, in percent."""
    return percent(float(round(100 * share, digits)))


def listed(names: Sequence[str]) -> str:
    """Several things in a sentence."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def score(found: Mapping[str, Any]) -> Score:
    """A mean and its interval."""
    low, high = found["ci95"]
    return Score(mean=found["mean"], low=low, high=high)


def auc(found: Mapping[str, Any]) -> Score:
    """How often a pair is told apart, in percent."""
    low, high = found["ci95"]
    return Score(mean=100 * found["auc"], low=100 * low, high=100 * high)
