"""Show the final episodes one by one: what everybody returned from the same seeds."""

import numpy as np
from jaxtyping import Float

from novice.app.report.facts import Episodes, Facts, Score
from novice.app.report.figures import Heap, histograms
from novice.app.report.markup import Html, joined, tag
from novice.app.report.numbers import interval, whole
from novice.app.report.pairs import difference, returns_together
from novice.app.report.parts import section
from novice.app.report.svg import EXPERT, OTHER, POLICY, RANDOM
from novice.app.report.teacher import marked, yardstick, yardstick_mark
from novice.evaluation.statistics import estimate

# Who is shown, from top to bottom: name in the file, name in the page, color. The
# expert is called what it is in the run.
_WHO = (
    ("final", "policy", POLICY),
    ("last", "last round", OTHER),
    ("expert", None, EXPERT),
    ("random", "random", RANDOM),
)


def returns_section(run: Facts) -> Html | None:
    """Histograms of the final episodes, and of the differences on equal seeds."""
    heaps = [
        Heap(
            name=name or yardstick_mark(run),
            color=color,
            values=episodes.total,
            score=_score(episodes),
        )
        for key, name, color in _WHO
        if (episodes := run.episodes.get(key)) is not None and len(episodes.total) > 1
    ]
    if not heaps:
        return None
    told = "; ".join(f"{heap.name} {interval(heap.score)}" for heap in heaps)
    return section(
        "Episode by episode",
        histograms(heaps, name="returns", zero=False, description=f"Returns: {told}"),
        _paired(run),
        note=marked(run, _note(run, heaps)),
    )


def _note(run: Facts, heaps: list[Heap]) -> str:
    counts = {len(heap.values) for heap in heaps}
    seeds = {tuple(run.episodes[key].seed) for key, *_ in _WHO if key in run.episodes}
    many = f"{whole(min(counts))} final episodes each" if len(counts) == 1 else ""
    same = ", from the same seeds" if len(seeds) == 1 else ""
    return (
        f"{many or 'The final episodes'}{same}. Dot and bar: mean and 95 % interval."
        " Each heap has a height of its own."
    )


def _paired(run: Facts) -> Html | None:
    """The differences to the expert seed by seed, or to random where there is none."""
    policy = run.episodes.get("final")
    key, name = (
        ("expert", yardstick(run)) if "expert" in run.episodes else ("random",) * 2
    )
    other = run.episodes.get(key)
    if policy is None or other is None:
        return None
    mean = difference(policy, other)
    if mean is None:
        return None
    mine, theirs = returns_together(policy, other)
    heap = Heap(name="difference", color=POLICY, values=mine - theirs, score=mean)
    told = f"Policy minus {name}: {interval(mean, signed=True)}"
    return joined(
        tag("h3", f"The policy minus {name}, seed by seed"),
        tag("p", marked(run, _counted(mine - theirs)), class_="note"),
        histograms([heap], name="paired", zero=True, description=told),
    )


def _counted(gaps: Float[np.ndarray, " episodes"]) -> str:
    """How often the policy returned more, the same and less."""
    counts = {
        "more": int(np.sum(gaps > 0)),
        "the same": int(np.sum(gaps == 0)),
        "less": int(np.sum(gaps < 0)),
    }
    told = [f"{name} on {whole(count)}" for name, count in counts.items() if count]
    return f"It returned {', '.join(told)} of {whole(len(gaps))} seeds."


def _score(episodes: Episodes) -> Score:
    found = estimate(episodes.total)
    low, high = found.ci95
    return Score(mean=found.mean, low=low, high=high, episodes=len(episodes.total))
