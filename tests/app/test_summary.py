"""summary.json keeps its contract: other programs read it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import novice.app.runner
from app.commands import SHORT, done, short, summary_of
from novice.app.folder import RunFolder
from novice.app.judge import Judge
from novice.envs.seeds import FIRST_TEST_SEED, FIRST_VALIDATION_SEED
from novice.files import read_arrays

UNPAID = "app.homemade:Unpaid-v0"

# What a field holds; a name with a question mark may be absent.
INTERVAL = {"mean": float, "ci95": [float, float]}
ESTIMATE = {**INTERVAL, "iqm": float, "episodes": int}
SUCCESS = {"rate": float, "ci95": [float, float], "episodes": int}
OUTCOME = {
    "return": ESTIMATE,
    "success?": SUCCESS,
    "normalized?": float,
    "minus_expert?": INTERVAL,
}
ROUND = {
    "round": int,
    "labels?": int,
    "env_steps": int,
    "return": ESTIMATE,
    "success?": SUCCESS,
    "normalized?": float,
    "expert_disagreement?": INTERVAL,
    "loss?": float,
    "gradient_steps?": int,
    "batches?": int,
    "training_return?": float,
    "entropy?": float,
    "context_switches?": int,
    "value_loss?": float,
    "started_anew?": bool,
    "gradient_squared?": float,
    "gradient_variance?": float,
    "halves_agree?": float,
    "effective_episodes?": float,
    "divergence?": float,
    "penalty?": float,
}
SUMMARY = {
    "command": str,
    "env": str,
    "seed": int,
    "version": str,
    "expert?": {"name": str, "return": ESTIMATE, "success?": SUCCESS},
    "random": {"return": ESTIMATE, "success?": SUCCESS},
    "rounds": [ROUND, ...],
    "best_round": int,
    "final": OUTCOME,
    "last": {"round": int, **OUTCOME},
    "enough?": {
        "round?": int,
        "labels?": int,
        "by?": str,
        "why?": str,
        "says": str,
        "hindsight?": {
            "labels_after": int,
            "round?": int,
            "labels?": int,
            "off?": float,
            "gained_after?": {**INTERVAL, "episodes": int},
        },
    },
    "signal?": {
        "gradient_squared": float,
        "gradient_variance": float,
        "halves_agree": float,
        "noise_scale?": float,
        "episodes?": int,
        "environments?": int,
        "says": str,
    },
    "practice?": {"estimates": str, "unbiased": bool, "says": str},
    "gain?": {"mean?": float, "ci95?": [float, float], "says": str},
    "seconds": dict.fromkeys(
        ("total", "compile", "collect", "label", "fit", "evaluate"), float
    ),
}


def breaches(value: Any, kind: Any, where: str) -> Iterator[str]:
    """Where a value is not of the kind that the contract says."""
    if isinstance(kind, dict):
        if not isinstance(value, dict):
            yield f"{where} is no object"
            return
        known = {name.rstrip("?"): each for name, each in kind.items()}
        for name in value.keys() - known.keys():
            yield f"{where}.{name} is unknown"
        for name in {name for name in kind if not name.endswith("?")} - value.keys():
            yield f"{where}.{name} is absent"
        for name in value.keys() & known.keys():
            yield from breaches(value[name], known[name], f"{where}.{name}")
    elif isinstance(kind, list):
        kinds = [kind[0]] * len(value) if kind[-1] is ... else kind
        if len(value) != len(kinds):
            yield f"{where} has {len(value)} entries"
        for number, each in enumerate(zip(value, kinds, strict=False)):
            yield from breaches(*each, f"{where}[{number}]")
    elif not isinstance(value, (int, float) if kind is float else kind):
        yield f"{where} is {value!r}"


def none_in(value: Any) -> bool:
    """Whether there is a null anywhere."""
    if isinstance(value, dict):
        return any(none_in(each) for each in value.values())
    if isinstance(value, list):
        return any(none_in(each) for each in value)
    return value is None


@pytest.fixture
def runs(made: Callable[..., Path]) -> Path:
    """A finished run of each command, and one of a task without a reward."""
    for command in SHORT:
        made(command, *short(command))
    made("unpaid", *short("dagger", task=UNPAID))
    return made("alone", *short("reinforce", "--expert", "auto")).parent


def test_the_contract_finds_what_is_wrong(runs: Path):
    good = summary_of(runs / "dagger")
    wrong = json.loads(json.dumps(good))
    wrong["best_round"] = 1.5
    wrong["extra"] = 0
    wrong["rounds"][1]["return"]["ci95"] = [0.0]
    del wrong["rounds"][0]["env_steps"]
    wrong["random"] = None

    assert sorted(breaches(wrong, SUMMARY, "summary")) == [
        "summary.best_round is 1.5",
        "summary.extra is unknown",
        "summary.random is no object",
        "summary.rounds[0].env_steps is absent",
        "summary.rounds[1].return.ci95 has 1 entries",
    ]


@pytest.mark.parametrize("name", [*SHORT, "alone"])
def test_a_summary_keeps_the_contract(name: str, runs: Path):
    assert list(breaches(summary_of(runs / name), SUMMARY, "summary")) == []


@pytest.mark.parametrize("name", [*SHORT, "alone", "unpaid"])
def test_what_is_unknown_is_absent_and_never_null(name: str, runs: Path):
    assert not none_in(summary_of(runs / name))


@pytest.mark.parametrize("name", [*SHORT, "alone"])
def test_intervals_hold_their_means(name: str, runs: Path):
    summary = summary_of(runs / name)
    estimates = [entry["return"] for entry in summary["rounds"]]
    estimates += [summary[who]["return"] for who in ("final", "last", "random")]

    assert all(e["ci95"][0] <= e["mean"] <= e["ci95"][1] for e in estimates)


@pytest.mark.parametrize("command", SHORT)
def test_a_summary_says_what_was_asked_for(command: str, runs: Path):
    summary = summary_of(runs / command)

    assert (summary["command"], summary["env"], summary["seed"]) == (
        command,
        "app.homemade:Walk-v0",
        0,
    )
    assert summary["expert"]["name"] == "app.homemade:to_the_middle"


def test_rounds_count_all_labels_and_steps_so_far(runs: Path):
    rounds = summary_of(runs / "dagger")["rounds"]

    assert [entry["labels"] for entry in rounds] == [20, 40, 60]
    assert [entry["env_steps"] for entry in rounds] == [20, 40, 60]


def test_practice_asks_for_no_labels(runs: Path):
    rounds = summary_of(runs / "reinforce")["rounds"]

    assert ["labels" in entry for entry in rounds] == [False] * 3
    steps = [entry["env_steps"] for entry in rounds]
    assert steps == sorted(set(steps)) and steps[-1] >= 300


def test_without_an_expert_nothing_is_normalized(runs: Path):
    words = json.dumps(summary_of(runs / "alone"))

    assert "expert" not in words and "normalized" not in words


def test_normalized_is_the_way_from_chance_to_the_expert(runs: Path):
    summary = summary_of(runs / "reinforce")
    means = {
        who: summary[who]["return"]["mean"] for who in ("final", "random", "expert")
    }

    by_hand = (means["final"] - means["random"]) / (means["expert"] - means["random"])
    assert summary["final"]["normalized"] == pytest.approx(by_hand)


def test_final_is_what_the_best_round_returned_in_the_test_episodes(runs: Path):
    summary = summary_of(runs / "reinforce")
    evaluation = json.loads((runs / "reinforce" / "evaluation.json").read_text())

    final = evaluation["final"]
    assert summary["final"]["return"]["mean"] == pytest.approx(np.mean(final["return"]))
    assert final["seed"] == evaluation["random"]["seed"] == evaluation["expert"]["seed"]


def test_the_gap_to_the_expert_is_paired(runs: Path):
    summary = summary_of(runs / "reinforce")
    evaluation = json.loads((runs / "reinforce" / "evaluation.json").read_text())

    gaps = np.subtract(evaluation["final"]["return"], evaluation["expert"]["return"])
    assert summary["final"]["minus_expert"]["mean"] == pytest.approx(gaps.mean())


def test_a_task_without_a_reward_has_no_returns(runs: Path):
    summary = summary_of(runs / "unpaid")

    assert "return" not in json.dumps(summary)
    assert "normalized" not in json.dumps(summary)
    assert "minus_expert" not in json.dumps(summary)


def test_a_task_without_a_reward_delivers_the_last_round(runs: Path):
    assert summary_of(runs / "unpaid")["best_round"] == 2


def test_a_task_without_a_reward_tells_how_far_policy_and_expert_are_apart(runs: Path):
    rounds = summary_of(runs / "unpaid")["rounds"]

    assert len(rounds) == 3
    for entry in rounds:
        assert list(breaches(entry["expert_disagreement"], INTERVAL, "")) == []


def test_a_task_without_a_reward_has_a_result_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = short("dagger", "--out", tmp_path / "run", "--quiet", task=UNPAID)

    assert done(capsys, *words).startswith(
        "the task pays no reward; the last policy differs from the expert by 0."
    )


@pytest.mark.parametrize("command", ["bc", "dagger"])
def test_a_task_without_a_reward_has_a_report(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = short(command, "--out", tmp_path / "run", "--report", task=UNPAID)

    done(capsys, *words)

    assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.parametrize("command", SHORT)
def test_the_final_episodes_are_the_test_episodes(command: str, runs: Path):
    evaluation = json.loads((runs / command / "evaluation.json").read_text())

    assert evaluation["final"]["seed"] == [FIRST_TEST_SEED + i for i in range(4)]


@pytest.mark.parametrize("command", ["bc", "dagger"])
def test_nothing_is_learned_from_test_or_validation_episodes(command: str, runs: Path):
    seeds = [
        read_arrays(path)["seed"]
        for path in (runs / command).rglob("trajectories.safetensors")
    ]

    assert len(seeds) == RunFolder(runs / command).round_count()
    assert np.concatenate(seeds).max() < FIRST_VALIDATION_SEED


@pytest.mark.parametrize("command", SHORT)
def test_no_test_episode_is_begun_before_the_last_round_is_saved(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    from app.homemade import Walk

    begun: list[int] = []
    until_the_verdict: list[int] = []
    real_reset, real_verdict = Walk.reset, novice.app.runner.final_verdict

    def reset(self: Walk, *, seed: int | None = None, options: Any = None) -> tuple:
        begun.append(int(seed or 0))
        return real_reset(self, seed=seed, options=options)

    def verdict(folder: RunFolder, judge: Judge) -> Any:
        until_the_verdict.append(len(begun))
        return real_verdict(folder, judge)

    monkeypatch.setattr(Walk, "reset", reset)
    monkeypatch.setattr(novice.app.runner, "final_verdict", verdict)
    done(capsys, *short(command, "--out", tmp_path / "run"))

    (count,) = until_the_verdict
    assert count and max(begun[:count]) < FIRST_TEST_SEED
    assert min(begun[count:]) >= FIRST_TEST_SEED


def test_a_policy_that_does_as_well_as_the_expert_by_chance_is_no_division_by_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = short("dagger", "--expert", "app.homemade:away", "--out", tmp_path / "run")

    done(capsys, *words)

    summary = summary_of(tmp_path / "run")
    assert summary["expert"]["return"]["mean"] < summary["random"]["return"]["mean"]
    assert "normalized" not in json.dumps(summary)


def test_replays_are_the_best_the_median_and_the_worst_episode(runs: Path):
    replays = json.loads((runs / "reinforce" / "replays.json").read_text())
    evaluation = json.loads((runs / "reinforce" / "evaluation.json").read_text())

    returns = sorted(evaluation["final"]["return"])
    assert [(each["label"], each["return"]) for each in replays] == [
        ("best", returns[3]),
        ("median", returns[2]),
        ("worst", returns[0]),
    ]
    assert all(len(each["actions"]) == each["length"] == 10 for each in replays)
