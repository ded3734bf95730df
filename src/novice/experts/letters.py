"""Know the handwritten word of every episode beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from novice.envs.own.letters import words_in
from novice.experts.expert import AbstractExpert, UnknownExpertError


@dataclass(frozen=True)
class Scribe(AbstractExpert):
    """Whoever wrote the words, and so knows each letter without looking at it.

    The memory is the letters of the word that are still to be read.
    """

    data: str
    fold: int = 0
    split: str = "seed"
    name: str = "scribe"

    def start(self) -> tuple[int, ...]:
        raise UnknownExpertError(
            "the scribe knows a word by its episode, but is not told which episode this"
            " is; ask somebody who looks at the letters, such as a trained run (its"
            " folder)"
        )

    def begin(self, seed: int) -> tuple[int, ...]:
        words = words_in(self.data, self.fold, self.split)
        return tuple(words.written.label[words.at(seed)].tolist())

    def act(
        self, memory: tuple[int, ...], observation: Any
    ) -> tuple[int, tuple[int, ...]]:
        # After a word's end nothing is to be read, but its slot may still be asked.
        return memory[0], memory[1:] or memory


def scribe(kwargs: Mapping[str, Any]) -> Scribe:
    """The scribe of the words that novice/Letters-v0 shows with these arguments."""
    told = {name: kwargs[name] for name in ("fold", "split") if name in kwargs}
    return Scribe(str(kwargs.get("data", "")), **told)
