"""Shopify: order and refund webhooks, the REST API, bulk operations and the order export."""

from email_statistics.senders.mapping.declaration import Fact, Sender
from email_statistics.senders.mapping.expressions import first_of

_PAID = "('paid', 'partially_refunded', 'refunded')"


def _shop_money(field: str) -> str:
    return f"json_extract_string(doc, '$.{field}.shopMoney.amount')"


def _order(type_: str, condition: str, moment: str, **columns: str) -> Fact:
    """A row of an order, webhook, bulk line or CSV line alike."""
    return Fact(
        {
            "type": f"case when is_order and {condition} then '{type_}' end",
            "event_at": f"moment({moment})",
            "order_key": "order_key",
            "identity": "order_key",
            "email": "address(order_email)",
            "currency": "order_currency",
            **columns,
        }
    )


_AT = first_of(
    "json_extract_string(item, '$.processed_at')",
    "json_extract_string(item, '$.created_at')",
    "json_extract_string(item, '$.createdAt')",
)


def _successful(refund: str, condition: str = "true") -> str:
    """The transactions of a refund that gave money back, real or not."""
    return (
        f"list_filter(json_extract({refund}, '$.transactions[*]'), lambda each: "
        "lower(json_extract_string(each, '$.kind')) = 'refund' and "
        f"lower(json_extract_string(each, '$.status')) = 'success' and {condition})"
    )


_IS_REAL = "not coalesce(truth(json_extract_string(each, '$.test')), false)"
# The money that came back: the successful refund transactions, or the bulk line's own total. A
# transaction's plain amount is in the customer's currency where it has both.
_REAL = _successful("item", _IS_REAL)
_REFUNDED = (
    "coalesce(money(json_extract_string(item, '$.totalRefundedSet.shopMoney.amount')), "
    f"list_sum(list_transform({_REAL}, lambda each: "
    "money(coalesce(json_extract_string(each, '$.amount_set.shop_money.amount'), "
    "json_extract_string(each, '$.amount')))))::decimal(38, 12))"
)
_REFUND_CURRENCY = (
    "coalesce(json_extract_string(item, '$.totalRefundedSet.shopMoney.currencyCode'), "
    f"json_extract_string({_REAL}[1], '$.amount_set.shop_money.currency_code'), "
    f"json_extract_string({_REAL}[1], '$.currency'))"
)
SENDER = Sender(
    name="shopify",
    title="Shopify",
    version=2,
    fields={
        "id": "$.id",
        "name": "$.name",
        "email": "$.email",
        "contact_email": "$.contact_email",
        "customer_email": "$.customer.email",
        "created_at": "$.created_at",
        "processed_at": "$.processed_at",
        "cancelled_at": "$.cancelled_at",
        "financial_status": "$.financial_status",
        "total_price": "$.total_price",
        "currency": "$.currency",
        "gateway": "$.gateway",
        "test": "$.test",
        "status_url": "$.order_status_url",
        "bulk_created_at": "$.createdAt",
        "bulk_processed_at": "$.processedAt",
        "bulk_cancelled_at": "$.cancelledAt",
        "bulk_status": "$.displayFinancialStatus",
        "parent_id": "$.__parentId",
        "order_of_refund": "$.order_id",
        "refund_lines": "$.refund_line_items",
        "transactions": "$.transactions",
        "transaction_kind": "$.kind",
        "csv_name": "$.Name",
        "csv_id": "$.Id",
        "csv_email": "$.Email",
        "csv_status": '$."Financial Status"',
        "csv_paid_at": '$."Paid at"',
        "csv_created_at": '$."Created at"',
        "csv_cancelled_at": '$."Cancelled at"',
        "csv_total": "$.Total",
        "csv_currency": "$.Currency",
        "csv_refunded": '$."Refunded Amount"',
        "csv_payment": '$."Payment Method"',
    },
    derived={
        "is_csv": "csv_name is not null and json_type(doc, '$.\"Lineitem name\"') is not null"
        " or csv_name is not null and csv_created_at is not null",
        # A line of an order after its first has the order's name and no total.
        "is_csv_rest": "is_csv and blank_to_null(csv_total) is null"
        " and blank_to_null(csv_currency) is null",
        "is_bulk": "starts_with(id, 'gid://shopify/Order/') and parent_id is null",
        "is_refund": "order_of_refund is not null"
        " and (refund_lines is not null or transactions is not null)"
        " and transaction_kind is null",
        "is_transaction": "order_of_refund is not null and transaction_kind is not null",
        "is_rest_order": "not is_refund and not is_transaction"
        " and total_price is not null and created_at is not null",
        "is_order": "coalesce(is_rest_order, false) or coalesce(is_bulk, false)"
        " or coalesce(is_csv and not is_csv_rest, false)",
        "order_key": "coalesce(case when is_csv then coalesce(blank_to_null(csv_id), csv_name) end,"
        " nullif(regexp_extract(id, '([0-9]+)$', 1), ''))",
        "order_email": first_of(
            "email",
            "contact_email",
            "customer_email",
            "csv_email",
            "json_extract_string(doc, '$.customer.email')",
        ),
        "order_currency": "coalesce(currency, csv_currency,"
        " json_extract_string(doc, '$.totalPriceSet.shopMoney.currencyCode'))",
        "order_status": "lower(coalesce(financial_status, bulk_status, csv_status))",
        "is_test": "coalesce(truth(test), false) or lower(gateway) = 'bogus'"
        " or contains(lower(csv_payment), 'bogus')",
    },
    is_record="is_order or is_refund or is_transaction or is_csv_rest or parent_id is not null"
    " or id is not null",
    unwrap=[
        *(
            (f"json_type(doc, '$.{one}') = 'OBJECT'", f"[json_extract(doc, '$.{one}')::varchar]")
            for one in ("order", "refund", "transaction", "customer", "node")
        ),
        (
            "json_type(doc, '$.data.order') = 'OBJECT'",
            "[json_extract(doc, '$.data.order')::varchar]",
        ),
        (
            "json_type(doc, '$.data.orders.edges') = 'ARRAY'",
            "json_extract(doc, '$.data.orders.edges[*].node')::varchar[]",
        ),
        (
            "json_type(doc, '$.data.orders.nodes') = 'ARRAY'",
            "json_extract(doc, '$.data.orders.nodes[*]')::varchar[]",
        ),
    ],
    pages=["orders", "refunds", "transactions", "customers"],
    ignored="case when is_csv_rest or parent_id is not null then 'line_item'"
    " when coalesce(is_order and is_test, false) then 'test_mode'"
    " when is_transaction then 'transaction'"
    " when not is_order and not coalesce(is_refund, false) then 'not_an_order'"
    f" when is_refund and not coalesce(len({_successful('doc', _IS_REAL)}) > 0, false)"
    f" then case when len({_successful('doc')}) > 0 then 'test_mode'"
    " else 'refund_without_money' end end",
    facts=[
        _order("placed", "true", first_of("created_at", "bulk_created_at", "csv_created_at")),
        _order(
            "paid",
            f"order_status in {_PAID}",
            first_of(
                "csv_paid_at",
                "processed_at",
                "bulk_processed_at",
                "created_at",
                "bulk_created_at",
                "csv_created_at",
            ),
            # As bought: later edits and refunds change the current total.
            amount="money(coalesce(total_price, csv_total, " + _shop_money("totalPriceSet") + "))",
        ),
        _order(
            "cancelled",
            f"{first_of('cancelled_at', 'bulk_cancelled_at', 'csv_cancelled_at')} is not null",
            first_of("cancelled_at", "bulk_cancelled_at", "csv_cancelled_at"),
        ),
        Fact(
            {
                "type": f"case when item is not null and {_REFUNDED} > 0 then 'refunded' end",
                "event_at": f"moment({_AT})",
                "order_key": "coalesce(case when is_refund then order_of_refund end, order_key)",
                "identity": "nullif(regexp_extract(json_extract_string(item, '$.id'),"
                " '([0-9]+)$', 1), '')",
                "email": "case when is_order then address(order_email) end",
                "amount": _REFUNDED,
                "currency": f"coalesce({_REFUND_CURRENCY}, order_currency)",
            },
            each="case when is_refund then [doc::json] when is_order"
            " then json_extract(doc, '$.refunds[*]') end",
        ),
        Fact({"type": "case when is_csv and money(csv_refunded) > 0 then '-undated_refund' end"}),
    ],
    untold={
        "undated_refund": "orders of the export have a `Refunded Amount`, a running total without "
        "a date: load the refunds' webhooks or a bulk operation for them.",
    },
    shop="regexp_extract(status_url, '^https?://([^/]+)', 1)",
    switch_on=(
        "Settings > Notifications > Webhooks: order creation, update, payment, cancellation, and "
        "refund creation (JSON). Shopify removes a webhook that fails for four hours: fill gaps "
        "from the API."
    ),
    forms=(
        "Webhook bodies, REST orders and refunds, bulk operations (JSON Lines), and the admin's "
        "order export (CSV)."
    ),
    not_measured=(
        "Refunds of the CSV export: its `Refunded Amount` is a running total without a date. "
        "A load says how many orders have one. "
        "A `partially_paid` order waits until it is paid."
    ),
    notes=(
        "Money is the shop's, not the customer's currency; the total as bought. `paid` is one "
        "event per order and `refunded` one per refund, so forms can be mixed. Test orders, the "
        "gateway `bogus` and line items are ignored."
    ),
)
