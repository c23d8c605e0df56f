"""The rows of email sources, sending domains and exchange rates, with their histories."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from email_statistics.sample.plan import DOMAINS, Plan, Source
from email_statistics.sample.tables import TABLES
from email_statistics.sample.timeline import YEAR_END

Row = dict[str, Any]

_LOAD_DELAY = timedelta(minutes=5)
_LIVE_STATUSES = ("active", "paused")


def frame_of(table: str, rows: list[Row]) -> pl.DataFrame:
    """Return rows as a frame of a raw table; what a row doesn't name is null."""
    return pl.DataFrame(rows, schema=TABLES[table], orient="row")


def _stamped(row: Row, updated_at: datetime) -> Row:
    return {**row, "updated_at": updated_at, "loaded_at": updated_at + _LOAD_DELAY}


def _source_rows(source: Source) -> list[Row]:
    """Return the history of a source: draft, scheduled, on its way, and toggles in between."""
    created_at = min(source.starts_at, YEAR_END - timedelta(days=4)) - timedelta(days=5)
    columns = TABLES["email_sources"]
    row = {name: value for name, value in asdict(source).items() if name in columns}
    row["created_at"] = created_at
    row["scheduled_at"] = source.starts_at if source.email_source_type == "campaign" else None
    toggled_at = source.toggled_at

    def at(moment: datetime, status: str) -> Row:
        is_on = source.is_click_tracking_enabled
        if toggled_at is not None:
            is_on = toggled_at <= moment
        scheduled_at = None if status == "draft" else row["scheduled_at"]
        changed = {
            "status": status,
            "is_click_tracking_enabled": is_on,
            "scheduled_at": scheduled_at,
        }
        return _stamped({**row, **changed}, moment)

    live = source.status if source.status in _LIVE_STATUSES else "sending"
    first_live = "active" if source.status == "paused" else live
    history = [at(created_at, "draft")]
    if source.email_source_type == "campaign" and source.status != "draft":
        history.append(at(created_at + timedelta(days=3), "scheduled"))
    if source.status not in ("draft", "scheduled"):
        history.append(at(source.starts_at - timedelta(minutes=1), first_live))
    if source.status == "sent":
        history.append(at(source.starts_at + source.lasts + timedelta(minutes=5), "sent"))
    if source.status == "paused":
        history.append(at(YEAR_END - timedelta(days=1), "paused"))
    if toggled_at is not None:
        before = [entry for entry in history if entry["updated_at"] < toggled_at]
        history.append(at(toggled_at, before[-1]["status"]))
    return history


def source_rows(plan: Plan) -> pl.DataFrame:
    """Return the rows of raw email_sources."""
    return frame_of("email_sources", [row for s in plan.sources for row in _source_rows(s)])


def domain_rows() -> pl.DataFrame:
    """Return the rows of raw sending_domains."""
    return frame_of(
        "sending_domains",
        [
            _stamped({"sending_domain": domain, **asdict(settings)}, settings.valid_from)
            for domain, history in DOMAINS.items()
            for settings in history
        ],
    )


# Reporting currency for one unit, and how much of it a month changes, in 1/10,000.
_RATES = {"EUR": (Decimal("1.08"), 37), "GBP": (Decimal("1.27"), 23), "CAD": (Decimal("0.73"), -9)}
_RATE_MONTHS = [(2025, month) for month in range(6, 13)] + [(2026, month) for month in range(1, 7)]


def rate_rows() -> pl.DataFrame:
    """Return the rows of raw exchange_rates: one a month and currency; JPY has none."""
    return frame_of(
        "exchange_rates",
        [
            _stamped(
                {
                    "currency": currency,
                    "valid_from": datetime(year, month, 1),
                    "rate": rate + Decimal(trend * (i % 7)) / 10_000,
                },
                datetime(year, month, 1, 1),
            )
            for currency, (rate, trend) in _RATES.items()
            for i, (year, month) in enumerate(_RATE_MONTHS)
        ],
    )
