"""Whatever is done to a file, reading it ends in its contents or in one sentence."""

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inbox.played import HEAD, SHAPES, begun, record
from novice.datasets.dataset import Answers, Dataset, Origin
from novice.datasets.shards import load_dataset, save_part
from novice.errors import NoviceError
from novice.experts.kept import load_policy, save_policy
from novice.files import whole_folder
from novice.inbox.recorder import Recorder
from novice.inbox.recording import read_recording
from novice.learning.heads import Categorical
from novice.learning.policy import new_policy

# What a mutation puts in: numbers and marks on which readers stumble.
ODD = [b"", b"\x00", b"\xff" * 8, b"-1", b"1e999", b"NaN", b"null", b"{}", b"[]", b'"']
ODD += [b"\n", b"\x80abc", b"9" * 40, b"../../x", b"true", b"\\u0000", b"[" * 3000]


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The bytes with one to four things cut, changed, doubled or put in."""
    found = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        start = chance.randint(0, len(found))
        stop = min(len(found), start + chance.choice([1, 2, 8, 64]))
        what = chance.randrange(4)
        if what == 0:
            del found[start:stop]
        elif what == 1 and start < len(found):
            found[start] ^= 1 << chance.randrange(8)
        elif what == 2:
            found[start:start] = found[start:stop]
        else:
            found[start:stop] = chance.choice(ODD)
    return bytes(found)


def a_dataset(folder: Path) -> None:
    rows = np.arange(6)
    part = Answers(
        observation=np.stack([rows, -rows], axis=1).astype(np.float32),
        action=(rows % 3)[:, None].astype(np.int32),
        episode=np.zeros(6, np.int32),
        step=rows.astype(np.int32),
        origin=Origin(0, "correction", "ana"),
        marks=np.eye(3, dtype=np.int8)[rows % 3],
        question=rows.astype(np.int64),
    )
    for number, each in enumerate(Dataset((part, part)).parts):
        save_part(folder, number, each)


def a_policy(folder: Path) -> None:
    import jax

    with whole_folder(folder) as part:
        head = Categorical((3,))
        save_policy(part, new_policy(2, head, hidden=(4,), key=jax.random.key(0)))


def a_recording(folder: Path) -> None:
    recorder = Recorder(begun(folder))
    recorder.begin({**HEAD, **SHAPES})
    record(recorder, steps=5)
    recorder.end(
        "terminated",
        np.zeros(2, np.float32),
        terminated=True,
        truncated=False,
        seconds=0.1,
    )
    recorder.close()


READERS: dict[str, tuple[Callable[[Path], None], Callable[[Path], object]]] = {
    "dataset": (a_dataset, load_dataset),
    "policy": (a_policy, load_policy),
    "recording": (a_recording, read_recording),
}


def read_mutations(tmp_path: Path, kind: str, *, seed: int, seconds: float) -> int:
    """Read mutated files for so long; how many were read."""
    make, read = READERS[kind]
    make(tmp_path / "sound")
    read(tmp_path / "sound")
    files = sorted(
        path.relative_to(tmp_path / "sound")
        for path in (tmp_path / "sound").rglob("*")
        if path.is_file() and path.stat().st_size
    )
    chance, count, end = random.Random(seed), 0, time.monotonic() + seconds
    broken = tmp_path / "broken"
    while time.monotonic() < end:
        shutil.rmtree(broken, ignore_errors=True)
        shutil.copytree(tmp_path / "sound", broken)
        victim = broken / chance.choice(files)
        victim.write_bytes(mutated(victim.read_bytes(), chance))
        began = time.monotonic()
        try:
            read(broken)
        except NoviceError as error:
            assert "\n" not in str(error).strip()
        assert time.monotonic() - began < 1
        count += 1
    return count


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_a_mutated_file_is_read_or_refused(kind: str, tmp_path: Path):
    assert read_mutations(tmp_path, kind, seed=0, seconds=3) > 50


@pytest.mark.soak
@pytest.mark.parametrize("kind", READERS)
def test_ten_minutes_of_mutations_are_read_or_refused(kind: str, tmp_path: Path):
    print(f"{kind}: {read_mutations(tmp_path, kind, seed=1, seconds=600):,} read")
