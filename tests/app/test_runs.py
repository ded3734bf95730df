"""A run can begin where another one ended, and needs that one no more."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.commands import (
    differing,
    done,
    refused,
    said,
    short,
    spoken,
    summary_of,
)
from app.crashing import Killed, killed_after
from novice.app.folder import RunFolder, named_arrays
from novice.app.runs import policy_of_run
from novice.datasets.dataset import Answers, Origin
from novice.datasets.shards import save_part
from novice.envs.host_policy import HostPolicy


@pytest.fixture
def clone(made: Callable[..., Path], workplace: Path) -> Path:
    """A clone, made from 40 answers, in the current folder."""
    shutil.copytree(made("bc", *short("bc")), workplace / "clone")
    return Path("clone")


STARTS = {
    "bc": short("bc", "--data", "clone", "--out", "run"),
    "dagger": short("dagger", "--from", "clone", "--labels", "40", "--out", "run"),
    "reinforce": short("reinforce", "--from", "clone", "--out", "run"),
    "asking": short("dagger", "--expert", "clone", "--out", "run"),
}


@pytest.mark.parametrize("kind", STARTS)
def test_a_run_goes_on_after_the_one_it_began_with_is_gone(
    kind: str, clone: Path, workplace: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *STARTS[kind])
    (workplace / "run").rename(workplace / "whole")
    with killed_after("rounds/000"), pytest.raises(Killed):
        said(capsys, *STARTS[kind])

    shutil.rmtree(clone)
    done(capsys, *STARTS[kind], "--resume")

    assert differing(workplace / "whole", workplace / "run") == []


@pytest.mark.parametrize("kind", STARTS)
def test_a_run_begins_after_a_crash_before_it_had_begun(
    kind: str, clone: Path, workplace: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *STARTS[kind])
    (workplace / "run").rename(workplace / "whole")
    first = "run/expert" if kind == "asking" else "run/start"
    with killed_after(first), pytest.raises(Killed):
        said(capsys, *STARTS[kind])

    done(capsys, *STARTS[kind], "--resume")

    assert differing(workplace / "whole", workplace / "run") == []


def test_what_a_crash_left_of_another_beginning_is_not_taken_over(
    made: Callable[..., Path],
    clone: Path,
    workplace: Path,
    capsys: pytest.CaptureFixture[str],
):
    with killed_after("run/start"), pytest.raises(Killed):
        said(capsys, *STARTS["reinforce"])

    done(capsys, *short("reinforce", "--out", "run", "--resume"))

    undisturbed = made("reinforce", *short("reinforce"))
    assert differing(undisturbed, workplace / "run") == []


def test_a_clone_of_given_answers_learns_from_those_answers(
    clone: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *STARTS["bc"])

    given, kept = RunFolder(clone).dataset(), RunFolder(Path("run")).dataset()
    for column in ("observation", "action"):
        assert np.array_equal(given.column(column), kept.column(column))
    assert summary_of(Path("run"))["rounds"][0]["env_steps"] == 0


def test_a_clone_of_given_answers_needs_no_expert(
    clone: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *STARTS["bc"], "--expert", "auto")

    summary = summary_of(Path("run"))
    assert "expert" not in summary and "normalized" not in summary["final"]
    assert summary["final"]["return"]["episodes"] == 4


def test_correction_keeps_the_answers_it_began_with(
    clone: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *STARTS["dagger"])

    labels = [entry["labels"] for entry in summary_of(Path("run"))["rounds"]]
    assert labels == [60, 80]
    before = RunFolder(clone).dataset().column("observation")
    after = RunFolder(Path("run")).dataset().column("observation")
    assert np.array_equal(after[:40], before)


def test_correction_asks_for_labels_of_its_own_however_many_it_began_with(
    clone: Path, capsys: pytest.CaptureFixture[str]
):
    """The clone brings 40 answers; the run may ask for 20, and does."""
    done(capsys, *short("dagger", "--from", "clone", "--labels", "20", "--out", "run"))

    parts = RunFolder(Path("run")).dataset().parts
    assert [(part.origin.source, len(part)) for part in parts] == [
        ("demonstration", 40),
        ("correction", 20),
    ]


def taught(run: Path, parts: list[Answers]) -> None:
    """Let people have answered in a run what is in these parts."""
    shutil.rmtree(run / "dataset")
    for number, part in enumerate(parts):
        save_part(run / "dataset", number, part)


def said_by_people(marks: list[list[int]], *, who: str, round: int) -> Answers:
    """What somebody said to the questions 1, 2, 3, … about the walk."""
    rows = len(marks)
    return Answers(
        observation=np.linspace(-1, 1, rows, dtype=np.float32)[:, None],
        action=np.argmax(marks, axis=1)[:, None].astype(np.int32),
        episode=np.zeros(rows, np.int32),
        step=np.arange(rows, dtype=np.int32),
        origin=Origin(round, "correction", who),
        marks=np.int8(marks),
        question=np.arange(1, rows + 1),
    )


def test_the_answers_that_people_replaced_stay_behind(
    clone: Path, capsys: pytest.CaptureFixture[str]
):
    """Nor can what they say in the new run replace what they said in the old one."""
    taught(
        clone,
        [
            said_by_people([[1, 0], [1, 0], [1, 1]], who="Ada", round=0),
            said_by_people([[0, 1]], who="Ada", round=1),
        ],
    )

    done(capsys, *STARTS["bc"])

    first, second = RunFolder(Path("run")).dataset().parts
    assert (first.marks.tolist(), second.marks.tolist()) == ([[1, 0]], [[0, 1]])
    assert first.question is None and second.question is None
    assert [part.origin.round for part in (first, second)] == [0, 1]
    assert summary_of(Path("run"))["rounds"][0]["labels"] == 2


def test_a_run_in_which_no_answer_stands_has_nothing_to_learn_from(
    clone: Path, capsys: pytest.CaptureFixture[str]
):
    taught(clone, [said_by_people([[1, 1]], who="Ada", round=0)])

    assert refused(capsys, *STARTS["bc"]) == "clone holds no answers yet"


def test_sets_of_the_actions_of_another_task_do_not_fit(
    clone: Path, capsys: pytest.CaptureFixture[str]
):
    taught(clone, [said_by_people([[1, 0, 0]], who="Ada", round=0)])

    assert refused(capsys, *STARTS["bc"]) == (
        "the answers of clone are not actions of app.homemade:Walk-v0, which takes"
        " Discrete(2); they were given in another task"
    )


def test_practice_begins_with_the_policy_it_was_given(
    clone: Path, capsys: pytest.CaptureFixture[str]
):
    still = ("--env-steps", "1", "--rounds", "1", "--learning-rate", "0")
    done(capsys, *STARTS["reinforce"], *still)

    given, _ = policy_of_run("clone", which="best")
    kept, _ = policy_of_run("run", which="best")
    places = np.linspace(-1, 1, 9, dtype=np.float32)[:, None]
    assert np.allclose(
        HostPolicy(given).outputs(places), HostPolicy(kept).outputs(places), atol=1e-5
    )


def test_practice_with_a_critic_of_another_size_can_be_resumed(
    clone: Path, workplace: Path, capsys: pytest.CaptureFixture[str]
):
    words = [*STARTS["reinforce"], "--hidden", "6", "6", "--baseline", "value"]
    done(capsys, *words)
    (workplace / "run").rename(workplace / "whole")
    with killed_after("rounds/001"), pytest.raises(Killed):
        said(capsys, *words)

    done(capsys, *words, "--resume")

    assert differing(workplace / "whole", workplace / "run") == []


def test_practice_brings_no_answers_to_correct(
    clone: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *STARTS["reinforce"])

    words = short("dagger", "--from", "run", "--out", "other")
    assert refused(capsys, *words) == "run has no dataset: nobody answered in it"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["dagger", "CartPole-v1", "--from", "clone"],
            "the answers of clone are 1 numbers for observations of 1, but CartPole-v1"
            " takes 1 and shows 4; they were given in another task",
        ),
        (
            ["reinforce", "CartPole-v1", "--from", "clone"],
            "the policy of clone sees 1 numbers, but CartPole-v1 shows 4; it was"
            " trained on another task",
        ),
        (
            ["dagger", "CartPole-v1", "--expert", "clone"],
            "the policy of clone sees 1 numbers, but CartPole-v1 shows 4;",
        ),
        (
            ["bc", "CartPole-v1", "--data", "clone"],
            "the answers of clone are 1 numbers for observations of 1, but CartPole-v1"
            " takes 1 and shows 4; they were given in another task",
        ),
        (
            ["bc", "app.homemade:Glide-v0", "--data", "clone"],
            "the answers of clone are not actions of app.homemade:Glide-v0, which takes"
            " Box(",
        ),
        (
            ["reinforce", "app.homemade:Glide-v0", "--from", "clone"],
            "the policy of clone acts by {'kind': 'categorical', 'counts': [2]}, but"
            " app.homemade:Glide-v0 takes Box(",
        ),
    ],
)
def test_what_was_learned_in_another_task_does_not_fit(
    words: list[str],
    line: str,
    clone: Path,
    workplace: Path,
    capsys: pytest.CaptureFixture[str],
):
    assert refused(capsys, *words).startswith(line)
    assert [path.name for path in workplace.iterdir()] == ["clone"]


def test_an_expert_that_is_a_run_is_called_by_its_round(
    clone: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *STARTS["asking"])

    assert summary_of(Path("run"))["expert"]["name"] == "clone, round 0"


def test_a_resumed_run_holds_the_seconds_of_its_earlier_rounds(
    workplace: Path, capsys: pytest.CaptureFixture[str]
):
    words = short("dagger", "--out", "run", "--resume")
    with killed_after("evaluation.json"), pytest.raises(Killed):
        said(capsys, *words)
    timings = Path("run", "timings.jsonl")
    lines = [json.loads(line) for line in timings.read_text().splitlines()]
    lines[1]["fit"] = 1000.0
    timings.write_text("".join(json.dumps(line) + "\n" for line in lines))

    done(capsys, *words)

    seconds = summary_of(Path("run"))["seconds"]
    assert 1000 < seconds["fit"] < 1100
    assert seconds["total"] > 1000


def test_the_best_round_is_the_one_that_is_taken_over(
    workplace: Path, capsys: pytest.CaptureFixture[str]
):
    words = short("reinforce", "--expert", "auto", "--learning-rate", "0.3")
    done(capsys, *words, "--rounds", "4", "--seed", "3", "--out", "practice")
    best = summary_of(Path("practice"))["best_round"]

    policy, number = policy_of_run("practice", which="best")

    assert number == best
    kept = named_arrays(RunFolder(Path("practice")).policy(best))
    assert all(np.array_equal(kept[k], v) for k, v in named_arrays(policy).items())


def test_a_round_is_taken_by_its_number(clone: Path):
    assert policy_of_run("clone", which="0")[1] == 0
    assert policy_of_run("clone", which="last")[1] == 0


HOME = """
import gymnasium
import numpy as np
from gymnasium import spaces


class Door(gymnasium.Env):
    observation_space = spaces.Discrete(2)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.side = int(self.np_random.integers(2))
        print("a task that talks")
        return self.side, {}

    def step(self, action):
        return self.side, float(action == self.side), True, False, {}


def guard(observation):
    return observation


gymnasium.register("Door-v0", entry_point=Door)
"""


@pytest.mark.slow
def test_a_task_and_an_expert_of_ones_own_are_found_in_the_current_folder(
    workplace: Path,
):
    (workplace / "home.py").write_text(HOME)
    words = ("dagger", "home:Door-v0", "--expert", "home:guard", "--labels", "40")

    # -P keeps Python from looking in the current folder by itself, as it does for
    # an installed command.
    ended = spoken(
        *(*words, "--labels-per-round", "40", "--episodes-per-round", "40"),
        *("--hidden", "8", "--json", "--out", "run"),
        cwd=workplace,
        options=("-P",),
    )

    assert ended.status == 0, ended.err
    assert json.loads(ended.out) == summary_of(workplace / "run")
    assert summary_of(workplace / "run")["final"]["normalized"] == 1.0


def test_what_a_run_began_with_is_kept_in_it(
    clone: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *STARTS["dagger"])

    kept = Path("run", "start", "policy.safetensors").read_bytes()
    assert kept == (clone / "rounds" / "000" / "policy.safetensors").read_bytes()
