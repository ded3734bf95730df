"""What `novice data` is told, verb by verb."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from novice.app.machine_settings import prepare_machine
from novice.app.options import PageOptions, Parser, UsageError, add_some_flags
from novice.app.subcommands import subcommand

ABOUT: Mapping[str, str] = {
    "inspect": "where each label comes from, and what became of it",
    "doubt": "labels that contradict each other, or that the others don't predict",
    "settle": "say which of two contradicting labels is right, in the browser",
    "quarantine": "set labels aside: later rounds and other runs don't learn from them",
    "restore": "let labels out of quarantine",
    "trust": "vouch for labels that were imported",
}
# The flags about where the page is served on which pairs are settled.
PAGE_FLAGS = ("host", "port", "tls_cert", "tls_key", "render")
# A reason is kept for ever; so many letters are enough for one.
LONGEST_REASON = 1_000


def data(arguments: list[str]) -> int:
    """Look at a run's labels, doubt them, or decide about them."""
    verb = subcommand(
        arguments,
        ABOUT,
        of="data",
        title="novice data VERB RUN ...  is about a run's labels; --help lists flags",
        what="novice data",
    )
    if verb is None:
        return 0
    verbs: Mapping[str, Callable[[Sequence[str]], int]] = {
        "inspect": inspect,
        "doubt": doubt,
        "settle": settle,
        "quarantine": quarantine,
        "restore": restore,
        "trust": trust,
    }
    prepare_machine()
    return verbs[verb](arguments[1:])


def parser_for(verb: str) -> Parser:
    """A parser for a verb about a run."""
    about = ABOUT[verb]
    parser = Parser(
        prog=f"novice data {verb}",
        description=f"{about[0].upper()}{about[1:]}.",
        allow_abbrev=False,
    )
    parser.add_argument("run", metavar="RUN", help="the folder of a run")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    return parser


def inspect(arguments: Sequence[str]) -> int:
    """Tell where labels come from."""
    parser = parser_for("inspect")
    parser.add_argument("--row", type=int, metavar="N", help="all about one row")
    parser.add_argument("--who", metavar="NAME", help="one person's rows alone")
    given = parser.parse_args(arguments)
    from novice.app.data.deciding import check_known
    from novice.app.data.provenance import (
        label_told,
        labels_of,
        newest_doubts,
        run_told,
    )
    from novice.app.data.suspects import open_pairs_sentence
    from novice.app.data.telling import label_lines, run_lines

    labels = labels_of(given.run)
    if given.row is not None:
        if given.who is not None:
            raise UsageError("--row and --who are two questions; ask one")
        if not 0 <= given.row < len(labels):
            raise UsageError(
                f"--row is {given.row}, but the rows of {given.run} are 0 to"
                f" {len(labels) - 1}"
            )
        told = label_told(labels, given.row)
        lines = label_lines(told, f"action {plain(told)}")
    else:
        if given.who is not None:
            check_known(labels, given.who)
        told = run_told(labels, given.who)
        pairs = open_pairs_sentence(given.run, newest_doubts(labels))
        lines = run_lines(told, pairs)
    print(json.dumps(told, sort_keys=True) if given.json else "\n".join(lines))
    return 0


def plain(told: Mapping[str, Any]) -> str:
    """The action of a row as numbers."""
    numbers = told["action"]
    return f"{numbers[0]:g}" if len(numbers) == 1 else str(numbers)


def doubt(arguments: Sequence[str]) -> int:
    """Rank the labels by how doubtful they are."""
    parser = parser_for("doubt")
    parser.add_argument(
        "--top",
        metavar="SHARE",
        help="how many to look at first (default: half again as many as are doubted)",
    )
    given = parser.parse_args(arguments)
    from novice.app.data.found import doubts_in_words
    from novice.app.data.suspects import doubt_lines

    share = None if given.top is None else share_in(given.top)
    told = doubts_in_words(given.run)
    lines = doubt_lines(told, given.run, share)
    print(json.dumps(told, sort_keys=True) if given.json else "\n".join(lines))
    return 0


def settle(arguments: Sequence[str]) -> int:
    """Serve the page on which contradicting labels are settled."""
    parser = parser_for("settle")
    add_by(parser)
    add_some_flags(parser, PageOptions, PAGE_FLAGS)
    given = parser.parse_args(arguments)
    from novice.app.data.deciding import somebody
    from novice.app.data.settle import check_name, settle

    who = given.by or somebody()
    check_name(who)
    flags = {name: getattr(given, name) for name in PAGE_FLAGS}
    return settle(given.run, PageOptions(who=who, **flags), as_json=given.json)


def quarantine(arguments: Sequence[str]) -> int:
    """Set labels aside."""
    parser = parser_for("quarantine")
    which = parser.add_mutually_exclusive_group(required=True)
    add_which(which)
    which.add_argument(
        "--top",
        metavar="SHARE",
        help="the most doubtful labels, as novice data doubt ranks them",
    )
    add_reason(parser, needed=True)
    given = parser.parse_args(arguments)
    from novice.app.data import deciding
    from novice.app.data.provenance import labels_of
    from novice.app.data.telling import many

    share = None if given.top is None else share_in(given.top)
    because = reason(given)
    labels = labels_of(given.run)
    if share is None:
        named = deciding.Named(rows=given.rows, who=given.who)
    else:
        from novice.app.data.found import doubted
        from novice.app.data.suspects import first_rows

        first = first_rows(doubted(labels), share)
        named = deciding.Named(rows=",".join(map(str, first)))
    rows = deciding.chosen(labels, named)
    count = deciding.quarantine(
        labels, rows, by=given.by or deciding.somebody(), because=because
    )
    idle = int(rows.sum()) - count
    aside = f"; {idle} more of these don't count anyway" if idle else ""
    return done(
        given,
        {"quarantined": count},
        f"{many(count, 'row')} put in quarantine{aside}. Later rounds, and runs that"
        f" start from {given.run}, don't learn from them; novice data restore lets them"
        f" out, novice report {given.run} writes its page anew",
    )


def restore(arguments: Sequence[str]) -> int:
    """Let labels out of quarantine."""
    parser = parser_for("restore")
    which = parser.add_mutually_exclusive_group(required=True)
    add_which(which)
    which.add_argument("--all", action="store_true", help="all that are in quarantine")
    add_reason(parser, needed=False)
    given = parser.parse_args(arguments)
    from novice.app.data import deciding
    from novice.app.data.provenance import labels_of
    from novice.app.data.telling import many

    labels = labels_of(given.run)
    named = deciding.Named(rows=given.rows, who=given.who, everything=given.all)
    rows = deciding.chosen(labels, named)
    count = deciding.restore(
        labels, rows, by=given.by or deciding.somebody(), because=reason(given)
    )
    line = f"{many(count, 'row')} let out of quarantine"
    return done(given, {"restored": count}, line)


def trust(arguments: Sequence[str]) -> int:
    """Vouch for what was imported."""
    parser = parser_for("trust")
    parser.add_argument(
        "--who", metavar="NAME", help="whose labels to vouch for (default: all)"
    )
    add_reason(parser, needed=False)
    given = parser.parse_args(arguments)
    from novice.app.data import deciding
    from novice.app.data.provenance import labels_of, newest_doubts
    from novice.app.data.suspects import open_pairs_sentence
    from novice.app.data.telling import listed

    labels = labels_of(given.run)
    by = given.by or deciding.somebody()
    people = deciding.trust(labels, given.who, by=by, because=reason(given))
    told = f"{by} vouches for what was imported of {listed(people)}" if people else ""
    pairs = open_pairs_sentence(given.run, newest_doubts(labels)) if people else ""
    return done(
        given,
        {"trusted": list(people)},
        ". ".join(filter(None, [told, pairs]))
        or f"nothing in {given.run} waits for somebody to vouch for it",
    )


def add_which(which: argparse._MutuallyExclusiveGroup) -> None:
    """Which labels it is about."""
    which.add_argument("--rows", metavar="ROWS", help="their numbers, such as 3,5-9")
    which.add_argument("--who", metavar="NAME", help="all labels of this person")


def add_reason(parser: Parser, *, needed: bool) -> None:
    """Who decides, and why."""
    parser.add_argument(
        "--because",
        required=needed,
        default="",
        metavar="TEXT",
        help="the reason, which is kept",
    )
    add_by(parser)


def add_by(parser: Parser) -> None:
    """Who decides."""
    parser.add_argument(
        "--by", metavar="NAME", help="who decides it (default: your login name)"
    )


def reason(given: argparse.Namespace) -> str:
    """Why something is decided; raises UsageError for no reason, or a book."""
    text = " ".join(given.because.split())
    if given.because and not text:
        raise UsageError("--because is empty; say why, so that others can follow")
    if len(text) > LONGEST_REASON:
        raise UsageError(
            f"--because has {len(text)} letters; {LONGEST_REASON} are enough"
        )
    return text


def share_in(word: str) -> float:
    """A share of the labels, above 0 and at most 1."""
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not 0 < value <= 1:
        raise UsageError(f"--top is {word}, but it is a share above 0, up to 1: 0.15")
    return value


def done(given: argparse.Namespace, told: Mapping[str, Any], line: str) -> int:
    """Print what was done."""
    print(json.dumps(told, sort_keys=True) if given.json else line)
    return 0
