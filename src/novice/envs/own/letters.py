"""Read handwritten words letter by letter: an episode is a word, an action a letter.

The handwriting task of the DAgger paper (Ross, Gordon and Bagnell 2011, section 5.3,
https://arxiv.org/abs/1011.0686), with the words that Kassel collected and Taskar
prepared. They are not part of novice: whoever wants to read them brings the file.
"""

import functools
import gzip
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from jaxtyping import Float, Int
from PIL import Image, ImageDraw, ImageFont

from novice.envs.seeds import FIRST_TEST_SEED
from novice.errors import NoviceError

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
HEIGHT, WIDTH = 16, 8  # of a letter's image, in pixels
PIXELS = HEIGHT * WIDTH
SPLITS = ("seed", "train", "test")
# The registered limit of steps; the longest word of the well-known file has 14 letters.
LONGEST_WORD = 100

# How large a pixel is drawn, the margin of a letter, room for what was read, and how
# many letters stand side by side.
_PIXEL, _MARGIN, _LINE, _IN_A_LINE = 5, 6, 40, 7
_PAPER, _INK, _FRAME = "#ffffff", "#20242a", "#0072b2"
_RIGHT, _WRONG, _PALE = "#009e73", "#d55e00", "#b9c0c8"


class BadLettersError(NoviceError):
    """There are no handwritten words to read in a file, or not the ones asked for."""


@dataclass(frozen=True, eq=False)
class Handwriting:
    """All letters of all words, one after another; `first` is where each word begins.

    A pixel is 1 where there is ink; a label counts from 0, the letter a. Words are
    divided into folds.
    """

    pixels: Float[np.ndarray, "letters pixels"]
    label: Int[np.ndarray, " letters"]
    first: Int[np.ndarray, " words"]
    length: Int[np.ndarray, " words"]
    fold: Int[np.ndarray, " words"]


class Words:
    """Which word an episode is about: its seed says it.

    The words of the split stand in an order that was shuffled once and for all, and
    seed after seed takes the next one, round and round. So as many seeds in a row as
    there are words hold each of them exactly once.
    """

    def __init__(self, written: Handwriting, *, fold: int, split: str):
        folds = sorted(set(written.fold.tolist()))
        if fold not in folds:
            raise BadLettersError(
                f"fold is {fold}, but the words are divided into folds"
                f" {folds[0]} to {folds[-1]}; name one of them as the test fold"
            )
        if split not in SPLITS:
            raise BadLettersError(
                f"split is {split!r}, but it is one of {', '.join(SPLITS)}"
            )
        self.written = written
        self._split = split
        self._test = _shuffled(np.flatnonzero(written.fold == fold))
        self._train = _shuffled(np.flatnonzero(written.fold != fold))

    def of(self, seed: int) -> Int[np.ndarray, " words"]:
        """The words among which this seed chooses."""
        tests = self._split == "test"
        if self._split == "seed":
            tests = seed >= FIRST_TEST_SEED
        return self._test if tests else self._train

    def at(self, seed: int) -> slice:
        """The letters of the word that this seed is about."""
        words = self.of(seed)
        word = words[seed % len(words)]
        first = int(self.written.first[word])
        return slice(first, first + int(self.written.length[word]))

    @property
    def count(self) -> int:
        """How many words there are in the split: of training where seeds choose it."""
        return len(self.of(0))


class Letters(gymnasium.Env):
    """Somebody reads a handwritten word, from left to right.

    One sees the image of a letter, 16 times 8 pixels of 0 and 1, and which letter one
    took the one before for: 26 numbers, of which one is 1 (none at the beginning). The
    letter before is not seen where `previous` is false. Every right letter pays 1; the
    episode ends with the word. So reading well means to live with one's own mistakes.

    `data` is a file of handwritten words (see `handwriting`). Nine folds are to learn
    from and one, `fold`, to be tested in; `split` says which words are read: those of
    "train", of "test", or, by the "seed", of the test in episodes with the seeds of
    tests and of training in all others. `Words` says which word a seed stands for.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 2}  # noqa: RUF012
    action_names = tuple(ALPHABET)

    def __init__(
        self,
        data: str = "",
        fold: int = 0,
        split: str = "seed",
        previous: bool = True,
        render_mode: str | None = None,
    ):
        if not data:
            raise BadLettersError(
                "novice/Letters-v0 has no words of its own; give it a file with"
                " data=letter.data.gz, from http://ai.stanford.edu/~btaskar/ocr/"
            )
        self.words = words_in(str(data), fold, split)
        self.render_mode = render_mode
        self.previous = bool(previous)
        size = PIXELS + len(ALPHABET) * self.previous
        self.observation_space = spaces.Box(0.0, 1.0, (size,))
        self.action_space = spaces.Discrete(len(ALPHABET))
        self._label = np.zeros(0, np.int64)
        self._seen = np.zeros((1, size), np.float32)
        self._read: list[int] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        chosen = int(self.np_random.integers(FIRST_TEST_SEED)) if seed is None else seed
        word = self.words.at(chosen)
        self._label = self.words.written.label[word]
        # After the last letter one sees an empty page.
        self._seen = np.zeros((len(self._label) + 1, self._seen.shape[1]), np.float32)
        self._seen[:-1, :PIXELS] = self.words.written.pixels[word]
        self._read = []
        return self._seen[0], {}

    def step(
        self, action: int | np.integer
    ) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        place, letter = len(self._read), int(action)
        right = float(letter == self._label[place])
        self._read.append(letter)
        seen = self._seen[place + 1]
        if self.previous:
            seen[PIXELS + letter] = 1
        return seen, right, place + 1 == len(self._label), False, {}

    def render(self) -> np.ndarray | None:
        """The word, and under its letters what they were taken for."""
        if self.render_mode is None:
            return None
        pixels = self._seen[:-1, :PIXELS].reshape(-1, HEIGHT, WIDTH)
        longest = int(self.words.written.length.max())
        return drawn(pixels, self._read, self._label.tolist(), longest)


def _shuffled(words: Int[np.ndarray, " words"]) -> Int[np.ndarray, " words"]:
    """The words in an order that has nothing to do with where they stand."""
    return np.random.default_rng(0).permutation(words)


@functools.cache
def words_in(path: str, fold: int, split: str) -> Words:
    """The words of a file; read once, however many environments look at them."""
    return Words(handwriting(path), fold=fold, split=split)


@functools.cache
def handwriting(path: str) -> Handwriting:
    """Read `letter.data` or `letter.data.gz` as Taskar wrote it, or the same as .npz.

    An .npz holds `pixels` (letters, 128) of 0 and 1, `label` (letters,) from 0,
    `word_length` (words,) and `fold` (words,). Raises BadLettersError.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise BadLettersError(
            f"there is no file {path}; the letters (letter.data.gz) are at"
            " http://ai.stanford.edu/~btaskar/ocr/"
        )
    try:
        columns = _arrays(file) if file.suffix == ".npz" else _table(file)
        return _checked(*columns)
    except (
        *(ValueError, KeyError, IndexError, EOFError),
        *(OSError, zipfile.BadZipFile, zlib.error),
    ) as error:
        raise BadLettersError(
            f"{path} holds no handwritten words: {error}; it must be Taskar's"
            " letter.data.gz, or an .npz with pixels, label, word_length and fold"
        ) from error


def _arrays(file: Path) -> tuple[np.ndarray, ...]:
    """Pixels, labels, and the length and fold of each word, from an .npz."""
    with np.load(file, allow_pickle=False) as content:
        names = ("pixels", "label", "word_length", "fold")
        return tuple(content[name] for name in names)


def _table(file: Path) -> tuple[np.ndarray, ...]:
    """The same from a table with a row for each letter.

    Its columns are the letter's number, the letter, the number of the next one in the
    word (-1: it was the last), the word's number, the place in it, the fold, pixels.
    """
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="ascii") as lines:
        rows = [line.split() for line in lines]
    last = np.array([row[2] == "-1" for row in rows])
    ends = np.flatnonzero(last) + 1
    if len(ends) == 0 or ends[-1] != len(rows):
        raise ValueError("the last word has no end")
    return (
        np.array([row[6 : 6 + PIXELS] for row in rows], np.float32),
        np.array([ALPHABET.index(row[1]) for row in rows]),
        np.diff(ends, prepend=0),
        np.array([int(rows[end - 1][5]) for end in ends]),
    )


def _checked(
    pixels: np.ndarray, label: np.ndarray, length: np.ndarray, fold: np.ndarray
) -> Handwriting:
    """The columns as handwriting; raises ValueError where they don't fit together."""
    letters = int(length.sum())
    if pixels.shape != (letters, PIXELS) or label.shape != (letters,):
        raise ValueError(
            f"the words have {letters} letters, but there are pixels of shape"
            f" {pixels.shape} and {len(label)} labels"
        )
    if not ((pixels == 0) | (pixels == 1)).all():
        raise ValueError("a pixel is neither 0 nor 1")
    if label.min() < 0 or label.max() >= len(ALPHABET):
        raise ValueError(f"labels go from {label.min()} to {label.max()}, not 0 to 25")
    if length.shape != fold.shape or length.min() < 1 or length.max() > LONGEST_WORD:
        raise ValueError(
            f"{len(length)} words of {length.min()} to {length.max()} letters have"
            f" {len(fold)} folds, but each has one, and up to {LONGEST_WORD} letters"
        )
    return Handwriting(
        pixels=pixels.astype(np.float32),
        label=label.astype(np.int64),
        first=np.cumsum(length) - length,
        length=length.astype(np.int64),
        fold=fold.astype(np.int64),
    )


def drawn(
    pixels: Float[np.ndarray, "letters height width"],
    read: list[int],
    label: list[int],
    longest: int,
) -> np.ndarray:
    """A word with room for the `longest`, what was read, and a frame where one is."""
    wide, high = WIDTH * _PIXEL + 2 * _MARGIN, HEIGHT * _PIXEL + 2 * _MARGIN
    size = min(longest, _IN_A_LINE) * wide, -(-longest // _IN_A_LINE) * (high + _LINE)
    picture = Image.new("RGB", size, _PAPER)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(24)
    for place, image in enumerate(pixels):
        mask = Image.fromarray((image * 255).astype(np.uint8)).resize(
            (WIDTH * _PIXEL, HEIGHT * _PIXEL), Image.Resampling.NEAREST
        )
        left, top = place % _IN_A_LINE * wide, place // _IN_A_LINE * (high + _LINE)
        picture.paste(_INK, (left + _MARGIN, top + _MARGIN), mask)
        text, color = "·", _PALE
        if place < len(read):
            text = ALPHABET[read[place]]
            color = _RIGHT if read[place] == label[place] else _WRONG
        middle = (left + wide / 2, top + high + _LINE / 2)
        pen.text(middle, text, color, font, anchor="mm")
        if place == len(read):
            frame = (left + 1, top + 1, left + wide - 2, top + high - 2)
            pen.rectangle(frame, outline=_FRAME)
    return np.asarray(picture)
