"""What people decided about rows is kept, and rows in quarantine don't count."""

import json
from pathlib import Path

import numpy as np
import pytest

from novice.datasets import ledger
from novice.datasets.dataset import Answers, Dataset, Origin, batch_of
from novice.datasets.ledger import Entry, add_entry, read_ledger, read_verdicts
from novice.datasets.shards import load_dataset, renewed, save_part
from novice.files import BrokenFileError, TakenError, only_one
from novice.learning.heads import Categorical


def part(rows: int, *, round: int = 0, **origin: str) -> Answers:
    numbers = np.arange(rows)
    return Answers(
        observation=(100 * round + numbers[:, None]).astype(np.float32),
        action=np.zeros((rows, 1), np.int32),
        episode=np.zeros(rows, np.int32),
        step=numbers.astype(np.int32),
        origin=Origin(round, "correction", **{"who": "ana", **origin}),
    )


def quarantine(*rows: tuple[int, int], by: str = "kai") -> Entry:
    return Entry(what="quarantine", by=by, when=1.5, because="haste", rows=rows)


def restore(*rows: tuple[int, int]) -> Entry:
    return Entry(what="restore", by="kai", when=2.0, rows=rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A dataset of two parts, five rows and three."""
    for number, rows in enumerate([5, 3]):
        save_part(tmp_path, number, part(rows, round=number))
    return tmp_path


def test_entries_come_back_as_they_were(folder):
    entries = [quarantine((0, 2), (4, 4)), restore((1, 1))]
    for entry in entries:
        add_entry(folder, entry)

    assert read_ledger(folder) == entries


def test_what_is_let_out_again_counts_again(folder):
    add_entry(folder, quarantine((0, 2), (6, 6)))
    add_entry(folder, restore((1, 2)))

    assert read_verdicts(folder).quarantined == {0, 6}
    assert read_verdicts(folder, entries=1).quarantined == {0, 1, 2, 6}


def test_rows_in_quarantine_do_not_stand(folder):
    add_entry(folder, quarantine((1, 1), (5, 6)))

    dataset = load_dataset(folder)

    assert len(dataset) == 8
    stands = [True, False, True, True, True, False, False, True]
    np.testing.assert_array_equal(dataset.standing(), stands)
    np.testing.assert_array_equal(dataset.taught(), stands)


def test_nobody_learns_from_rows_in_quarantine(folder):
    add_entry(folder, quarantine((1, 7)))

    batch = batch_of(load_dataset(folder), Categorical((2,)), capacity=8)

    assert int(batch.valid.sum()) == 1
    assert float(batch.observation[0, 0]) == 0.0


def test_another_run_does_not_take_them_along(folder):
    add_entry(folder, quarantine((0, 3)))

    settled = load_dataset(folder).settled()

    np.testing.assert_array_equal(
        settled.column("observation")[:, 0], [4, 100, 101, 102]
    )
    assert not settled.quarantined


def test_what_was_answered_anew_stays_replaced_by_an_answer_in_quarantine():
    question = np.array([7], np.int64)
    first, anew = (
        Answers(**part(1).columns(), question=question, origin=Origin(n, "x", "ana"))
        for n in range(2)
    )

    dataset = Dataset((first, anew)).without([1], ledger=1)

    assert not dataset.standing().any()


def test_later_rows_never_take_the_places_of_those_that_are_cut_away(folder):
    add_entry(folder, quarantine((6, 6)))

    dataset = load_dataset(folder).first(5).append(part(3, round=2))

    assert dataset.standing().all()


def test_a_dataset_in_memory_learns_of_decisions(folder):
    before = load_dataset(folder)
    add_entry(folder, quarantine((0, 0)))

    after = renewed(before, folder)

    assert (before.standing().sum(), after.standing().sum()) == (8, 7)
    assert (before.ledger, after.ledger) == (0, 1)


def test_a_folder_without_a_ledger_is_as_before(folder):
    dataset = load_dataset(folder)

    assert (dataset.quarantined, dataset.ledger) == (frozenset(), 0)
    assert [path.name for path in sorted(folder.iterdir())] == [
        "000.safetensors",
        "001.safetensors",
        "index.json",
    ]


def test_imported_rows_are_untrusted_until_somebody_vouches(tmp_path):
    save_part(tmp_path, 0, part(2, imported="shown.npz"))
    save_part(tmp_path, 1, part(3, imported="shown.npz", who="ben"))
    save_part(tmp_path, 2, part(1))
    before = load_dataset(tmp_path).untrusted()

    trust = Entry(what="trust", by="kai", when=1.0, people=("ben",))
    add_entry(tmp_path, trust)

    after = load_dataset(tmp_path)
    np.testing.assert_array_equal(before, [True] * 5 + [False])
    np.testing.assert_array_equal(after.untrusted(), [True] * 2 + [False] * 4)
    assert after.parts[1].origin.vouched == "kai"


def test_the_index_says_what_was_imported_and_nothing_more_of_others(tmp_path):
    save_part(tmp_path, 0, part(2, imported="shown.npz"))
    save_part(tmp_path, 1, part(1))

    one, other = json.loads((tmp_path / "index.json").read_text())["parts"]

    assert one["imported"] == "shown.npz"
    assert {"imported", "vouched"}.isdisjoint(other)


def changed(folder: Path, change) -> None:
    path = folder / ledger.LEDGER
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["entries"][0].update(because="no reason"), "entry 0 .* changed"),
        (lambda c: c["entries"].pop(0), "entry 0 .* changed"),
        (lambda c: c["entries"][1].update(what="forget"), "entry 1 .* not one that"),
        (lambda c: c["entries"][1].update(rows=[[3, 1]]), "entry 1 .* not one that"),
        (lambda c: c["entries"][1].update(people=3), "entry 1 .* not one that"),
        (lambda c: c["entries"][1].pop("by"), "entry 1 .* not one that"),
        (lambda c: c.update(schema=2), "has schema 2"),
        (lambda c: c.update(entries=None), "holds no entries"),
        (lambda c: c.pop("schema"), "is not the ledger"),
    ],
)
def test_a_changed_ledger_is_noticed(folder, change, words):
    add_entry(folder, quarantine((0, 2)))
    add_entry(folder, restore((1, 1)))
    changed(folder, change)

    with pytest.raises(BrokenFileError, match=words):
        load_dataset(folder)


def test_a_ledger_of_another_dataset_is_noticed(folder):
    add_entry(folder, quarantine((0, 8)))

    with pytest.raises(BrokenFileError, match="names row 8, but the dataset has 8"):
        load_dataset(folder)


def test_two_people_do_not_write_at_once(folder):
    with only_one(folder), pytest.raises(TakenError):
        add_entry(folder, quarantine((0, 0)))

    assert read_ledger(folder) == []


# ------------------------------------------------------------- what is said about pairs


def settle(one: int, other: int, *right: int, by: str = "kai") -> Entry:
    rows = ledger.stretches((one, other))
    return Entry(what="settle", by=by, when=3.0, rows=rows, right=right)


def reopen(one: int, other: int) -> Entry:
    return Entry(what="reopen", by="kai", when=4.0, rows=ledger.stretches((one, other)))


def test_what_is_said_about_pairs_comes_back_as_it_was(folder):
    entries = [settle(0, 6, 6), settle(2, 3, 2, 3), settle(1, 4), reopen(0, 6)]
    for entry in entries:
        add_entry(folder, entry)

    assert read_ledger(folder) == entries
    verdicts = read_verdicts(folder)
    assert [*verdicts.settled] == [(2, 3), (1, 4)]
    assert verdicts.both_fine((2, 3)) and not verdicts.both_fine((1, 4))
    assert verdicts.quarantined == frozenset()


def test_the_newest_word_about_a_pair_counts_and_comes_last(folder):
    for entry in (settle(0, 6, 0, 6), settle(1, 4, 1, 4), settle(0, 6, 6, by="lea")):
        add_entry(folder, entry)

    settled = read_verdicts(folder).settled

    assert [*settled] == [(1, 4), (0, 6)]
    assert settled[0, 6].by == "lea"


def test_only_what_settles_says_who_is_right(folder):
    add_entry(folder, quarantine((0, 0)))
    add_entry(folder, settle(0, 6, 6))

    first, second = json.loads((folder / ledger.LEDGER).read_text())["entries"]

    assert "right" not in first
    assert second["right"] == [6]


def test_several_entries_are_added_whole_or_not_at_all(folder, monkeypatch):
    add_entry(folder, quarantine((0, 0)))

    def fail(*_: object) -> None:
        raise BrokenFileError("the disk is full")

    with monkeypatch.context() as patch, pytest.raises(BrokenFileError):
        patch.setattr(ledger, "write_json", fail)
        ledger.change_ledger(folder, lambda _: [restore((0, 0)), settle(0, 6, 0)])
    assert len(read_ledger(folder)) == 1

    ledger.change_ledger(folder, lambda _: [restore((0, 0)), settle(0, 6, 0)])
    assert [entry.what for entry in read_ledger(folder)] == [
        "quarantine",
        "restore",
        "settle",
    ]


def test_nothing_to_add_writes_nothing(folder):
    ledger.change_ledger(folder, lambda entries: [])

    assert not (folder / ledger.LEDGER).exists()


@pytest.mark.parametrize(
    "change",
    [
        {"right": [5]},
        {"right": [6, 0]},
        {"right": 6},
        {"rows": [[0, 0]]},
        {"rows": [[0, 2]]},
        {"rows": [[6, 6], [0, 0]]},
        {"rows": [[0, 0], [6, 6], [7, 7]]},
        {"rows": [[0, 10**15]]},
        {"what": "quarantine"},
        {"what": "reopen"},
        {"what": ["settle"]},
    ],
)
def test_a_pair_that_is_none_is_noticed(folder, change):
    add_entry(folder, settle(0, 6, 6))
    changed(folder, lambda content: content["entries"][0].update(change))

    with pytest.raises(BrokenFileError, match=r"entry 0 .* not one that"):
        read_ledger(folder)
