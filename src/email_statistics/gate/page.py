"""The results of the checks as one page that works offline."""

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from email_statistics.gate.checks import CheckResult
from email_statistics.storage import write_private


def write_page(results: list[CheckResult], page: Path) -> None:
    """Write the page; whoever reads it meanwhile has the old one or the new one."""
    environment = Environment(
        loader=PackageLoader("email_statistics.gate"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("checks.html")
    write_private(page, template.render(results=results, written_at=datetime.now(UTC)))
