"""Braze Currents: Avro files, or the same rows as JSON."""

from email_statistics.senders.mapping.declaration import Fact, Place, Sender
from email_statistics.senders.mapping.expressions import cases, first_of

SENDER = Sender(
    name="braze",
    title="Braze Currents",
    version=2,
    fields={
        "event_type": "$.event_type",
        "id": "$.id",
        "user_id": "$.user_id",
        "external_user_id": "$.external_user_id",
        "time": "$.time",
        "email_address": "$.email_address",
        "dispatch_id": "$.dispatch_id",
        "campaign_id": "$.campaign_id",
        "campaign_name": "$.campaign_name",
        "canvas_id": "$.canvas_id",
        "canvas_name": "$.canvas_name",
        "canvas_step_id": "$.canvas_step_id",
        "canvas_step_name": "$.canvas_step_name",
        "message_variation_id": "$.message_variation_id",
        "canvas_variation_id": "$.canvas_variation_id",
        "from_domain": "$.from_domain",
        "url": "$.url",
        "user_agent": "$.user_agent",
        "machine_open": "$.machine_open",
        "is_suspected_bot_click": "$.is_suspected_bot_click",
        "suspected_bot_click_reason": "$.suspected_bot_click_reason",
        "bounce_reason": "$.bounce_reason",
        "is_drop": "$.is_drop",
        "deferral_reason": "$.deferral_reason",
        "abort_log": "$.abort_log",
        "abort_type": "$.abort_type",
    },
    derived={
        # The type stands in the path (or in the Avro schema's name), not in the row.
        "full_type": "coalesce(blank_to_null(event_type),"
        " nullif(regexp_extract(path, '(users([.][a-z_]+)+[.][A-Z][A-Za-z]*)', 1), ''),"
        " nullif(regexp_extract(path, '[.#](email[.][A-Za-z]+)$', 1), ''))",
        "kind": "lower(nullif(regexp_extract(full_type, 'email[.]([A-Za-z]+)', 1), ''))",
    },
    is_record="id is not null and (user_id is not null or full_type is not null)",
    ignored="case when kind is null and full_type is not null then full_type end",
    facts=[
        Fact(
            {
                "type": "case when kind = 'bounce' then case when coalesce(truth(is_drop), false)"
                " then 'skipped' else 'hard_bounced' end else "
                + cases(
                    "kind",
                    {
                        "send": "sent",
                        "delivery": "delivered",
                        "deferral": "deferred",
                        "softbounce": "soft_bounced",
                        "abort": "skipped",
                        "open": "opened",
                        "click": "clicked",
                        "unsubscribe": "unsubscribed",
                        "markasspam": "complained",
                        "retry": "-retry",
                    },
                )
                + " end",
                "event_at": "moment(time)",
                "message": "blank_to_null(dispatch_id)",
                # One dispatch is a whole campaign's.
                "message_key": "blank_to_null(dispatch_id) || '/' || blank_to_null(user_id)"
                " || coalesce('/' || blank_to_null(canvas_step_id),"
                " '/' || blank_to_null(campaign_id), '')",
                "recipient": "address(email_address)",
                "identity": "blank_to_null(id)",
                "url": "case when kind = 'click' then url end",
                "user_agent": "case when kind in ('open', 'click') then user_agent end",
                "is_machine": "case when kind = 'open' then case"
                " when lower(machine_open) = 'false' then false"
                " when blank_to_null(machine_open) is not null then true end"
                " when kind = 'click' then case when truth(is_suspected_bot_click)"
                " or coalesce(suspected_bot_click_reason, '[]') not in ('[]', '', 'null')"
                " then true end end",
                "reason": "case when kind in ('bounce', 'softbounce') then bounce_reason"
                " when kind = 'deferral' then deferral_reason"
                f" when kind = 'abort' then {first_of('abort_log', 'abort_type')} end",
            }
        )
    ],
    places={
        "canvas_step_id": Place(
            "canvas_step_id",
            name="canvas_step_name",
            type="'workflow'",
            workflow_id="canvas_id",
            workflow_name="canvas_name",
        ),
        "campaign_id": Place("campaign_id", name="campaign_name", type="'campaign'"),
    },
    source_order=["canvas_step_id", "campaign_id"],
    domain="from_domain",
    reports=(
        *("sent", "delivered", "deferred", "soft_bounced", "hard_bounced", "skipped"),
        *("opened", "clicked", "complained", "unsubscribed"),
    ),
    switch_on="Currents: all events of users.messages.email, to S3, Google Cloud Storage or Azure.",
    forms="Avro files of Currents, and the same rows as JSON Lines, with Braze's folder names.",
    not_measured="`accepted` and `rejected`. Purchases have no order id, so no orders.",
    notes=(
        "A message is `dispatch_id`, `user_id` and the canvas step or campaign. The event's type "
        "is in the path (`users.messages.email.Open`), so keep the folders' or files' names. Files "
        "that come twice count once."
    ),
)
