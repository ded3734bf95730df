"""Write numbers the way people read them."""

import math

from novice.app.report.facts import Score

_NO_BREAK = "\N{NO-BREAK SPACE}"


def whole(count: int | float) -> str:
    """A count, thousands apart: 12,000."""
    return _minus(f"{round(count):,}")


def rounded(value: float, *, width: float, signed: bool = False) -> str:
    """A number with as many decimals as an interval of this width leaves certain.

    No commas: they would be lost among those of an interval.
    """
    sign = "+" if signed else ""
    return _minus(f"{value:{sign}.{_decimals(value, width)}f}")


def share(value: float) -> str:
    """A part of the way from random (0.00) to the expert (1.00)."""
    return _minus(f"{value:.2f}")


def about(value: float) -> str:
    """A number of which nobody said how certain it is, to four figures."""
    text = f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return _minus(text)


def interval(score: Score, *, signed: bool = False) -> str:
    """A mean and its interval, which stay on one line: 236 [229, 243]."""
    low, high = bounds(score, signed=signed)
    return f"{mean(score, signed=signed)} [{low}, {high}]".replace(" ", _NO_BREAK)


def mean(score: Score, *, signed: bool = False) -> str:
    """The mean, as exact as its interval lets it be."""
    return rounded(score.mean, width=score.high - score.low, signed=signed)


def bounds(score: Score, *, signed: bool = False) -> tuple[str, str]:
    """The ends of the interval."""
    width = score.high - score.low
    low, high = (
        rounded(bound, width=width, signed=signed) for bound in (score.low, score.high)
    )
    return low, high


def duration(seconds: float) -> str:
    """A time: 420 ms, 4.2 s, 12 s, 3 min 05 s, 2 h 10 min."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole_seconds = round(seconds)
    if whole_seconds < 60:
        return f"{whole_seconds} s"
    minutes, left = divmod(whole_seconds, 60)
    if minutes < 60:
        return f"{minutes} min {left:02d} s"
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def percent(part: float) -> str:
    """A share of a hundred: 12 %, 2.5 %."""
    return _minus(f"{part:.3g}{_NO_BREAK}%")


def percents(score: Score) -> str:
    """A share of a hundred and its interval, on one line: 12 % [8, 16]."""
    low, high = bounds(score)
    return f"{mean(score)} % [{low}, {high}]".replace(" ", _NO_BREAK)


def spent(seconds: float) -> str:
    """A person's time as one would say it: 45 seconds, 5.2 minutes, 2.1 hours."""
    if seconds < 59.5:
        count = round(seconds)
        return f"{count}{_NO_BREAK}second{'' if count == 1 else 's'}"
    if seconds < 90 * 60:
        return f"{seconds / 60:.1f}{_NO_BREAK}minutes"
    return f"{seconds / 3600:,.1f}{_NO_BREAK}hours"


def _decimals(value: float, width: float) -> int:
    """So many that the width is written with one figure, or with two below 35."""
    if width <= 0:
        return 0 if value == round(value) else 2
    power = math.floor(math.log10(width))
    more = 1 if width / 10**power < 3.5 else 0
    return max(0, min(4, more - power))


def _minus(text: str) -> str:
    """Typeset the sign; nothing is never negative."""
    if text.startswith(("-", "+")) and not text.strip("+-0.,"):
        text = text[1:]
    return text.replace("-", "\N{MINUS SIGN}")
