"""WooCommerce: order webhooks and pages of its API's orders."""

from email_statistics.senders.mapping.declaration import Fact, Sender
from email_statistics.senders.mapping.expressions import first_of


def _order(type_: str, condition: str, moment: str, **columns: str) -> Fact:
    return Fact(
        {
            "type": f"case when is_order and {condition} then '{type_}' end",
            "event_at": moment,
            "order_key": "id",
            "identity": "id",
            "email": "address(email)",
            "currency": "currency",
            **columns,
        }
    )


_MODIFIED = f"moment({first_of('modified', 'created')})"
SENDER = Sender(
    name="woocommerce",
    title="WooCommerce",
    version=2,
    fields={
        "id": "$.id",
        "status": "$.status",
        "currency": "$.currency",
        "total": "$.total",
        # These are UTC, and say so in their names alone.
        "created": "$.date_created_gmt",
        "paid": "$.date_paid_gmt",
        "modified": "$.date_modified_gmt",
        "email": "$.billing.email",
        "order_key": "$.order_key",
        "refunded_by": "$.refunded_by",
        "self_link": "$._links.self[0].href",
        "webhook_id": "$.webhook_id",
    },
    derived={
        "is_order": "coalesce(id is not null and total is not null and status is not null, false)",
    },
    # What is deleted has its id alone.
    is_record="is_order or webhook_id is not null or (id is not null"
    " and (refunded_by is not null or len(json_keys(doc)) = 1))",
    ignored="case when webhook_id is not null then 'ping'"
    # Only its URL says of which order it is; the order has it too.
    " when refunded_by is not null then 'refund_by_itself'"
    " when not is_order then 'order_deleted'"
    " when lower(status) in ('checkout-draft', 'auto-draft', 'trash') then 'draft' end",
    facts=[
        _order("placed", "true", "moment(created)"),
        _order("paid", "blank_to_null(paid) is not null", "moment(paid)", amount="money(total)"),
        _order("cancelled", "lower(status) = 'cancelled'", _MODIFIED),
        Fact(
            {
                "type": "case when item is not null then 'refunded' end",
                "event_at": "coalesce(moment(json_extract_string(item, '$.date_created_gmt')), "
                f"{_MODIFIED})",
                "order_key": "id",
                "identity": "json_extract_string(item, '$.id')",
                "email": "address(email)",
                "amount": "abs(money(coalesce(json_extract_string(item, '$.total'),"
                " json_extract_string(item, '$.amount'))))",
                "currency": "currency",
            },
            each="case when is_order then json_extract(doc, '$.refunds[*]') end",
        ),
    ],
    shops_number_alike=True,
    shop="regexp_extract(self_link, '^https?://([^/]+)', 1)",
    pages=["orders"],
    switch_on=(
        "WooCommerce > Settings > Advanced > Webhooks: order created, updated and deleted, each "
        "with a secret. A webhook is switched off after five failures: fill gaps from "
        "GET /orders?modified_after."
    ),
    forms="Webhook bodies and pages of GET /orders.",
    not_measured=(
        "A refund by itself (/orders/{id}/refunds): its body names no order. Orders have it too, "
        "without its date: then the order's last change is taken."
    ),
    notes=(
        "Paid is what has `date_paid_gmt`, whatever the status says. A refund's negative total is "
        "turned round."
    ),
)
