"""Warehouses that reports are tried on: the sample's with something of it changed."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml
from helpers.support import PROJECT_ROOT, build_database

from email_statistics.reports.run.parameters import defaults

NAMES = [
    "<script>alert(1)</script>",
    """"'><img src=x onerror=alert(2)>""",
    "{{ 7*7 }} {% raw %} $x$ `code` **bold**",
    "</style></title></script><b>x",
    "🎉 👩‍👩‍👧 🏳️‍🌈",
    "مرحبا بكم في العرض الكبير",
    "\N{RIGHT-TO-LEFT OVERRIDE}from right to left",
    "W" * 200,
    "a name of many words " * 9,
]


def copy(sample: Path, folder: Path, *statements: str) -> Path:
    """A warehouse like the sample's, changed by ``statements``, where readers find it published."""
    path = folder / "email_stats.duckdb"
    shutil.copy(build_database(sample), path)
    with duckdb.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def unmeasured_statements(database: Path) -> list[str]:
    """Take every measured count away, as if all went out by an untracked service."""
    with duckdb.connect(database, read_only=True) as connection:
        counts = connection.sql(
            "select metric from core.dim_metrics where kind = 'count' and family is not null"
        ).fetchall()
    reasons = (
        "delivery_availability = 'not_reported', open_availability = 'not_tracked', "
        "click_availability = 'not_supported'"
    )
    nothing = ", ".join(f"{name} = null" for (name,) in counts)
    activities = ["delivered", "opened", "clicked", "unsubscribed"]
    return [
        f"update marts.email_performance_daily set {nothing}",
        f"update marts.email_activity_hourly set {', '.join(f'{a} = null' for a in activities)}",
        f"update marts.email_performance set {reasons}",
        f"update core.fct_messages set {reasons}",
    ]


def rateless_statements() -> list[str]:
    """Take the exchange rate of every credited order away: sums of their money are then 0."""
    tables = ("marts.email_performance_daily", "marts.email_performance", "core.fct_messages")
    return [
        *(
            f"update {table} set revenue = 0, net_revenue = 0, orders_without_rate = orders"
            for table in tables
        ),
        "update marts.email_activity_hourly set revenue = 0, net_revenue = 0",
        "update marts.contact_engagement set revenue = 0, net_revenue = 0",
    ]


def hostile_copy(sample: Path, folder: Path) -> Path:
    """A warehouse like the sample's in which every text that lists show is one of ``NAMES``."""
    path = copy(sample, folder)
    texts = {
        "core.dim_contacts": ("full_name", "contact_id"),
        "core.dim_email_sources": ("email_source_name", "email_source_id"),
        "marts.email_performance": ("email_source_name", "email_source_id"),
        "core.fct_messages": ("reason", "message_id"),
        "core.fct_quarantined_events": ("raw_row", "raw_row"),
        "marts.email_diagnostics": ("message", "email_source_id || check_name"),
        "marts.contact_engagement": ("full_name", "contact_id"),
        "marts.link_clicks": ("full_name", "contact_id"),
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


def notebook_of(report: str) -> Path:
    """The notebook of a page."""
    return PROJECT_ROOT / "notebooks" / "reports" / f"{report}.ipynb"


@cache
def _declared(report: str) -> dict[str, Any]:
    return dict(defaults(notebook_of(report)))


def loaded(report: str, **given: Any) -> Any:
    """The page as its notebook loads it: what isn't given is the notebook's own default."""
    page = importlib.import_module(f"email_statistics.reports.pages.{report}")
    return page.load(**{**_declared(report), **given})


def start_rendering(
    folder: Path, jobs: list[dict[str, Any]], seed: int = 0
) -> subprocess.Popen[str]:
    """Start ``render_reports.py`` on ``jobs``; ``seed`` is that of Python's hashes."""
    folder.mkdir(parents=True)
    script = PROJECT_ROOT / "tests" / "python" / "helpers" / "render_reports.py"
    return subprocess.Popen(
        [sys.executable, str(script), str(folder), json.dumps(jobs)],
        env=os.environ | {"PYTHONHASHSEED": str(seed)},
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(process: subprocess.Popen[str]) -> None:
    """Wait for what ``start_rendering`` started to have ended well."""
    _, error = process.communicate()
    assert process.returncode == 0, error[-3000:]


def run_reports(
    notebooks: Path, site: Path, warehouse: Path, most_recent: int
) -> subprocess.CompletedProcess[str]:
    """Run ``email-stats report`` over the project's notebooks, for so many emails of a type."""
    notebooks.mkdir()
    (notebooks / "reports").symlink_to(PROJECT_ROOT / "notebooks" / "reports")
    content = yaml.safe_load((PROJECT_ROOT / "notebooks" / "reports.yml").read_text("utf-8"))
    path = notebooks / "reports.yml"
    path.write_text(yaml.safe_dump({**content, "most_recent": most_recent}), "utf-8")
    program = (
        "from pathlib import Path\nfrom email_statistics import cli\n"
        "from email_statistics.reports.run import registry\n"
        f"registry.REPORTS_YML = Path({str(path)!r})\ncli.main()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program, "report"],
        env={
            "EMAIL_STATS_WAREHOUSE": str(warehouse),
            "EMAIL_STATS_REPORTS": str(site),
            "PATH": "",
            **{name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
        },
        capture_output=True,
        text=True,
        check=False,
    )


def rendered(folder: Path) -> dict[str, Path]:
    """Find the pages of a folder, by name."""
    return {path.stem: path for path in folder.glob("*.html")}


def job(page: str, report: str, warehouse: Path, **parameters: Any) -> dict[str, Any]:
    """What ``render_reports.py`` is to render."""
    return {
        "page": page,
        "notebook": str(notebook_of(report)),
        "warehouse": str(warehouse),
        "parameters": parameters,
    }
