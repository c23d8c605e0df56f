"""The results of the checks as one page that works offline."""

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from email_statistics.gate.judge import Verdict


def write_page(verdicts: list[Verdict], page: Path) -> None:
    """Write the page; somebody who reads it meanwhile has the old one or the new one."""
    environment = Environment(
        loader=PackageLoader("email_statistics.gate"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("checks.html").render(
        verdicts=verdicts, written_at=datetime.now(UTC)
    )
    unfinished = page.with_name(f".{page.name}.new")
    unfinished.write_text(html, encoding="utf-8")
    unfinished.replace(page)
