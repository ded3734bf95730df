"""The tasks and the arms that bench/labels.py compares."""

from dataclasses import dataclass

from learning import HOPPER

SEEDS = range(5)
REACHED = 0.9


@dataclass(frozen=True)
class Learned:
    """A task and its expert as they are typed, and how many episodes tell a return.

    Landings differ more from each other than hops, so there are more of them.
    """

    name: str
    words: tuple[str, ...]
    episodes: int

    @property
    def expert(self) -> str:
        return self.words[-1] if "--expert" in self.words else "auto"


@dataclass(frozen=True)
class Arm:
    """What is typed after the task, and how many labels it may take."""

    name: str
    says: str
    words: tuple[str, ...] = ()
    labels: int = 5_000
    only: str = ""  # the one task in which it makes sense


TASKS = (
    Learned("lander", ("LunarLander-v3",), 50),
    Learned("hopper", HOPPER, 20),
    Learned("pendulum", ("InvertedPendulum-v5",), 20),
)
SMALL = ("--labels-per-round", "50")


def strategy(name: str, only: str = "") -> Arm:
    """A query strategy in rounds of 50."""
    return Arm(name, f"rounds of 50, {name}", (*SMALL, "--ask", name), 2_000, only)


LARGE = (
    *("--ask", "everything", "--labels-per-round", "1000"),
    *("--episodes-per-round", "8", "--refit", "scratch", "--steps", "2000"),
)
LOOPS = (
    Arm("usual", "the usual loop", LARGE, 10_000),
    Arm("default", "novice's default"),
    Arm("small", "rounds of 50, random", SMALL, 2_000),
)
STRATEGIES = (
    strategy("committee"),
    strategy("novelty"),
    strategy("risk"),
    strategy("bursts"),
    # Real actions spread alike everywhere, so that novice refuses it there.
    strategy("entropy", only="lander"),
)
# The default with one thing as in the usual loop.
PARTS = (
    Arm("large", "the default in rounds of 1,000", ("--labels-per-round", "1000")),
    Arm("ordered", "the default, asked in order", ("--ask", "everything")),
    Arm("scratch", "the default, fitted anew", ("--refit", "scratch")),
)
# Smaller rounds yet, and rounds of 50 with one thing more.
MORE = (
    Arm("tiny", "rounds of 20", ("--labels-per-round", "20"), 1_000),
    Arm("anew", "rounds of 50, fitted anew", (*SMALL, "--refit", "scratch"), 2_000),
    Arm("noise", "rounds of 50, a shaken hand", (*SMALL, "--noise", "0.1"), 2_000),
)
# Of code that is no more: it went on from any policy, whatever it had learned from.
FORMER = Arm("before", "the default, as it went on from any policy", only="pendulum")
ARMS = {arm.name: arm for arm in (*LOOPS, *STRATEGIES, *PARTS, *MORE)}
CLONE = ("--demonstrations", "10", "--labels", "10000")
