"""Customer.io: reporting webhooks, and the files of its data-out."""

from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases, first_of

_IGNORED_TYPES = {
    "drafted": "-drafted",
    "converted": "-their_own_attribution",
    "created": "-drafted",
}


_METRIC_ROW = "hook_metric is not null and delivery_id is not null"
SENDER = Sender(
    name="customerio",
    title="Customer.io",
    version=2,
    fields={
        "event_id": "$.event_id",
        "event_type": "$.event_type",
        "object_type": "$.object_type",
        "hook_metric": "$.metric",
        "timestamp": "$.timestamp",
        "hook_delivery_id": "$.data.delivery_id",
        "hook_recipient": "$.data.recipient",
        "hook_email": "$.data.identifiers.email",
        "hook_email_address": "$.data.email_address",
        "contact": "$.data.identifiers.id",
        "customer_id": "$.data.customer_id",
        "hook_campaign_id": "$.data.campaign_id",
        "hook_newsletter_id": "$.data.newsletter_id",
        "hook_broadcast_id": "$.data.broadcast_id",
        "hook_transactional_id": "$.data.transactional_message_id",
        "hook_action_id": "$.data.action_id",
        "href": "$.data.href",
        "failure_message": "$.data.failure_message",
        "prefetched": "$.data.prefetched",
        "proxied": "$.data.proxied",
        "machine": "$.data.machine",
        "synthetic": "$.data.synthetic",
        "delivery_id": "$.delivery_id",
        "created_at": "$.created_at",
        "delivery_type": "$.delivery_type",
        "link_url": "$.link_url",
        "row_href": "$.href",
        "row_reason": "$.reason",
        "internal_customer_id": "$.internal_customer_id",
        "email_addr": "$.email_addr",
        "row_email": "$.email",
    },
    # What the data-out's other files say of a metric's delivery.
    lookups={
        "delivery": f"case when {_METRIC_ROW} then 'delivery/' || delivery_id end",
        "person": "'person/' || json_extract_string(delivery, '$.internal_customer_id')",
    },
    derived={
        "is_hook": "coalesce(json_type(doc, '$.data') = 'OBJECT', false)",
        "is_metric_row": f"not is_hook and {_METRIC_ROW}",
        "is_delivery_row": "not is_hook and delivery_id is not null and hook_metric is null",
        "is_person_row": "not is_hook and delivery_id is null and internal_customer_id is not null",
        "metric": "lower(trim(coalesce(hook_metric, "
        "nullif(regexp_extract(event_type, '^email_(.*)$', 1), ''))))",
        "object": "lower(trim(coalesce(object_type, json_extract_string(delivery, "
        "'$.delivery_type'), split_part(event_type, '_', 1), 'email')))",
        **{
            name: f"coalesce(hook_{name}, json_extract_string(delivery, '$.{name}'))"
            for name in ("campaign_id", "newsletter_id", "broadcast_id", "action_id")
        },
        "transactional_message_id": "coalesce(hook_transactional_id, "
        "json_extract_string(delivery, '$.transactional_message_id'))",
    },
    is_record="(is_hook and metric is not null) or (is_hook and object_type is not null)"
    " or (is_hook and event_type is not null)"
    " or is_metric_row or is_delivery_row or is_person_row",
    ignored="case when is_delivery_row or is_person_row then null"
    " when object = 'customer' then 'contact_suppression'"
    " when object <> 'email' then object"
    " when metric = 'opened' and truth(synthetic) then 'synthetic_open' end",
    facts=[
        Fact(
            {
                "type": "case when is_delivery_row or is_person_row then '-looked_up' else "
                + cases(
                    "metric",
                    {
                        "attempted": "deferred",
                        "sent": "sent",
                        "delivered": "delivered",
                        "opened": "opened",
                        "clicked": "clicked",
                        "bounced": "hard_bounced",
                        "dropped": "skipped",
                        "undeliverable": "skipped",
                        "spammed": "complained",
                        "failed": "failed",
                        "unsubscribed": "unsubscribed",
                        **_IGNORED_TYPES,
                    },
                )
                + " end",
                "event_at": "moment(coalesce(timestamp, created_at))",
                "message": first_of("hook_delivery_id", "delivery_id"),
                "message_key": first_of("hook_delivery_id", "delivery_id"),
                "recipient": "coalesce("
                + ", ".join(
                    f"address({each})"
                    for each in (
                        "hook_recipient",
                        "hook_email",
                        "hook_email_address",
                        "json_extract_string(delivery, '$.recipient')",
                        "person",
                    )
                )
                + ")",
                "identity": "case when is_metric_row then delivery_id || '/' || hook_metric || '/'"
                " || created_at else blank_to_null(event_id) end",
                "url": "case when metric = 'clicked' then coalesce(href, link_url, row_href) end",
                # An open through a proxy alone is mostly a person's.
                "is_machine": "case metric when 'opened' then nullif(truth(prefetched), false)"
                " when 'clicked' then truth(machine) end",
                "reason": "case when metric in ('attempted', 'bounced', 'dropped', 'failed',"
                " 'undeliverable') then " + first_of("failure_message", "row_reason") + " end",
            }
        ),
        Fact(
            {
                "type": "case when is_delivery_row or is_person_row then 'lookup' end",
                "order_key": "case when is_delivery_row then 'delivery/' || delivery_id"
                " else 'person/' || internal_customer_id end",
                "value": "case when is_delivery_row then doc"
                " else coalesce(email_addr, row_email) end",
            }
        ),
    ],
    places={
        "action_id": Place(
            "action_id",
            type="case when campaign_id is not null then 'workflow'"
            " when transactional_message_id is not null then 'transactional' else 'campaign' end",
            workflow_id="campaign_id",
        ),
        "newsletter_id": Place("newsletter_id", type="'campaign'"),
        "broadcast_id": Place("broadcast_id", type="'campaign'"),
        "transactional_message_id": Place("transactional_message_id", type="'transactional'"),
    },
    source_order=["action_id", "newsletter_id", "broadcast_id", "transactional_message_id"],
    source_type="case when transactional_message_id is not null then 'transactional' end",
    reports=(
        *("sent", "delivered", "deferred", "hard_bounced", "skipped", "failed"),
        *("opened", "clicked", "complained", "unsubscribed"),
    ),
    switch_on=(
        "Data & Integrations > Reporting Webhooks: all email metrics, and not `first time only`, "
        "which turns opens and clicks into firsts. For history: data-out of `metrics`, "
        "`deliveries` and `people`, loaded together."
    ),
    forms="Reporting webhooks, and Parquet files of data-out.",
    not_measured="`accepted`; soft bounces, for Customer.io reports one kind of bounce.",
    notes=(
        "A message is `delivery_id`. A campaign of theirs is a workflow, whose `action_id` is the "
        "source. An open made up from a click (`synthetic`) is ignored. The contact's id, where "
        "the profile says `contact: contact`, is `identifiers.id`."
    ),
)
