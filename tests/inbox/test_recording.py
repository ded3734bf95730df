import contextlib
import itertools
import json
import os
import resource
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.played import HEAD, SHAPES, begun, record
from novice.files import BrokenFileError, CannotWriteError, TakenError
from novice.inbox.journal import Journal, line_of, read_journal
from novice.inbox.played import NotARecordingError
from novice.inbox.recorder import Recorder
from novice.inbox.recording import read_recording


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return begun(tmp_path / "run")


@pytest.fixture
def small(folder: Path) -> Path:
    """The journal of one small episode that was played to its end."""
    recorder = Recorder(folder)
    recorder.begin({**HEAD, **SHAPES})
    record(recorder, steps=4)
    recorder.end(
        "terminated",
        np.array([9, 9], np.float32),
        terminated=True,
        truncated=False,
        seconds=1.5,
    )
    recorder.close()
    return folder / "episodes" / "000.journal"


def test_what_was_played_is_read_to_the_bit(folder: Path, small: Path):
    recording = read_recording(folder)

    (episode,) = recording.episodes
    assert (recording.task, recording.discarded) == ("CartPole-v1", 0)
    assert (episode.seed, episode.who, episode.number) == (7, "ana", 0)
    places = np.arange(4)
    expected = np.stack([places, places.astype(np.float32) / np.float32(3)], axis=1)
    np.testing.assert_allclose(episode.observation, expected, rtol=1e-7)
    assert episode.observation.dtype == np.float32
    np.testing.assert_array_equal(episode.action[:, 0], [0, 1, 0, 1])
    assert episode.action.dtype == np.int32
    np.testing.assert_array_equal(episode.reward, places / 7)
    np.testing.assert_array_equal(episode.seen, [0, 0, 1, 2])
    np.testing.assert_array_equal(episode.applied, places)
    np.testing.assert_array_equal(episode.step_seconds, places / 50)
    assert (episode.ending, episode.terminated, episode.truncated) == (
        "terminated",
        True,
        False,
    )
    assert episode.last_observation is not None
    assert (episode.seconds, episode.last_observation.tolist()) == (1.5, [9, 9])


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_a_number_comes_back_as_it_was(numbers: list[float]):
    line, _ = line_of({"n": np.array(numbers, np.float32).tolist()}, 0)

    back = np.array(json.loads(line[9:])["n"], np.float32)

    assert back.tobytes() == np.array(numbers, np.float32).tobytes()


def test_cut_at_every_byte_the_whole_steps_are_left(folder: Path, small: Path):
    whole = small.read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    assert len(ends) == 6  # the head, four steps, the end

    for length in reversed(range(len(whole))):
        os.truncate(small, length)
        lines = sum(end <= length for end in ends)
        recording = read_recording(folder)

        if lines <= 1:
            assert recording.episodes == ()
            continue
        (episode,) = recording.episodes
        assert episode.steps == lines - 1
        assert episode.ending == "unfinished"
        assert episode.observation[:, 0].tolist() == list(range(lines - 1))
        assert episode.seconds == (lines - 2) / 50
        assert episode.last_observation is None


@contextlib.contextmanager
def changed_byte(path: Path, place: int, byte: int) -> Iterator[None]:
    """A file in which one byte is another one."""
    with path.open("r+b", buffering=0) as file:
        before = os.pread(file.fileno(), 1, place)
        os.pwrite(file.fileno(), bytes([byte]), place)
        yield
        os.pwrite(file.fileno(), before, place)


def test_a_flipped_bit_is_found_or_only_the_last_line_is_lost(
    folder: Path, small: Path
):
    whole = small.read_bytes()
    harmless = 0
    for byte, bit in itertools.product(range(len(whole)), range(8)):
        with changed_byte(small, byte, whole[byte] ^ 1 << bit):
            try:
                (episode,) = read_recording(folder).episodes
            except BrokenFileError as error:
                assert str(small) in str(error) and "line" in str(error)
            else:  # The last line has lost its end, as if a kill had cut it.
                assert byte == len(whole) - 1
                assert (episode.steps, episode.ending) == (4, "unfinished")
                harmless += 1
    assert harmless == 8
    assert read_recording(folder).episodes[0].ending == "terminated"


@pytest.mark.parametrize("what", ["lost", "doubled", "swapped"])
def test_a_line_that_was_moved_is_found(folder: Path, small: Path, what: str):
    lines = small.read_bytes().splitlines(keepends=True)
    if what == "lost":
        del lines[2]
    elif what == "doubled":
        lines.insert(2, lines[2])
    else:
        lines[2], lines[3] = lines[3], lines[2]
    small.write_bytes(b"".join(lines))

    with pytest.raises(BrokenFileError, match=r"line \d .*restore the file"):
        read_recording(folder)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_hold_nothing(content: bytes):
    path = Path(os.environ["PYTEST_JOURNAL"])
    path.write_bytes(content)
    with contextlib.suppress(BrokenFileError):
        assert read_journal(path) == []


@pytest.fixture(autouse=True)
def _some_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_JOURNAL", str(tmp_path / "some.journal"))


def forged(path: Path, *entries: object) -> None:
    """A journal whose checksums are right, whatever stands in it."""
    checksum, content = 0, b""
    for entry in entries:
        text = json.dumps(entry).encode() if not isinstance(entry, bytes) else entry
        checksum = zlib.crc32(text, checksum)
        content += b"%08x %s\n" % (checksum, text)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


FORGED_HEAD = {"kind": "episode", "format": 1, "number": 0, **HEAD, **SHAPES}
FORGED_STEP = {
    "kind": "step",
    "observation": [0, 0],
    "action": [0],
    "reward": 0,
    "seen": 0,
    "applied": 0,
    "seconds": 0,
}


@pytest.mark.parametrize(
    "entries",
    [
        [[1, 2]],
        [b"[" * 100_000],
        [b"{" + b'"a":' * 10],
        [b'{"kind":"episode","format":NaN}'],
        [b'{"kind":"episode","format":1e999}'],
        [{"kind": "step"}],
        [{"kind": "episode", "format": 1}],
        [{**FORGED_HEAD, "words": [1]}],
        [{**FORGED_HEAD, "action_type": "object"}],
        [{**FORGED_HEAD, "observation_size": -3}, FORGED_STEP],
        [FORGED_HEAD, {**FORGED_STEP, "observation": [0]}],
        [FORGED_HEAD, {**FORGED_STEP, "observation": {"a": 1}}],
        [FORGED_HEAD, {**FORGED_STEP, "observation": [1e300, 0]}],
        [FORGED_HEAD, {**FORGED_STEP, "action": [0.5]}],
        [FORGED_HEAD, {**FORGED_STEP, "action": [2**40]}],
        [FORGED_HEAD, {**FORGED_STEP, "reward": "much"}],
        [FORGED_HEAD, FORGED_STEP, {"kind": "end", "ending": "won"}],
        [FORGED_HEAD, {"kind": "end"}, FORGED_STEP],
    ],
)
def test_what_novice_did_not_write_is_refused_in_a_sentence(
    folder: Path, entries: list[object]
):
    forged(folder / "episodes" / "000.journal", *entries)

    with pytest.raises((BrokenFileError, NotARecordingError)) as refused:
        read_recording(folder)

    assert "000.journal" in str(refused.value)
    assert len(str(refused.value)) < 500


def test_the_forged_journal_would_otherwise_be_read(folder: Path):
    forged(folder / "episodes" / "000.journal", FORGED_HEAD, FORGED_STEP)

    assert read_recording(folder).steps == 1


def test_a_newer_format_is_named(folder: Path):
    forged(folder / "episodes" / "000.journal", {**FORGED_HEAD, "format": 3})

    with pytest.raises(NotARecordingError, match=r"newer novice .*upgrade"):
        read_recording(folder)


def test_a_folder_that_is_no_recording_is_refused(tmp_path: Path, folder: Path):
    with pytest.raises(NotARecordingError, match=r"holds no settings\.json"):
        read_recording(tmp_path)

    (folder / "settings.json").write_text('{"schema": 1, "command": "bc"}')
    with pytest.raises(NotARecordingError, match="another command"):
        read_recording(folder)


def test_a_discarded_episode_is_kept_on_disk_and_left_out(folder: Path):
    recorder = Recorder(folder)
    for steps, discard in ((3, True), (2, False), (0, False)):
        recorder.begin({**HEAD, **SHAPES})
        record(recorder, steps=steps)
        if discard:
            recorder.discard()
    recorder.close()

    recording = read_recording(folder)

    assert [episode.steps for episode in recording.episodes] == [2]
    assert recording.discarded == 1
    assert len(read_journal(folder / "episodes" / "000.journal")) == 5


def test_only_one_may_record_into_a_folder(folder: Path):
    first = Recorder(folder)

    with pytest.raises(TakenError, match=rf"process {os.getpid()} on "):
        Recorder(folder)

    first.close()
    Recorder(folder).close()


def test_a_step_counts_as_saved_only_once_it_is_durable(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    synced = [0]
    path = folder / "episodes" / "000.journal"
    really = os.fsync

    def fsync(descriptor: int) -> None:
        really(descriptor)
        synced.append(path.stat().st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    told: list[tuple[int, int]] = []
    recorder: Recorder
    recorder = Recorder(
        folder, changed=lambda: told.append((recorder.saved, synced[-1]))
    )
    recorder.begin({**HEAD, **SHAPES})
    record(recorder, steps=50)
    recorder.close()

    lines = path.read_bytes().splitlines(keepends=True)
    for saved, size in told:
        assert size >= sum(len(line) for line in lines[: saved + 1])
    assert recorder.saved == 50


@pytest.fixture
def little_room() -> Iterator[None]:
    """No file may grow beyond 1500 bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def more_room() -> None:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def test_on_a_full_disk_nothing_is_saved_that_is_not_stored(
    folder: Path, little_room: None
):
    recorder = Recorder(folder)
    recorder.begin({**HEAD, **SHAPES})
    record(recorder, steps=100)

    with pytest.raises(
        CannotWriteError, match=r"000\.journal .*bytes are free"
    ) as full:
        recorder.retry()

    assert str(recorder.trouble) == str(full.value)
    on_disk = read_recording(folder)
    assert on_disk.steps >= recorder.saved
    assert recorder.saved < 100 and recorder.unsaved == 100 - recorder.saved

    more_room()
    recorder.retry()

    assert (recorder.trouble, recorder.saved, recorder.unsaved) == (None, 100, 0)
    recorder.close()
    (episode,) = read_recording(folder).episodes
    assert episode.observation[:, 0].tolist() == list(range(100))


def test_a_failed_sync_is_no_success(folder: Path, monkeypatch: pytest.MonkeyPatch):
    recorder = Recorder(folder)
    recorder.begin({**HEAD, **SHAPES})

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        record(recorder, steps=3)
        with pytest.raises(CannotWriteError, match="check the disk"):
            recorder.retry()
        assert (recorder.saved, recorder.unsaved) == (0, 3)
        with pytest.raises(CannotWriteError):
            recorder.begin({**HEAD, **SHAPES})
    recorder.close()

    assert read_recording(folder).steps == 3


def test_closing_says_what_could_not_be_saved(folder: Path, little_room: None):
    recorder = Recorder(folder)
    recorder.begin({**HEAD, **SHAPES})
    record(recorder, steps=100)

    with pytest.raises(CannotWriteError):
        recorder.close()

    Recorder(folder).close()  # The folder is free again.


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path):
    path = tmp_path / "000.journal"
    path.write_text("something")
    journal = Journal(path)
    journal.add({"a": 1})

    with pytest.raises(CannotWriteError, match="something else is there"):
        journal.close()

    assert path.read_text() == "something"
