"""Rounds of what people do at the controls, from recordings as the page writes them."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from app.commands import WALK, differing
from app.recordings import PACE, always, head, record
from novice.algorithms.settings import DaggerSettings, FitSettings, PeopleSettings
from novice.app.folder import RunFolder
from novice.app.runs import demonstrations_in
from novice.app.shown import rows_of, shown_in
from novice.app.takeover import Record, Takeover
from novice.app.tasks import task_called
from novice.datasets.dataset import Dataset
from novice.inbox.recorder import Recorder
from novice.inbox.recording import read_recording
from novice.types import Round

GLIDE = "app.homemade:Glide-v0"


def settings(**values: int | float) -> DaggerSettings:
    """A budget of forty steps, eight a round, and networks that learn in no time."""
    usual = {"labels": 40, "labels_per_round": 8, "first_steps": 100, "steps": 50}
    return DaggerSettings(
        **{**usual, **values},
        people=PeopleSettings(by="takeover"),
        fit=FitSettings(hidden=(8,)),
    )


def takeover(folder: Path, record: Record | None = None, **more: object) -> Takeover:
    """The loop over what was recorded in a folder, where nobody plays any more."""
    played = record or Record(folder)
    names = ("brought", "task", "lag")
    kept = {name: more.pop(name) for name in names if name in more}
    given = settings(**more)
    return Takeover(
        task_called(str(kept.get("task", WALK)), {}),
        played,
        given,
        key=jax.random.key(0),
        brought=kept.get("brought"),
        brought_seconds=7.0 if "brought" in kept else 0.0,
        lag=kept.get("lag", 0.0),
    )


def cuts(rounds: list[Round]) -> list[int]:
    """The last episode of each round."""
    return [round.measures["cut"]["episode"] for round in rounds]


def saved(folder: Path, rounds: object, *, most: int = 100) -> None:
    """Write rounds into a run's folder, as many as there is patience for."""
    for round, _ in zip(rounds, range(most), strict=False):
        RunFolder(folder).save_round(round, {})


def test_a_round_begins_with_the_episode_that_brings_enough_steps(tmp_path: Path):
    record(tmp_path, 5)  # Four steps of the person in each.

    rounds = list(takeover(tmp_path).rounds())

    assert cuts(rounds) == [1, 3, 4]
    assert [each.measures["labels"] for each in rounds] == [8, 16, 20]
    assert [each.measures["env_steps"] for each in rounds] == [20, 40, 50]
    assert [each.measures["human_seconds"] for each in rounds] == [
        pytest.approx(10 * PACE * episodes) for episodes in (2, 4, 5)
    ]


def test_what_was_brought_along_is_learned_first(tmp_path: Path):
    record(tmp_path / "shown", 2, drives=always, policy=None)
    record(tmp_path / "played", 2)
    brought = demonstrations_in(read_recording(tmp_path / "shown"))

    rounds = list(takeover(tmp_path / "played", brought=brought).rounds())

    assert cuts(rounds) == [-1, 1]
    assert [each.measures["labels"] for each in rounds] == [20, 28]
    assert [each.measures["human_seconds"] for each in rounds] == [
        7.0,
        pytest.approx(7.0 + 20 * PACE),
    ]
    sources = [part.origin.source for part in rounds[-1].dataset.parts]
    assert sources == ["demonstration"] * 2 + ["intervention"] * 2
    assert [part.origin.round for part in rounds[-1].dataset.parts] == [0, 0, 1, 1]


def test_another_run_s_policy_is_watched_as_it_is(tmp_path: Path):
    record(tmp_path / "shown", 2, drives=always, policy=None)
    brought = demonstrations_in(read_recording(tmp_path / "shown"))
    (first, *_) = takeover(tmp_path / "shown", brought=brought).rounds()
    start = Round(
        number=-1, learner=first.learner, dataset=brought, measures={"env_steps": 0}
    )
    record(tmp_path / "played", 2)

    rounds = list(takeover(tmp_path / "played", brought=brought).rounds(start))

    assert rounds[0].learner.policy is first.learner.policy
    assert [each.number for each in rounds] == [0, 1]
    assert [each.measures["labels"] for each in rounds] == [20, 28]


def test_only_what_the_person_wanted_is_learned(tmp_path: Path):
    record(tmp_path, 1)
    (played,) = read_recording(tmp_path).episodes

    part = rows_of(played, round=3, lag=None)

    assert part.step.tolist() == [6, 7, 8, 9]
    np.testing.assert_array_equal(part.observation, played.observation[6:])
    np.testing.assert_array_equal(part.action, played.intended[6:])
    assert (part.origin.round, part.origin.source, part.origin.who) == (
        3,
        "intervention",
        "ana",
    )


def test_what_was_fumbled_teaches_nothing(tmp_path: Path):
    record(tmp_path, 1)
    path = tmp_path / "episodes" / "000.journal"
    lines = path.read_bytes().splitlines(keepends=True)
    path.unlink()
    recorder = Recorder(tmp_path)
    recorder.begin(head(task_called(WALK, {}), "round 0", "ana", 0))
    for line in lines[1:-1]:  # The same steps, and then a doubt about the last three.
        recorder._add(json.loads(line[9:]))
    recorder.fumbled(3)
    recorder.close()

    (part,) = shown_in(read_recording(tmp_path).episodes).parts

    assert part.step.tolist() == [6]


def test_a_lag_pairs_what_was_done_with_what_was_seen_then(tmp_path: Path):
    record(tmp_path, 1, drives=always, policy=None)
    (played,) = read_recording(tmp_path).episodes

    # Steps come every half second, so 1.1 seconds ago is two steps ago.
    part = rows_of(played, round=0, lag=1.1)

    assert part.step.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    np.testing.assert_array_equal(part.action, played.action[2:])
    np.testing.assert_array_equal(part.observation, played.observation[:8])


def test_the_first_round_waits_until_the_lag_can_be_told(tmp_path: Path):
    record(tmp_path, 6)  # Four steps of the person in each.

    known = takeover(tmp_path, lag=0.1).rounds()
    measured = takeover(tmp_path, lag="auto").rounds()
    soon = takeover(tmp_path, lag="auto", labels=8).rounds()

    assert cuts(list(known)) == [1, 3, 5]
    assert cuts(list(measured)) == [2, 4, 5]
    assert cuts(list(soon)) == [1]  # Nothing more will come.


def test_how_much_the_person_drove_is_measured_by_round(tmp_path: Path):
    # Four steps of ten, then two separate ones of ten; then the policy drives alone.
    shares = [lambda step: step >= 6, lambda step: step in (2, 5), lambda step: False]
    record(tmp_path, 3, drives=lambda episode, step: shares[episode](step))

    (round,) = takeover(tmp_path, labels_per_round=100).rounds()

    assert round.measures["intervention_share"]["mean"] == pytest.approx(0.6 / 3)
    assert round.measures["interventions"]["mean"] == pytest.approx(3 / 3)
    low, high = round.measures["intervention_share"]["ci95"]
    assert low < 0.2 < high
    assert 0 <= round.measures["corrected"]["mean"] <= 1


def test_demonstrations_are_no_interventions(tmp_path: Path):
    record(tmp_path, 2, drives=always, policy=None)

    (round, *_) = takeover(tmp_path).rounds()

    assert not {"intervention_share", "corrected"} & round.measures.keys()


def test_real_actions_are_learned_too(tmp_path: Path):
    record(tmp_path, 2, task=GLIDE)

    (round,) = takeover(tmp_path, task=GLIDE).rounds()

    assert round.dataset.column("action").dtype == np.float32
    assert round.measures["corrected"]["mean"] == 1.0


def test_the_last_episode_counts_when_the_next_one_has_begun(tmp_path: Path):
    record(tmp_path, 2)
    playing = Record(tmp_path, finished=lambda: False)

    assert [each.number for each in playing.episodes()] == [0]

    recorder = Recorder(tmp_path)
    recorder.begin(head(task_called(WALK, {}), "round 0", "ana", 2))
    assert [each.number for each in playing.episodes()] == [0, 1]
    recorder.close()


def test_a_discarded_episode_never_counts(tmp_path: Path):
    record(tmp_path, 1)
    recorder = Recorder(tmp_path)
    recorder.begin(head(task_called(WALK, {}), "round 0", "ana", 1))
    recorder.discard()
    recorder.close()
    record(tmp_path, 1)

    assert [each.number for each in Record(tmp_path).episodes()] == [0, 2]


def test_nobody_begins_another_episode_for_the_last_labels(tmp_path: Path):
    record(tmp_path, 2)
    stopped = []
    playing = Record(
        tmp_path, finished=lambda: False, stop=lambda: stopped.append(True)
    )

    rounds = list(takeover(tmp_path, playing, labels=8).rounds())

    assert cuts(rounds) == [1]
    assert stopped


def test_the_budget_may_be_the_person_s_time(tmp_path: Path):
    record(tmp_path, 5)
    episode = 10 * PACE / 60  # minutes

    rounds = list(takeover(tmp_path, minutes=2.5 * episode).rounds())

    # The third episode uses the time up, though it brings only four new steps.
    assert cuts(rounds) == [1, 2]


def test_nothing_is_learned_from_who_only_watches(tmp_path: Path):
    record(tmp_path, 3, drives=lambda episode, step: False)

    assert list(takeover(tmp_path).rounds()) == []


def test_the_same_recording_gives_the_same_policies(tmp_path: Path):
    record(tmp_path / "played", 5)

    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        saved(tmp_path / name, takeover(tmp_path / "played").rounds())

    assert RunFolder(tmp_path / "one").round_count() == 3
    assert differing(tmp_path / "one", tmp_path / "other") == []


@pytest.mark.parametrize("before", [1, 2])
def test_a_run_that_was_killed_goes_on_to_the_same_bytes(tmp_path: Path, before: int):
    record(tmp_path / "played", 5)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    saved(whole, takeover(tmp_path / "played").rounds())

    saved(killed, takeover(tmp_path / "played").rounds(), most=before)
    after = RunFolder(killed).last_round()
    saved(killed, takeover(tmp_path / "played").rounds(after))

    assert differing(whole, killed) == []
    cut = json.loads((killed / "rounds" / "001" / "cut.json").read_text())
    assert cut == {"episode": 3}


def test_what_is_played_later_changes_no_earlier_round(tmp_path: Path):
    record(tmp_path / "played", 2)
    folder = tmp_path / "run"
    folder.mkdir()
    saved(folder, takeover(tmp_path / "played").rounds())
    before = (folder / "rounds" / "000" / "policy.safetensors").read_bytes()

    record(tmp_path / "played", 3)
    (tmp_path / "anew").mkdir()
    saved(tmp_path / "anew", takeover(tmp_path / "played").rounds())

    anew = tmp_path / "anew" / "rounds" / "000" / "policy.safetensors"
    assert anew.read_bytes() == before


def test_nobody_is_named_twice(tmp_path: Path):
    record(tmp_path / "takeover", 2)
    record(tmp_path / "takeover", 1, who="ben")

    assert RunFolder(tmp_path).people() == ("ana", "ben")


def test_an_empty_recording_is_an_empty_dataset(tmp_path: Path):
    record(tmp_path, 1, drives=lambda episode, step: False)

    assert shown_in(read_recording(tmp_path).episodes).parts == Dataset().parts
