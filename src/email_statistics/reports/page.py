"""How every page begins."""

from email_statistics.reports import components, formats
from email_statistics.reports.build import Build
from email_statistics.reports.components import Html
from email_statistics.reports.period import Period


def page_header(lead: str, shows: str, period: Period, build: Build) -> Html:
    """Open a page: a sentence that sums it up, what it shows, its range and its data."""
    through = build.data_through_at
    return components.header(
        lead=lead,
        period=formats.days(period.start, period.end),
        chosen=f"{period.chosen}. Both days included.",
        facts=[
            ("Shows", shows),
            (
                "Data through",
                formats.moment(through, build.timezone) if through else "No event yet",
            ),
            ("Days and times in", build.timezone.key),
            ("Raw lake", build.raw_lake),
            (
                "Built",
                f"{formats.moment(build.built_at, build.timezone)}, "
                f"version {build.project_version}",
            ),
        ],
    )
