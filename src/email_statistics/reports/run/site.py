"""Where the pages of the site lie, and how one of them leads to another.

The site is what people read below ``EMAIL_STATS_REPORTS``: ``index.html``, a folder per report, and
a folder per subject, an email or an experiment, that holds the pages of the reports about it. Paths
are relative to it, have slashes and only letters, digits, ``-`` and ``_``, whatever emails and ids
are called.
"""

import hashlib
import posixpath
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Kind:
    """Subjects of one type: their folder, and what people call them.

    ``parameter`` is what a notebook calls the id of one; ``noun`` is what one of them is.
    """

    folder: str
    section: str
    parameter: str
    noun: str

    @property
    def anchor(self) -> str:
        """The heading of the home page that lists them."""
        return f"{self.noun.capitalize()}s"


KINDS = {
    "campaign": Kind("campaigns", "Campaigns", "email_source_id", "email"),
    "workflow": Kind("workflows", "Workflows", "email_source_id", "email"),
    "bulk": Kind("bulk", "Bulk sends", "email_source_id", "email"),
    "transactional": Kind("transactional", "Transactional emails", "email_source_id", "email"),
    "experiment": Kind("experiments", "Experiments", "experiment_id", "experiment"),
}
"""What a page can be about, by type."""

RENDERINGS = "renderings"
"""What is kept of each run; not of the site."""
RECENT = "recent"
"""Pages that were asked for with parameters of their own."""
CHECKS = "checks"
"""The results of the last build's checks."""
RESERVED = frozenset({*(kind.folder for kind in KINDS.values()), RENDERINGS, RECENT, CHECKS})
"""Folders that no report may have."""

_LONGEST_SLUG = 60
_LONGEST_ID = 80
_HASH = 10


class Subject(BaseModel):
    """What pages are about: an email source or an experiment; ``name`` is what people call it."""

    model_config = ConfigDict(frozen=True)

    id: str
    type: str
    name: str

    @property
    def kind(self) -> Kind:
        """What subjects of its type have in common."""
        return KINDS[self.type]

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by: an email and an experiment may have the same id."""
        return self.kind.noun, self.id


@dataclass(frozen=True)
class Place:
    """A page of the site: its report, what that is about, its path."""

    report: str
    subject: Subject | None
    path: str

    def to(self, path: str) -> str:
        """Write the way from this page to another path of the site, as a relative URL."""
        return posixpath.relpath(path, posixpath.dirname(self.path) or ".")


def slug(name: str) -> str:
    """Write a name as part of a path: ``Summer sale: 20 % off`` as ``summer-sale-20-off``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-")
    return words or "email"


def safe_id(identifier: str) -> str:
    """Write an id as part of a path: as it is, where it can be, else with a hash of it.

    No two ids have the same path, on no file system.
    """
    is_safe = re.fullmatch(r"[a-z0-9_-]{1,80}", identifier) is not None
    if is_safe and not re.search(rf"-[0-9a-f]{{{_HASH}}}$", identifier):
        return identifier
    plain = re.sub(r"[^a-z0-9_-]+", "-", identifier.lower()).strip("-")
    digest = hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{plain[: _LONGEST_ID - _HASH - 1]}-{digest[:_HASH]}"


def subject_folder(subject: Subject, existing: Iterable[str] = ()) -> str:
    """Name the folder of a subject's pages.

    Of the ``existing`` names of folders of its type the one with its id is kept, so that a link
    that somebody shared outlives a change of its name.
    """
    own = safe_id(subject.id)
    name = next((name for name in existing if name.partition("--")[2] == own), None)
    return f"{subject.kind.folder}/{name or f'{slug(subject.name)}--{own}'}"


def page_path(folder: str, report_folder: str) -> str:
    """Name the file of a report in a folder; "" is the site itself, or the subject's first page."""
    return posixpath.join(folder, report_folder, "index.html")
