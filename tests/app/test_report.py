"""The report's promises: what it says, leaves out and never lets through."""

import functools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest

from app import sample_runs
from app.sample_runs import SAMPLES
from novice.app.report import (
    Replay,
    RunContents,
    UnreadableRunError,
    read_contents,
    report,
)
from novice.app.report.closing import command_line, phases_of
from novice.app.report.facts import Episodes, Score, facts
from novice.app.report.figures import (
    Curve,
    Level,
    learning_curve,
    small_line,
)
from novice.app.report.figures import _apart as apart
from novice.app.report.figures import _edges as edges
from novice.app.report.markup import escaped, tag
from novice.app.report.numbers import about, duration, interval
from novice.app.report.pairs import difference, share_of_the_way
from novice.app.report.series import series_of
from novice.app.report.svg import EXPERT
from novice.app.report.words import headline, remarks

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "' onmouseover=alert(1) x='",
    "</title></style></svg><iframe src=https://evil.example>",
    "javascript:alert(1)",
    "&lt;b&gt; &amp; $\\frac{1}{2}$ ]]> <!--",
    "雪だるま\N{SNOWMAN} \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe \ud800",
)


Sample = Callable[[], RunContents]


class Outline(HTMLParser):
    """The elements of a page with the names of their attributes, and its text."""

    def __init__(self, page: str):
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.ids: list[str | None] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@functools.cache
def page_of(sample: Sample) -> str:
    """The page of a sample as it is, drawn once for all tests."""
    return report(sample())


def text_of(contents: RunContents) -> str:
    return text_in(report(contents))


def text_in(page: str) -> str:
    return Outline(page[page.index("<body>") :]).text


def changed(contents: RunContents, **summary: Any) -> RunContents:
    """The contents with another summary; `None` takes a name out of it."""
    merged = {**contents.summary, **summary}
    kept = {name: value for name, value in merged.items() if value is not None}
    return replace(contents, summary=kept)


def with_names(contents: RunContents, name: str) -> RunContents:
    """The contents with `name` wherever a file may hold a text."""
    summary = {**contents.summary, "env": name}
    summary["expert"] = {**summary.get("expert", {}), "name": name}
    if "seconds" in summary:
        summary["seconds"] = {**summary["seconds"], name: 1.0}
    if "steps" in summary:
        summary["steps"] = [{**step, "folder": name} for step in summary["steps"]]
    if "teacher" in summary:
        teacher = {**summary["teacher"], "people": [name, "ana", name]}
        if "simulation" in teacher:
            teacher["simulation"] = {**teacher["simulation"], "simulate": name}
        summary["teacher"] = teacher
    settings = {
        "command": contents.settings["command"],
        "version": name,
        "settings": {"task": name, "from": name, name: name, "nested": {name: [name]}},
        "versions": {"python": name, name: "1"},
    }
    return replace(
        contents,
        summary=summary,
        settings=settings,
        metrics=[{**line, name: line["round"] * 1.5} for line in contents.metrics],
        replays=[
            replace(replay, label=name, frames=name) for replay in contents.replays
        ],
    )


# -- safety


@functools.cache
def outline_with_names(sample: Sample, name: str) -> Outline:
    return Outline(report(with_names(sample(), name)))


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_hostile_names_change_no_markup(sample: Sample) -> None:
    plain = outline_with_names(sample, "plain")
    hostile = outline_with_names(sample, " ".join(HOSTILE))
    assert hostile.elements == plain.elements


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_alone_changes_no_markup(name: str) -> None:
    plain = outline_with_names(sample_runs.unpaid, "plain")
    assert outline_with_names(sample_runs.unpaid, name).elements == plain.elements


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_as_it_is(name: str) -> None:
    sayable = name.encode("utf-8", "replace").decode()
    page = outline_with_names(sample_runs.unpaid, name)
    assert page.words.count(sayable) >= 5


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_page_asks_for_nothing_outside_itself(sample: Sample) -> None:
    page = page_of(sample)
    named = [v for n, v in Outline(page).attributes if n in ("src", "href", "srcset")]
    assert all(str(value).startswith(("data:", "#")) for value in named)
    assert "http:" not in page and "https:" not in page and "@import" not in page
    assert all(where.startswith("#") for where in re.findall(r"url\((.*?)\)", page))


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_page_runs_nothing(sample: Sample) -> None:
    page = Outline(page_of(sample))
    assert "script" not in {name for name, _ in page.elements}
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_a_page_forbids_whatever_it_does_not_need() -> None:
    page = Outline(page_of(sample_runs.bc))
    (policy,) = [v for n, v in page.attributes if v and v.startswith("default-src")]
    assert policy == (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def test_an_attribute_cannot_be_left() -> None:
    assert tag("p", class_="a\" onclick='b'") == (
        '<p class="a&quot; onclick=&#x27;b&#x27;"></p>'
    )


def test_what_utf8_cannot_say_is_a_question_mark() -> None:
    assert escaped("a\ud800b") == "a?b"


# -- form


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_the_same_contents_give_the_same_page(sample: Sample) -> None:
    assert report(sample()) == page_of(sample)


def test_what_else_matplotlib_was_told_changes_nothing() -> None:
    page = page_of(sample_runs.dagger)
    with matplotlib.rc_context(
        {"axes.spines.bottom": False, "path.sketch": (1, 100, 2)}
    ):
        assert report(sample_runs.dagger()) == page


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_an_id_stands_once_in_a_page(sample: Sample) -> None:
    ids = Outline(page_of(sample)).ids
    assert len(ids) == len(set(ids))


def test_twenty_curves_are_at_most_500_kB() -> None:
    rng = np.random.default_rng(0)
    metrics = [
        {"round": line // 20, **{f"measure {n}": rng.normal() for n in range(20)}}
        for line in range(4_000)
    ]
    page = report(replace(sample_runs.dagger(count=200), metrics=metrics))
    assert page.count('<svg class="figure"') >= 20
    assert len(page.encode()) <= 500_000


def test_figures_take_every_color_from_the_page() -> None:
    page = page_of(sample_runs.dagger)
    figures = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL))
    assert len(figures) > 10_000
    assert not re.findall(r"(?:fill|stroke): #", figures)


def test_a_folder_gives_the_page_of_its_contents(tmp_path: Path) -> None:
    contents = sample_runs.dagger()
    for name in ("settings", "summary", "evaluation"):
        (tmp_path / f"{name}.json").write_text(json.dumps(getattr(contents, name)))
    for name in ("metrics", "timings"):
        lines = [json.dumps(line) + "\n" for line in getattr(contents, name)]
        (tmp_path / f"{name}.jsonl").write_text("".join(lines))
    replays = [
        {
            "label": replay.label,
            "seed": replay.seed,
            "length": replay.length,
            "return": replay.total_reward,
            "actions": replay.actions,
        }
        for replay in contents.replays
    ]
    (tmp_path / "replays.json").write_text(json.dumps(replays))
    assert report(read_contents(tmp_path)) == report(contents)


# -- what it says


def known(**changes: Any) -> Any:
    """Facts of a run of which little is known, and these."""
    bare = RunContents(settings={}, summary={"command": "dagger", "env": "Task-v0"})
    return replace(facts(bare), **changes)


def points(mean: float, low: float, high: float, **more: Any) -> Score:
    return Score(mean=float(mean), low=float(low), high=float(high), **more)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_headline_says_how_far_the_policy_came_and_from_what() -> None:
    run = replace(
        facts(sample_runs.dagger()), normalized=0.98, final=points(230, 220, 240)
    )
    assert plain(headline(run, points(0.98, 0.958, 1.002))) == (
        "The policy reaches 0.98 [0.96, 1.00] of the way from random to the expert,"
        " from 5,000 labels."
    )


def test_without_an_expert_the_headline_gives_the_return() -> None:
    run = known(final=points(487.24, 480, 494), random=points(22, 20, 24))
    assert plain(headline(run, None)) == (
        "The policy scores 487 [480, 494] on average (at random: 22)."
    )


def test_without_a_reward_the_headline_gives_the_disagreement() -> None:
    assert "The policy disagrees with the expert by" in text_in(
        page_of(sample_runs.unpaid)
    )


def test_a_headline_about_nothing_measured_says_so() -> None:
    assert headline(known(), None) == (
        "A policy was trained; nothing here says how good it is."
    )


def told(**against: Score) -> str:
    run = facts(sample_runs.dagger())
    return plain(" ".join(remarks(run, against)))


def test_it_says_on_which_episodes_the_round_was_chosen_and_scored() -> None:
    assert told() == (
        "The policy is that of round 12 of 0 to 19, chosen by its return on 20"
        " validation episodes; its score comes from 100 other episodes. By then 3,250"
        " of the 5,000 labels were used. The last round is lower: 179 against 255 on"
        " the validation episodes."
    )


def test_it_says_when_the_last_round_is_worse() -> None:
    assert (
        "The last round is worse: it scores 31 [12, 50] less on the same 100 seeds."
        in (told(last=points(-31, -50, -12, episodes=100)))
    )


def test_it_says_when_the_last_round_cannot_be_told_from_the_chosen_one() -> None:
    assert "The last round cannot be told from it: the difference is −3 [−9, +3]" in (
        told(last=points(-3, -9, 3, episodes=100))
    )


def test_it_says_when_the_policy_is_not_clearly_better_than_chance() -> None:
    assert "It is not clearly better than acting at random" in (
        told(random=points(4, -1, 9, episodes=100))
    )


def asked(how: str) -> str:
    """What is remarked of a run that asked like this."""
    run = replace(
        sample_runs.dagger(), settings=sample_runs.settings("dagger", ask=how)
    )
    return plain(" ".join(str(remark) for remark in remarks(facts(run), {})))


def test_a_strategy_is_told_that_it_may_claim_only_what_it_gains_over_chance() -> None:
    assert (
        "What --ask committee may claim is only what it gains over a random choice of"
        " as many labels. On three tasks none reached 0.9 with fewer labels than that"
        in asked("committee")
    )
    assert "may claim" not in asked("random") + asked("everything")


@pytest.mark.parametrize(
    ("gap", "sentence"),
    [
        (points(-4, -7, -1, episodes=600), "It scores 4 [1, 7] less than the expert"),
        (points(4, 1, 7, episodes=600), "It scores 4 [1, 7] more than the expert"),
        (points(1, -4, 6, episodes=600), "it cannot be told from the expert"),
        (points(0, 0, 0, episodes=600), "It scores exactly what the expert scores"),
    ],
)
def test_it_compares_with_the_expert_on_the_same_seeds(
    gap: Score, sentence: str
) -> None:
    assert sentence in told(expert=gap)


def test_the_demo_says_what_each_step_changed_and_whether_it_was_kept() -> None:
    text = plain(text_in(page_of(sample_runs.demo)))
    assert (
        "After being corrected the return changed by +216 [+172, +260] on the same 100"
        " seeds: it is better; kept."
    ) in text
    assert "no difference that these episodes can show; set aside." in text


def test_the_demo_ends_with_what_was_kept_not_with_what_came_last() -> None:
    assert "The policy ends 0.98 of the way" in text_in(page_of(sample_runs.demo))


def test_the_demo_says_why_this_episode_is_shown() -> None:
    assert "the one where the clone returned least" in text_in(
        page_of(sample_runs.demo)
    )


def test_other_seconds_are_the_total_less_the_phases_and_compiling_is_in_them() -> None:
    seconds = {"total": 20.0, "fit": 8.0, "collect": 6.0, "compile": 3.0}
    assert phases_of(seconds) == {"collect": 6.0, "fit": 8.0, "other": 6.0}


def test_seconds_are_summed_over_rounds_where_no_summary_has_them() -> None:
    contents = changed(sample_runs.dagger(), seconds=None)
    assert facts(contents).seconds == pytest.approx({"collect": 6.0, "fit": 8.0})


def test_the_command_line_repeats_the_settings() -> None:
    settings = {
        "task": "Hopper-v5",
        "task_argument": {"reset_noise_scale": 0.1, "xml_file": "my hopper.xml"},
        "expert": "law:act",
        "labels_per_round": 250,
        "fit": {"hidden": [64, 64]},
        "quick": False,
        "data": None,
    }
    assert command_line("dagger", settings) == [
        "novice dagger Hopper-v5",
        "--task-argument reset_noise_scale=0.1",
        "--task-argument 'xml_file=my hopper.xml'",
        "--expert law:act",
        "--labels-per-round 250",
        "--hidden 64 64",
        "--no-quick",
    ]


def test_the_demos_command_line_names_no_task() -> None:
    assert command_line("demo", {"task": "LunarLander-v3", "seed": 3}) == [
        "novice demo",
        "--seed 3",
    ]


# -- what it leaves out


def bare(command: str) -> RunContents:
    return RunContents(settings={}, summary={"command": command, "env": "Task-v0"})


@pytest.mark.parametrize("command", ["bc", "dagger", "reinforce", "evaluate", "demo"])
def test_of_an_empty_run_nothing_is_said(command: str) -> None:
    text = text_of(bare(command))
    assert not re.findall(r"\d", text.replace("Task-v0", ""))
    assert "expert" not in text and "return" not in text and "label" not in text


@pytest.mark.parametrize(
    ("without", "heading"),
    [
        ({"metrics": [], "summary": {"rounds": None}}, "Along the way"),
        ({"evaluation": None}, "Episode by episode"),
        ({"replays": []}, "What it looks like"),
        ({"summary": {"seconds": None}, "timings": []}, "Where the time went"),
        ({"summary": {"rounds": None}}, "Rounds"),
        ({"summary": {"rounds": None}}, "How it learned"),
    ],
)
def test_a_section_without_data_is_left_out(
    without: dict[str, Any], heading: str
) -> None:
    summary = without.pop("summary", {})
    contents = replace(changed(sample_runs.dagger(), **summary), **without)
    assert heading in text_in(page_of(sample_runs.dagger))
    assert heading not in text_of(contents)


def test_a_task_without_a_reward_shows_no_return() -> None:
    text = text_in(page_of(sample_runs.unpaid))
    assert text.count("return") == text.count("stands in for the return")
    assert "Best episode" not in text and "Episode by episode" not in text


def test_a_column_that_no_round_knows_is_left_out() -> None:
    assert " normalized " in text_in(page_of(sample_runs.dagger))
    assert " normalized " not in text_in(page_of(sample_runs.reinforce))


def test_how_far_steps_of_practice_can_be_believed_is_said() -> None:
    told = "In rounds 15 to 19: 8 episodes are enough for a reliable step."
    believed = changed(sample_runs.reinforce(), signal={"episodes": 8, "says": told})
    assert told in text_of(believed)
    assert "reliable step" not in text_in(page_of(sample_runs.reinforce))


def test_zero_is_shown_where_it_was_measured() -> None:
    rounds = [{"round": 0, "labels": 0, "env_steps": 0}]
    assert facts(changed(bare("bc"), rounds=rounds)).env_steps == 0


def test_a_run_of_one_round_has_no_learning_curve() -> None:
    assert "How it learned" not in text_in(page_of(sample_runs.bc))


def test_values_that_are_no_numbers_are_counted_and_left_out() -> None:
    metrics = [{"round": n, "loss": value} for n, value in enumerate([3, np.nan, 1])]
    (loss,) = series_of(metrics)
    assert (loss.at.tolist(), loss.values.tolist(), loss.gaps) == ([0, 2], [3, 1], 1)


def test_several_lines_a_round_are_drawn_in_their_order() -> None:
    (loss,) = series_of([{"round": 0, "loss": value} for value in (3, 2, 1)])
    assert loss.at.tolist() == [1, 2, 3]


# -- numbers


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (points(0.9812, 0.9604, 1.0002), "0.98 [0.96, 1.00]"),
        (points(236.42, 228.9, 243.1), "236 [229, 243]"),
        (points(0.6, 0.5, 0.7), "0.60 [0.50, 0.70]"),
        (points(-194.2, -212.1, -177.3), "−194 [−212, −177]"),
        (points(500, 500, 500), "500 [500, 500]"),
        (points(2310.4, 2280.1, 2340.2), "2310 [2280, 2340]"),
    ],
)
def test_an_interval_has_the_decimals_that_it_bears(score: Score, text: str) -> None:
    assert plain(interval(score)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.42, "420 ms"),
        (4.24, "4.2 s"),
        (59.6, "1 min 00 s"),
        (185.0, "3 min 05 s"),
        (7_800.0, "2 h 10 min"),
    ],
)
def test_a_duration_reads_like_a_time(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_nothing_is_never_negative() -> None:
    assert about(-0.0) == "0"


def played(**returns: float) -> Episodes:
    """Episodes by their seeds: s1=3.0 is a return of 3 from seed 1."""
    return Episodes(
        seed=np.array([int(name[1:]) for name in returns]),
        total=np.array(list(returns.values())),
    )


def test_a_difference_pairs_equal_seeds_whatever_their_order() -> None:
    gap = difference(played(s9=100.0, s1=5.0, s2=7.0), played(s2=6.0, s1=1.0))
    assert gap is not None
    assert (gap.mean, gap.episodes) == ((5 - 1 + 7 - 6) / 2, 2)


def test_without_common_seeds_there_is_no_difference() -> None:
    assert difference(played(s1=5.0, s2=7.0), played(s3=6.0, s4=1.0)) is None


def test_the_share_of_the_way_by_hand() -> None:
    way = share_of_the_way(
        played(s1=4.0, s2=8.0),
        random=played(s1=0.0, s2=2.0),
        expert=played(s1=9.0, s2=13.0),
    )
    assert way is not None
    assert way.mean == pytest.approx((6 - 1) / (11 - 1))


def test_there_is_no_way_to_an_expert_no_better_than_chance() -> None:
    both = played(s1=1.0, s2=2.0)
    assert share_of_the_way(both, random=both, expert=both) is None


# -- figures


def test_names_beside_a_figure_keep_a_line_apart() -> None:
    assert apart([50.0, 52.0, 90.0, 99.0], 100.0) == [50, 65, 85, 100]


def test_a_curve_names_its_levels_and_marks_the_chosen_round() -> None:
    scores = [points(1, 0, 2), points(3, 2, 4)]
    drawn = learning_curve(
        Curve(
            at=[1.0, 2.0],
            at_name="labels",
            scores=scores,
            score_name="return",
            chosen=1,
        ),
        [Level(name="expert", color=EXPERT, score=points(4, 3, 5))],
        description="from 1 to 3",
    )
    for word in ("expert", "policy", "chosen", "labels", "return"):
        assert drawn.count(f">{word}</text>") == 2  # for the desk and for the phone


def test_a_heap_of_equal_returns_has_a_width() -> None:
    bins = edges(np.full(100, 500.0), most=40)
    assert (bins[0], bins[-1]) == (499.5, 500.5)


def test_a_long_series_is_drawn_as_means_of_neighbors() -> None:
    at = np.arange(100_000.0)
    drawn = small_line(at, np.sin(at), name="sine", description="a sine")
    assert len(drawn) < 40_000


# -- refusals


def test_a_folder_without_a_summary_is_no_finished_run(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(
        UnreadableRunError, match=r"has no summary\.json: a report needs"
    ):
        read_contents(tmp_path)


@pytest.mark.parametrize(
    ("final", "complaint"),
    [
        ({"return": {"mean": "<b>", "ci95": [0, 1]}}, "final.return.mean should be a"),
        (
            {"return": {"mean": 1, "ci95": 3}},
            r"final.return.ci95 should be \[low, high",
        ),
        ({"return": {"mean": np.nan, "ci95": [0, 1]}}, "finite number, but is nan"),
        (
            {"normalized": True},
            "final.normalized should be a finite number, but is True",
        ),
        ([1], r"final should be an object, but is \[1\]"),
    ],
)
def test_a_malformed_number_is_named(final: Any, complaint: str) -> None:
    with pytest.raises(UnreadableRunError, match=complaint):
        report(changed(sample_runs.bc(), final=final))


def test_a_malformed_replay_is_named(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{}")
    (tmp_path / "summary.json").write_text("{}")
    (tmp_path / "replays.json").write_text('[{"label": "best"}]')
    with pytest.raises(UnreadableRunError, match=r"replays, each with .*'seed'"):
        read_contents(tmp_path)


def test_a_replay_without_pictures_says_why() -> None:
    replay = Replay(label="best", seed=1, length=9, frames="The task has no pictures.")
    contents = replace(sample_runs.bc(), replays=[replay])
    assert "The task has no pictures." in text_of(contents)
