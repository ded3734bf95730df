"""A word is an episode and a letter an action; the words here are made up."""

import gzip
from pathlib import Path

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novice.datasets.dataset import Origin
from novice.envs.own.letters import (
    ALPHABET,
    Handwriting,
    Words,
    handwriting,
)
from novice.envs.rollout import rollout
from novice.envs.seeds import test_seeds as seeds_of_tests
from novice.envs.seeds import training_seeds, validation_seeds
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task, make_task
from novice.errors import NoviceError
from novice.experts.acting import ExpertActor
from novice.experts.ask import answers
from novice.experts.controllers import built_in_expert
from novice.experts.expert import UnknownExpertError

# Thirteen words in three folds, each letter of an image of its own.
TEXT = ("oak", "elm", "fir")
TEXT += ("ash", "yew", "bay", "box")
TEXT += ("may", "fig", "nut", "pea", "rye", "a")
FOLDS = [0] * 3 + [1] * 4 + [2] * 6


def columns() -> dict[str, np.ndarray]:
    """The made-up words as an .npz has them."""
    label = np.array([ALPHABET.index(letter) for word in TEXT for letter in word])
    images = np.random.default_rng(0).integers(0, 2, (len(label), 128), dtype=np.uint8)
    return {
        "pixels": images,
        "label": label,
        "word_length": np.array([len(word) for word in TEXT]),
        "fold": np.array(FOLDS),
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    np.savez(tmp_path / "words.npz", **columns())
    return tmp_path / "words.npz"


def letters(path: Path, **kwargs) -> Task:
    return make_task("novice/Letters-v0", {"data": str(path), **kwargs})


def spelled(task: Task, seed: int) -> str:
    """The word of an episode."""
    words = task.make().unwrapped.words
    return "".join(ALPHABET[i] for i in words.written.label[words.at(seed)])


@given(st.integers(0, 2**31), st.sampled_from(["train", "test"]))
def test_as_many_seeds_in_a_row_as_there_are_words_hold_each_once(first, split):
    ends = np.arange(1, 14)
    zeros = np.zeros(13, int)
    written = Handwriting(
        np.zeros((13, 128)), zeros, ends - 1, ends - ends + 1, np.array(FOLDS)
    )
    words = Words(written, fold=0, split=split)

    found = [words.at(first + place).start for place in range(words.count)]

    inside = (np.array(FOLDS) == 0) == (split == "test")
    assert sorted(found) == np.flatnonzero(inside).tolist()


def test_the_test_fold_is_tested_and_never_trained_on(path):
    train, test = letters(path, fold=1, split="train"), letters(path, fold=1)

    trained = {spelled(train, seed) for seed in range(9)}
    by_chance = {
        spelled(test, seed) for seed in training_seeds(jax.random.key(0), 60).tolist()
    }
    validated = {spelled(test, seed) for seed in validation_seeds(9).tolist()}
    tested = {spelled(test, seed) for seed in seeds_of_tests(4).tolist()}

    assert tested == {"ash", "yew", "bay", "box"}
    assert trained == by_chance == validated == set(TEXT) - tested


def test_one_sees_a_letter_and_what_the_one_before_was_taken_for(path):
    task = letters(path, fold=1)
    images = handwriting(str(path)).pixels
    environment = task.make()
    seed = next(s for s in range(9) if spelled(task, s) == "elm")

    begun, _ = environment.reset(seed=seed)
    after_x, _, _, _, _ = environment.step(ALPHABET.index("x"))
    after_l, _, _, _, _ = environment.step(ALPHABET.index("l"))

    for place, (seen, before) in enumerate(
        [(begun, ""), (after_x, "x"), (after_l, "l")]
    ):
        np.testing.assert_array_equal(seen[:128], images[3 + place])
        marked = [ALPHABET[i] for i in np.flatnonzero(seen[128:])]
        assert "".join(marked) == before
        assert environment.observation_space.contains(seen)


def test_every_right_letter_pays_one_and_the_word_ends_the_episode(path):
    task = letters(path, fold=1)
    environment = task.make()
    environment.reset(seed=next(s for s in range(9) if spelled(task, s) == "elm"))

    steps = [environment.step(ALPHABET.index(letter)) for letter in "eem"]

    assert [reward for _, reward, _, _, _ in steps] == [1, 0, 1]
    assert [ended for _, _, ended, _, _ in steps] == [False, False, True]
    assert not any(truncated for _, _, _, truncated, _ in steps)


def test_the_letter_before_can_be_kept_from_the_reader(path):
    task = letters(path, previous=False)
    environment = task.make()

    environment.reset(seed=0)
    seen, _, _, _, _ = environment.step(3)

    assert task.observation_size == 128
    assert seen.shape == (128,)


def test_the_same_seed_shows_the_same_word_again(path):
    environment = letters(path).make()

    first, _ = environment.reset(seed=5)
    environment.step(0)
    again, _ = environment.reset(seed=5)

    np.testing.assert_array_equal(first, again)


def test_the_picture_says_in_color_what_was_read_right(path):
    task = letters(path, fold=1)
    environment = task.make("rgb_array")
    environment.reset(seed=next(s for s in range(9) if spelled(task, s) == "elm"))
    environment.step(ALPHABET.index("e"))
    environment.step(ALPHABET.index("x"))

    picture = environment.render()

    def has(color: tuple[int, int, int], place: int) -> bool:
        part = picture[:, place * 52 : (place + 1) * 52]
        return bool((part == color).all(axis=-1).any())

    green, orange = (0, 158, 115), (213, 94, 0)
    assert picture.shape == (132, 3 * 52, 3)
    assert [has(green, place) for place in range(3)] == [True, False, False]
    assert [has(orange, place) for place in range(3)] == [False, True, False]


def test_the_scribe_knows_every_letter_whatever_others_read(path):
    task = letters(path, fold=1)
    scribe, seeds = built_in_expert(task.id, task.kwargs), np.arange(9)
    # More slots than words: in some of them nothing ever begins, and in that of the
    # file's last and shortest word everybody waits for the others.
    slots = SeparateSlots(task, 12)

    shown = rollout(slots, ExpertActor(scribe, task, slots=12, seeds=seeds), seeds)
    # As if others had acted: one asked about the second letter of every word.
    asked = np.zeros_like(shown.valid)
    asked[:, 1] = shown.valid[:, 1]
    given = answers(scribe, task, shown, asked, origin=Origin(0, "correction", "x"))

    np.testing.assert_array_equal(shown.reward.sum(axis=1), shown.length)
    words = [word for word in (spelled(task, seed) for seed in range(9)) if word[1:]]
    assert [ALPHABET[i] for i in given.action[:, 0]] == [word[1] for word in words]


def test_the_scribe_is_of_no_use_to_whoever_cannot_say_which_word_it_is(path):
    scribe = built_in_expert("novice/Letters-v0", {"data": str(path)})

    with pytest.raises(UnknownExpertError, match=r"not told which episode .* trained"):
        scribe.start()


def as_table() -> str:
    """The made-up words as Taskar's table has them, with the first word of fold 0."""
    given, lines, number = columns(), [], 0
    for index, word in enumerate(TEXT):
        for place, letter in enumerate(word):
            following = number + 2 if place + 1 < len(word) else -1
            pixels = "\t".join(str(bit) for bit in given["pixels"][number])
            head = (number + 1, letter, following, index + 1, place + 1, FOLDS[index])
            lines.append("\t".join(str(each) for each in head) + f"\t{pixels}\t\n")
            number += 1
    return "".join(lines)


@pytest.mark.parametrize("name", ["letter.data", "letter.data.gz"])
def test_taskars_own_table_says_the_same_as_the_arrays(tmp_path, path, name):
    table = tmp_path / name
    content = as_table().encode()
    table.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    found, expected = handwriting(str(table)), handwriting(str(path))

    for column in ("pixels", "label", "first", "length", "fold"):
        np.testing.assert_array_equal(getattr(found, column), getattr(expected, column))


def refused(tmp_path: Path, **changes: np.ndarray) -> str:
    """What is said about the made-up words with some columns changed."""
    kept = {name: each for name, each in (columns() | changes).items() if each.size}
    # A file is read once, so every odd one has a name of its own.
    path = tmp_path / f"odd-{len(list(tmp_path.iterdir()))}.npz"
    np.savez(path, **kept)
    with pytest.raises(NoviceError) as caught:
        letters(path)
    return str(caught.value)


def test_words_that_are_none_are_refused_in_a_sentence(tmp_path):
    given = columns()

    labels = refused(tmp_path, label=given["label"][1:])
    assert "have 37 letters, but there are pixels of shape (37, 128) and 36" in labels
    assert "neither 0 nor 1" in refused(tmp_path, pixels=given["pixels"] * 2)
    assert "go from 0 to 48, not 0 to 25" in refused(tmp_path, label=2 * given["label"])
    assert "12 folds, but each has" in refused(tmp_path, fold=given["fold"][1:])
    assert "'fold is not a file in the archive'" in refused(tmp_path, fold=np.zeros(0))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("letter.data", b""),
        ("letter.data", b"1\ta\t2\t1\t1\t0\t" + b"0\t" * 128),
        ("letter.data", b"1\t?\t-1\t1\t1\t0\t" + b"0\t" * 128),
        ("letter.data", b"1\ta\t-1\n"),
        ("letter.data.gz", b"no gzip"),
        ("words.npz", b"no zip"),
        ("letter.data", "ä".encode()),
    ],
)
def test_a_file_of_something_else_is_refused_in_a_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(NoviceError, match=r"holds no handwritten words: .* Taskar's"):
        letters(tmp_path / name)


def test_whoever_brings_no_words_is_told_where_they_are(tmp_path):
    with pytest.raises(NoviceError, match=r"data=letter.data.gz, from http"):
        make_task("novice/Letters-v0")
    with pytest.raises(NoviceError, match=r"there is no file .*letter.data.gz"):
        letters(tmp_path / "elsewhere.npz")


def test_a_fold_or_a_split_that_is_not_there_is_refused(path):
    with pytest.raises(NoviceError, match=r"fold is 3, but .* folds 0 to 2"):
        letters(path, fold=3)
    with pytest.raises(NoviceError, match=r"'all', but it is one of seed, train"):
        letters(path, split="all")
