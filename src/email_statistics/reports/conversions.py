"""What a page says of conversions beside their numbers."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from email_statistics.reports import components, formats
from email_statistics.reports.build import Build
from email_statistics.reports.components import Html


def conversions_note(build: Build, orders: int, orders_without_rate: int) -> Html:
    """Say how an order is credited, why there may be none, and what is in no sum of money."""
    remarks = [build.crediting]
    if orders == 0:
        remarks.append("None is credited to these, or no order events reach the raw lake.")
    if orders_without_rate > 0:
        left_out = formats.plural(orders_without_rate, "order")
        remarks.append(f"{left_out} without an exchange rate: counted, but in no sum of money.")
    return components.note(" ".join(remarks))


def worth(revenue: Decimal | None, currency: str) -> str:
    """Word a revenue, which may be unknown for want of exchange rates."""
    return "unknown revenue" if revenue is None else formats.money(revenue, currency)


def without_rate(orders: int, orders_without_rate: int) -> str:
    """Say, in brackets, of how many orders the rate isn't known; "" where all are."""
    if orders_without_rate == 0:
        return ""
    of = f"{formats.count(orders_without_rate)} of {formats.plural(orders, 'order')}"
    return f" (the exchange rate of {of} isn't known)"


def brought(total: Mapping[str, Any], currency: str) -> str:
    """Say what the orders of ``total`` came to: ``12.00 USD in 3 orders``."""
    orders = total["orders"]
    return (
        f"{worth(total['revenue'], currency)} in {formats.plural(orders, 'order')}"
        f"{without_rate(orders, total['orders_without_rate'])}"
    )
