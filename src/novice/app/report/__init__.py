"""Make one page out of what a run's folder says."""

from importlib import resources

from novice.app.report.contents import (
    Replay,
    RunContents,
    UnreadableRunError,
    read_contents,
)
from novice.app.report.demo import demo_sections
from novice.app.report.evaluation import evaluation_sections
from novice.app.report.facts import Facts, facts
from novice.app.report.parts import page
from novice.app.report.pictures import animated, with_pictures
from novice.app.report.run import run_sections
from novice.app.report.teacher import giver, simulated

__all__ = [
    "Replay",
    "RunContents",
    "UnreadableRunError",
    "animated",
    "read_contents",
    "report",
    "with_pictures",
]


def report(contents: RunContents) -> str:
    """The report as a self-contained HTML page; the same contents give the same page.

    It shows what the contents say and nothing else: what is absent is left out.
    """
    run = facts(contents)
    sections = demo_sections if run.command == "demo" else run_sections
    if run.command == "evaluate" and "policies" in contents.summary:
        sections = evaluation_sections
    return page(
        sections(contents, run),
        title=" · ".join(_title(run)),
        style=resources.files("novice.app.report")
        .joinpath("report.css")
        .read_text("utf-8"),
    )


def _title(run: Facts) -> list[str]:
    taught = [f"taught by {giver(run)}"] if simulated(run) else []
    return [run.env, run.command, *taught, "novice"]
