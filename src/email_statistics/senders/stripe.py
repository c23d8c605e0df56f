"""Stripe: events of charges and refunds, as webhooks and as pages of GET /events."""

from email_statistics.senders.mapping.declaration import Fact, Sender
from email_statistics.senders.mapping.expressions import cases

# Versions of the API before 2020 don't say what was captured: what came back of it at once wasn't.
_CAPTURED = "coalesce(money(amount_captured), money(amount) - coalesce(money(uncaptured), 0))"
_MONEY = f"(case when kind = 'refund' then money(amount) else {_CAPTURED} end)"
# Stripe's own list of minor units, which isn't ISO 4217's.
_AMOUNT = f"""case currency_digits(currency)
    when 0 then {_MONEY} when 3 then ({_MONEY} * 0.001)::decimal(38, 12)
    else ({_MONEY} * 0.01)::decimal(38, 12) end"""
_REFUND_EVENTS = "('refund.created', 'refund.updated', 'refund.failed', 'charge.refund.updated')"
SENDER = Sender(
    name="stripe",
    title="Stripe",
    version=1,
    fields={
        "event": "$.type",
        "object": "$.object",
        "created": "$.created",
        "livemode": "$.livemode",
        "account": "$.account",
        "id": "$.data.object.id",
        "charge_created": "$.data.object.created",
        "captured": "$.data.object.captured",
        "status": "$.data.object.status",
        "amount": "$.data.object.amount",
        "amount_captured": "$.data.object.amount_captured",
        "amount_refunded": "$.data.object.amount_refunded",
        "currency": "$.data.object.currency",
        "payment_intent": "$.data.object.payment_intent",
        "expanded_intent": "$.data.object.payment_intent.id",
        "charge": "$.data.object.charge",
        "expanded_charge": "$.data.object.charge.id",
        "receipt_email": "$.data.object.receipt_email",
        "billing_email": "$.data.object.billing_details.email",
    },
    derived={
        "kind": f"case when event in {_REFUND_EVENTS} then 'refund'"
        " when event = 'charge.succeeded' and coalesce(truth(captured), false) then 'charge'"
        " when event = 'charge.captured' then 'charge' end",
        "is_event": "event is not null and json_type(doc, '$.data.object') = 'OBJECT'",
        "uncaptured": "case when event = 'charge.captured' then amount_refunded end",
        "intent": "coalesce(expanded_intent, payment_intent)",
    },
    # A list has its objects in `data`.
    is_record="(event is not null or object is not null) and object is distinct from 'list'",
    ignored="case when not coalesce(is_event, false) then 'not_an_event'"
    " when kind is null and not regexp_matches(event,"
    " '^charge[.]dispute[.]funds_(withdrawn|reinstated)$') then"
    " case event when 'charge.succeeded' then 'authorisation' else event end"
    " when not coalesce(truth(livemode), true) then 'test_mode'"
    " when kind = 'refund' and lower(status) not in ('succeeded', 'failed')"
    " then 'refund_' || lower(status) end",
    rejected="case when kind is null then 'refund_reversed'"
    " when kind = 'refund' and (lower(status) = 'failed' or event = 'refund.failed')"
    " then 'refund_reversed'"
    # Its own page has it both with and without minor units.
    " when upper(currency) = 'UGX' then 'unsupported_amount' end",
    facts=[
        Fact(
            {
                "type": cases("kind", {"charge": "paid", "refund": "refunded"}),
                "event_at": "moment(case when event = 'charge.captured' then created"
                " else charge_created end)",
                "order_key": "coalesce(blank_to_null(intent), case when kind = 'refund'"
                " then coalesce(expanded_charge, charge) else id end)",
                "identity": "blank_to_null(id)",
                "email": "address(coalesce(blank_to_null(receipt_email), billing_email))",
                "amount": _AMOUNT,
                "currency": "upper(currency)",
            }
        )
    ],
    shop="account",
    switch_on=(
        "Developers > Webhooks: charge.succeeded, charge.captured, refund.created, refund.updated, "
        "charge.refund.updated and charge.dispute.funds_withdrawn."
    ),
    forms="Webhook bodies and pages of GET /events (30 days).",
    not_measured=(
        "Orders before they are paid. A refund that fails later and a dispute are rejected as "
        "`refund_reversed`: correct the order by hand. Objects without their event (a charge, an "
        "invoice) don't say whether they are live, and are ignored."
    ),
    notes=(
        "An order is the payment intent, else the charge. Cumulative and derived events "
        "(`charge.refunded`, `payment_intent.*`, `invoice.*`, `checkout.*`) are the same money "
        "again, and are ignored, as are authorisations and test mode. UGX is rejected: Stripe "
        "documents it with and without minor units."
    ),
)
