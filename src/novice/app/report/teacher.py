"""Say who taught a policy, in how much time, and whether they were real."""

from collections.abc import Iterator, Sequence

from novice.app.report.driving import driving
from novice.app.report.facts import Facts, Looks, Teacher
from novice.app.report.markup import Child, Html, joined, tag
from novice.app.report.numbers import about, percent, spent, whole

# Nobody simulated answers under a name that does not begin like this.
_SIMULATED = "simulated"
_MOST_NAMES = 4  # of more, the last ones are counted


def taught_by(teacher: Teacher, *, everybody: bool = False) -> Html:
    """Who taught: "ana and ben", "a simulated person (auto, lapses 10 %)"."""
    names = list(_names(teacher))
    if not everybody and len(names) > _MOST_NAMES:
        left = len(names) - _MOST_NAMES + 1
        names = [*names[: _MOST_NAMES - 1], Html(f"{left} others")]
    return joined(_listed(names), _in_brackets(_traits(teacher)))


def effort(run: Facts, teacher: Teacher) -> str:
    """What it took: " with 312 answers in 5.2 minutes", as far as it is known."""
    told = ""
    if run.labels is not None:
        # Nothing says how many of the labels were brought along.
        noun = "label" if teacher.brought_from else "answer"
        told = f" with {whole(run.labels)} {noun}{'' if run.labels == 1 else 's'}"
    seconds = time_of(run)
    return told if seconds is None else f"{told} in {spent(seconds)}"


def time_of(run: Facts) -> float | None:
    """Seconds of people's time that the whole run took."""
    if run.teacher is not None and run.teacher.human_seconds is not None:
        return run.teacher.human_seconds
    known = [facts.human_seconds for facts in run.rounds if facts.human_seconds]
    return max(known, default=None)


def simulated(run: Facts) -> bool:
    """Whether anybody who taught was not real."""
    teacher = run.teacher
    return teacher is not None and (
        teacher.simulated or any(map(_says_so, teacher.people))
    )


def giver(run: Facts) -> str:
    """Whose the labels and the time are, without names: "a simulated person"."""
    people = [] if run.teacher is None else run.teacher.people
    many = len(people) > 1
    if not simulated(run):
        return "people" if many else "a person"
    if any(map(_says_so, people)) and not all(map(_says_so, people)):
        return "real and simulated people"
    return "simulated people" if many else "a simulated person"


def marked(run: Facts, note: str | None) -> Child:
    """The note of a section; where people were simulated, it says so first."""
    if run.teacher is None or not simulated(run):
        return note
    mark = tag("em", "Taught by ", taught_by(run.teacher), ".")
    return joined(mark, None if note is None else f" {note}")


def badge(run: Facts) -> Child:
    """What stands beside the task's name where people were simulated."""
    if run.teacher is None or not simulated(run):
        return None
    return tag("em", giver(run), _in_brackets(_traits(run.teacher)))


def teachers(run: Facts) -> Iterator[Child]:
    """What must be said about who taught, and about who did not."""
    teacher = run.teacher
    if teacher is None:
        return
    if simulated(run):
        whole_class = _all_simulated(teacher)
        yield joined(
            tag("em", "Nobody real" if whole_class else "Not everybody real"),
            f" taught here: {giver(run)}",
            _in_brackets(_traits(teacher)),
            f" answered{_pace(teacher)}.",
        )
    if teacher.looked is not None:
        many = f"answer{'' if teacher.looked.answers == 1 else 's'}"
        yield joined(
            f"{whole(teacher.looked.answers)} {many} came after a look at what each"
            f" action leads to{_beside(teacher.looked, teacher.not_looked)}."
        )
    yield from driving(run, teacher)
    if teacher.brought_from is not None:
        yield joined(
            "The labels, and the time, include what was brought along from ",
            tag("bdi", teacher.brought_from),
            ".",
        )
    known = run.expert is not None or run.expert_name is not None
    if known and _is_yardstick(run):
        name = _in_brackets([] if run.expert_name is None else [_name(run.expert_name)])
        yield joined(
            "The task's built-in controller",
            name,
            " is the yardstick",
            _its_part(run, teacher),
        )


def _beside(looked: Looks, others: Looks | None) -> str:
    """How answers after a look differ from the others; nothing says why they do."""
    told = (
        f": they took {about(looked.seconds)} s each and corrected the policy in"
        f" {percent(100 * looked.corrected)}"
    )
    if others is None:
        return told
    return (
        f"{told} of the cases, the other {whole(others.answers)} took"
        f" {about(others.seconds)} s and corrected it in"
        f" {percent(100 * others.corrected)}"
    )


def _its_part(run: Facts, teacher: Teacher) -> str:
    """What the built-in controller had to do with the teaching, as far as is known."""
    if simulated(run):
        itself = teacher.simulation.get("simulate") == "auto"
        return f"; {giver(run)} answered from what it does." if itself else "."
    return "; it taught nothing." if teacher.brought_from is None else "."


def _pace(teacher: Teacher) -> str:
    """How fast a simulated person answered, if that is known."""
    seconds = teacher.simulation.get("reaction")
    told = (
        ""
        if seconds is None
        else f" in {about(float(seconds))}\N{NO-BREAK SPACE}s on average"
    )
    if teacher.simulation.get("hurry"):
        told += "; their time was counted, not waited for"
    return told


def yardstick(run: Facts) -> str:
    """What the policy is measured against, in a sentence."""
    return "the built-in controller" if _is_yardstick(run) else "the expert"


def yardstick_mark(run: Facts) -> str:
    """What the policy is measured against, in a figure."""
    return "yardstick" if _is_yardstick(run) else "expert"


def _is_yardstick(run: Facts) -> bool:
    """Whether the expert answered nothing here, because people did."""
    return run.teacher is not None and not run.teacher.only_brought


def _all_simulated(teacher: Teacher) -> bool:
    """Whether nobody who taught was real."""
    told = [_says_so(name) for name in teacher.people]
    return all(told) or not any(told)


def _says_so(name: str) -> bool:
    return name.startswith(_SIMULATED)


def _names(teacher: Teacher) -> Iterator[Html]:
    """The names; one that hides that nobody is behind it is told to be simulated."""
    told = any(map(_says_so, teacher.people))
    hidden = teacher.simulated and not told
    if not teacher.people:
        yield Html("a simulated person" if hidden else "a person")
    for name in teacher.people:
        if name == "simulated person":
            yield Html("a simulated person")
        else:
            yield joined("simulated " if hidden else None, _name(name))


def _traits(teacher: Teacher) -> list[Child]:
    """What a simulated person is like: who answers for them, and how badly."""
    told: list[Child] = []
    simulation = teacher.simulation
    if simulation.get("simulate") is not None:
        told.append(_name(str(simulation["simulate"])))
    for name in ("lapses", "unsure"):
        if shares := _each(simulation.get(name)):
            each = " and ".join(percent(100.0 * share) for share in shares)
            told.append(f"{name} {each}")
    if scatter := _each(simulation.get("tremor")):
        told.append(f"tremor {' and '.join(map(about, scatter))} half-ranges")
    return told


def _each(value: float | list[float] | None) -> list[float]:
    """The numbers of each simulated person; nothing where all are zero."""
    values = value if isinstance(value, list) else [value or 0.0]
    return values if any(values) else []


def _in_brackets(told: Sequence[Child]) -> Html | None:
    if not told:
        return None
    return joined(" (", _with_commas(told), ")")


def _listed(names: Sequence[Html]) -> Html:
    """Names in a sentence: "ana, ben and cem"."""
    *first, last = names
    if not first:
        return last
    return joined(_with_commas(first), " and ", last)


def _with_commas(told: Sequence[Child]) -> Html:
    return joined([", " if place else None, piece] for place, piece in enumerate(told))


def _name(name: str) -> Html:
    """A name, whose direction of writing ends with it."""
    return tag("bdi", name)
