"""An executed notebook as one offline HTML file: the page that people read."""

import base64
import hashlib
from pathlib import Path

from nbconvert.exporters import HTMLExporter

from email_statistics.reports.components import script, stylesheet
from email_statistics.storage import write_private


def to_html(notebook_path: Path, html_path: Path) -> None:
    """Write an executed notebook as a page without code or any request to anywhere.

    Its one script is ``list.js``: the page's Content-Security-Policy lets no other run. The page's
    title is the notebook's first line. The file is whole or not there, and only its owner may read
    it: a page may name contacts.
    """
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]  # nbconvert types it not
        template_name="report",
        extra_template_basedirs=[str(Path(__file__).parent / "page_template")],
        exclude_input=True,
    )
    digest = hashlib.sha256(script().encode()).digest()
    resources = {
        "stylesheet": stylesheet(),
        "script": script(),
        "script_hash": base64.b64encode(digest).decode(),
    }
    page, _ = exporter.from_filename(str(notebook_path), resources)
    write_private(html_path, page)
