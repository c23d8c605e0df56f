"""The attribution page: who is credited with orders, by the active policy and by others.

An order stands on the day of its ``converted_at``, whenever its email was sent. Money is in the
reporting currency; orders without an exchange rate are in no sum of it, and a sum over such orders
alone is null: not known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from email_statistics.attribution_policies import SETTINGS_POLICY
from email_statistics.reports import pieces
from email_statistics.reports.ask.counts import read_metrics
from email_statistics.reports.ask.parameters import (
    Checked,
    Day,
    LastDays,
    OrderId,
    Policies,
    policy_names,
)
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.ask.sources import type_in_words
from email_statistics.reports.pages.page import Page
from email_statistics.reports.pieces import Axes, Column, Html, Number, Series
from email_statistics.reports.words import formats
from email_statistics.reports.words.money import without_rate, worth
from email_statistics.reports.words.period import choose_period
from email_statistics.reports.words.reasons import TOUCHES, UNATTRIBUTED

_KINDS = {"opened": "Opened only", "clicked": "Clicked only", "both": "Opened and clicked"}
_RULES = {
    "last": "The last touch gets 100%",
    "first": "The first touch gets 100%",
    "linear": "Every touched email gets an equal share",
    "position_40_20_40": "40% the first, 40% the last, 20% those between",
    "every_touched_email": "Every touched email gets 100%: over-crediting",
}
_NOBODY = "No email"
_UNKNOWN = "no exchange rate"


@dataclass(frozen=True)
class Policy:
    """A policy as the page shows it."""

    name: str
    label: str
    credit_rule: str
    window_in_words: str
    source_title: str
    source_url: str | None
    not_expressed: str | None
    is_over_crediting: bool

    @property
    def said(self) -> str:
        """Its label within a sentence."""
        return formats.isolated(self.label)

    @property
    def head(self) -> str:
        """Its name at the top of a column of money."""
        return f"{self.label}, over-crediting" if self.is_over_crediting else self.label


@dataclass(frozen=True)
class Attribution(Page):
    """The page's numbers, read once; ``policies`` are the active one and those to compare.

    ``by_source`` has a row per email source and a column per policy; ``order`` is the one whose
    ``story`` is shown.
    """

    policies: Sequence[Policy]
    orders: Mapping[str, Any]
    by_source: pl.DataFrame
    curve: pl.DataFrame
    kinds: pl.DataFrame
    moved: pl.DataFrame
    unattributed: pl.DataFrame
    order: Mapping[str, Any] | None
    story: pl.DataFrame

    def header(self) -> Html:
        """Open the page: what the orders came to, the range, the data."""
        return self.opening("Attribution", self._lead(), "Orders, by the day they were placed")

    def revenue_by_campaign(self) -> Html:
        """List what each email is credited with, by the active policy beside the others."""
        if self.by_source.is_empty():
            return self._empty()
        money = [Column(p.name, f"{p.head}: revenue", "money", _UNKNOWN) for p in self.policies]
        listed = self.listing(
            "Revenue by email and policy",
            "attribution_by_email",
            "by_source",
            [
                Column("name", "Email", email="email_source_id"),
                Column("type", "Type"),
                *money,
            ],
            self.by_source.with_columns(type=type_in_words()),
        )
        return pieces.stack([listed, pieces.note(self._over_crediting())])

    def window_curve(self) -> Html:
        """Chart what the orders up to so many days after the last touch came to."""
        if not self.curve["orders"].sum():
            return self._empty()
        title = "Revenue by attribution window"
        if self.curve["revenue"].sum() == 0 and self.curve["revenue"].null_count():
            return pieces.empty(
                f"{title}: not known.", "None of the orders after a touch has an exchange rate."
            )
        last = self.curve.row(-1, named=True)
        active = self.policies[0]
        summary = (
            f"Up to 60 days after the last touch: {formats.plural(last['orders'], 'order')}, "
            f"{worth(last['revenue'], self.build.currency)}. The active policy "
            f"({active.said}) credits within {active.window_in_words}."
        )
        rows = [
            [
                formats.plural(row["at"], "day"),
                formats.count(row["orders"]),
                _amount(row["revenue"]),
                _amount(row["marginal"]),
            ]
            for row in self.curve.iter_rows(named=True)
        ]
        axes = Axes(
            alternative=f"{title}. {summary}",
            time_title="Window in days from the last touch",
            value_title=f"Revenue ({self.build.currency})",
            mark=self._active_window(),
        )
        lines = [
            Series("revenue", "var(--es-revenue)", "within the window"),
            Series("marginal", "var(--es-ordered)", "of that day alone"),
        ]
        return pieces.chart(
            title,
            summary,
            pieces.line_chart(self.curve, lines, axes),
            pieces.table(
                title,
                ["Window", *map(Number, ("Orders", "Revenue", "Of the last day alone"))],
                rows,
            ),
            legend=[
                ("Within the window", lines[0].colour, 0),
                ("Of that day alone", lines[1].colour, 1),
            ],
        )

    def _active_window(self) -> tuple[int, str] | None:
        """Mark the window of the settings, where they are the active policy."""
        if self.policies[0].name != SETTINGS_POLICY:
            return None
        days = int(self.build.settings["attribution_window_days"])
        return days, f"Active window: {formats.plural(days, 'day')}"

    def opens_and_clicks(self) -> Html:
        """Show what kinds of touches the credited orders had in their windows."""
        if self.kinds.is_empty():
            return self._empty()
        return pieces.table(
            "Credited orders by the kinds of touches in their windows",
            ["In the window", Number("Orders"), Number("Revenue")],
            [
                [
                    _KINDS.get(row["kind"], "Delivered, neither opened nor clicked"),
                    formats.count(row["orders"]),
                    worth(row["revenue"], self.build.currency),
                ]
                for row in self.kinds.iter_rows(named=True)
            ],
        )

    def changes_hands(self) -> Html:
        """List what each email loses and gains by the first policy to compare."""
        if len(self.policies) == 1:
            return pieces.note("Give policies to compare.")
        one, other = self.policies[:2]
        between = f"between {one.said} and {other.said}"
        if self.moved.is_empty():
            return pieces.empty(
                f"No order is credited differently {between}.",
                "Compare another policy, or choose more days.",
            )
        words = (
            f"{other.said} beside {one.said}, order by order. {_NOBODY}: orders that one of the "
            "two credits to no email; what is lost there, emails gain. Orders without an exchange "
            "rate are counted, but in no sum of money."
        )
        listed = self.listing(
            f"Orders credited differently {between}",
            "attribution_changes",
            "moved",
            [
                Column("name", "Email", email="email_source_id"),
                Column("lost", f"Lost with {other.label}", "money", _UNKNOWN),
                Column("gained", f"Gained with {other.label}", "money", _UNKNOWN),
                Column("net", "Difference", "money", _UNKNOWN),
                Column("orders", "Orders", "count"),
                Column("orders_without_rate", "Without an exchange rate", "count"),
            ],
            self.moved.with_columns(pl.col("name").fill_null(_NOBODY)),
        )
        return pieces.stack([pieces.note(words), listed])

    def unattributed_by_reason(self) -> Html:
        """Show, by each policy, what nobody is credited with, and why."""
        if not self.orders["orders"]:
            return self._empty()
        found = {
            (row["attribution_policy"], row["unattributed_reason"]): row
            for row in self.unattributed.iter_rows(named=True)
        }

        def cell(policy: str, reason: str) -> str:
            row = found.get((policy, reason))
            if row is None:
                return "0"
            revenue = worth(row["revenue"], self.build.currency)
            return f"{formats.plural(row['orders'], 'order')}, {revenue}"

        return pieces.table(
            "Unattributed orders by policy and reason",
            ["Policy", *map(Number, UNATTRIBUTED.values())],
            [[p.label, *(cell(p.name, reason) for reason in UNATTRIBUTED)] for p in self.policies],
        )

    def order_story(self) -> Html:
        """Say who is credited with one order, and why each other touch isn't."""
        if self.order is None:
            return self._empty()
        sentence = pieces.note(self._order_in_words(self.order))
        if self.story.is_empty():
            return sentence
        touches = pieces.table(
            "Touches of the order's contact, in time order",
            ["When", "Touch", "Email", "What became of it"],
            [
                [
                    self.build.moment(row["touch_at"], ""),
                    row["touch_type"].capitalize() + (" by a machine" if row["is_machine"] else ""),
                    pieces.leading(row["name"], "email", row["email_source_id"]),
                    TOUCHES[row["reason"]],
                ]
                for row in self.story.iter_rows(named=True)
            ],
        )
        return pieces.stack([sentence, touches])

    def policies_in_words(self) -> Html:
        """Say what each policy of the page is, and where it comes from."""
        return pieces.table(
            "The policies of this page",
            ["Policy", "A touch counts for", "Credit", "Source", "Not expressed, or not known"],
            [
                [
                    p.label,
                    p.window_in_words,
                    _RULES[p.credit_rule],
                    pieces.outside(p.source_title, p.source_url or ""),
                    p.not_expressed or "Nothing",
                ]
                for p in self.policies
            ],
        )

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of({"orders", "revenue"})

    def _lead(self) -> str:
        orders = self.orders["orders"]
        if not orders:
            return "No order was placed in these days."
        credited = worth(self.orders["attributed_revenue"], self.build.currency)
        revenue = worth(self.orders["revenue"], self.build.currency)
        unknown = without_rate(orders, self.orders["orders_without_rate"])
        return (
            f"{formats.plural(orders, 'order')}, {revenue}{unknown}. "
            f"{self.policies[0].said} credits {credited} of it, in "
            f"{formats.plural(self.orders['attributed'], 'order')}, to emails."
        )

    def _over_crediting(self) -> str:
        words = "All emails, whatever their type; refunds aren't taken off."
        over = [p.said for p in self.policies if p.is_over_crediting]
        if over:
            words += (
                f" {', '.join(over)} credits every touched email with the whole order: that column "
                "adds up to more than the orders."
            )
        if self.orders["orders_without_rate"]:
            without = formats.plural(self.orders["orders_without_rate"], "order")
            words += f" {without} without an exchange rate: in no sum of money."
        return words

    def _order_in_words(self, order: Mapping[str, Any]) -> str:
        paid = worth(order["original_revenue"], order["currency"])
        at = self.build.moment(order["converted_at"], "")
        what = f"Order {formats.isolated(order['conversion_id'])}, {paid}, {at}: "
        label = self.policies[0].said
        if order["is_attributed"]:
            name = formats.isolated(order["name"])
            return f"{what}{label} credits {name}, {order['touch_type']} before."
        return (
            f"{what}{label} credits nobody ({UNATTRIBUTED[order['unattributed_reason']].lower()})."
        )

    def _empty(self) -> Html:
        return pieces.empty(
            "No order was placed in these days.",
            "Choose days with orders; without any in the data there is nothing to credit.",
        )


def _amount(value: Decimal | None) -> str:
    return "unknown" if value is None else formats.amount(value)


def _by_source(credited: pl.DataFrame, policies: Sequence[str]) -> pl.DataFrame:
    """Give each policy a column: the greatest by the first comes first; 0 where it credits none."""
    columns = [
        pl.when(is_credited.any())
        .then(pl.col("revenue").filter(is_credited).first())
        .otherwise(pl.lit(Decimal("0.00")))
        .alias(name)
        for name in policies
        for is_credited in [pl.col("attribution_policy") == name]
    ]
    order = [*policies, "email_source_id"]
    descending = [*(True for _ in policies), False]
    by_source = credited.group_by("email_source_id", "name", "email_source_type").agg(columns)
    return by_source.sort(order, descending=descending, nulls_last=True)


@Checked
def load(
    start_date: Day,
    end_date: Day,
    last_days: LastDays,
    as_of: Day,
    policies: Policies,
    conversion_id: OrderId,
) -> Attribution:
    """Read the page's numbers; without an id, the order is the latest credited one."""
    with asking() as asked:
        build = asked.build
        period = asked.over(choose_period(start_date, end_date, last_days, as_of, build.last_day))
        known = {
            row["name"]: Policy(**row)
            for row in asked("attribution/policies").iter_rows(named=True)
        }
        active = str(build.settings["attribution_policy"])
        names = list(dict.fromkeys([active, *policy_names(policies)]))
        asked.bind(zone=build.timezone.key, policies=names)
        order = asked("attribution/order", id=conversion_id)
        other = names[1] if len(names) > 1 else active
        story_of = "" if order.is_empty() else order["conversion_id"].item()
        return Attribution(
            asked=asked,
            period=period,
            metrics=read_metrics(asked),
            policies=[known[name] for name in names],
            orders=asked("attribution/orders").row(0, named=True),
            by_source=_by_source(asked("attribution/by_source"), names),
            curve=asked("attribution/curve").rename({"days": "at"}),
            kinds=asked("attribution/kinds"),
            moved=asked("attribution/moved", one=active, other=other),
            unattributed=asked("attribution/unattributed"),
            order=None if order.is_empty() else order.row(0, named=True),
            story=asked("attribution/story", id=story_of),
        )
