"""Find what is named in the second place: an experiment, or what to do with data."""

import difflib
from collections.abc import Collection, Mapping

from novice.app.options import UsageError


def check_known(name: str, known: Collection[str], what: str) -> None:
    """Raise UsageError unless the name is known, saying which is probably meant."""
    if name in known:
        return
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    raise UsageError(f"there is no {what} {name!r}; {hint}")


def subcommand(
    arguments: list[str], about: Mapping[str, str], *, of: str, title: str, what: str
) -> str | None:
    """The name that comes first, one of those that are told `about`.

    None where all of them are asked for, which are then printed under their title.
    Raises UsageError.
    """
    if arguments and arguments[0] not in ("-h", "--help"):
        check_known(arguments[0], about, what)
        return arguments[0]
    print(f"{title}\n")
    width = max(map(len, about))
    for name, told in about.items():
        print(f"  novice {of} {name:<{width}}  {told}")
    return None
