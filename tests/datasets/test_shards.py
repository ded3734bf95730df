"""A dataset comes back as it was laid down, or a sentence names the broken file."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from novice.datasets.dataset import Answers, Dataset, Origin
from novice.datasets.shards import forget_parts, load_dataset, save_part
from novice.files import BrokenFileError, fingerprint, read_arrays, write_arrays


def answers(rows: int, *, round: int, real: bool = False) -> Answers:
    draw = np.random.default_rng(round)
    return Answers(
        observation=draw.normal(size=(rows, 3)).astype(np.float32),
        action=draw.normal(size=(rows, 2)).astype(np.float32)
        if real
        else draw.integers(0, 4, (rows, 2)).astype(np.int32),
        episode=np.arange(rows, dtype=np.int32),
        step=np.arange(rows, dtype=np.int32)[::-1].copy(),
        origin=Origin(round, "correction", "Jürgen (pilots:steer)"),
    )


def assert_same(dataset: Dataset, parts: list[Answers]) -> None:
    assert [part.origin for part in dataset.parts] == [part.origin for part in parts]
    for got, expected in zip(dataset.parts, parts, strict=True):
        for name, column in expected.columns().items():
            np.testing.assert_array_equal(getattr(got, name), column)
            assert getattr(got, name).dtype == column.dtype


@pytest.fixture
def parts() -> list[Answers]:
    return [answers(rows, round=round) for round, rows in enumerate([5, 1, 3])]


@pytest.fixture
def folder(tmp_path: Path, parts: list[Answers]) -> Path:
    for number, part in enumerate(parts):
        save_part(tmp_path / "dataset", number, part)
    return tmp_path / "dataset"


def test_a_dataset_comes_back_as_it_was(folder, parts):
    assert_same(load_dataset(folder), parts)


def test_real_actions_come_back_as_they_were(tmp_path):
    part = answers(4, round=0, real=True)
    save_part(tmp_path, 0, part)

    assert_same(load_dataset(tmp_path), [part])


def by_people(rows: int, *, round: int) -> Answers:
    """The same with sets of actions, of which each has two numbers of four options."""
    part = answers(rows, round=round)
    marks = np.random.default_rng(round).integers(0, 2, (rows, 8)).astype(np.int8)
    marks[:, [0, 4]] = 1
    question = np.arange(rows, dtype=np.int64) + 2**40
    return dataclasses.replace(part, marks=marks, question=question)


def test_what_people_answered_comes_back_as_it_was(tmp_path):
    parts = [answers(2, round=0), by_people(4, round=1)]
    for number, part in enumerate(parts):
        save_part(tmp_path, number, part)

    shown, said = load_dataset(tmp_path).parts

    assert_same(Dataset((shown, said)), parts)
    assert shown.marks is None and shown.question is None


def test_what_is_known_in_part_comes_back_as_it_was(tmp_path):
    whole = answers(4, round=0, real=True)
    known = np.random.default_rng(0).integers(0, 2, whole.action.shape).astype(bool)
    parts = [whole, dataclasses.replace(whole, known=known)]
    for number, part in enumerate(parts):
        save_part(tmp_path, number, part)

    found = load_dataset(tmp_path)

    assert found.parts[0].known is None
    assert_same(found, parts)


def test_a_part_from_before_people_answered_is_still_read(tmp_path):
    part = answers(3, round=0)
    save_part(tmp_path, 0, part)

    assert read_arrays(tmp_path / "000.safetensors").keys() == {
        *("observation", "action", "episode", "step"),
    }
    assert_same(load_dataset(tmp_path), [part])


def rewritten(folder: Path, number: int, columns: dict[str, np.ndarray]) -> Path:
    """Write other columns into a part, with the hash that belongs to them."""
    shard = folder / f"{number:03d}.safetensors"
    write_arrays(shard, columns)
    index = json.loads((folder / "index.json").read_text())
    index["parts"][number]["sha256"] = fingerprint(shard)
    (folder / "index.json").write_text(json.dumps(index))
    return shard


@pytest.mark.parametrize("name", ["observation", "action", "episode", "step"])
def test_a_part_without_one_of_its_columns_is_named(folder, parts, name):
    columns = parts[1].columns()
    del columns[name]
    shard = rewritten(folder, 1, columns)

    assert refusal(folder) == (
        f"{shard} has no column called {name}, which every part of a dataset has;"
        " restore it from a copy"
    )


def test_a_part_with_a_column_of_the_future_is_named(folder, parts):
    columns = parts[1].columns() | {"confidence": np.ones(1, np.float32)}
    shard = rewritten(folder, 1, columns)

    assert refusal(folder) == (
        f"{shard} has a column called confidence, which this version of novice does not"
        " know; use the version that wrote it"
    )


def test_parts_that_are_forgotten_are_read_no_more(folder, parts):
    forget_parts(folder, 1)

    assert_same(load_dataset(folder), parts[:1])


def test_to_forget_what_is_not_there_changes_nothing(folder, parts):
    forget_parts(folder, 3)
    forget_parts(folder / "nowhere", 0)

    assert_same(load_dataset(folder), parts)
    assert not (folder / "nowhere").exists()


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_first_parts_can_be_read_alone(folder, parts, count):
    assert_same(load_dataset(folder, parts=count), parts[:count])


def test_a_folder_without_an_index_holds_nothing_yet(tmp_path):
    assert len(load_dataset(tmp_path)) == 0


def test_equal_datasets_are_equal_bytes(folder, tmp_path, parts):
    for number, part in enumerate(parts):
        save_part(tmp_path / "again", number, part)

    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_what_a_killed_attempt_left_is_replaced(folder, parts):
    other = answers(2, round=7)

    save_part(folder, 1, other)

    assert_same(load_dataset(folder), [parts[0], other])


def test_a_part_that_was_written_but_never_indexed_does_not_count(folder, parts):
    index = folder / "index.json"
    content = json.loads(index.read_text())
    content["parts"].pop()
    index.write_text(json.dumps(content))

    assert_same(load_dataset(folder), parts[:2])


def refusal(folder: Path) -> str:
    with pytest.raises(BrokenFileError) as refused:
        load_dataset(folder)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_file_cut_anywhere_is_named(folder):
    shard = folder / "001.safetensors"
    whole = shard.read_bytes()

    for length in range(0, len(whole), 7):
        shard.write_bytes(whole[:length])
        assert str(shard) in refusal(folder)


def test_an_index_cut_anywhere_is_named(folder):
    index = folder / "index.json"
    whole = index.read_bytes()

    for length in range(0, len(whole) - 1, 11):
        index.write_bytes(whole[:length])
        assert str(index) in refusal(folder)


def test_a_changed_byte_is_found_out(folder):
    shard = folder / "001.safetensors"
    whole = bytearray(shard.read_bytes())
    whole[-1] ^= 1
    shard.write_bytes(whole)

    told = refusal(folder)

    assert told.startswith(f"{shard} was changed after it was written")


def test_a_missing_part_is_named(folder):
    (folder / "000.safetensors").unlink()

    assert refusal(folder).startswith(f"{folder / '000.safetensors'} is missing")


def test_an_index_of_another_schema_is_refused(folder):
    (folder / "index.json").write_text('{"schema": 99, "parts": []}')

    assert "has schema 99" in refusal(folder)


@pytest.mark.parametrize(
    "content", ["[]", "7", '{"schema": 1}', '{"schema": 1, "parts": [{}]}']
)
def test_an_index_that_is_no_index_is_refused(folder, content):
    (folder / "index.json").write_text(content)

    assert str(folder / "index.json") in refusal(folder)


def test_a_part_outside_of_the_folder_is_not_read(tmp_path):
    save_part(tmp_path / "dataset", 0, answers(3, round=0))
    index = json.loads((tmp_path / "dataset" / "index.json").read_text())
    index["parts"][0]["file"] = "../elsewhere/000.safetensors"
    (tmp_path / "dataset" / "index.json").write_text(json.dumps(index))

    with pytest.raises(BrokenFileError, match="does not name its parts"):
        load_dataset(tmp_path / "dataset")
