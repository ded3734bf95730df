"""Who drove, what was taken back, and what older versions wrote."""

import json
import os
import shutil
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inbox.played import HEAD, SHAPES, begun, record
from novice.files import BrokenFileError
from novice.inbox.driving import Decision
from novice.inbox.journal import read_journal
from novice.inbox.played import NotARecordingError, PlayedEpisode
from novice.inbox.recorder import Recorder
from novice.inbox.recording import read_recording

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return begun(tmp_path / "run")


def only(folder: Path) -> PlayedEpisode:
    (episode,) = read_recording(folder).episodes
    return episode


def ended(recorder: Recorder) -> None:
    recorder.end(
        "terminated",
        np.zeros(2, np.float32),
        terminated=True,
        truncated=False,
        seconds=9.0,
    )


def test_format_1_is_read_for_ever(folder: Path):
    (folder / "episodes").mkdir(exist_ok=True)
    shutil.copy(RECORDED / "format-1.journal", folder / "episodes" / "000.journal")

    episode = only(folder)

    assert (episode.seed, episode.who, episode.policy) == (7, "ana", None)
    assert episode.action.tolist() == episode.intended.tolist() == [[0], [1], [0]]
    assert episode.by_person.all() and episode.taught.all()
    assert not episode.fumbled.any()
    assert episode.policy_action.tolist() == [[-1]] * 3
    assert np.isnan(episode.uncertainty).all()
    assert (episode.ending, episode.seconds, episode.drive_seconds) == (
        "terminated",
        1.5,
        0.04,
    )
    assert episode.reward.tolist() == [0, 1 / 7, 2 / 7]


def test_what_each_driver_did_and_wanted_is_read_to_the_bit(folder: Path):
    real = {"observation_size": 2, "action_width": 2, "action_type": "float32"}
    recorder = Recorder(folder)
    recorder.begin({**HEAD, **real, "policy": "round 3"})
    executed, intended, advice = np.float32([[0.1, 0.2], [-1 / 3, 1], [0.7, -0.7]])
    common = {"seen": 0, "applied": 0, "seconds": 0.1, "speed": 1.0}
    for decision in (
        Decision(advice, advice, "policy", advice, 0.25),
        Decision(executed, intended, "person", advice, None),
    ):
        recorder.step(np.zeros(2, np.float32), decision, 1.0, **common)
    recorder.close()

    episode = only(folder)

    assert episode.policy == "round 3"
    assert episode.by_person.tolist() == [False, True]
    np.testing.assert_array_equal(episode.action, [advice, executed])
    np.testing.assert_array_equal(episode.intended, [advice, intended])
    np.testing.assert_array_equal(episode.policy_action, [advice, advice])
    np.testing.assert_array_equal(episode.uncertainty, [0.25, np.nan])
    assert episode.action.dtype == episode.policy_action.dtype == np.float32


def test_steps_that_were_taken_back_are_replaced_by_those_that_follow(folder: Path):
    recorder = Recorder(folder)
    recorder.begin({**HEAD, **SHAPES})
    record(recorder, steps=6)
    ended(recorder)
    recorder.rewound(2)
    record(recorder, steps=2, first=10)
    recorder.rewound(3)
    assert (recorder.saved + recorder.unsaved) == 8
    recorder.close()

    episode = only(folder)

    assert episode.observation[:, 0].tolist() == [0, 1, 10]
    assert (episode.ending, episode.last_observation) == ("unfinished", None)
    # Six steps, then from 0.2 seconds on: what was taken back has taken time, too.
    assert episode.seconds == 11 / 50
    assert episode.drive_seconds == pytest.approx(11 / 50)


def test_only_the_persons_last_steps_are_fumbled_and_none_of_them_twice(folder: Path):
    recorder = Recorder(folder)
    recorder.begin({**HEAD, **SHAPES})
    record(recorder, steps=3)
    record(recorder, steps=2, first=3, by="policy")
    record(recorder, steps=1, first=5)
    recorder.fumbled(2)
    assert recorder.saved + recorder.unsaved == 6
    recorder.close()
    assert only(folder).fumbled.tolist() == [False, False, True, False, False, True]

    recorder = Recorder(folder)
    recorder.begin({**HEAD, **SHAPES})
    record(recorder, steps=4)
    recorder.fumbled(1)
    recorder.fumbled(2)
    ended(recorder)
    recorder.fumbled(1)
    recorder.close()
    last = read_recording(folder).episodes[-1]
    assert last.fumbled.all() and last.ending == "terminated"


def test_what_is_saved_counts_steps_and_nothing_else(folder: Path):
    recorder = Recorder(folder)
    recorder.begin({**HEAD, **SHAPES})
    for first in range(0, 9, 3):
        record(recorder, steps=3, first=first)
        recorder.fumbled(1)
        recorder.retry()
        assert (recorder.saved, recorder.unsaved) == (first + 3, 0)
    recorder.begin({**HEAD, **SHAPES})
    assert recorder.saved == 9
    recorder.close()


def told_by(entries: list[dict[str, Any]]) -> tuple[list[float], list[bool], str]:
    """The first number and the fumbling of each step, said the slow way."""
    steps: list[list[Any]] = []
    ending = "unfinished"
    for entry in entries:
        if entry["kind"] == "step":
            steps.append([entry["observation"][0], False, entry["by"] == "person"])
        elif entry["kind"] == "rewound":
            steps, ending = steps[: entry["step"]], "unfinished"
        elif entry["kind"] == "fumbled":
            mine = [step for step in steps if step[2] and not step[1]]
            for step in mine[-entry["steps"] :]:
                step[1] = True
        else:
            ending = entry["ending"]
    return [step[0] for step in steps], [step[1] for step in steps], ending


def test_cut_at_every_byte_it_tells_what_was_true_then(folder: Path):
    recorder = Recorder(folder)
    recorder.begin({**HEAD, **SHAPES, "policy": "round 0"})
    record(recorder, steps=3, by="policy")
    record(recorder, steps=3, first=3)
    recorder.rewound(4)
    record(recorder, steps=2, first=7)
    recorder.fumbled(2)
    ended(recorder)
    recorder.rewound(5)
    record(recorder, steps=1, first=9)
    ended(recorder)
    recorder.close()
    path = folder / "episodes" / "000.journal"
    whole, (_, *entries) = path.read_bytes(), read_journal(path)
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    assert len(ends) == 1 + len(entries) == 15

    for length in reversed(range(len(whole) + 1)):
        os.truncate(path, length)
        lines = sum(end <= length for end in ends)
        episodes = read_recording(folder).episodes
        if lines <= 1:
            assert episodes == ()
            continue
        (episode,) = episodes
        firsts, fumbled, ending = told_by(entries[: lines - 1])
        assert episode.observation[:, 0].tolist() == firsts
        assert episode.fumbled.tolist() == fumbled
        assert episode.ending == ending


def forged(folder: Path, *entries: object) -> None:
    """A journal whose checksums are right, whatever stands in it."""
    checksum, content = 0, b""
    for entry in entries:
        text = json.dumps(entry).encode()
        checksum = zlib.crc32(text, checksum)
        content += b"%08x %s\n" % (checksum, text)
    (folder / "episodes" / "000.journal").write_bytes(content)


FIRST = {"kind": "episode", "format": 2, "number": 0, **HEAD, **SHAPES}
STEP = {
    "kind": "step",
    "observation": [0, 0],
    "action": [0],
    "by": "person",
    "intended": [0],
    "policy_action": None,
    "uncertainty": None,
    "reward": 0,
    "seen": 0,
    "applied": 0,
    "seconds": 0,
}
END = {
    "kind": "end",
    "ending": "cut",
    "terminated": False,
    "truncated": False,
    "observation": [0, 0],
    "seconds": 1,
}


@pytest.mark.parametrize(
    "entries",
    [
        [{**FIRST, "format": 0}, STEP],
        [{**FIRST, "format": True}, STEP],
        [{**FIRST, "format": "2"}, STEP],
        [FIRST, STEP, {"kind": "rewound", "step": 2}],
        [FIRST, STEP, {"kind": "rewound", "step": -1}],
        [FIRST, STEP, {"kind": "rewound", "step": 0.5}],
        [FIRST, STEP, {"kind": "rewound"}],
        [FIRST, STEP, {"kind": "fumbled", "steps": 2}],
        [FIRST, {**STEP, "by": "policy"}, {"kind": "fumbled", "steps": 1}],
        [FIRST, STEP, {"kind": "fumbled", "steps": True}],
        [FIRST, STEP, END, STEP],
        [FIRST, STEP, END, END],
        [FIRST, STEP, {"kind": "forgiven"}],
        [FIRST, {**STEP, "by": "nobody"}],
        [FIRST, {**STEP, "by": ["person"]}],
        [FIRST, {**STEP, "intended": [0, 0]}],
        [FIRST, {**STEP, "intended": None}],
        [FIRST, {**STEP, "policy_action": [0, 0]}],
        [FIRST, {**STEP, "policy_action": 0}],
        [FIRST, {**STEP, "uncertainty": "much"}],
        [{**FIRST, "format": 1}, STEP, {"kind": "rewound", "step": 0}],
        [{**FIRST, "format": 1}, STEP, {"kind": "fumbled", "steps": 1}],
    ],
)
def test_what_cannot_have_happened_is_refused_in_a_sentence(
    folder: Path, entries: list[object]
):
    forged(folder, *entries)

    with pytest.raises((BrokenFileError, NotARecordingError)) as refused:
        read_recording(folder)

    assert "000.journal" in str(refused.value)
    assert len(str(refused.value)) < 300


def test_what_can_have_happened_is_read(folder: Path):
    forged(
        folder,
        FIRST,
        STEP,
        END,
        {"kind": "rewound", "step": 1},
        STEP,
        {"kind": "fumbled", "steps": 0},
        END,
        {"kind": "fumbled", "steps": 1},
    )

    assert only(folder).fumbled.tolist() == [False, True]
