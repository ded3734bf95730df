"""Know when people have given all the labels, or all the time, that they should."""

from dataclasses import dataclass

from novice.algorithms.settings import DaggerSettings
from novice.datasets.dataset import Dataset
from novice.types import Round


@dataclass(frozen=True, kw_only=True, eq=False)
class Budget:
    """What is asked of people, beyond what was brought along from another run."""

    settings: DaggerSettings
    brought: Dataset
    brought_seconds: float

    def seconds_until(self, round: Round | None) -> float:
        """The people's time that had gone into a round's policy."""
        if round is None:
            return self.brought_seconds
        return float(round.measures.get("human_seconds", self.brought_seconds))

    def is_used(self, round: Round | None, *, labels: int, seconds: float) -> bool:
        """Whether nothing more is asked for after a round and what came since."""
        brought = int(self.brought.taught().sum())
        given = 0 if round is None else int(round.measures.get("labels", brought))
        given = max(0, given - brought) + labels
        spent = self.seconds_until(round) + seconds - self.brought_seconds
        minutes = self.settings.minutes
        return given >= self.settings.labels or (minutes > 0 and spent >= 60 * minutes)
