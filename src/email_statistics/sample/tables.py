"""The columns and types of the raw tables, as the sample writes them (spec: The raw contract)."""

from __future__ import annotations

import polars as pl

_TIME = pl.Datetime("us")
_EVENT = {
    "event_id": pl.String(),
    "event_type": pl.String(),
    "event_at": _TIME,
    "loaded_at": _TIME,
}
_VERSION = {"updated_at": _TIME, "loaded_at": _TIME}

TABLES: dict[str, dict[str, pl.DataType]] = {
    "contacts": {
        "contact_id": pl.String(),
        "full_name": pl.String(),
        "email": pl.String(),
        "is_do_not_disturb": pl.Boolean(),
        "merged_into_contact_id": pl.String(),
        "created_at": _TIME,
        **_VERSION,
    },
    "sending_domains": {
        "sending_domain": pl.String(),
        "valid_from": _TIME,
        "sending_service": pl.String(),
        "is_dedicated": pl.Boolean(),
        "is_open_tracking_enabled": pl.Boolean(),
        "is_click_tracking_enabled": pl.Boolean(),
        "is_spf_verified": pl.Boolean(),
        "is_dkim_verified": pl.Boolean(),
        "is_tracking_cname_verified": pl.Boolean(),
        "webhook_event_types": pl.String(),
        **_VERSION,
    },
    "email_sources": {
        "email_source_id": pl.String(),
        "email_source_type": pl.String(),
        "email_source_name": pl.String(),
        "workflow_id": pl.String(),
        "workflow_name": pl.String(),
        "campaign_kind": pl.String(),
        "status": pl.String(),
        "subject": pl.String(),
        "from_name": pl.String(),
        "sending_domain": pl.String(),
        "has_product_element": pl.Boolean(),
        "is_click_tracking_enabled": pl.Boolean(),
        "is_utm_tracking_enabled": pl.Boolean(),
        "scheduled_at": _TIME,
        "created_at": _TIME,
        **_VERSION,
    },
    "links": {
        "link_id": pl.String(),
        "email_source_id": pl.String(),
        "url": pl.String(),
        "link_source": pl.String(),
        "link_type": pl.String(),
        **_VERSION,
    },
    "exchange_rates": {
        "currency": pl.String(),
        "valid_from": _TIME,
        "rate": pl.Decimal(18, 6),
        **_VERSION,
    },
    "send_events": {
        **_EVENT,
        "message_id": pl.String(),
        "email_source_id": pl.String(),
        "contact_id": pl.String(),
        "recipient_email": pl.String(),
        "is_test": pl.Boolean(),
        "reason": pl.String(),
    },
    "engagement_events": {
        **_EVENT,
        "message_id": pl.String(),
        "link_id": pl.String(),
        "url": pl.String(),
        "user_agent": pl.String(),
        "is_machine": pl.Boolean(),
    },
    "order_events": {
        **_EVENT,
        "order_id": pl.String(),
        "contact_id": pl.String(),
        "email": pl.String(),
        "amount": pl.Decimal(18, 2),
        "currency": pl.String(),
        "channel": pl.String(),
    },
    "goal_events": {
        **_EVENT,
        "contact_id": pl.String(),
        "email": pl.String(),
        "goal_name": pl.String(),
    },
}
