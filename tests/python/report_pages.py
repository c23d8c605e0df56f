"""Pages of report notebooks, rendered in this process: as true as a kernel's, many times faster."""

import ast
import json
from pathlib import Path
from typing import Any

import duckdb
from support import PROJECT_ROOT
from test_reports_campaign_dashboard import NAMES, copy

from email_statistics.reports.html import to_html

REPORTS = PROJECT_ROOT / "notebooks" / "reports"


def read_notebook(report: str) -> dict[str, Any]:
    """The notebook of a report, as it lies in git."""
    notebook: dict[str, Any] = json.loads((REPORTS / f"{report}.ipynb").read_text("utf-8"))
    return notebook


def render(report: str, page: Path, **parameters: Any) -> Path:
    """Run a report's cells with ``parameters`` in place of defaults, and write its page."""
    notebook = read_notebook(report)
    names: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        shown = _run("".join(cell["source"]), names)
        if "parameters" in cell["metadata"].get("tags", []):
            assert parameters.keys() <= names.keys()
            names.update(parameters)
        if shown is not None:
            data = {"text/html": shown._repr_html_(), "text/plain": repr(shown)}
            cell["outputs"] = [
                {
                    "output_type": "execute_result",
                    "execution_count": 1,
                    "metadata": {},
                    "data": data,
                }
            ]
    executed = page.with_suffix(".ipynb")
    executed.write_text(json.dumps(notebook), "utf-8")
    to_html(executed, page)
    return page


def _run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, if that is an expression."""
    *lines, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        exec(source, names)  # noqa: S102 - our own notebook's cell
        return None
    exec(compile(ast.Module(lines, []), "<cell>", "exec"), names)  # noqa: S102 - as above
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)  # noqa: S307


def hostile_copy(sample: Path, folder: Path) -> Path:
    """A warehouse like the sample's in which every text from data is one of ``NAMES``."""
    path = copy(sample, folder)
    texts = {
        "core.dim_contacts": ("full_name", "contact_id"),
        "core.dim_email_sources": ("email_source_name", "email_source_id"),
        "marts.email_performance": ("email_source_name", "email_source_id"),
        "core.fct_messages": ("reason", "message_id"),
        "core.fct_quarantined_events": ("raw_row", "raw_row"),
        "marts.email_diagnostics": ("message", "email_source_id || check_name"),
        "marts.contact_engagement": ("full_name", "contact_id"),
    }
    with duckdb.connect(path) as connection:
        for table, (column, key) in texts.items():
            connection.execute(
                f"update {table} set {column} = "
                f"list_extract($names, cast(1 + hash({key}) % len($names) as integer))",
                {"names": NAMES},
            )
        connection.execute(
            "update marts.deliverability_weekly set mailbox_provider = mailbox_provider || $name",
            {"name": NAMES[0]},
        )
        connection.execute(
            "update core.fct_engagement_events set url = 'javascript:alert(4)' "
            "where url is not null"
        )
        connection.execute("update core.build set raw_lake = '<script>alert(3)</script>'")
    return path
