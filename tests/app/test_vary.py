"""Return against what is varied: the numbers, the table, the page and the refusals."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.commands import WALK, WALKER, done, refused, short
from novice.app.compare import common_task
from novice.app.evaluation import Wish, wish_in
from novice.app.judge import Judge
from novice.app.options import UsageError
from novice.app.vary import contestant, varied
from novice.app.vary_numbers import Outcome, differences, without_effect


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def pair(made: Callable[..., Path]) -> tuple[str, str]:
    """Two policies for the same task."""
    return str(made("bc", *short("bc"))), str(made("dagger", *short("dagger")))


def numbers(
    runs: tuple[str, ...], *wishes: str, episodes: int = 12, **arguments: Any
) -> dict[str, Any]:
    return varied(
        runs,
        [wish_in(wish) for wish in wishes],
        episodes=episodes,
        which="best",
        expert=WALKER,
        arguments=arguments,
    )


def test_values_are_json_where_they_can_be():
    assert wish_in("gravity=-8,-10.5") == Wish(
        "gravity=-8,-10.5", "gravity", (-8, -10.5)
    )
    assert wish_in("mode=true,false").values == (True, False)
    assert wish_in("range=[1,2],[3,4]").values == ([1, 2], [3, 4])


def test_what_is_no_json_is_a_word_or_a_number_as_people_write_it():
    assert wish_in("noise=.5,1").values == (0.5, 1)
    assert wish_in("kind=easy, hard").values == ("easy", "hard")


@pytest.mark.parametrize("text", ["noise", "noise=", "=1", "noise=1,,2", "noise=a,"])
def test_a_wish_without_a_name_or_a_value_is_refused(text: str):
    with pytest.raises(UsageError, match="--vary takes WHAT=V1,V2,V3"):
        wish_in(text)


@pytest.mark.parametrize("text", ["noise=NaN", "noise=1,inf", "noise=Infinity,.5"])
def test_no_value_is_infinite(text: str):
    with pytest.raises(UsageError, match="--vary takes numbers and words"):
        wish_in(text)


def test_at_the_usual_value_everybody_returns_what_they_usually_do(
    pair: tuple[str, str],
):
    found = numbers(pair, "action_noise=0,0.5")

    usual, _ = found["vary"][0]["values"]
    for before, then in zip(found["policies"], usual["policies"], strict=True):
        assert then["return"] == before["return"]
        assert then["normalized"] == before["normalized"]
    assert usual["random"]["return"] == found["random"]["return"]
    assert usual["expert"]["return"] == found["expert"]["return"]
    assert usual["policies"][0]["kept"] == {"mean": 1.0, "ci95": [1.0, 1.0]}


def test_what_everybody_returns_depends_on_the_value(pair: tuple[str, str]):
    still, shaky = numbers(pair, "action_noise=0,1")["vary"][0]["values"]

    # Acting at random throughout, whoever chooses.
    assert shaky["policies"][0]["return"] == shaky["policies"][1]["return"]
    assert shaky["expert"]["return"] == shaky["policies"][0]["return"]
    assert shaky["expert"]["return"]["mean"] < still["expert"]["return"]["mean"]


def test_policies_are_compared_on_the_same_seeds_at_each_value(pair: tuple[str, str]):
    block = numbers(pair, "observation_delay=0,1,2")["vary"][0]

    for entry in block["values"]:
        one, other = (each["return"]["mean"] for each in entry["policies"])
        (gap,) = entry["differences"]
        assert (gap["from"], gap["to"]) == pair
        assert gap["mean"] == pytest.approx(other - one)
    early, middle, late = (entry["differences"][0]["mean"] for entry in block["values"])
    (gap,) = block["over_range"]["differences"]
    assert gap["mean"] == pytest.approx((early + 2 * middle + late) / 4)


def test_what_is_kept_is_told_by_chance_and_the_return_as_trained(
    pair: tuple[str, str],
):
    found = numbers(pair[:1], "action_noise=0.5")

    (entry,) = found["vary"][0]["values"][0]["policies"]
    (usual,), chance = found["policies"], found["random"]["return"]["mean"]
    assert chance != 0
    assert entry["kept"]["mean"] == pytest.approx(
        (entry["return"]["mean"] - chance) / (usual["return"]["mean"] - chance)
    )


def test_a_difference_is_what_the_later_run_returns_more(pair: tuple[str, str]):
    found: dict[str, Judge] = {}
    both = [
        contestant(run, found, which="best", expert=WALKER, episodes=2) for run in pair
    ]

    (gap,) = differences(both, [np.array([1.0, 2.0]), np.array([4.0, 5.0])])

    assert (gap["from"], gap["to"], gap["mean"]) == (*pair, 3.0)


def test_over_all_values_the_mean_return_is_the_area_by_the_width(
    pair: tuple[str, str],
):
    block = numbers(pair[:1], "action_noise=0,0.2,1")["vary"][0]

    at = [entry["policies"][0]["return"]["mean"] for entry in block["values"]]
    area = 0.2 * (at[0] + at[1]) / 2 + 0.8 * (at[1] + at[2]) / 2
    (over,) = block["over_range"]["policies"]
    assert over["return"]["mean"] == pytest.approx(area)


def test_values_are_told_in_order_and_once(pair: tuple[str, str]):
    block = numbers(pair[:1], "action_noise=0.5,0,0.5", episodes=2)["vary"][0]

    assert [entry["value"] for entry in block["values"]] == [0, 0.5]


def test_several_things_are_varied_each_by_itself(pair: tuple[str, str]):
    found = numbers(pair[:1], "action_noise=0.5", "observation_delay=1", episodes=2)

    assert [block["what"] for block in found["vary"]] == [
        "action_noise",
        "observation_delay",
    ]


def test_noise_in_observations_says_whose_spread_it_is_in(pair: tuple[str, str]):
    (block,) = numbers(pair[:1], "observation_noise=0,1", episodes=2)["vary"]

    assert block["spread_of"] == WALKER


def test_what_changes_nobodys_return_is_found_out():
    two, other = np.array([[1.0, 2.0]]), np.array([[1.0, 3.0]])
    chance = np.zeros(2)

    assert without_effect([Outcome(two, chance, None), Outcome(two, chance, None)])
    assert not without_effect(
        [Outcome(two, chance, None), Outcome(other, chance, None)]
    )
    assert not without_effect(
        [Outcome(two, chance, None), Outcome(two, chance + 1, None)]
    )
    assert not without_effect([Outcome(two, chance, None)])


def test_nobodys_returns_depend_on_who_else_is_compared(pair: tuple[str, str]):
    alone = numbers(pair[1:], "action_noise=0.5")["vary"][0]["values"][0]
    together = numbers(pair, "action_noise=0.5")["vary"][0]["values"][0]

    assert alone["policies"][0] == together["policies"][1]
    assert alone["random"] == together["random"]


def test_the_table_has_a_row_for_each_value_and_a_column_for_each_policy(
    pair: tuple[str, str],
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("COLUMNS", "140")

    out = done(
        *(capsys, "evaluate", *pair, "--vary", "action_noise=0,0.5"),
        *("--expert", WALKER, "--episodes", "5"),
    )

    cell = r"-?\d\.\d\d \[-?\d\.\d\d, -?\d\.\d\d\]"
    assert re.search(r"action_noise +bc +dagger +expert: \S+ +chance", out)
    for value in ("0", r"0\.5"):
        assert re.search(rf"^ {value} +{cell} +{cell} +{cell} +{cell}", out, re.M)
    assert "bc keeps at least 90 % of its usual return above chance" in out
    # The page is told last, and it is there.
    page = Path(out.splitlines()[-1])
    assert page == Path("runs/evaluate-app.homemade-Walk-v0/report.html")
    assert page.is_file()


def test_the_next_page_has_a_folder_of_its_own(
    pair: tuple[str, str], here: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("evaluate", pair[0], "--vary", "action_noise=0", "--episodes", "2")
    pages = [done(capsys, *words).splitlines()[-1] for _ in range(2)]

    assert pages[1] == "runs/evaluate-app.homemade-Walk-v0-2/report.html"


def test_as_json_the_folder_holds_what_is_printed(
    pair: tuple[str, str], here: Path, capsys: pytest.CaptureFixture[str]
):
    out = done(
        *(capsys, "evaluate", pair[0], "--vary", "action_noise=0,1"),
        *("--episodes", "2", "--json", "--out", "kept"),
    )

    found = json.loads(out)
    assert found.pop("report") == "kept/report.html"
    assert json.loads(Path("kept/summary.json").read_text()) == found
    asked = json.loads(Path("kept/settings.json").read_text())["settings"]
    assert (asked["runs"], asked["vary"]) == ([pair[0]], ["action_noise=0,1"])


def test_the_page_can_be_written_anew(
    pair: tuple[str, str], here: Path, capsys: pytest.CaptureFixture[str]
):
    page = Path("kept/report.html")
    done(
        *(capsys, "evaluate", *pair, "--vary", "action_noise=0,1"),
        *("--expert", WALKER, "--episodes", "3", "--out", "kept"),
    )
    before = page.read_bytes()

    assert done(capsys, "report", "kept").strip() == str(page)
    assert page.read_bytes() == before


def test_without_anything_to_vary_nothing_is_written(
    pair: tuple[str, str], here: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, "evaluate", pair[0], "--episodes", "2")

    assert os.listdir(here) == []


def test_a_comparison_has_a_page_where_a_folder_is_named(
    pair: tuple[str, str], here: Path, capsys: pytest.CaptureFixture[str]
):
    out = done(capsys, "evaluate", *pair, "--episodes", "3", "--out", "kept")

    assert out.splitlines()[-1] == "kept/report.html"
    page = Path("kept/report.html").read_text()
    assert "dagger minus bc, on the same seeds" in page


def test_a_folder_that_holds_something_is_refused(
    pair: tuple[str, str], here: Path, capsys: pytest.CaptureFixture[str]
):
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work")

    assert refused(capsys, "evaluate", pair[0], "--out", "mine") == (
        "--out is mine, but something is there already; name a new folder"
    )


def test_what_can_be_varied_is_listed(
    pair: tuple[str, str], here: Path, capsys: pytest.CaptureFixture[str]
):
    out = done(capsys, "evaluate", pair[0], "--vary", "list")

    for name in ("action_noise", "observation_noise", "action_delay"):
        assert name in out
    assert os.listdir(here) == []


def test_what_the_task_has_not_is_refused_with_what_it_has(
    pair: tuple[str, str], here: Path, capsys: pytest.CaptureFixture[str]
):
    said = refused(capsys, "evaluate", pair[0], "--vary", "wind=1,2")

    assert said.startswith("app.homemade:Walk-v0 has no wind to vary; it has ")
    assert said.endswith(
        "observation_noise, action_noise, action_delay, observation_delay"
    )
    assert os.listdir(here) == []


def test_a_thing_varied_twice_is_refused(
    pair: tuple[str, str], capsys: pytest.CaptureFixture[str]
):
    words = ("--vary", "action_noise=0", "--vary", "action_noise=1")

    assert refused(capsys, "evaluate", pair[0], *words) == (
        "--vary action_noise is given twice; give all its values at once:"
        " --vary action_noise=V1,V2,V3"
    )


def lander(folder: Path, **arguments: Any) -> str:
    """A folder that says on what it was trained, and nothing else."""
    folder.mkdir()
    told = {
        "schema": 1,
        "command": "bc",
        "settings": {"task": "LunarLander-v3", "task_argument": arguments},
    }
    (folder / "settings.json").write_text(json.dumps(told))
    return str(folder)


def test_runs_trained_on_different_values_meet_where_that_is_varied_or_said(
    tmp_path: Path,
):
    pytest.importorskip("Box2D", reason="Box2D is not installed")
    runs = [lander(tmp_path / "a"), lander(tmp_path / "b", gravity=-5.0)]

    with pytest.raises(UsageError, match="compare runs of one task, or say by --task"):
        common_task(runs, {})

    assert common_task(runs, {"gravity": -7.0}).kwargs == {"gravity": -7.0}
    assert common_task(runs, {}, free={"gravity"}).kwargs == {}


WINDY_WALK = """
import gymnasium
from app.homemade import Walk


class WindyWalk(Walk):
    def __init__(self, wind: float = 0.0, render_mode: str | None = None) -> None:
        self.wind = wind

    def step(self, action: int) -> tuple:
        self.place += self.wind
        return super().step(action)


gymnasium.register("WindyWalk-v0", WindyWalk, max_episode_steps=10)
"""


@pytest.mark.slow
def test_each_policy_keeps_its_share_of_what_it_can_where_it_was_trained(
    workplace: Path, capsys: pytest.CaptureFixture[str]
):
    (workplace / "windy_walk.py").write_text(WINDY_WALK)
    for name, wind in (("still", 0.0), ("windy", 0.15)):
        words = short("bc", "--task-argument", f"wind={wind}", "--out", name)
        done(capsys, *(w.replace(WALK, "windy_walk:WindyWalk-v0") for w in words))

    found = numbers(("still", "windy"), "wind=0,0.15")

    still, windy = found["policies"]
    assert (still["task_argument"], windy["task_argument"]) == (
        {"wind": 0.0},
        {"wind": 0.15},
    )
    calm, storm = (entry["policies"] for entry in found["vary"][0]["values"])
    assert calm[0]["kept"]["mean"] == 1.0 == storm[1]["kept"]["mean"]
    assert (calm[0]["return"], storm[1]["return"]) == (still["return"], windy["return"])
    # They were trained on different tasks, so no seed was played twice.
    assert found["differences"] == []
    assert "usual" not in found["vary"][0]

    # A value is the usual one where nothing else is other than usual.
    (calm,) = numbers(("still",), "action_noise=0", episodes=2)["vary"]
    (storm,) = numbers(("still",), "action_noise=0", episodes=2, wind=0.15)["vary"]
    assert calm["usual"] == 0
    assert "usual" not in storm
