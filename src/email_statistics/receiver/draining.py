"""Loads the complete files of a spool, in a process that ends with the one that started it."""

import os
import sys
import threading
from pathlib import Path

from email_statistics.build.signals import say
from email_statistics.errors import EmailStatsError
from email_statistics.receiver.spool import complete_files, spool_folder
from email_statistics.senders.loading.run import load
from email_statistics.senders.profile import read_profile
from email_statistics.senders.writing import write_text
from email_statistics.storage import flush, keep_private

_NICENESS = 10


def drain(lake: Path, profile: Path) -> bool:
    """Load each complete file, then remove it; returns whether all of them are loaded.

    One load per file: a file that is found again after a crash has the same content, so its load
    has the same name and changes nothing. It goes once its load is durable.
    """
    failed: set[Path] = set()
    while True:
        waiting = [each for each in complete_files(spool_folder(lake)) if each[1] not in failed]
        if not waiting:
            return not failed
        for sender, path in waiting:
            if not _load(sender, path, lake, profile):
                failed.add(path)


def _load(sender: str, path: Path, lake: Path, profile: Path) -> bool:
    """Load a file and remove it, or cut it in two; whether one of that was done."""
    try:
        result = load(sender, [path], lake=lake, profile=read_profile(profile, sender))
    except (EmailStatsError, OSError) as error:
        say(f"Error: {sender}: {error}")
        return False
    except Exception as error:  # whatever is wrong with one request, the others are loaded
        if _halve(path):
            return True
        # The error's own text may quote what was received.
        say(
            f"Error: {sender}: {path.name} can't be loaded ({type(error).__name__}) and stays in "
            f"the spool: `email-stats --debug load {sender} {path} --dry-run` shows why."
        )
        return False
    path.unlink()
    flush(path.parent)
    say(
        f"{sender}: {result.records:,} records, {result.records_with_rows:,} with rows, "
        f"{sum(result.ignored.values()):,} ignored, {sum(result.rejected.values()):,} rejected."
    )
    return True


def _halve(path: Path) -> bool:
    """Cut a file of several requests in two, so that in the end a bad one is in a file alone."""
    lines = path.read_bytes().splitlines(keepends=True)
    if len(lines) < 2:
        return False
    middle = len(lines) // 2
    for number, half in enumerate((lines[:middle], lines[middle:])):
        write_text(path.with_name(f"{path.stem}.{number}.jsonl"), b"".join(half).decode())
    path.unlink()
    flush(path.parent)
    return True


def _end_with_the_receiver() -> None:
    os.read(sys.stdin.fileno(), 1)  # nothing comes until the receiver closes it, or dies
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_receiver, daemon=True).start()
    os.nice(_NICENESS)
    keep_private()
    sys.exit(0 if drain(*map(Path, sys.argv[1:])) else 1)
