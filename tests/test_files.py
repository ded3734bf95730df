"""Files are whole or absent, and a file that was changed is noticed."""

import contextlib
import errno
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import strategies

from novice.files import (
    BrokenFileError,
    CannotWriteError,
    TakenError,
    append_line,
    check_fingerprint,
    fingerprint,
    make_folder,
    only_one,
    read_arrays,
    read_json,
    read_lines,
    seal,
    unchanged,
    whole_folder,
    write_arrays,
    write_bytes,
    write_json,
    write_lines,
)

ARRAYS = {
    "weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "count": np.array([3], np.int32),
}


class Killed(BaseException):
    """The process ends here, as far as the disk can tell."""


def refusing(monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    """Make one of the system's calls fail."""

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)


@pytest.fixture
def file_size_limit() -> Iterator[int]:
    """No file may grow beyond this many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, before[1]))
    yield 4_096
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_arrays_come_back_as_they_were_written(tmp_path: Path):
    path = tmp_path / "some.safetensors"

    write_arrays(path, ARRAYS)

    found = read_arrays(path)
    assert {n: (a.dtype, a.tolist()) for n, a in found.items()} == {
        n: (a.dtype, a.tolist()) for n, a in ARRAYS.items()
    }


def test_equal_arrays_are_equal_bytes_in_whichever_order(tmp_path: Path):
    write_arrays(tmp_path / "one", ARRAYS)
    write_arrays(tmp_path / "other", dict(reversed(ARRAYS.items())))

    assert fingerprint(tmp_path / "one") == fingerprint(tmp_path / "other")


def test_an_array_that_is_a_view_is_written_as_it_looks(tmp_path: Path):
    write_arrays(tmp_path / "view", {"turned": ARRAYS["weight"].T})

    assert read_arrays(tmp_path / "view")["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_kill_while_writing_leaves_the_old_file(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "settings.json"
    write_json(path, "old")

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    monkeypatch.setattr(os, call, die)
    with pytest.raises(Killed):
        write_json(path, "new")

    assert read_json(path) == "old"


def test_a_file_is_synced_before_it_takes_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    calls = []
    for call in ("fsync", "rename", "replace"):
        real = getattr(os, call)
        monkeypatch.setattr(
            os, call, lambda *a, call=call, real=real: (calls.append(call), real(*a))
        )

    write_bytes(tmp_path / "file", b"content")

    assert calls == ["fsync", "replace", "fsync"]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "No space left on device; make room there"),
        (errno.EROFS, "Read-only file system; choose a folder that can be written to"),
        (errno.EACCES, "Permission denied; choose a folder that you may write to"),
        (errno.EIO, "Input/output error; check the disk"),
        (errno.ESTALE, "Stale file handle; put that right"),
    ],
)
def test_a_failure_to_sync_is_a_failure_to_write(
    number: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "settings.json"
    refusing(monkeypatch, "fsync", number)

    with pytest.raises(CannotWriteError) as refusal:
        write_json(path, {})

    assert str(refusal.value) == f"{path} cannot be written: {remedy}, and try again"


def test_a_file_that_could_not_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    refusing(monkeypatch, "fsync", errno.ENOSPC)

    with pytest.raises(CannotWriteError):
        write_bytes(tmp_path / "file", b"content")

    assert list(tmp_path.iterdir()) == []


def test_a_file_too_large_for_the_system_is_refused(
    tmp_path: Path, file_size_limit: int
):
    with pytest.raises(CannotWriteError, match=r"File too large; allow larger files"):
        write_bytes(tmp_path / "file", b"x" * (file_size_limit + 1))

    assert list(tmp_path.iterdir()) == []


def test_a_line_that_cannot_be_added_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    refusing(monkeypatch, "fsync", errno.ENOSPC)

    with pytest.raises(CannotWriteError, match=r"lines.jsonl cannot be written: No sp"):
        append_line(tmp_path / "lines.jsonl", {})


def test_a_folder_inside_a_file_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotWriteError, match="a file is where a folder should be"):
        make_folder(tmp_path / "file" / "folder")


def test_a_folder_where_a_file_is_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotWriteError, match="something else is there"):
        make_folder(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only_is_refused(tmp_path: Path):
    tmp_path.chmod(0o500)

    with pytest.raises(CannotWriteError, match="Permission denied"):
        write_json(tmp_path / "settings.json", {})

    tmp_path.chmod(0o700)


def test_nan_is_not_written_as_json(tmp_path: Path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "loss.json", {"loss": float("nan")})


def test_a_missing_file_is_a_broken_one(tmp_path: Path):
    with pytest.raises(BrokenFileError, match=r"gone\.json is missing"):
        read_json(tmp_path / "gone.json")


def test_a_folder_is_not_read_as_a_file(tmp_path: Path):
    with pytest.raises(BrokenFileError, match="cannot be read: Is a directory"):
        read_json(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe{}", b'{"a": 1}}', b"\x80\x04K\x01."]
)
def test_what_is_not_json_is_refused(content: bytes, tmp_path: Path):
    path = tmp_path / "settings.json"
    path.write_bytes(content)

    with pytest.raises(BrokenFileError, match=r"settings\.json is not valid JSON"):
        read_json(path)


def test_arrays_cut_at_any_byte_are_refused(tmp_path: Path):
    path = tmp_path / "some.safetensors"
    write_arrays(path, ARRAYS)
    whole = path.read_bytes()

    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BrokenFileError, match="is not a whole safetensors file"):
            read_arrays(path)


def test_json_cut_at_any_byte_is_refused(tmp_path: Path):
    path = tmp_path / "some.json"
    write_json(path, {"rows": [1, 2], "who": "äöü"})
    whole = path.read_bytes()

    # Without its newline at the very end it still says the same.
    for length in range(len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(BrokenFileError, match="is not valid JSON"):
            read_json(path)


def test_lines_cut_at_any_byte_give_the_whole_ones(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    lines = [{"round": number, "loss": 0.5} for number in range(3)]
    write_lines(path, lines)
    whole = path.read_bytes()

    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        complete = whole[: length + 1].count(b"\n")  # all but its newline is enough
        assert read_lines(path) == lines[:complete]


def test_a_line_of_noise_is_left_out(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"round": 0}\n\xff\x00\n[1]\n7\n{"round": 1}\n')

    assert read_lines(path) == [{"round": 0}, {"round": 1}]


def test_lines_of_a_file_that_is_not_there_are_none(tmp_path: Path):
    assert read_lines(tmp_path / "metrics.jsonl") == []


def test_added_lines_come_in_order(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"

    append_line(path, {"round": 0})
    append_line(path, {"round": 1})

    assert path.read_bytes() == b'{"round": 0}\n{"round": 1}\n'


def overlapping() -> bytes:
    """A safetensors file whose two arrays share their bytes."""
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    header = json.dumps({"one": entry, "other": entry}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(8)


def reaching_out() -> bytes:
    """A safetensors file whose array goes on behind its end."""
    entry = {"dtype": "F32", "shape": [2000], "data_offsets": [0, 8000]}
    header = json.dumps({"one": entry}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(8)


@pytest.mark.parametrize(
    "content",
    [
        overlapping(),
        reaching_out(),
        (2**63).to_bytes(8, "little"),
        (10**8).to_bytes(8, "little") + b"{}",
        b"PK\x03\x04" + bytes(60),
    ],
    ids=["overlapping", "reaching out", "endless header", "huge header", "zip"],
)
def test_a_malicious_safetensors_file_is_refused(content: bytes, tmp_path: Path):
    path = tmp_path / "policy.safetensors"
    path.write_bytes(content)

    with pytest.raises(BrokenFileError, match="is not a whole safetensors file"):
        read_arrays(path)


@hypothesis.given(strategies.data())
@hypothesis.settings(max_examples=500)
def test_whatever_is_in_a_safetensors_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: Any
):
    whole = bytearray(safetensors.numpy.save(ARRAYS))
    places = strategies.integers(0, len(whole) - 1)
    for place in data.draw(strategies.lists(places, min_size=1, max_size=4)):
        whole[place] = data.draw(strategies.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "scrambled.safetensors"
    path.write_bytes(whole)

    with contextlib.suppress(BrokenFileError):
        read_arrays(path)


def test_a_whole_folder_appears_at_once(tmp_path: Path):
    folder = tmp_path / "000"

    with whole_folder(folder) as part:
        write_json(part / "measures.json", {})
        assert not folder.exists()

    assert sorted(path.name for path in folder.iterdir()) == [
        "hashes.json",
        "measures.json",
    ]


def test_a_folder_that_could_not_be_filled_leaves_nothing(tmp_path: Path):
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "000") as part:
        write_json(part / "measures.json", {})
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_attempt_left_does_not_get_into_a_whole_folder(tmp_path: Path):
    (tmp_path / "000.part").mkdir()
    (tmp_path / "000.part" / "half.json").write_text("{")

    with whole_folder(tmp_path / "000") as part:
        write_json(part / "measures.json", {})

    assert not (tmp_path / "000" / "half.json").exists()


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A sealed folder with two files."""
    with whole_folder(tmp_path / "000") as part:
        write_arrays(part / "policy.safetensors", ARRAYS)
        write_json(part / "policy.json", {"kind": "mlp"})
    return tmp_path / "000"


def test_a_sealed_file_that_nobody_touched_is_unchanged(sealed: Path):
    assert unchanged(sealed / "policy.json") == sealed / "policy.json"


def test_every_single_bit_that_flips_in_a_sealed_file_is_noticed(sealed: Path):
    path = sealed / "policy.json"
    whole = path.read_bytes()

    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(BrokenFileError, match=r"policy\.json was changed after"):
            unchanged(path)


def test_every_single_bit_that_flips_in_a_seal_is_noticed_or_harmless(sealed: Path):
    path = sealed / "hashes.json"
    whole = path.read_bytes()
    said = json.loads(whole)

    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            unchanged(sealed / "policy.json")
            unchanged(sealed / "policy.safetensors")
        except BrokenFileError:
            continue
        assert json.loads(flipped) == said


def test_a_changed_file_is_named_with_both_hashes_and_what_to_do(sealed: Path):
    path = sealed / "policy.json"
    wrote = fingerprint(path)
    path.write_text("{}")

    with pytest.raises(BrokenFileError) as refusal:
        unchanged(path)

    assert str(refusal.value) == (
        f"{path} was changed after it was written: its SHA-256 is"
        f" {fingerprint(path)[:12]}…, but hashes.json says {wrote[:12]}…; restore it"
        " from a copy"
    )


def test_a_file_that_came_later_is_not_of_a_sealed_folder(sealed: Path):
    write_json(sealed / "critic.json", {})

    with pytest.raises(BrokenFileError, match="does not name it"):
        unchanged(sealed / "critic.json")


def test_a_folder_that_lost_its_seal_is_refused(sealed: Path):
    (sealed / "hashes.json").unlink()

    with pytest.raises(BrokenFileError, match=r"hashes\.json is missing"):
        unchanged(sealed / "policy.json")


def test_a_seal_that_is_a_list_is_refused(sealed: Path):
    (sealed / "hashes.json").write_text("[]")

    with pytest.raises(BrokenFileError, match="does not name it"):
        unchanged(sealed / "policy.json")


def test_sealing_again_is_sealing_what_is_there_now(sealed: Path):
    write_json(sealed / "policy.json", {"kind": "other"})
    (sealed / "hashes.json").unlink()

    seal(sealed)

    unchanged(sealed / "policy.json")


def test_a_fingerprint_is_the_sha256_of_the_bytes(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"abc")

    check_fingerprint(
        tmp_path / "file",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        where="FIPS 180-2",
    )


HOLD = """
import sys, time
from pathlib import Path
from novice.files import only_one
with only_one(Path(sys.argv[1])):
    print("mine", flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def held_by_another(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes a run into this folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_process_is_refused_at_once_and_told_who_writes(tmp_path: Path):
    with held_by_another(tmp_path / "run") as process:
        began = time.monotonic()
        with pytest.raises(TakenError) as refusal, only_one(tmp_path / "run"):
            pass
        took = time.monotonic() - began

    assert str(refusal.value) == (
        f"process {process.pid} on {socket.gethostname()} is writing"
        f" {tmp_path / 'run'}; wait for it, stop it, or choose another --out"
    )
    assert took < 1.0


def test_a_refusal_leaves_the_first_process_its_lock(tmp_path: Path):
    with held_by_another(tmp_path):
        for _ in range(2):
            with pytest.raises(TakenError, match="is writing"), only_one(tmp_path):
                pass


def test_a_lock_goes_with_a_process_that_is_killed(tmp_path: Path):
    with held_by_another(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()

        with only_one(tmp_path):
            said = (tmp_path / ".lock").read_text()

    assert said == f"process {os.getpid()} on {socket.gethostname()}"


def test_a_lock_is_given_back_when_the_work_fails(tmp_path: Path):
    with pytest.raises(RuntimeError), only_one(tmp_path):
        raise RuntimeError

    with only_one(tmp_path):
        pass
