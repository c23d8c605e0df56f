"""What a page says of conversions beside their numbers."""

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
