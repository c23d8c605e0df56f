"""The rendered pages of the site, as they lie below ``EMAIL_STATS_REPORTS``.

Only what the last run of ``email-stats report`` says it wrote is given, whatever path is asked for.
"""

import gzip
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from urllib.parse import urlencode

from markupsafe import Markup, escape

from email_statistics import warehouse
from email_statistics.errors import EmailStatsError
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.run import parameters
from email_statistics.reports.run.assembly import HOME, read_written
from email_statistics.reports.run.registry import Registry
from email_statistics.reports.run.renderings import kept, stamp
from email_statistics.reports.run.runner import read_data
from email_statistics.reports.run.site import KINDS, RECENT, safe_id
from email_statistics.serve import published

_PAGES_IN_MEMORY = 200
_SCRIPT = re.compile(r"script-src ('sha256-[A-Za-z0-9+/=]{44}')")
_LIST = '<section class="es es-list"'
CONTACT = "/contacts?id="
"""Where the record of a contact is, but for its id (table.js)."""
_OFFLINE = re.compile(r'<p class="es-offline">.*?</p>\n?')
# As the footer of a page says it.
_BUILT = re.compile(r"from a build of ([^;<]+);")


@dataclass(frozen=True)
class Page:
    """A page with the menu of the live site, packed too, and the one script that it may run."""

    text: bytes
    packed: bytes
    script: str
    version: str


@dataclass(frozen=True)
class Link:
    """A link of the menu."""

    text: str
    url: str


def _links(links: Sequence[Link]) -> Markup:
    return Markup("").join(
        Markup('<a href="{}">{}</a>\n').format(link.url, link.text) for link in links
    )


class Site:
    """Pages by their paths, kept in memory until they, or the published data, change."""

    def __init__(self, folder: Path, registry: Registry, links: Sequence[Link]) -> None:
        """``links`` are added to the menu of each page below ``folder``, of ``registry``."""
        self._folder, self._registry = folder, registry
        self._added = _links(links)
        self._pages: OrderedDict[tuple[str, str], Page] = OrderedDict()
        self._published = ("", "")
        self._lock = Lock()

    def has(self, path: str) -> bool:
        """Whether there is such a page."""
        return path in read_written(self._folder) and (self._folder / path).is_file()

    def page(self, path: str) -> Page | None:
        """Return a page by its path in the site; None where there is none.

        One that was rendered from an earlier build says so.
        """
        if not self.has(path):
            return None
        built = self._built()
        about = (self._folder / path).stat()
        version = f"{about.st_ino:x}-{about.st_mtime_ns:x}-{built[0]}"
        with self._lock:
            page = self._pages.pop((path, version), None)
            self._pages[path, version] = page = page or self._read(path, version, built[1])
            while len(self._pages) > _PAGES_IN_MEMORY:
                self._pages.popitem(last=False)
        return page

    def pages_of(self, emails: Iterable[str]) -> dict[str, str]:
        """Return the URL of the first page of each of these emails that has one."""
        of_ids = {safe_id(one): one for one in emails}
        folders = {kind.folder for kind in KINDS.values() if kind.noun == "email"}
        found = {}
        for path in read_written(self._folder):
            folder, _, rest = path.partition("/")
            own, _, file = rest.partition("/")
            its_id = of_ids.get(own.partition("--")[2])
            if folder in folders and file == HOME and its_id is not None:
                found[its_id] = f"/{path}"
        return found

    def menu(self) -> list[Link]:
        """Link the pages that are about no single email or experiment."""
        written = read_written(self._folder)
        return [
            Link(report.tab, f"/{report.path(None)}" if report.path(None) != HOME else "/")
            for report in self._registry.reports.values()
            if report.for_each is None and report.path(None) in written
        ] or [Link("Home", "/")]

    def _built(self) -> tuple[str, str]:
        """Return what tells the published file from others, and when it was built."""
        try:
            version = published.version()
            if self._published[0] != version:
                self._published = (version, stamp(read_data(warehouse.location()).built_at))
        except EmailStatsError:  # nothing is published: there is nothing to compare with
            return "", ""
        return self._published

    def _read(self, path: str, version: str, built: str) -> Page:
        content = (self._folder / path).read_text(encoding="utf-8")
        content = _OFFLINE.sub("", content, count=1)
        content = content.replace("</nav>", f"{self._added}</nav>", 1)
        content = content.replace(_LIST, f'{_LIST} data-contacts="{CONTACT}"')
        # The footer comes last; a name in the page may hold the same words.
        of_page = _BUILT.findall(content)
        if of_page and built and of_page[-1] != built:
            notice = (
                f"New data were published (built {built}) since this page was rendered. To see "
                "them, choose it under Reports, or run email-stats report."
            )
            said = f'<p class="es-notice" role="note">{escape(notice)}</p>\n</header>'
            content = content.replace("</header>", said, 1)
        ways = self._ways(path)
        if ways:
            here = f'<nav class="es-ways" aria-label="Live">{_links(ways)}</nav>\n</header>'
            content = content.replace("</header>", here, 1)
        text, script = content.encode(), _SCRIPT.search(content)
        return Page(text, gzip.compress(text, 6), script[1] if script else "", version)

    def _ways(self, path: str) -> list[Link]:
        """From a page to the form that renders it again, and to its email's contacts."""
        try:
            name, of_type, its_id = self._shown_at(path)
        except EmailStatsError:  # nothing is published: the page stands, these ways lead nowhere
            return []
        if name is None:
            return []
        declared = parameters.defaults(self._registry.notebook(name))
        text = "Choose dates" if "last_days" in declared else "Choose another"
        if of_type is None:
            return [Link(text, f"/reports/{name}")]
        kind = KINDS[of_type]
        ways = [Link(text, f"/reports/{name}?{urlencode({kind.parameter: its_id})}")]
        if kind.noun == "email":
            source = urlencode({"source_type": of_type, "source": its_id, "period": "life"})
            ways.append(Link("Contacts behind the numbers", f"/analytics?{source}"))
        return ways

    def _shown_at(self, path: str) -> tuple[str | None, str | None, str]:
        """Return the report of a page, and the type and id of what it is about, if of one."""
        folder, _, rest = path.partition("/")
        if folder == RECENT:
            every = (one for name in self._registry.reports for one in kept(self._folder, name))
            run = next((one.rendering for one in every if one.recent_path == path), None)
            about = run.subject if run else None
            return (
                run.report if run else None,
                about.type if about else None,
                about.id if about else "",
            )
        of_type = {kind.folder: type_ for type_, kind in KINDS.items()}.get(folder)
        own, _, file = rest.partition("/")
        names: dict[tuple[str | None, str], str] = {
            (one.for_each, one.path(None)): name for name, one in self._registry.reports.items()
        }
        name = names.get((of_type, file if of_type else path))
        return name, of_type, self._id(of_type, own.partition("--")[2]) if of_type else ""

    def _id(self, of_type: str, in_path: str) -> str:
        """Return the id of an email or experiment from the folder of its pages."""
        with asking() as asked:
            subjects = asked("shared/subjects")
        for row in subjects.iter_rows(named=True):
            if row["type"] == of_type and safe_id(row["id"]) == in_path:
                return str(row["id"])
        return ""
