"""One export from rows to a registered file."""

import getpass
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from email_statistics import paths
from email_statistics.errors import UsageError
from email_statistics.exports.content import Content
from email_statistics.exports.register import Export, Register
from email_statistics.exports.writing import FORMATS, write
from email_statistics.reports.ask.build import Build


def register() -> Register:
    """The register of ``EMAIL_STATS_EXPORTS``."""
    return Register(paths.exports_folder())


def export(
    content: Content,
    build: Build,
    *,
    file_format: str = "csv",
    out: Path | None = None,
    requested_by: str | None = None,
) -> Export:
    """Write an export and register it.

    The file is its owner's alone, under a name that nobody can guess, or at ``out`` (what was there
    is replaced once the new file is whole). Raises ``UsageError`` where ``out`` can't be written,
    or the format can't hold the rows.
    """
    through = build.data_through_at
    with register().writing(
        file_name=f"{content.export_type}_{secrets.token_hex(16)}.{file_format}",
        out=out and _checked(out),
        description=content.description,
        export_type=content.export_type,
        requested_by=requested_by or _user(),
        parameters={**content.parameters, "format": file_format},
        build={
            "built_at": build.built_at.isoformat(),
            "data_through_at": through and through.isoformat(),
            "raw_lake": build.raw_lake,
            "project_version": build.project_version,
        },
        now=datetime.now(UTC),
    ) as writing:
        rows = write(content.frames, writing.export.unfinished, file_format)
        return writing.complete(rows)


def format_of(out: Path | None, given: str | None) -> str:
    """The format that was given, else that of the file's ending, else CSV."""
    ending = out.suffix.lower().removeprefix(".") if out else ""
    return given or (ending if ending in FORMATS else "csv")


def _checked(out: Path) -> Path:
    out = out.expanduser().absolute()
    if out.is_dir() or not out.parent.is_dir():
        what = "is a folder" if out.is_dir() else "lies in no folder that is there"
        raise UsageError(f"--out can't be {out}: it {what}; give the path of a file.")
    return out


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # of a container whose user has no name
        return f"user {os.getuid()}"
