"""Loads the complete files of a spool, in a process that ends with the one that started it."""

import os
import sys
import threading
from pathlib import Path

from email_statistics.build.files import keep_private
from email_statistics.build.interruption import say
from email_statistics.errors import EmailStatsError
from email_statistics.receiver.spool import complete_files, spool_folder
from email_statistics.senders.loading import load
from email_statistics.senders.profile import read_profile
from email_statistics.senders.writing import sync_folder, write_text

_NICENESS = 10


def drain(lake: Path, profile: Path) -> bool:
    """Load each complete file, then remove it; returns whether all of them are loaded.

    One load per file: a file that is found again after a crash has the same content, so its load
    has the same name and changes nothing. It goes once its load is durable.
    """
    is_whole = True
    for sender, path in complete_files(spool_folder(lake)):
        try:
            result = load(sender, [path], lake=lake, profile=read_profile(profile, sender))
            path.unlink()
            sync_folder(path.parent)
        except (EmailStatsError, OSError) as error:
            is_whole = False
            say(f"Error: {sender}: {error}")
        except Exception as error:  # whatever is wrong with one file, the others are loaded
            is_whole = False
            # Its text may quote what was received.
            say(
                f"Error: {sender}: {path.name} can't be loaded ({type(error).__name__}) and stays "
                f"in the spool: `email-stats load {sender} {path} --dry-run --debug` shows why."
            )
            _halve(path)
        else:
            say(
                f"{sender}: {result.records:,} records, {result.records_with_rows:,} with rows, "
                f"{sum(result.ignored.values()):,} ignored, "
                f"{sum(result.rejected.values()):,} rejected."
            )
    return is_whole


def _halve(path: Path) -> None:
    """Cut a file in two, so that in the end a request that can't be loaded lies in one alone."""
    with path.open("rb") as file:
        lines = file.readlines()
    if len(lines) == 1:
        return
    middle = len(lines) // 2
    for number, half in enumerate((lines[:middle], lines[middle:])):
        write_text(path.with_name(f"{path.stem}.{number}.jsonl"), b"".join(half).decode())
    path.unlink()
    sync_folder(path.parent)


def _end_with_the_receiver() -> None:
    os.read(sys.stdin.fileno(), 1)  # nothing comes until the receiver closes it, or dies
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_receiver, daemon=True).start()
    os.nice(_NICENESS)
    keep_private()
    sys.exit(0 if drain(*map(Path, sys.argv[1:])) else 1)
