"""HighLevel: email statistics, messages, contacts and orders of its webhooks."""

from email_statistics.senders import mailgun
from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases, first_of

_MAIL = "hook = 'LCEmailStats'"
_EVENT = {
    name: f"case when {_MAIL} then {sql} end"
    for name, sql in mailgun.event_columns("soft_bounced").items()
}
_LIVE = "coalesce(truth(live_mode), true)"
SENDER = Sender(
    name="highlevel",
    title="HighLevel",
    version=2,
    fields={
        **mailgun.fields("$.webhookPayload"),
        "webhook_type": "$.type",
        "webhook_time": "$.timestamp",
        "stats_message_id": '$.webhookPayload."lc-operations".email_message_id',
        "email_type": '$.webhookPayload."lc-operations".email_type',
        "email_type_id": '$.webhookPayload."lc-operations".email_type_id',
        "email_type_step_id": '$.webhookPayload."lc-operations".email_type_step_id',
        "stats_domain": '$.webhookPayload."lc-operations".domain',
        "channel_of_message": "$.messageType",
        "email_message_id": "$.emailMessageId",
        "thread_id": "$.threadId",
        "contact": "$.contactId",
        "message_to": "$.to",
        "message_from": "$.from",
        "date_added": "$.dateAdded",
        "date_updated": "$.dateUpdated",
        "contact_record_id": "$.id",
        "contact_email": "$.email",
        "contact_name": "$.name",
        "first_name": "$.firstName",
        "last_name": "$.lastName",
        "dnd": "$.dnd",
        "email_dnd": "$.dndSettings.Email.status",
        "order_id": "$._id",
        "status": "$.status",
        "amount": "$.amount",
        "currency": "$.currency",
        "live_mode": "$.liveMode",
        "order_created": "$.createdAt",
        "order_updated": "$.updatedAt",
        "order_email": "$.contactSnapshot.email",
        "order_contact": "$.contactSnapshot.id",
        "invoice_number": "$.invoiceNumber",
    },
    derived={
        "kind": "lower(trim(event))",
        "hook": "coalesce(trim(webhook_type), case when event is not null then 'LCEmailStats' "
        "when invoice_number is not null then 'Invoice' end)",
        # Older payloads have the kind of email in a tag alone.
        "tag_type": "nullif(regexp_extract(json_extract_string(doc, '$.webhookPayload.tags'), "
        "'\"et_([a-z_]+)\"', 1), '')",
        "source_kind": cases(
            "coalesce(lower(email_type), tag_type)",
            {
                "workflow": "workflow",
                "campaign": "campaign",
                "bulk": "bulk",
                "bulk_actions": "bulk",
            },
        ),
    },
    is_record="hook is not null",
    ignored="case"
    " when hook in ('OutboundMessage', 'InboundMessage')"
    " and lower(channel_of_message) is distinct from 'email' then hook"
    " when hook = 'Invoice' then 'invoice'"
    f" when hook in ('OrderCreate', 'OrderStatusUpdate') and not {_LIVE} then 'test_mode'"
    " when hook not in ('LCEmailStats', 'OutboundMessage', 'InboundMessage', 'ContactCreate',"
    " 'ContactUpdate', 'ContactDndUpdate', 'OrderCreate', 'OrderStatusUpdate') then hook end",
    facts=[
        Fact(
            {
                **_EVENT,
                "message": f"coalesce(blank_to_null(stats_message_id), {_EVENT['message']})",
                "message_key": f"case when {_MAIL} then blank_to_null(stats_message_id) end",
            },
            is_ambiguous=f"{_MAIL} and {mailgun.HAS_SEVERAL_RECIPIENTS}",
        ),
        Fact(
            {
                "type": "case when hook = 'OutboundMessage' then 'sent' end",
                "event_at": "moment(date_added)",
                "message": "blank_to_null(email_message_id)",
                "message_key": "blank_to_null(email_message_id)",
                "recipient": "address(first_item(message_to))",
                "contact_id": "blank_to_null(contact)",
                "identity": "blank_to_null(email_message_id)",
            }
        ),
        Fact(
            {
                "type": "case when hook = 'InboundMessage' then 'replied' end",
                "event_at": "moment(date_added)",
                "message": first_of("thread_id", "email_message_id"),
                "message_key": first_of("thread_id", "email_message_id"),
                "recipient": "address(message_from)",
                "identity": "blank_to_null(email_message_id) || '/'"
                " || epoch_us(moment(date_added))::varchar",
            }
        ),
        Fact(
            {
                "type": "case when hook in ('ContactCreate', 'ContactUpdate', 'ContactDndUpdate')"
                " then 'contact' end",
                "event_at": "moment(coalesce(date_updated, webhook_time, date_added))",
                "contact_id": "blank_to_null(contact_record_id)",
                "email": "address(contact_email)",
                "full_name": "clean(coalesce(contact_name, concat_ws(' ', first_name, last_name)))",
                # "active" is the setting's state: do not disturb is on.
                "is_do_not_disturb": "coalesce(lower(email_dnd) in ('active', 'permanent'), "
                "truth(dnd), false)",
                "created_at": "moment(date_added)",
            }
        ),
        *(
            Fact(
                {
                    "type": "case when hook in ('OrderCreate', 'OrderStatusUpdate')"
                    f" and {condition} then '{type_}' end",
                    "event_at": moment,
                    "order_key": "blank_to_null(order_id)",
                    "identity": "blank_to_null(order_id)",
                    "amount": amount,
                    "currency": "currency",
                    "email": "address(order_email)",
                    "contact_id": first_of("contact", "order_contact"),
                    "channel": "'payments'",
                }
            )
            for type_, condition, moment, amount in (
                ("placed", "true", "moment(order_created)", "null"),
                (
                    "paid",
                    "lower(status) = 'completed'",
                    "moment(coalesce(order_updated, order_created))",
                    "money(amount)",
                ),
            )
        ),
    ],
    places={
        "email_type_step_id": Place(
            "email_type_step_id", type="'workflow'", workflow_id="email_type_id"
        ),
        "email_type_id": Place("email_type_id", type="source_kind"),
        "email_type": Place("'et_' || coalesce(email_type, tag_type)", type="source_kind"),
    },
    custom={"user-variables": "json_extract_string(doc, '$.webhookPayload.\"user-variables\"')"},
    source_order=["email_type_step_id", "email_type_id", "email_type"],
    # A message of the conversation names no campaign: the email's statistics do.
    has_source=_MAIL,
    domain=first_of("stats_domain", mailgun.SENDING_DOMAIN),
    reports=(*(each for each in mailgun.REPORTS if each != "deferred"), "sent", "replied"),
    switch_on=(
        "A marketplace app with the webhooks LCEmailStats, OutboundMessage, InboundMessage, "
        "ContactCreate, ContactUpdate, ContactDndUpdate, OrderCreate and OrderStatusUpdate. "
        "LCEmailStats needs the LC Email service."
    ),
    forms="Webhook bodies.",
    not_measured=(
        "Refunds: an order's webhook has no amount of what came back. Invoices and opportunities "
        "are no orders here, and are counted as ignored."
    ),
    notes=(
        "Temporary failures are soft bounces, as on HighLevel's own screens. OutboundMessage gives "
        "an email its contact and no source; its campaign or workflow step comes from "
        "LCEmailStats. Test orders (`liveMode` false) are ignored."
    ),
)
