"""What the published tables were built from, as a page needs it (``core.build``)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from email_statistics import warehouse
from email_statistics.attribution_policies import SETTINGS_POLICY
from email_statistics.reports import formats
from email_statistics.settings import Settings

T = TypeVar("T")


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
    def last_day(self) -> date:
        """The reporting day from which "last n days" count back (spec: Dates).

        It is the day of the latest event; without any event, the day of the build.
        """
        return (self.data_through_at or self.built_at).astimezone(self.timezone).date()


def read_build() -> Build:
    """Read the build that readers see now.

    Raises ``WarehouseError`` where nothing is published, or by another version of the project.
    """
    with warehouse.of_this_version():
        row = warehouse.sql(
            "select built_at, data_through_at, project_version, raw_lake, settings from core.build"
        ).row(0, named=True)
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


def read_from_one_build(read: Callable[[Build], T]) -> T:
    """Return what ``read`` does, with every query of it answered by the same build.

    The published file may be replaced between two queries; then all of them are asked again.
    """
    while True:
        build = read_build()
        with warehouse.of_this_version():
            answer = read(build)
        if read_build() == build:
            return answer
