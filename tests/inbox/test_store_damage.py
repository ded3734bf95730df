"""A disk that is full, torn or worn: nothing is lost unsaid, nothing crashes."""

import os
import random
import re
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inbox.asking import CLIP, a_question, an_episode, ask, asked, everything, says
from novice.files import CannotWriteError
from novice.inbox.store import BrokenInboxError, Inbox, NewerInboxError

ROOM_FOR_FILES = 300_000


def a_small_inbox(path: Path) -> None:
    """A closed inbox with something of everything in it."""
    inbox = Inbox(path)
    ask(inbox, 3)
    clip = [a_question(2, clip=CLIP), a_question(1)]
    inbox.add_visit(1, [an_episode(1), an_episode(1, episode=1)], clip)
    inbox.store([says(1), says(4, "ben", verdict="wrong"), says(1, verdict="any")])
    inbox.store([says(5, "ben", verdict="skip"), says(4, verdict="report")])
    inbox.retire(before=1)
    inbox.store([says(2, "ben", verdict="unsure")])
    inbox.tell("phase", "asking")
    inbox.announce({"round": 1, "sentence": "Your answers: 83 -> 140"})
    inbox.close()


def after_flips(path: Path, count: int, seed: int) -> dict[str, int]:
    """Flip one bit at a time; how often that was found, and how often harmless."""
    whole = path.read_bytes()
    inbox = Inbox(path)
    written = everything(inbox)
    inbox.close()
    found = {"found": 0, "harmless": 0}
    chance = random.Random(seed)
    worn = path.with_name("worn.sqlite")
    for _ in range(count):
        flipped, bit = bytearray(whole), chance.randrange(8 * len(whole))
        flipped[bit // 8] ^= 1 << bit % 8
        worn.write_bytes(flipped)
        try:
            inbox = Inbox(worn)
        except (BrokenInboxError, NewerInboxError, CannotWriteError):
            found["found"] += 1
            continue
        try:
            inbox.check()
        except BrokenInboxError:
            found["found"] += 1
        else:
            assert everything(inbox) == written, f"bit {bit} was not noticed"
            found["harmless"] += 1
        finally:
            inbox.close()
    return found


def test_every_bit_that_flips_is_found_or_harmless(tmp_path: Path):
    path = tmp_path / "inbox.sqlite"
    a_small_inbox(path)

    found = after_flips(path, 300, seed=1)

    # Most of a small file is free space.
    assert found["found"] > 30 and sum(found.values()) == 300


@pytest.mark.soak
def test_every_one_of_many_bits_that_flip_is_found_or_harmless(tmp_path: Path):
    path = tmp_path / "inbox.sqlite"
    a_small_inbox(path)

    found = after_flips(path, 10_000, seed=2)

    assert found["found"] > 1_000 and sum(found.values()) == 10_000


def test_every_bit_of_an_answer_that_flips_is_found(tmp_path: Path):
    path = tmp_path / "inbox.sqlite"
    a_small_inbox(path)
    whole = path.read_bytes()
    (uuid,) = [
        each.answer.uuid.encode() for each in opened(path) if each.answer.who == "ben"
    ][:1]
    first = whole.index(uuid)

    for place in range(first, first + 33, 3):
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << bit
            path.write_bytes(flipped)
            with pytest.raises(BrokenInboxError):
                checked(path)


def opened(path: Path) -> list[Any]:
    inbox = Inbox(path)
    answers = inbox.answers_after(0)
    inbox.close()
    return answers


def checked(path: Path) -> None:
    inbox = Inbox(path)
    try:
        inbox.check()
    finally:
        inbox.close()


def edited(path: Path, *statements: str) -> None:
    """Change the closed file behind novice's back, triggers or not."""
    connection = sqlite3.connect(path, isolation_level=None)
    triggers = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
    known = connection.execute(triggers).fetchall()
    for name, _ in known:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for _, sql in known:
        connection.execute(sql)
    connection.close()


def test_a_changed_answer_is_named_with_both_digests_and_what_to_do(tmp_path: Path):
    path = tmp_path / "inbox.sqlite"
    a_small_inbox(path)
    edited(path, "UPDATE answers SET seconds = 9 WHERE id = 2")

    with pytest.raises(BrokenInboxError) as refusal:
        checked(path)

    words = str(refusal.value)
    assert words.startswith(
        f"{path} was damaged by something else than novice: row 2 of answers has the"
        " digest "
    )
    assert words.count("…") == 2
    assert words.endswith("; restore it from a copy")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE questions SET step = 2 WHERE id = 1", "row 1 of questions has the"),
        ("UPDATE episodes SET seed = 0 WHERE id = 2", "row 2 of episodes has the dig"),
        ("UPDATE clips SET image = x'00'", "row 4 of clips has the digest"),
        ("UPDATE facts SET content = '1'", "row phase of facts has the digest"),
        ("UPDATE news SET digest = 7", "row 1 of news has the digest 7, but"),
        ("UPDATE retirements SET before = 2", "row 1 of retirements has the digest"),
        (
            "DELETE FROM questions WHERE id = 3",
            "a row of queue belongs to one of quest",
        ),
        (
            "DELETE FROM answers WHERE id = 6",
            "a row of standing belongs to one of answers",
        ),
        ("DELETE FROM answers WHERE id = 2", "row 3 of answers has the digest"),
        ("DELETE FROM clips", "visit 1 has 0 clips, but 1 were written"),
        ("DELETE FROM retirements", "queue has the row"),
        ("UPDATE queue SET given = 0 WHERE question = 1", "queue has the row"),
        ("UPDATE standing SET answer = 1 WHERE answer = 3", "standing has the row"),
        ("UPDATE people SET seconds = 0 WHERE who = 'ben'", "people has the row"),
        ("DELETE FROM people", "people has the row None, but its answers give"),
    ],
)
def test_a_change_is_found_wherever_it_was_made(change: str, said: str, tmp_path: Path):
    path = tmp_path / "inbox.sqlite"
    a_small_inbox(path)
    checked(path)

    edited(path, change)

    with pytest.raises(BrokenInboxError, match=said):
        checked(path)


def test_a_visit_that_lost_its_last_question_is_found(tmp_path: Path):
    path = tmp_path / "inbox.sqlite"
    a_small_inbox(path)

    edited(
        path,
        "DELETE FROM standing WHERE question = 5",
        "DELETE FROM queue WHERE question = 3",
        "DELETE FROM questions WHERE id = 3",
    )

    with pytest.raises(BrokenInboxError, match="visit 0 has 2 questions, but 3 were"):
        checked(path)


def test_a_log_cut_anywhere_holds_the_first_of_the_answers(tmp_path: Path):
    path, log = tmp_path / "inbox.sqlite", tmp_path / "inbox.sqlite-wal"
    inbox = asked(path, 12)
    inbox.close()
    inbox = Inbox(path)
    ends = [0]
    for number in range(1, 13):
        inbox.store([says(number)])
        ends.append(log.stat().st_size)
    base, whole = path.read_bytes(), log.read_bytes()
    answers = inbox.answers_after(0)
    inbox.close()
    torn = tmp_path / "torn" / "inbox.sqlite"
    torn.parent.mkdir()
    chance = random.Random(3)
    around = {end + shift for end in ends for shift in (-1, 0, 1)}
    anywhere = {chance.randrange(len(whole)) for _ in range(60)}

    for length in sorted((around | anywhere) & set(range(len(whole) + 1))):
        torn.write_bytes(base)
        torn.with_name(log.name).write_bytes(whole[:length])
        inbox = Inbox(torn)
        inbox.check()
        complete = sum(end <= length for end in ends[1:])
        assert inbox.answers_after(0) == answers[:complete]
        # And it goes on from there.
        assert inbox.store([says(1, "ben")]) == [complete + 1]
        inbox.close()


@pytest.fixture
def file_size_limit() -> Iterator[int]:
    """No file may grow beyond this many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_FOR_FILES, before[1]))
    yield ROOM_FOR_FILES
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def until_refused(inbox: Inbox) -> tuple[list[str], CannotWriteError]:
    """Store until that fails; the uuids that were acknowledged, and the refusal."""
    acknowledged = []
    for turn in range(10_000):
        pair = [says(1 + turn % 5, f"person {turn}", shown={"notes": "x" * 500})] * 1
        pair.append(says(1 + turn % 5, f"other {turn}"))
        try:
            inbox.store(pair)
        except CannotWriteError as error:
            return acknowledged, error
        acknowledged += [each.uuid for each in pair]
    raise AssertionError("the disk never became full")


def stored(inbox: Inbox) -> list[str]:
    return [each.answer.uuid for each in inbox.answers_after(0)]


def test_a_file_that_may_not_grow_loses_nothing_that_was_acknowledged(
    tmp_path: Path, file_size_limit: int
):
    inbox = asked(tmp_path / "inbox.sqlite", 5)

    acknowledged, error = until_refused(inbox)

    assert f"{tmp_path / 'inbox.sqlite'} cannot be written: " in str(error)
    assert "bytes are free there); make room there" in str(error)
    assert stored(inbox) == acknowledged
    inbox.check()

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits[1], limits[1]))
    last = says(2, "eva")
    inbox.store([last])
    inbox.check()
    inbox.close()
    again = Inbox(tmp_path / "inbox.sqlite")
    assert stored(again) == [*acknowledged, last.uuid]
    again.close()


def test_a_full_database_loses_nothing_that_was_acknowledged(tmp_path: Path):
    inbox = asked(tmp_path / "inbox.sqlite", 5)
    ((pages,),) = inbox._file.connection.execute("PRAGMA page_count")
    inbox._file.connection.execute(f"PRAGMA max_page_count = {pages + 5}")

    acknowledged, error = until_refused(inbox)

    told = re.fullmatch(
        rf"{tmp_path}/inbox\.sqlite cannot be written: database or disk is full"
        r" \(([\d,]+) bytes are free there\); make room there, and try again",
        str(error),
    )
    assert told and int(told[1].replace(",", "")) > 1_000
    assert stored(inbox) == acknowledged
    inbox._file.connection.execute("PRAGMA max_page_count = 100000")
    inbox.store([says(1, "eva")])
    inbox.check()
    inbox.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "novice-test", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        pytest.skip("no small disk to fill: there is no mount command")
    if mounted.returncode:
        pytest.skip(f"no small disk to fill: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True, timeout=30)


def test_a_full_disk_loses_nothing_that_was_acknowledged(small_disk: Path):
    path = small_disk / "inbox.sqlite"
    inbox = asked(path, 5)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_000_000))

    acknowledged, error = until_refused(inbox)

    assert f"{path} cannot be written: " in str(error)
    assert "make room there" in str(error)
    assert stored(inbox) == acknowledged
    with pytest.raises(CannotWriteError, match="make room there"):
        for number in range(1000):
            inbox.tell(f"fact {number}", "x" * 4_000)

    ballast.unlink()
    last = says(2, "eva")
    inbox.store([last])
    inbox.check()
    inbox.close()
    again = Inbox(path)
    again.check()
    assert stored(again) == [*acknowledged, last.uuid]
    again.close()


def test_no_inbox_is_made_on_a_full_disk(small_disk: Path):
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space left"), ballast.open("wb") as file:
        while True:
            file.write(bytes(4096))

    with pytest.raises(CannotWriteError, match=r"\(0 bytes are free there\); make roo"):
        Inbox(small_disk / "inbox.sqlite")

    ballast.unlink()
    inbox = asked(small_disk / "inbox.sqlite", 1)
    inbox.check()
    inbox.close()


def test_a_disk_that_is_mounted_read_only_is_refused(small_disk: Path):
    path = small_disk / "inbox.sqlite"
    asked(path, 1).close()
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    subprocess.run(remount, check=True, timeout=30)

    for refused in (path, small_disk / "new.sqlite"):
        with pytest.raises(CannotWriteError, match="choose a folder that can be writ"):
            Inbox(refused)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused(tmp_path: Path):
    path = tmp_path / "dataset" / "inbox.sqlite"
    asked(path, 1).close()
    path.parent.chmod(0o500)

    with pytest.raises(CannotWriteError, match="choose a folder that can be written"):
        Inbox(path.with_name("new.sqlite"))

    path.parent.chmod(0o700)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path):
    (tmp_path / "dataset").write_text("")

    with pytest.raises(CannotWriteError, match="something else is there"):
        Inbox(tmp_path / "dataset" / "inbox.sqlite")


def test_an_inbox_that_is_a_folder_is_refused(tmp_path: Path):
    (tmp_path / "inbox.sqlite").mkdir()

    with pytest.raises(CannotWriteError, match="unable to open database file"):
        Inbox(tmp_path / "inbox.sqlite")
