"""What the pages about one email source have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask.counts import activity_before, before, read_metrics, total
from email_statistics.reports.ask.queries import Asked
from email_statistics.reports.ask.sources import TYPES, Source, kind_tag, read_source
from email_statistics.reports.pages.page import Page
from email_statistics.reports.pieces import Finding, Html, Measured, Tab, Trend
from email_statistics.reports.pieces.trend import by_day_or_week, by_hour
from email_statistics.reports.words import formats
from email_statistics.reports.words.changes import Before
from email_statistics.reports.words.figures import Figure, counted, headline
from email_statistics.reports.words.metrics import in_words
from email_statistics.reports.words.period import choose_period
from email_statistics.reports.words.reasons import begun, named

# Most of what follows an email follows soon; later hours would press these together.
_MOST_HOURS = 3 * 24

# The guide's Engagement Analysis: green, blue, orange.
_ENGAGEMENT = {
    "delivered": ("Delivered", "delivered email", "Emails"),
    "opened": ("Opened", "open", "Emails"),
    "clicked": ("Clicked", "click", "Emails"),
}

_FAMILIES = {
    "delivery": "Delivery",
    "acceptance": "Acceptance",
    "reply": "Replies",
    "unsubscribe": "Unsubscribes",
    "complaint": "Complaints",
    "open": "Opens",
    "click": "Clicks",
    "link_click": "Clicks of each link",
}


@dataclass(frozen=True)
class SourcePage(Page):
    """The numbers of a page about one source, read once; each public method is a piece of it.

    ``source`` is None where the warehouse has none of the type. ``total`` is a row of the messages
    booked in the period, ``activity`` a row per hour with events of the period.
    """

    email_source_type: str
    source: Source | None
    total: Mapping[str, Any]
    before: Before | None
    activity: pl.DataFrame
    activity_before: pl.DataFrame
    findings: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether no message of the source was booked in the period."""
        return self.total["recipients"] is None

    @property
    def is_whole_life(self) -> bool:
        """Whether all messages of the source were booked in the period."""
        first, last = (self.source.first_day, self.source.last_day) if self.source else (None, None)
        if first is None or last is None:
            return True
        return self.period.start <= first and last <= self.period.end

    def page_start(self, title: str, lead: str) -> Html:
        """Open the page: the source's name, what it sums up to, the range, the data, the source.

        ``title`` is what to call the page where there is no source.
        """
        words = self.empty_words()[0] if self.is_empty else lead
        if self.source is None:
            return self.opening(title, words, TYPES[self.email_source_type].capitalize())
        source = self.source
        facts = facts_of(self, source)
        return self.opening(
            source.name,
            words,
            facts=facts,
            subject=source.subject or "",
            has_days=source.first_day is not None,
        )

    def what_was_measured(self) -> Html:
        """Say which families were measured, why others weren't, and what to do about it."""
        if self.source is None:
            return self.empty()
        families = [
            Measured(_FAMILIES[family], status, in_words(family, status))
            for family, statuses in self.source.statuses.items()
            for status in statuses
        ]
        # Several checks may say the same of an email that wasn't sent.
        findings = dict.fromkeys(self.findings.select("status", "message").iter_rows())
        span = "" if self.is_whole_life else "Over this email's whole life, not these days only:"
        return pieces.measured(families, [Finding(*one) for one in findings], span)

    def engagement_analysis(self) -> Html:
        """Chart delivered, opened and clicked by day and by hour, each event on its own time."""
        if self.source is None or self.activity.is_empty():
            return self.empty()
        trends = [Trend(self.metrics[name], *labels) for name, labels in _ENGAGEMENT.items()]
        names = [trend.name for trend in trends]
        step, days = by_day_or_week(self.activity, names, self.period, self.build.last_day)
        hours = by_hour(self.activity, names, _MOST_HOURS, self.build)
        charts = [
            pieces.trends_chart(
                "Engagement", trends, every, points, self.build, self.source.statuses
            )
            for every, points in ((step, days), ("hour", hours))
        ]
        first = formats.plural(hours.height, "hour")
        labels = (f"By {step}", f"By hour, the first {first}")
        panels = [Tab(label, one) for label, one in zip(labels, charts, strict=True)]
        chosen = int(_is_sent_at_once(self.source))
        return pieces.tabs("engagement-analysis", "Step", panels, is_titled=False, chosen=chosen)

    def figures(self, names: Sequence[str]) -> list[Figure]:
        """Word metrics of the period's messages."""
        statuses = self.source.statuses if self.source else {}
        return self.worded(names, self.total, statuses, self.before)

    def percentages(self, pairs: Mapping[str, str]) -> list[Figure]:
        """Word counts, by name, as percentages: the rate of each."""
        return [headline(*self.figures([name, rate])) for name, rate in pairs.items()]

    def counts(self, pairs: Mapping[str, str]) -> list[Figure]:
        """Word counts, by name, with their rates, "" where there is none."""
        return [
            counted(*self.figures([name, rate])) if rate else self.figures([name])[0]
            for name, rate in pairs.items()
        ]

    def empty_words(self) -> tuple[str, str]:
        """Say that there is nothing, and what to do."""
        if self.source is None:
            return none_at_all(self.email_source_type)
        return nothing_booked(self.source)

    def empty(self) -> Html:
        """Show that there is nothing, and what to do."""
        return pieces.empty(*self.empty_words())

    def lead(self) -> str:
        """Sum up the period's messages in two sentences."""
        sent = formats.plural(self.total["sent"] or 0, "email")
        names = ("delivered", "opened", "clicked")
        known = [
            f"{formats.count(self.total[name])} {name}"
            for name in names
            if self.total[name] is not None
        ]
        unknown = [name for name in names if self.total[name] is None]
        said = f"{sent} sent: {', '.join(known)}." if known else f"{sent} sent."
        return f"{said} {begun(formats.UNMEASURED)}: {', '.join(unknown)}." if unknown else said


def read_source_page(
    asked: Asked,
    email_source_type: str,
    email_source_id: str,
    dates: tuple[str, str, int, str],
    *,
    campaign_kind: str = "",
) -> dict[str, Any]:
    """Read the fields of a ``SourcePage``; ``dates`` are those of ``choose_period``.

    Raises ``UsageError`` for dates that can't be.
    """
    metrics = read_metrics(asked)
    source = read_source(asked, email_source_type, email_source_id, campaign_kind)
    last_day = asked.build.last_day
    period = asked.over(choose_period(*dates, last_day, (source and source.first_day) or last_day))
    asked.bind(id=source.email_source_id if source else "", type=email_source_type)
    is_whole = source is None or source.first_day is None or period.start <= source.first_day
    earlier = (
        None if is_whole or source is None else before(asked, metrics, period, source.statuses)
    )
    return {
        "asked": asked,
        "period": period,
        "metrics": metrics,
        "email_source_type": email_source_type,
        "source": source,
        "total": total(asked, metrics).row(0, named=True),
        "before": earlier,
        "activity": asked("shared/activity"),
        "activity_before": activity_before(asked, earlier),
        "findings": asked("shared/findings"),
    }


def facts_of(page: Page, source: Source) -> list[tuple[str, str]]:
    """Say what the source is: type, status, domain, when it went out."""
    return [
        ("Type", source_kind(source)),
        *([("Workflow", source.workflow_name)] if source.workflow_name else []),
        ("Status", named(source.status) if source.status else "Unknown"),
        ("Sending domain", source.sending_domain),
        ("First sent", page.build.moment(source.first_sent_at, "Not sent")),
        ("Last sent", page.build.moment(source.last_sent_at, "Not sent")),
        ("Id", source.email_source_id),
    ]


def _is_sent_at_once(source: Source) -> bool:
    """Whether it went out within two days: its days say little, its hours much."""
    first, last = source.first_sent_at, source.last_sent_at
    return first is not None and last is not None and last - first <= timedelta(days=2)


def source_kind(source: Source) -> str:
    """Say what kind of email a source is: ``Campaign, A/B test``."""
    kind = source.type_in_words
    kind = f"{kind[:1].upper()}{kind[1:]}"
    if source.campaign_kind:
        kind = f"{kind}, {kind_tag(source.campaign_kind) or source.campaign_kind}"
    return kind


def nothing_booked(source: Source) -> tuple[str, str]:
    """What to say, and to advise, where a source has no message in the days of a page."""
    if source.first_day is None or source.last_day is None:
        return (
            f"Nothing went out from this {source.type_in_words} yet.",
            "Drafts and scheduled sends show no data until they go out.",
        )
    return (
        f"This {source.type_in_words} sent nothing in these days.",
        f"Its emails are of {formats.days(source.first_day, source.last_day)}: choose "
        "days among these, or its whole life.",
    )


def none_at_all(email_source_type: str) -> tuple[str, str]:
    """What to say, and to advise, where the warehouse has no source of a type."""
    return (
        f"There is no {TYPES[email_source_type]} in these data.",
        "Check that email_sources of the raw lake has one (email-stats doctor), and build again.",
    )
