"""What every piece is made with, and the smallest pieces."""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from urllib.parse import urlsplit

from email_statistics.templates import templates

_templates = templates("email_statistics.reports", "pieces")


class Html:
    """A piece of a page, shown by Jupyter as it is; pieces may hold pieces."""

    def __init__(self, markup: str) -> None:
        """``markup`` has its text escaped already."""
        self.markup = str(markup)

    def __html__(self) -> str:
        """Let templates take it as it is (the convention of jinja2 and markupsafe)."""
        return self.markup

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.markup)} characters>"


def render(template: str, **values: object) -> Html:
    """Fill in ``<template>.html.j2``."""
    return Html(_templates.get_template(f"{template}.html.j2").render(values))


@cache
def stylesheet() -> str:
    """Return the one stylesheet of a page: the base, then each piece's style."""
    folder = resources.files(__package__)
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".css"))
    names.sort(key=lambda name: name != "base.css")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


@cache
def script() -> str:
    """Return the one script of a page, which makes its lists and charts live."""
    folder = resources.files(__package__)
    return "\n".join(
        folder.joinpath(f"{name}.js").read_text(encoding="utf-8") for name in ("table", "chart")
    )


def empty(title: str, advice: str) -> Html:
    """Say that there is nothing to show, and what to do."""
    return render("empty", title=title, advice=advice)


def note(text: str) -> Html:
    """Add a remark about the numbers beside it."""
    return render("note", text=text)


def folded(summary: str, piece: Html) -> Html:
    """Fold a piece below a line that says what it is."""
    return render("folded", summary=summary, piece=piece)


def columns(pieces: Sequence[Html]) -> Html:
    """Set pieces side by side, or one below the other where the page is narrow."""
    return render("columns", pieces=pieces)


def stack(pieces: Sequence[Html]) -> Html:
    """Set pieces one below the other, as one."""
    return Html("".join(piece.markup for piece in pieces))


def leading(text: str, noun: str, subject_id: str) -> Html:
    """Show a name that leads to the page of an email or experiment, as ``noun`` says."""
    return render("leading", text=text, noun=noun, id=subject_id)


def outside(text: str, url: str) -> Html:
    """Show a text that leads to a public page, where there is one of the web."""
    return render("outside", text=text, url=url if _is_web(url) else "")


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


def link(url: str, filters: str = "", *, is_open: bool = True) -> Html:
    """Show a URL from data: a link where it is http or https and may be opened, else text.

    Where it ``filters`` the list of this file name, its text leads there, and a sign opens it.
    """
    return render("link", url=url, is_web=_is_web(url) and is_open, filters=filters)
