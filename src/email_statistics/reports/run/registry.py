"""``notebooks/reports.yml``: which reports there are, and when each is due."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from email_statistics.errors import UsageError, suggest
from email_statistics.paths import PROJECT_ROOT
from email_statistics.reports.ask.parameters import Value
from email_statistics.reports.run.site import KINDS, RESERVED, Subject, page_path, subject_folder

REPORTS_YML = PROJECT_ROOT / "notebooks" / "reports.yml"

# Names become names of folders: nothing in them that a path or a page would read otherwise.
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
# A folder of the site.
_Folder = Annotated[str, Field(pattern=r"^[a-z0-9-]*$")]


def _subject_type(text: str) -> str:
    if text not in KINDS:
        raise ValueError(f"for_each should be one of {', '.join(KINDS)}")
    return text


# Minute, hour, day of the month, month, day of the week.
_Cron = Annotated[str, Field(pattern=r"^[0-9*/,-]+( [0-9*/,-]+){4}$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Schedule(_Model):
    """When a report is due: for cron, and in words for people."""

    cron: _Cron
    text: str


class Report(_Model):
    """What to render: a notebook, with these parameters in place of its defaults.

    ``for_each`` makes a page for each email of a type, or for each experiment. ``tab`` is what
    links to a page of it say, ``shows`` what it is for; ``folder`` is where it lies: in the site,
    or in the subject's folder.
    """

    title: str
    notebook: _Name
    tab: str
    shows: str = ""
    folder: _Folder
    for_each: Annotated[str, AfterValidator(_subject_type)] | None = None
    parameters: dict[_Name, Value] = {}
    schedule: Schedule | None = None

    def path(self, subject: Subject | None, existing: Collection[str] = ()) -> str:
        """Say where its page lies in the site: the one about ``subject``, where it is about one.

        ``existing`` are the folders of subjects of its type that are there.
        """
        return page_path(subject_folder(subject, existing) if subject else "", self.folder)


class Registry(_Model):
    """All of ``notebooks/reports.yml``."""

    folder: Path
    keep: Annotated[int, Field(ge=1)]
    keep_per_email: Annotated[int, Field(ge=1)] = 5
    most_recent: Annotated[int, Field(ge=1)] = 50
    reports: Annotated[dict[_Name, Report], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Give each report its tab and its folder where it states none: its title and its name."""
        reports = content.get("reports")
        if not isinstance(reports, dict):
            return content
        completed = {
            name: {"tab": one.get("title"), "folder": str(name).replace("_", "-"), **one}
            if isinstance(one, dict)
            else one
            for name, one in reports.items()
        }
        return {**content, "reports": completed}

    @model_validator(mode="after")
    def _each_has_its_place(self) -> Self:
        taken: dict[tuple[str | None, str], str] = {}
        for name, report in self.reports.items():
            place = (report.for_each, report.folder)
            if place in taken or (report.for_each is None and report.folder in RESERVED):
                holder = taken.get(place, "the site itself")
                raise ValueError(f"report {name!r} can't have the folder of {holder}")
            taken[place] = name
        return self

    def choose(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the reports of these names, each once; all of them where none is named.

        Raises ``UsageError`` where there is no report of a name.
        """
        for name in names:
            if name not in self.reports:
                raise UsageError(
                    f"There is no report '{name}' in notebooks/reports.yml: "
                    f"{suggest(name, self.reports)}"
                )
        return tuple(dict.fromkeys(names or self.reports))

    def notebook(self, report: str) -> Path:
        """Return the file of a report's notebook."""
        return self.folder / "reports" / f"{self.reports[report].notebook}.ipynb"


def read_registry(path: Path | None = None) -> Registry:
    """Read ``notebooks/reports.yml`` and validate it.

    Raises ``UsageError``, one sentence per problem, where something in it can't be.
    """
    path = path or REPORTS_YML
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path} can't be read: {reason}; correct it.") from error
    if not isinstance(content, dict):
        raise UsageError(f"{path} holds no mapping of keep and reports: write one.")
    try:
        return Registry.model_validate({**content, "folder": path.parent})
    except ValidationError as error:
        problems = [
            f"{path}, {'.'.join(map(str, problem['loc'])) or 'as a whole'}: "
            f"{problem['msg'].removeprefix('Value error, ')}; correct it."
            for problem in error.errors()
        ]
    raise UsageError(" ".join(problems))
