"""Build HTML in which every text is escaped unless it is markup already."""

import html
from collections.abc import Iterable


class Html(str):
    """Markup that may stand in a page as it is."""


# What may stand in a page: markup, text, numbers, nothing, or several of these.
Child = object

_WITHOUT_END = {"img", "input", "link", "meta", "wbr"}


def escaped(text: object) -> Html:
    """The text as a page shows it; what UTF-8 cannot say becomes a question mark."""
    sayable = str(text).encode("utf-8", "replace").decode("utf-8")
    return Html(html.escape(sayable, quote=True))


def joined(*children: Child) -> Html:
    """The children one after the other; `None` stands for nothing at all."""
    return Html("".join(_pieces(children)))


def tag(name: str, /, *children: Child, **attributes: object) -> Html:
    """An element; `class_` is written `class`, `aria_label` is written `aria-label`.

    An attribute that is `None` or `False` is left out, one that is `True` stands alone.
    """
    start = f"<{name}{''.join(_attribute(*pair) for pair in attributes.items())}>"
    if name in _WITHOUT_END:
        return Html(start)
    return Html(f"{start}{joined(*children)}</{name}>")


def _pieces(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Html):
            yield child
        elif isinstance(child, str) or not isinstance(child, Iterable):
            yield escaped(child)
        else:
            yield from _pieces(child)


def _attribute(name: str, value: object) -> str:
    name = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escaped(value)}"'
