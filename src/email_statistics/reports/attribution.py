"""The attribution page: who is credited with orders, by the active policy and by others.

An order stands on the day of its ``converted_at``, whenever its email was sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any

import polars as pl

from email_statistics import warehouse
from email_statistics.errors import UsageError, suggest
from email_statistics.reports import charts, components, crediting, formats
from email_statistics.reports.build import Build, read_from_one_build
from email_statistics.reports.components import Html
from email_statistics.reports.conversions import without_rate, worth
from email_statistics.reports.listing import Column, listing
from email_statistics.reports.metrics import Metric, read_metrics
from email_statistics.reports.page import page_header
from email_statistics.reports.parameters import policy_names
from email_statistics.reports.period import Period, choose_period

_REASONS = {
    "no_touch": "No touch before it",
    "outside_window": "Later than every touch's window",
    "contact_unknown": "Contact unknown",
    "contact_ambiguous": "Several contacts bear its e-mail",
}
_KINDS = {"opened": "Opened only", "clicked": "Clicked only", "both": "Opened and clicked"}
_LEDGER = {
    "credited": "Credited",
    "superseded": "Not credited: another touch is",
    "machine": "Not credited: a machine's",
    "not_product_campaign": "Not credited: the email shows no products",
    "ineligible_source": "Not credited: emails of this type earn no credit",
    "outside_window": "Not credited: outside its window",
    "after_conversion": "Not credited: after the order",
}
_RULES = {
    "last": "The last touch has it all",
    "first": "The first touch has it all",
    "linear": "Every touched email has an equal share",
    "position_40_20_40": "40% the first, 40% the last, 20% those between",
    "every_touched_email": "Every touched email has all of it: over-crediting",
}
_NOBODY = "(nobody)"
_UNKNOWN = "no exchange rate"


@dataclass(frozen=True)
class Policy:
    """A policy as the page shows it."""

    name: str
    label: str
    credit_rule: str
    window: str
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
class Attribution:
    """The page's numbers, read once; each public method is a piece of the page.

    ``policies`` are the active one and those to compare; the frames are those of ``crediting``.
    """

    build: Build
    period: Period
    policies: Sequence[Policy]
    metrics: Mapping[str, Metric]
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
        return page_header(
            self._lead(), "Orders, by the day they were placed", self.period, self.build
        )

    def revenue_by_campaign(self) -> Html:
        """List what each email is credited with, by the active policy beside the others."""
        if self.by_source.is_empty():
            return self._empty()
        money = [Column(p.name, f"{p.head}: revenue", "money", _UNKNOWN) for p in self.policies]
        listed = listing(
            "Revenue by email and policy",
            "attribution_by_email",
            self.by_source,
            [Column("name", "Email"), Column("email_source_type", "Type"), *money],
            self.build,
        )
        return components.stack([listed, components.note(self._over_crediting())])

    def window_curve(self) -> Html:
        """Chart what the orders up to so many days after the last touch came to."""
        if not self.curve["orders"].sum():
            return self._empty()
        title = "Revenue by the length of the window"
        if self.curve["revenue"].sum() == 0 and self.curve["revenue"].null_count():
            return components.empty(
                f"{title}: not known.", "None of the orders after a touch has an exchange rate."
            )
        last = self.curve.row(-1, named=True)
        window = self.policies[0]
        summary = (
            f"Up to 60 days after the last touch: {formats.plural(last['orders'], 'order')}, "
            f"{worth(last['revenue'], self.build.currency)}. The active policy "
            f"({window.said}) credits within {window.window}."
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
        axes = charts.Axes(
            alternative=f"{title}. {summary}",
            time_title="Window in days from the last touch",
            value_title=f"Revenue ({self.build.currency})",
        )
        lines = [
            charts.Series("revenue", "var(--es-revenue)", "within the window"),
            charts.Series("marginal", "var(--es-ordered)", "of that day alone"),
        ]
        return components.chart(
            title,
            summary,
            charts.line_chart(self.curve, lines, axes),
            components.table(title, ["Window", "Orders", "Revenue", "Of the last day alone"], rows),
            legend=[("Within the window", lines[0].colour), ("Of that day alone", lines[1].colour)],
        )

    def opens_and_clicks(self) -> Html:
        """Show what kinds of touches the credited orders had in their windows."""
        if self.kinds.is_empty():
            return self._empty()
        return components.table(
            "Credited orders by the kinds of touches in their windows",
            ["In the window", "Orders", "Revenue"],
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
            return components.note("Give policies to compare.")
        one, other = self.policies[:2]
        if self.moved.is_empty():
            return components.empty(
                f"Nothing changes hands between {one.said} and {other.said}.",
                "Compare another policy, or choose more days.",
            )
        listed = listing(
            f"What changes hands between {one.said} and {other.said}",
            "attribution_changes",
            self.moved.with_columns(pl.col("name").fill_null(_NOBODY)),
            [
                Column("name", "Email"),
                Column("lost", f"Loses by {other.label}", "money", _UNKNOWN),
                Column("gained", f"Gains by {other.label}", "money", _UNKNOWN),
                Column("net", "Difference", "money", _UNKNOWN),
                Column("orders", "Orders", "count"),
                Column("orders_without_rate", "Without a rate", "count"),
            ],
            self.build,
        )
        words = (
            f"From {one.said} to {other.said}, order by order; {_NOBODY} is what one of the two "
            "credits to no email. Orders without an exchange rate are counted, but in no sum of "
            "money."
        )
        return components.stack([components.note(words), listed])

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

        return components.table(
            "Unattributed orders by policy and reason",
            ["Policy", *_REASONS.values()],
            [[p.label, *(cell(p.name, reason) for reason in _REASONS)] for p in self.policies],
        )

    def order_story(self) -> Html:
        """Tell of one order who is credited with it, and why each other touch isn't."""
        if self.order is None:
            return self._empty()
        rows = [
            [
                formats.moment(row["touch_at"].replace(tzinfo=UTC), self.build.timezone),
                f"{row['touch_type'].capitalize()}{' by a machine' if row['is_machine'] else ''}",
                row["name"],
                _LEDGER[row["reason"]],
            ]
            for row in self.story.iter_rows(named=True)
        ]
        sentence = components.note(self._order_in_words(self.order))
        if not rows:
            return sentence
        title = "Touches of the order's contact, in time order"
        return components.stack(
            [
                sentence,
                components.table(title, ["When", "Touch", "Email", "What became of it"], rows),
            ]
        )

    def policies_in_words(self) -> Html:
        """Say what each policy of the page is, and where it comes from."""
        return components.table(
            "The policies of this page",
            ["Policy", "A touch counts for", "Credit", "Source", "Not expressed, or not known"],
            [
                [
                    p.label,
                    p.window,
                    _RULES[p.credit_rule],
                    f"{p.source_title} ({p.source_url})" if p.source_url else p.source_title,
                    p.not_expressed or "Nothing",
                ]
                for p in self.policies
            ],
        )

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return components.definitions([self.metrics["orders"], self.metrics["revenue"]])

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
        at = formats.moment(order["converted_at"].replace(tzinfo=UTC), self.build.timezone)
        what = f"Order {formats.isolated(order['conversion_id'])}, {paid}, {at}: "
        label = self.policies[0].said
        if order["is_attributed"]:
            name = formats.isolated(order["name"])
            return f"{what}{label} credits {name}, {order['touch_type']} before."
        return f"{what}{label} credits nobody ({_REASONS[order['unattributed_reason']].lower()})."

    def _empty(self) -> Html:
        return components.empty(
            "No such order was placed in these days.",
            "Choose start_date and end_date among days with orders, or a greater last_days.",
        )


def _amount(value: Decimal | None) -> str:
    return "unknown" if value is None else formats.amount(value)


def _policies(active: str, compared: Sequence[str]) -> list[Policy]:
    found = {
        row["attribution_policy"]: Policy(
            row["attribution_policy"],
            row["label"],
            row["credit_rule"],
            row["window_in_words"],
            row["source_title"],
            row["source_url"],
            row["not_expressed"],
            row["is_over_crediting"],
        )
        for row in warehouse.table("core.dim_attribution_policies").iter_rows(named=True)
    }
    for name in compared:
        if name not in found:
            raise UsageError(f"policies can't have {name!r}: {suggest(name, found)}")
    return [found[name] for name in dict.fromkeys([active, *compared])]


def load(
    start_date: str = "",
    end_date: str = "",
    last_days: int = 30,
    as_of: str = "",
    policies: str = "klaviyo, mailchimp, hubspot_linear",
    conversion_id: str = "",
) -> Attribution:
    """Read the page's numbers; the parameters are those of the notebook.

    Raises ``UsageError`` for parameters that can't be and ``WarehouseError`` where nothing is
    published.
    """

    def read(build: Build) -> Attribution:
        period = choose_period(start_date, end_date, last_days, as_of, build.last_day)
        active = str(build.settings["attribution_policy"])
        shown = _policies(active, policy_names(policies))
        names = [policy.name for policy in shown]
        placed = crediting.Placed(period, build.timezone.key)
        order = crediting.read_order(placed, conversion_id)
        if order is None and conversion_id:
            raise UsageError(f"conversion_id can't be {conversion_id!r}: no order has that id.")
        return Attribution(
            build=build,
            period=period,
            policies=shown,
            metrics=read_metrics(),
            orders=crediting.read_orders(placed),
            by_source=crediting.revenue_by_source(placed, names),
            curve=crediting.window_curve(placed),
            kinds=crediting.kinds_of_touches(placed),
            moved=crediting.moved(placed, names[0], names[-1] if len(names) == 1 else names[1]),
            unattributed=crediting.unattributed(placed, names),
            order=order,
            story=crediting.story(order["conversion_id"] if order else ""),
        )

    return read_from_one_build(read)
