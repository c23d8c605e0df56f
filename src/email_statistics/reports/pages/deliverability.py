"""Deliverability: do mailbox providers take the mail, by provider and week, and why not.

Weeks are whole ones, from Monday on, by the day on which messages were booked: all that touch the
period.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask.counts import read_metrics
from email_statistics.reports.ask.parameters import Checked, Day, LastDays
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.pages.page import Page
from email_statistics.reports.pieces import Axes, Column, Html, Name, Series, Tab
from email_statistics.reports.words import formats
from email_statistics.reports.words.figures import Figure
from email_statistics.reports.words.metrics import FAMILIES, Metric, in_words, with_ratios
from email_statistics.reports.words.period import Period, choose_period
from email_statistics.reports.words.reasons import BOUNCES, begun

_KINDS = ("hard_bounced", "soft_bounced")
_RATES = (
    "delivered_rate",
    "hard_bounce_rate",
    "soft_bounce_rate",
    "complaint_rate",
    "unsubscribe_rate",
    "open_rate",
)
_COUNTS = ("sent", "delivered", "bounced", "complained", "opened", "machine_opened")
# Mailbox providers that are compared at once; all of them are in the list.
_PROVIDERS = 10
# A charted rate: its colour in the stylesheet.
_TRENDS = {
    "delivered_rate": "delivered",
    "bounce_rate": "clicked",
    "hard_bounce_rate": "unsubscribed",
    "complaint_rate": "ordered",
    "open_rate": "opened",
}
_LISTED = ("sent", *_RATES, "machine_opened")
_NOTHING = "No email was sent in these weeks."


@dataclass(frozen=True)
class Deliverability(Page):
    """The page's numbers, read once; each public method is a piece of the page.

    ``total`` has one row, ``weeks`` a row per week, ``providers`` a row per mailbox provider (the
    greatest first), ``provider_weeks`` both; all with counts, rates and what was measured.
    """

    total: pl.DataFrame
    weeks: pl.DataFrame
    providers: pl.DataFrame
    provider_weeks: pl.DataFrame
    bounce_reasons: pl.DataFrame
    sent_weeks: tuple[date, date] | None

    def header(self) -> Html:
        """Open the page: what the weeks came to, the range, the data."""
        return self.opening(
            "Deliverability", self._lead(), "All emails sent, of every type, without tests"
        )

    def rates(self) -> Html:
        """Show the rates of all weeks against the guide's benchmarks."""
        return self._empty() if self.total.is_empty() else pieces.tiles(self._figures(_RATES))

    def trends(self) -> Html:
        """Chart the rates by week, one at a time."""
        if self.total.is_empty():
            return self._empty()
        panels = [
            Tab(self.metrics[name].label, self._trend(self.metrics[name], colour))
            for name, colour in _TRENDS.items()
        ]
        return pieces.tabs("trends", "Rate by week", panels, is_titled=False)

    def by_provider(self) -> Html:
        """Compare the mailbox providers that got most, with verdicts and reasons."""
        if self.total.is_empty():
            return self._empty()
        shown = self.providers.head(_PROVIDERS)
        names = ("sent", *_RATES, "machine_opened")
        compared = pieces.table(
            "The mailbox providers that got most",
            ["Mailbox provider", *(self.metrics[name] for name in names)],
            [
                [Name(row["mailbox_provider"]), *self._judged(names, row)]
                for row in shown.iter_rows(named=True)
            ],
        )
        known = formats.plural(self.providers.height, "mailbox provider")
        which = f"The {shown.height} that got most of {known}"
        if shown.height == self.providers.height:
            which = f"All {known}" if shown.height > 1 else f"The only one of {known}"
        note = pieces.note(
            f"{which}. The address's domain tells the provider; any other domain stands for "
            f"itself. Fewer than {formats.count(self._enough)} emails aren't judged. Opened by "
            "machines only: Apple and others load images for everybody, which raises open rates."
        )
        return pieces.stack([compared, note])

    def by_provider_and_week(self) -> Html:
        """List each mailbox provider's weeks."""
        if self.total.is_empty():
            return self._empty()
        listed = self.provider_weeks.with_columns(
            unmeasured=pl.struct("^.*_availability$").map_elements(
                _unmeasured, return_dtype=pl.String
            ),
        )
        why_missing = [Column("unmeasured", begun(formats.UNMEASURED), missing="")]
        if listed["unmeasured"].str.len_chars().sum() == 0:
            why_missing = []
        return self.listing(
            "Mailbox providers by week",
            "deliverability_weekly",
            "weeks",
            [
                Column("mailbox_provider", "Mailbox provider"),
                Column("week", "Week from Monday", "day"),
                *self.metric_columns(_LISTED),
                *why_missing,
            ],
            listed,
        )

    def reasons(self) -> Html:
        """List why messages bounced, as the mail servers said it."""
        if self.total.is_empty():
            return self._empty()
        missing = self._figures(("bounced",))[0].missing
        if missing:
            return pieces.empty(missing, "An outside SMTP service keeps them.")
        if self.bounce_reasons.is_empty():
            return pieces.empty("No message bounced in these weeks.", "Nothing to do.")
        kinds = {name: self.metrics[name].label for name in _KINDS}
        listed = self.listing(
            "Bounces by reason",
            "bounce_reasons",
            "bounce_reasons",
            [
                Column("reason", "Reason", missing="not given"),
                Column("kind", "Bounce"),
                Column("subject", "About", missing="unknown"),
                Column("messages", "Messages", "count"),
                Column("share", "Share of bounces", "rate"),
                Column("last_bounced_at", "Last", "time"),
            ],
            self.bounce_reasons.with_columns(
                kind=pl.col("kind").replace_strict(kinds),
                subject=pl.col("subject").replace_strict(BOUNCES, default=None),
            ),
        )
        note = pieces.note(
            "Reasons are the mail servers' own words. The enhanced status code says what one is "
            "about (RFC 3463). Hard bounced addresses never take mail: remove them; soft bounces "
            "may pass when sent again later."
        )
        return pieces.stack([listed, note])

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of({*_RATES, *_COUNTS, *_TRENDS, *_KINDS})

    def _figures(self, names: Sequence[str], row: Mapping[str, Any] | None = None) -> list[Figure]:
        """Word metrics of a row, by default of all weeks."""
        row = row or self.total.row(0, named=True)
        return self.worded(names, row, {name: row[f"{name}_availability"] for name in FAMILIES})

    @property
    def _enough(self) -> int:
        """From how many emails on a rate is judged."""
        return int(self.build.settings["diagnostics_min_messages"])

    def _judged(self, names: Sequence[str], row: Mapping[str, Any]) -> list[Figure]:
        figures = self._figures(names, row)
        if row["sent"] >= self._enough:
            return figures
        return [replace(one, verdict=None) for one in figures]

    def _lead(self) -> str:
        if self.total.is_empty():
            return _NOTHING
        sent = formats.plural(self.total["sent"].item(), "email")
        to = formats.plural(self.providers.height, "mailbox provider")
        names = ("delivered_rate", "bounce_rate", "complaint_rate")
        verbs = ("were delivered", "bounced", "of those delivered were marked as spam")
        known = [
            f"{shown.text} {verb}"
            for shown, verb in zip(self._figures(names), verbs, strict=True)
            if shown.text
        ]
        rates = f" {', '.join(known)}." if known else " What became of them isn't reported."
        return f"{sent} sent to {to}.{rates}"

    def _empty(self) -> Html:
        if self.sent_weeks is None:
            advice = "Nothing was sent in these data. To check the set-up, run email-stats doctor."
        else:
            first, last = self.sent_weeks
            advice = (
                f"Emails were sent in the weeks from {formats.day(first)} to {formats.day(last)}: "
                "choose days among these."
            )
        return pieces.empty(_NOTHING, advice)

    def _trend(self, metric: Metric, colour: str) -> Html:
        series = self._by_week(metric.metric)
        in_all = self._figures((metric.metric,))[0]
        if series["value"].null_count() == series.height:
            return pieces.empty(f"{metric.label}: no rate", f"{in_all.missing}.")
        title = f"{metric.label} by week"
        summary = f"All weeks: {in_all.text}.{self._highest(metric.metric)}"
        axes = Axes(
            alternative=f"{title}. {summary}",
            time_title=f"Week from Monday ({self.build.timezone.key})",
            value_title=metric.label,
            is_rate=True,
            benchmark=metric.benchmark,
        )
        rows = [
            [formats.day(day), formats.UNMEASURED if value is None else formats.rate(value)]
            for day, value in series.iter_rows()
        ]
        gaps = series["value"].null_count()
        line = Series("value", f"var(--es-{colour})", "rate")
        return pieces.chart(
            title,
            summary,
            pieces.line_chart(series, [line], axes),
            pieces.table(title, ["Week from", metric], rows),
            remark=(
                f"A gap: {formats.plural(gaps, 'week')} without a rate: nothing was sent, or it "
                "isn't measured."
                if gaps
                else ""
            ),
        )

    def _highest(self, name: str) -> str:
        """Name the week with the highest rate, among those with enough emails to say so."""
        known = self.weeks.filter(pl.col(name).is_not_null())
        found = known.filter(pl.col("sent") >= self._enough)
        if found.is_empty():
            return ""
        week, rate = found.sort(name, "week", descending=[True, False]).select("week", name).row(0)
        few = known.height - found.height
        left_out = (
            f" ({formats.plural(few, 'week')} of fewer than {formats.count(self._enough)} emails "
            "left out)"
            if few
            else ""
        )
        return f" Highest in the week from {formats.day(week)}: {formats.rate(rate)}{left_out}."

    def _by_week(self, name: str) -> pl.DataFrame:
        return (
            self.weeks.select(at=pl.date_range(pl.min("week"), pl.max("week"), interval="1w"))
            .join(self.weeks, left_on="at", right_on="week", how="left", maintain_order="left")
            .select("at", value=name)
        )


def whole_weeks(period: Period, last_day: date) -> Period:
    """Widen a period to the whole weeks, Monday to Sunday, that it touches.

    A week that isn't over ends with ``last_day``, the last of the data; the calendar's last week
    ends with the calendar, on a Friday.
    """
    start = period.start - timedelta(days=period.start.weekday())
    end = period.end + min(timedelta(days=6 - period.end.weekday()), date.max - period.end)
    end = max(period.end, min(end, last_day))
    days = formats.days(period.start, period.end)
    return Period(start, end, f"The whole weeks that touch {days}. {period.chosen}")


def _unmeasured(row: Mapping[str, Any]) -> str:
    """Say which families are measured for none of a row's messages, and why; "" for none."""
    labels = {
        "delivery": "Delivery",
        "acceptance": "Acceptance",
        "reply": "Replies",
        "unsubscribe": "Unsubscribes",
        "complaint": "Complaints",
        "open": "Opens",
        "click": "Clicks",
    }
    statuses = {family: row[f"{family}_availability"] for family in FAMILIES}
    return " ".join(
        f"{labels[family]}: {in_words(family, status)}"
        for family, status in statuses.items()
        if status not in ("measured", "partly_measured")
    )


@Checked
def load(start_date: Day, end_date: Day, last_days: LastDays, as_of: Day) -> Deliverability:
    """Read the page's numbers."""
    with asking() as asked:
        last_day = asked.build.last_day
        chosen = choose_period(start_date, end_date, last_days, as_of, last_day)
        period = asked.over(whole_weeks(chosen, last_day))
        metrics = read_metrics(asked)
        sums = with_ratios(asked("deliverability/sums"), metrics)
        is_of_week, is_of_provider = (
            pl.col("week").is_not_null(),
            pl.col("mailbox_provider").is_not_null(),
        )
        first, last = asked("deliverability/sent_weeks").row(0)
        return Deliverability(
            asked=asked,
            period=period,
            metrics=metrics,
            total=sums.filter(~is_of_week & ~is_of_provider),
            weeks=sums.filter(is_of_week),
            providers=sums.filter(is_of_provider),
            provider_weeks=asked("deliverability/weeks"),
            bounce_reasons=asked("deliverability/bounce_reasons"),
            sent_weeks=None if first is None else (first, last),
        )
