"""Deliverability: do mailbox providers take the mail, by provider and week, and why not.

Weeks are whole ones, from Monday on, by the day of ``booked_at``: all that touch the period.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from email_statistics import warehouse
from email_statistics.reports import charts, components, formats
from email_statistics.reports.build import Build, read_from_one_build
from email_statistics.reports.components import Html, Name
from email_statistics.reports.figures import Figure, figure
from email_statistics.reports.listing import MOST_ROWS, Column, listing, literal
from email_statistics.reports.metrics import FAMILIES, Metric, in_words, read_metrics, with_ratios
from email_statistics.reports.page import page_header
from email_statistics.reports.period import Period, choose_period

_KINDS = ("hard_bounced", "soft_bounced")

# What the second number of an enhanced status code is about (RFC 3463).
_SUBJECTS = {
    "1": "Address",
    "2": "Mailbox",
    "3": "Mail system",
    "4": "Network and routing",
    "5": "Mail protocol",
    "6": "Content",
    "7": "Security or policy",
}


_RATES = (
    "delivered_rate",
    "hard_bounce_rate",
    "soft_bounce_rate",
    "complaint_rate",
    "unsubscribe_rate",
    "open_rate",
)
_COUNTS = ("sent", "delivered", "bounced", "complained", "opened", "machine_opened")
# Those by mailbox provider that are in the page at once; all of them are in the list.
_PROVIDERS = 10
# A charted rate: its colour in report.css.
_TRENDS = {
    "delivered_rate": "delivered",
    "bounce_rate": "clicked",
    "hard_bounce_rate": "unsubscribed",
    "complaint_rate": "ordered",
    "open_rate": "opened",
}
_LISTED = ("sent", *_RATES[:5], "open_rate", "machine_opened")


@dataclass(frozen=True)
class Deliverability:
    """The page's numbers, read once; each public method is a piece of the page.

    ``total`` has one row, ``weeks`` a row a week, ``providers`` a row a mailbox provider (the
    greatest first), ``provider_weeks`` both; all with counts, rates and what was measured.
    """

    build: Build
    period: Period
    metrics: Mapping[str, Metric]
    total: pl.DataFrame
    weeks: pl.DataFrame
    providers: pl.DataFrame
    provider_weeks: pl.DataFrame
    bounce_reasons: pl.DataFrame
    sent_weeks: tuple[date, date] | None

    def header(self) -> Html:
        """Open the page: what the weeks came to, the range, the data."""
        return page_header(
            self._lead(), "All emails sent, of every type, tests left out", self.period, self.build
        )

    def rates(self) -> Html:
        """Show the rates of all weeks against the guide's benchmarks."""
        if self.total.is_empty():
            return self._empty()
        return components.tiles(self._figures(_RATES, self.total.row(0, named=True)))

    def trends(self) -> Html:
        """Chart the rates by week, one at a time."""
        if self.total.is_empty():
            return self._empty()
        return components.switch(
            "trends",
            "Rate by week",
            [
                (self.metrics[name].label, self._trend(self.metrics[name], colour))
                for name, colour in _TRENDS.items()
            ],
        )

    def by_provider(self) -> Html:
        """Compare the mailbox providers that got most, with verdicts and reasons."""
        if self.total.is_empty():
            return self._empty()
        shown = self.providers.head(_PROVIDERS)
        compared = components.table(
            "The mailbox providers that got most",
            ["Mailbox provider", *(self.metrics[name] for name in ("sent", *_RATES))],
            [
                [
                    Name(row["mailbox_provider"], tag="", subject=None, detail=""),
                    *self._figures(("sent", *_RATES), row),
                ]
                for row in shown.iter_rows(named=True)
            ],
        )
        known = formats.plural(self.providers.height, "mailbox provider")
        which = f"The {shown.height} that got most of {known}"
        if shown.height == self.providers.height:
            which = f"All {known}" if shown.height > 1 else f"The only one of {known}"
        return components.stack(
            [
                compared,
                components.note(
                    f"{which}. A provider is known "
                    "by the address's domain (seeds/mailbox_providers.csv); any other domain "
                    "stands for itself."
                ),
            ]
        )

    def by_provider_and_week(self) -> Html:
        """List each mailbox provider's weeks."""
        if self.total.is_empty():
            return self._empty()
        listed = self.provider_weeks.head(MOST_ROWS).with_columns(
            pl.col("week").dt.to_string("iso"),
            unmeasured=pl.struct("^.*_availability$").map_elements(
                _unmeasured, return_dtype=pl.String
            ),
        )
        reasons = [Column("unmeasured", "Not measured", missing="")]
        return listing(
            "Mailbox providers by week",
            "deliverability_weekly",
            listed,
            [
                Column("mailbox_provider", "Mailbox provider"),
                Column("week", f"Week from Monday ({self.build.timezone.key})"),
                *(
                    Column(name, self.metrics[name], "rate" if name in _RATES else "count")
                    for name in _LISTED
                ),
                *(reasons if listed["unmeasured"].str.len_chars().sum() else []),
            ],
            self.build,
            total=self.provider_weeks.height,
            mart="marts.deliverability_weekly",
            query=(
                "select *\nfrom marts.deliverability_weekly\n"
                f"where week between {literal(str(self.period.start))} "
                f"and {literal(str(self.period.end))}\norder by week desc, sent desc"
            ),
        )

    def reasons(self) -> Html:
        """List why messages bounced, as the mail servers said it."""
        if self.total.is_empty():
            return self._empty()
        bounced = self._figures(("bounced",), self.total.row(0, named=True))[0]
        if bounced.missing:
            return components.empty(bounced.missing, "An outside SMTP service keeps them.")
        if self.bounce_reasons.is_empty():
            return components.empty("No message bounced in these weeks.", "Nothing to do.")
        return components.stack(
            [
                listing(
                    "Bounces by reason",
                    "bounce_reasons",
                    self.bounce_reasons.with_columns(
                        kind=pl.col("kind").replace_strict(
                            {name: self.metrics[name].label for name in _KINDS}
                        ),
                        subject=pl.col("subject").replace_strict(_SUBJECTS, default=None),
                    ),
                    [
                        Column("reason", "Reason", missing="not given"),
                        Column("kind", "Bounce"),
                        Column("subject", "About", missing="not told"),
                        Column("messages", "Messages", "count"),
                        Column("share", "Share of bounces", "rate"),
                        Column("last_bounced_at", "Last", "time"),
                    ],
                    self.build,
                    mart="core.fct_messages",
                    query=(
                        "select is_hard_bounced, reason, count(*) as messages\n"
                        "from core.fct_messages\nwhere\n    is_bounced\n    and not is_test\n"
                        f"    and booked_date between {literal(str(self.period.start))} "
                        f"and {literal(str(self.period.end))}\n"
                        "group by is_hard_bounced, reason\norder by messages desc"
                    ),
                ),
                components.note(
                    "Reasons are the mail servers' own words. What one is about is told by its "
                    "enhanced status code (RFC 3463). Hard bounced addresses never take mail: "
                    "remove them; soft bounces may pass when sent again later."
                ),
            ]
        )

    def definitions(self) -> Html:
        """List what each number of the page means."""
        shown = {*_RATES, *_COUNTS, *_TRENDS, *_KINDS}
        return components.definitions(
            [metric for name, metric in self.metrics.items() if name in shown]
        )

    def _figures(self, names: Sequence[str], row: Mapping[str, Any]) -> list[Figure]:
        statuses = {family: row[f"{family}_availability"] for family in FAMILIES}
        return [
            figure(self.metrics[name], row, self.metrics, statuses, self.build.currency)
            for name in names
        ]

    def _lead(self) -> str:
        if self.total.is_empty():
            return "No email was sent in these weeks."
        row = self.total.row(0, named=True)
        sent = formats.plural(row["sent"], "email")
        to = formats.plural(self.providers.height, "mailbox provider")
        names = ("delivered_rate", "bounce_rate", "complaint_rate")
        verbs = ("were delivered", "bounced", "of those delivered were marked as spam")
        told = [
            f"{shown.text} {verb}"
            for shown, verb in zip(self._figures(names, row), verbs, strict=True)
            if shown.text
        ]
        rates = f" {', '.join(told)}." if told else " What became of them isn't reported."
        return f"{sent} sent to {to}.{rates}"

    def _empty(self) -> Html:
        if self.sent_weeks is None:
            advice = "Nothing was sent in these data. To check the set-up, run email-stats doctor."
        else:
            first, last = self.sent_weeks
            advice = (
                f"Emails were sent in the weeks from {formats.day(first)} to {formats.day(last)}: "
                "choose start_date and end_date among these, or a greater last_days."
            )
        return components.empty("No email was sent in these weeks.", advice)

    def _trend(self, metric: Metric, colour: str) -> Html:
        series = self._by_week(metric.metric)
        if series["value"].null_count() == series.height:
            missing = self._figures((metric.metric,), self.total.row(0, named=True))[0].missing
            return components.empty(f"{metric.label}: no rate", f"{missing}.")
        at, highest = series.sort("value", "at", descending=[True, False], nulls_last=True).row(0)
        title = f"{metric.label} by week"
        summary = (
            f"Highest in the week from {formats.day(at)}: {formats.rate(highest)}. All weeks: "
            f"{self._figures((metric.metric,), self.total.row(0, named=True))[0].text}."
        )
        axes = charts.Axes(
            alternative=f"{title}. {summary}",
            time_title=f"Week from Monday ({self.build.timezone.key})",
            value_title=metric.label,
            is_rate=True,
        )
        rows = [
            [formats.day(day), "not measured" if value is None else formats.rate(value)]
            for day, value in series.iter_rows()
        ]
        gaps = series["value"].null_count()
        return components.chart(
            title,
            summary,
            charts.line_chart(
                series, [charts.Series("value", f"var(--es-{colour})", "rate")], axes
            ),
            components.table(title, ["Week from", metric], rows),
            remark=(
                f"A gap: {formats.plural(gaps, 'week')} without a rate: nothing was sent, or it "
                "isn't measured."
                if gaps
                else ""
            ),
        )

    def _by_week(self, name: str) -> pl.DataFrame:
        return (
            self.weeks.select(at=pl.date_range(pl.min("week"), pl.max("week"), interval="1w"))
            .join(self.weeks, left_on="at", right_on="week", how="left", maintain_order="left")
            .select("at", value=name)
        )


def whole_weeks(period: Period) -> Period:
    """Widen a period to the whole weeks, Monday to Sunday, that it touches.

    The calendar's last week ends with the calendar, on a Friday.
    """
    start = period.start - timedelta(days=period.start.weekday())
    end = period.end + min(timedelta(days=6 - period.end.weekday()), date.max - period.end)
    days = formats.days(period.start, period.end)
    return Period(start, end, f"The whole weeks that touch {days}. {period.chosen}")


def _summed(weekly: pl.DataFrame, metrics: Mapping[str, Metric], *by: str) -> pl.DataFrame:
    """Sum counts to a row a group, in the order of ``by``, with the rates of the sums.

    A count is null where it is measured for none of the messages; ``…_availability`` lists what the
    group's rows say.
    """
    counts = [name for name, metric in metrics.items() if metric.kind == "count"]
    counts = [name for name in counts if name in weekly.columns]
    ratios = {
        name: metric
        for name, metric in metrics.items()
        if metric.is_ratio and metric.numerator in counts and metric.denominator in counts
    }
    sums = weekly.group_by(by).agg(
        *(pl.when(pl.col(c).is_not_null().any()).then(pl.col(c).sum()) for c in counts),
        *(pl.col(f"{name}_availability").unique().sort() for name in FAMILIES),
    )
    return with_ratios(sums, ratios).sort(by)


def _unmeasured(row: Mapping[str, Any]) -> str:
    """Say which families are measured for none of a row's messages, and why; "" for none."""
    statuses = {family: row[f"{family}_availability"] for family in FAMILIES}
    return " ".join(
        f"{FAMILIES[family]}: {in_words(family, status)}"
        for family, status in statuses.items()
        if status not in ("measured", "partly_measured")
    )


def _read_weekly(period: Period) -> pl.DataFrame:
    return warehouse.sql(
        """
        select *
        from marts.deliverability_weekly
        where week between $start and $end
        """,
        start=period.start,
        end=period.end,
    )


def _read_bounce_reasons(period: Period) -> pl.DataFrame:
    return warehouse.sql(
        r"""
        with

        bounced as (
            select
                case when is_hard_bounced then 'hard_bounced' else 'soft_bounced' end as kind,
                reason,
                regexp_extract(reason, '\b[245]\.([0-7])\.[0-9]{1,3}\b', 1) as subject,
                bounced_at
            from core.fct_messages
            where is_bounced and not is_test and booked_date between $start and $end
        )

        select
            kind,
            reason,
            subject,
            count(*) as messages,
            count(*) / sum(count(*)) over () as share,
            max(bounced_at) as last_bounced_at
        from bounced
        group by kind, reason, subject
        order by messages desc, kind, reason nulls last
        """,
        start=period.start,
        end=period.end,
    )


def _read_weeks() -> tuple[date, date] | None:
    """Find the first and the last week with sent messages; None without any."""
    found = warehouse.sql("select min(week), max(week) from marts.deliverability_weekly").row(0)
    return None if found[0] is None else (found[0], found[1])


def load(
    start_date: str = "", end_date: str = "", last_days: int = 30, as_of: str = ""
) -> Deliverability:
    """Read the page's numbers; the parameters are those of the notebook (``period``).

    Raises ``UsageError`` for parameters that can't be and ``WarehouseError`` where nothing is
    published.
    """

    def read(build: Build) -> Deliverability:
        period = whole_weeks(choose_period(start_date, end_date, last_days, as_of, build.last_day))
        metrics = read_metrics()
        weekly = _read_weekly(period)
        everything = weekly.with_columns(all=pl.lit(True))
        return Deliverability(
            build=build,
            period=period,
            metrics=metrics,
            total=_summed(everything, metrics, "all"),
            weeks=_summed(weekly, metrics, "week"),
            providers=_summed(weekly, metrics, "mailbox_provider").sort(
                "sent", "mailbox_provider", descending=[True, False]
            ),
            provider_weeks=weekly.sort(
                "week", "sent", "mailbox_provider", descending=[True, True, False]
            ),
            bounce_reasons=_read_bounce_reasons(period),
            sent_weeks=_read_weeks(),
        )

    return read_from_one_build(read)
