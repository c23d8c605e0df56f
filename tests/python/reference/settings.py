"""The settings of the definitions, with their defaults."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Settings:
    """The dbt variables that the reference needs, with the project's defaults."""

    reporting_timezone: str = "UTC"
    reporting_currency: str = "USD"
    click_implies_open: bool = True
    count_machine_engagement: bool = True
    attribution_policy: str = "aesthetix"
    attribution_window_days: int = 5
    attribution_touches: tuple[str, ...] = ("opened", "clicked")
    attribution_source_types: tuple[str, ...] = ("campaign",)
    attribution_style: str = "all_campaigns"

    @property
    def zone(self) -> ZoneInfo:
        """The reporting time zone."""
        return ZoneInfo(self.reporting_timezone)
