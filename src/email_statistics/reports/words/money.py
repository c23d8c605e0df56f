"""Revenue in words: what is unknown because an exchange rate is missing is called so, never 0."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from email_statistics.reports.words import formats


def worth(revenue: Decimal | None, currency: str) -> str:
    """Word a revenue, which is unknown where no order has an exchange rate."""
    return "unknown revenue" if revenue is None else formats.money(revenue, currency)


def without_rate(orders: int, orders_without_rate: int) -> str:
    """Say, in brackets, how many orders have no known rate; "" where all have one."""
    if orders_without_rate == 0:
        return ""
    of = f"{formats.count(orders_without_rate)} of {formats.plural(orders, 'order')}"
    return f" ({of} left out: no exchange rate)"


def brought(total: Mapping[str, Any], currency: str) -> str:
    """Say what the orders of ``total`` came to: ``12.00 USD in 3 orders``, ``no orders``."""
    orders = total["orders"]
    if orders == 0:
        return "no orders"
    return (
        f"{worth(total['revenue'], currency)} in {formats.plural(orders, 'order')}"
        f"{without_rate(orders, total['orders_without_rate'])}"
    )
