"""What the published tables were built from, as a page needs it (``core.build``)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from email_statistics import warehouse
from email_statistics.attribution_policies import SETTINGS_POLICY
from email_statistics.reports.words import formats
from email_statistics.settings import Settings


@dataclass(frozen=True)
class Build:
    """One build of the warehouse: aware times in UTC, and the settings in force."""

    built_at: datetime
    data_through_at: datetime | None
    project_version: str
    raw_lake: str
    settings: Mapping[str, Any]

    @property
    def timezone(self) -> ZoneInfo:
        """The zone of all days and of the times that a page shows."""
        return ZoneInfo(self.settings["reporting_timezone"])

    @property
    def currency(self) -> str:
        """The currency of all money."""
        currency: str = self.settings["reporting_currency"]
        return currency

    @property
    def crediting(self) -> str:
        """How an order is credited, in a sentence."""
        policy = self.settings["attribution_policy"]
        if policy != SETTINGS_POLICY:
            return f"Orders are credited by the policy {policy}: see the attribution report."
        window = formats.plural(self.settings["attribution_window_days"], "day")
        touched = " or ".join(self.settings["attribution_touches"])
        return f"An order is credited to the email last {touched} within {window} before it."

    @property
    def needs_touches(self) -> bool:
        """Whether only an email that was opened or clicked earns credit, as by the settings."""
        return bool(self.settings["attribution_policy"] == SETTINGS_POLICY)

    @property
    def last_day(self) -> date:
        """The reporting day from which "last n days" count back.

        It is the day of the latest event; without any event, the day of the build.
        """
        return (self.data_through_at or self.built_at).astimezone(self.timezone).date()

    def clock(self, moment: datetime) -> datetime:
        """Set a time of the warehouse, UTC without a zone, on the clocks of the time zone."""
        return moment.replace(tzinfo=UTC).astimezone(self.timezone)

    def moment(self, moment: datetime | None, unknown: str) -> str:
        """Write a time of the warehouse: ``22 Nov 2026, 14:05 UTC``; ``unknown`` for None."""
        return unknown if moment is None else formats.moment(self.clock(moment), self.timezone)


def build_of(row: Mapping[str, Any]) -> Build:
    """Understand the row of ``core.build``.

    Raises ``WarehouseError`` where another version of the project wrote it.
    """
    through = row["data_through_at"]
    settings = json.loads(row["settings"])
    missing = Settings.model_fields.keys() - settings.keys()
    if missing:
        raise warehouse.another_version(f"setting {min(missing)}")
    return Build(
        built_at=row["built_at"].replace(tzinfo=UTC),
        data_through_at=through and through.replace(tzinfo=UTC),
        project_version=row["project_version"],
        raw_lake=row["raw_lake"],
        settings=settings,
    )
