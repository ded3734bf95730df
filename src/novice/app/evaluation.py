"""The command `novice evaluate`: policies on the same fresh episodes."""

from dataclasses import dataclass

from novice.algorithms.settings import setting
from novice.app.machine_settings import prepare_machine
from novice.app.options import EXPERT, Parser, UsageError, add_flags, built


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """What `novice evaluate` can be told."""

    episodes: int = setting(100, "fresh episodes each")
    round: str = setting("best", "which policy of a run: best, last or a number")
    json: bool = setting(False, "print JSON alone")

    def __post_init__(self) -> None:
        if self.episodes < 2:
            raise UsageError(
                f"--episodes is {self.episodes}, but an interval needs at least 2"
            )


def evaluate(arguments: list[str]) -> int:
    """Compare policies on the same fresh episodes."""
    parser = Parser(
        prog="novice evaluate",
        description="Compare trained policies on the same fresh episodes.",
        allow_abbrev=False,
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folders of runs")
    parser.add_argument("--expert", default="auto", metavar="WHO", help=EXPERT)
    add_flags(parser, EvaluateOptions)
    given = parser.parse_args(arguments)
    options = built(EvaluateOptions, given)
    prepare_machine()
    from novice.app.compare import compare

    compare(
        given.runs,
        episodes=options.episodes,
        which=options.round,
        expert=given.expert,
        as_json=options.json,
    )
    return 0
