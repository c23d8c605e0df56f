"""The results of the checks as one page that works offline."""

from datetime import UTC, datetime
from pathlib import Path

from email_statistics.gate.checks import CheckResult
from email_statistics.storage import write_private
from email_statistics.templates import templates


def write_page(results: list[CheckResult], page: Path) -> None:
    """Write the page; whoever reads it meanwhile has the old one or the new one."""
    environment = templates("email_statistics.gate")
    template = environment.get_template("checks.html")
    write_private(page, template.render(results=results, written_at=datetime.now(UTC)))
