"""An executed notebook as one offline HTML file: the page that people read."""

import base64
import hashlib
import html
import os
import re
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter

from email_statistics.reports.pieces.base import script, stylesheet

ANALYSTS = "analyst"
"""The tag of cells that are for whoever opens the notebook, and not on the page."""


_EMPTY = '<div class="es es-empty">'

_TITLE = re.compile(r'<h1 class="es-title">(.*?)</h1>', re.DOTALL)
"""The title that a page gives itself, such as the name of the email that it is about."""


def _as_page(notebook: Any, resources: Any) -> tuple[Any, Any]:
    """Leave analysts' cells out; the notebook's own title too, where the page gives itself one."""
    title, *cells = [
        cell for cell in notebook.cells if ANALYSTS not in cell.metadata.get("tags", [])
    ]
    words = html.escape(title.source.partition("\n")[0].removeprefix("# "))
    outputs = "".join(
        output.get("data", {}).get("text/html", "")
        for cell in cells
        for output in cell.get("outputs", [])
    )
    own = _TITLE.search(outputs)
    if own:
        name = re.sub(r"<[^>]*>", "", own[1]).strip()
        words = name if name == words else f"{name} \N{MIDDLE DOT} {words}"
    notebook.cells = [*([] if own else [title]), *_said_once(cells)]
    resources["page_title"] = words
    return notebook, resources


def _said_once(cells: list[Any]) -> list[Any]:
    """Leave out sections that only say again that there is nothing, in the same words."""
    kept: list[Any] = []
    said: set[str] = set()
    for cell in cells:
        shown = "".join(
            output.get("data", {}).get("text/html", "") for output in cell.get("outputs", [])
        ).strip()
        if shown.startswith(_EMPTY) and shown in said:
            if kept and kept[-1].cell_type == "markdown":
                kept.pop()
            continue
        said.add(shown)
        kept.append(cell)
    return kept


class _PageExporter(HTMLExporter):
    """Fills in the template, no more.

    HTMLExporter parses the whole page again, which is most of its time, to mark images and cells of
    JupyterLab's own template; ours has neither.
    """

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> Any:
        """Give the page and its resources."""
        resources = self._init_resources(resources)  # type: ignore[no-untyped-call]  # nor this
        return super(HTMLExporter, self).from_notebook_node(nb, resources, **kw)


def _make_exporter() -> Any:
    exporter: Any = _PageExporter(  # type: ignore[no-untyped-call]  # nbconvert has no types for it
        template_name="report",
        extra_template_basedirs=[str(Path(__file__).parent / "page_template")],
        exclude_input=True,
    )
    exporter.register_preprocessor(_as_page, enabled=True)
    return exporter


# Made and its template compiled on import: once for all workers that are forked from here.
_EXPORTER = _make_exporter()
_TEMPLATE = _EXPORTER.template


def to_html(notebook_path: Path, html_path: Path) -> None:
    """Write an executed notebook as a page without code or any request to anywhere.

    Its one script is ``table.js`` and ``chart.js``: the page's Content-Security-Policy lets no
    other run. The page's title is the notebook's first line. The file is whole or not there, and
    only its owner may read it: a page may name contacts.
    """
    digest = hashlib.sha256(script().encode()).digest()
    resources = {
        "stylesheet": stylesheet(),
        "script": script(),
        "script_hash": base64.b64encode(digest).decode(),
    }
    page, _ = _EXPORTER.from_filename(str(notebook_path), resources)
    partial = html_path.with_name(f"{html_path.name}.part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(page)
    partial.replace(html_path)
