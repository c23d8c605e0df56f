"""What a command ends with: one clear sentence and an exit code."""

import difflib
from collections.abc import Collection


class EmailStatsError(RuntimeError):
    """A check, a model or a report failed; the text is one sentence: what, where, what to do."""

    exit_code = 1


class UsageError(EmailStatsError):
    """Wrong usage or settings; the text is one sentence: what, where, what to do."""

    exit_code = 2


def suggest(name: str, names: Collection[str]) -> str:
    """Word what to give instead of ``name``: the nearest of ``names``, or all if none is near.

    Case doesn't keep names apart, nor what joins their words.
    """
    plain = {_plain(each): each for each in names}
    near = difflib.get_close_matches(_plain(name), plain, n=1)
    return (
        f"did you mean {plain[near[0]]!r}?" if near else f"there is {', '.join(names) or 'none'}."
    )


def _plain(name: str) -> str:
    return "_".join(name.casefold().replace("-", " ").replace("_", " ").split())
