"""Say how people took over from a policy, and how fast they reacted."""

from collections.abc import Iterator

from novice.app.report.facts import Facts, Teacher
from novice.app.report.numbers import about, bounds, mean, percents

# An interval wider than this, in seconds, says nothing that one could go by.
_WIDEST = 0.2


def driving(run: Facts, teacher: Teacher) -> Iterator[str]:
    """What there is to say about hands on the controls."""
    yield from _share(run)
    yield from _reaction(teacher)


def _share(run: Facts) -> Iterator[str]:
    """How much of the driving was left to the policy, at first and in the end."""
    known = [facts for facts in run.rounds if facts.driven is not None]
    if not known:
        return
    first, last = known[0], known[-1]
    assert first.driven is not None and last.driven is not None
    told = f"Before round {first.number} a person drove {percents(first.driven)} of the"
    told += " steps in which the policy could have"
    if last is not first:
        told += f", and before round {last.number} {percents(last.driven)}"
    yield f"{told}."


def _reaction(teacher: Teacher) -> Iterator[str]:
    """How long after seeing something people acted on it, and what follows."""
    if teacher.lag == 0:
        yield "What was done is paired with what people had on their screen then."
    elif teacher.lag is not None:
        yield (
            f"What was done is paired with what people saw {about(teacher.lag)} s"
            " before."
        )
    found = teacher.reaction
    if found is None:
        return
    if found.high - found.low > _WIDEST:
        yield (
            "How long people took from seeing to acting cannot be told from these"
            f" episodes: between {about(found.low)} and {about(found.high)} s."
        )
        return
    low, high = bounds(found)
    told = f"From seeing to acting people took {mean(found)} s (95 % {low} to {high})"
    if teacher.lag is None and found.low > 0:
        told += (
            ": what they did answers what they had seen so long before, and --lag auto"
            " pairs the two"
        )
    yield f"{told}."
