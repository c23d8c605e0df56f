"""The results of the checks as one page that works offline."""

from datetime import UTC, datetime
from pathlib import Path

from email_statistics.gate.checks import CheckResult, Expectation
from email_statistics.storage import write_private
from email_statistics.templates import templates


def write_page(results: list[CheckResult], page: Path) -> None:
    """Write the page; whoever reads it meanwhile has the old one or the new one."""
    environment = templates("email_statistics.gate")
    template = environment.get_template("checks.html")
    text = template.render(results=results, written_at=datetime.now(UTC), expected=_expected)
    write_private(page, text)


def _expected(one: Expectation) -> str:
    """Say what an expectation takes: ``at most 0.1``, ``from -0.3 to 0.3``, ``0``."""
    least, most = one.arguments.get("min_value"), one.arguments.get("max_value")
    if least is not None and most is not None:
        return f"from {least:g} to {most:g}"
    if least is not None:
        return f"at least {least:g}"
    if most is not None:
        return f"at most {most:g}"
    return " or ".join(f"{value:g}" for value in one.arguments["value_set"])
