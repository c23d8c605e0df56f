"""A project of reports of a test's own: small notebooks, a small warehouse, a folder for pages."""

import json
import textwrap
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
import yaml

from email_statistics.reports.run import registry
from email_statistics.settings import read_settings

BUILT_AT = datetime(2026, 6, 2, 4, 0)
DATA_THROUGH_AT = datetime(2026, 6, 1, 21, 30)

DATES: dict[str, Any] = {"start_date": "", "end_date": "", "last_days": 30, "as_of": ""}

_CODE: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": []}


def write_warehouse(path: Path, raw_lake: str = "lake") -> Path:
    """Write a published file with what the runner asks for: the build, emails, one experiment."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(_warehouse(raw_lake))
    return path


@cache
def _warehouse(raw_lake: str) -> bytes:
    with TemporaryDirectory() as folder:
        return _create_warehouse(Path(folder) / "email_stats.duckdb", raw_lake).read_bytes()


def _create_warehouse(path: Path, raw_lake: str) -> Path:
    with duckdb.connect(path) as connection:
        connection.execute("create schema core")
        connection.execute(
            """
            create table core.build as
            select
                '0.1.0' as project_version,
                $raw_lake as raw_lake,
                $settings as settings,
                100 as raw_rows,
                $built_at::timestamp as built_at,
                $through::timestamp as data_through_at
            """,
            {
                "settings": read_settings().model_dump_json(),
                "raw_lake": raw_lake,
                "built_at": BUILT_AT,
                "through": DATA_THROUGH_AT,
            },
        )
        connection.execute(
            """
            create table core.dim_email_sources as
            select *
            from (
                values
                    ('campaign-1', 'campaign', 'One & <b>more</b>'),
                    ('campaign-12', 'campaign', null),
                    ('step-1', 'workflow', 'Step')
            ) as sources (email_source_id, email_source_type, email_source_name)
            """
        )
        connection.execute(
            """
            create table core.dim_experiments as
            select
                'test-1' as experiment_id,
                'Which subject line?' as experiment_name,
                $built_at::timestamp as started_at,
                $built_at::timestamp as updated_at
            """,
            {"built_at": BUILT_AT},
        )
        connection.execute("create schema marts")
        connection.execute(
            """
            create table marts.email_performance as
            select 'campaign-1' as email_source_id, $built_at::timestamp as first_sent_at
            """,
            {"built_at": BUILT_AT},
        )
    return path


@dataclass
class Project:
    """Where a test's reports lie; ``keep`` and ``reports`` become reports.yml."""

    folder: Path

    def __post_init__(self) -> None:
        self.content: dict[str, Any] = {"keep": 30, "reports": {}}
        (self.folder / "notebooks" / "reports").mkdir(parents=True)
        write_warehouse(self.warehouse)

    @property
    def reports_yml(self) -> Path:
        return self.folder / "notebooks" / "reports.yml"

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse" / "email_stats.duckdb"

    @property
    def reports(self) -> Path:
        return self.folder / "reports {of} tests"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "EMAIL_STATS_WAREHOUSE": str(self.warehouse),
            "EMAIL_STATS_REPORTS": str(self.reports),
        }

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the reports of this process these."""
        monkeypatch.setattr(registry, "REPORTS_YML", self.reports_yml)
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def add(
        self,
        name: str,
        code: str = "",
        parameters: dict[str, Any] | None = None,
        notebook: str = "",
    ) -> None:
        """Add a report and its notebook, whose name may be that of a page."""
        parameters = DATES if parameters is None else parameters
        defaults = "\n".join(f"{key} = {default!r}" for key, default in parameters.items())
        self.write_notebook(notebook or name, defaults, code)
        self.content["reports"][name] = {"title": f"About {name}", "notebook": notebook or name}
        self.write_registry()

    def write_notebook(self, name: str, defaults: str, code: str = "") -> None:
        """Write a notebook: a title, its parameters cell, one more cell."""
        cells = [
            {"cell_type": "markdown", "metadata": {}, "source": f"# About {name}"},
            {**_CODE, "metadata": {"tags": ["parameters"]}, "source": defaults},
            {**_CODE, "metadata": {}, "source": textwrap.dedent(code)},
        ]
        notebook = {
            "cells": [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)],
            "metadata": {
                "kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path = self.folder / "notebooks" / "reports" / f"{name}.ipynb"
        path.write_text(json.dumps(notebook), "utf-8")

    def write_registry(self) -> None:
        """Write reports.yml."""
        self.reports_yml.write_text(yaml.safe_dump(self.content, sort_keys=False), "utf-8")


def loose_modes(folder: Path) -> list[Path]:
    """Find what in a folder somebody else than its owner may read."""
    return [path for path in [folder, *folder.rglob("*")] if path.stat().st_mode & 0o77]
