"""What the last published build was made of, and whether that is still so."""

from pydantic import BaseModel, ConfigDict, ValidationError

from email_statistics.build.build_input import BuildInput
from email_statistics.build.files import BuildFiles
from email_statistics.gate.raw_counts import RawCounts, TableCounts
from email_statistics.storage import write_log, write_private


class LastBuild(BaseModel):
    """The last build that was published: what went in, the counts of its lake, what came out."""

    model_config = ConfigDict(frozen=True)

    build_input: BuildInput
    tables: dict[str, TableCounts]
    is_strict: bool
    written: list[tuple[int, int, int]]

    @property
    def counts(self) -> RawCounts:
        """What was counted in its lake."""
        return RawCounts(self.build_input.lake, self.build_input.files, self.tables)

    def is_current(self, build_input: BuildInput, files: BuildFiles, is_strict: bool) -> bool:
        """Whether a build would give what is published now, with nobody having touched it since.

        A build that lets warnings pass doesn't stand for one that doesn't.
        """
        return (
            self.build_input == build_input
            and self.written == _marks(files)
            and (self.is_strict or not is_strict)
        )


def read_last_build(files: BuildFiles) -> LastBuild | None:
    """Read what the last build left; None where there is nothing, or nothing that can be read."""
    try:
        return LastBuild.model_validate_json(files.last_build.read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeDecodeError, ValidationError):
        return None


def write_last_build(
    build_input: BuildInput, counts: RawCounts, is_strict: bool, files: BuildFiles
) -> None:
    """Leave what was built and published for the next build to compare with."""
    last = LastBuild(
        build_input=build_input, tables=counts.tables, is_strict=is_strict, written=_marks(files)
    )
    write_private(files.last_build, last.model_dump_json(indent=1))


def _marks(files: BuildFiles) -> list[tuple[int, int, int]]:
    """Tell each file of a warehouse from any other by inode, size and time of its last change."""
    marks = []
    for database in (files.published, files.database, files.steps):
        for path in (database, write_log(database)):
            if path.exists():
                status = path.stat()
                marks.append((status.st_ino, status.st_size, status.st_mtime_ns))
            else:
                marks.append((0, 0, 0))
    return marks
