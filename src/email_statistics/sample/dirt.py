"""Broken and oddly written rows: text in every column, as a careless exporter writes them.

Each quarantine reason occurs in each raw table that can have it, beside rows that look odd and are
right, and the corrected delivery of a broken event.
"""

from __future__ import annotations

import polars as pl

from email_statistics.sample.edges import CHAIN_END, NEWEST_BULK, NEWEST_CAMPAIGN
from email_statistics.sample.plan import MAIN, Plan
from email_statistics.sample.tables import TABLES

TextRow = dict[str, str | None]

_BEFORE_2000: TextRow = {"event_at": "1999-12-31T23:59:59Z"}
_UNPARSEABLE: TextRow = {"event_at": "yesterday"}
_AHEAD: TextRow = {"event_at": "2026-06-20T09:00:00Z"}  # more than a day after it was loaded


def _variants(base: TextRow, *changes: TextRow) -> list[TextRow]:
    return [base | change for change in changes]


def _event(prefix: str, number: int, **more: str | None) -> TextRow:
    return {
        "event_id": f"{prefix}_dirt_{number:02}",
        "event_at": "2026-06-12T09:00:00Z",
        "loaded_at": "2026-06-12T09:05:00Z",
        **more,
    }


def _numbered(prefix: str, rows: list[TextRow]) -> list[TextRow]:
    """Give each row an event_id of its own, where it doesn't bring one."""
    return [_event(prefix, number) | row for number, row in enumerate(rows, start=1)]


# Right, though they look odd: letter case, spaces, offsets, zones and dates.
_ODD_TIMES: tuple[TextRow, ...] = (
    {"event_at": "2026-06-12T11:00:00+02:00", "loaded_at": "2026-06-12T09:10:00.000Z"},
    {"event_at": "2026-06-12 09:00:00", "loaded_at": "2026-06-12 09:10:00"},
    {"event_at": "2026-06-12T04:30:00.250-05:00", "loaded_at": "2026-06-13"},
)


def _send_events(sources: dict[str, str]) -> list[TextRow]:
    base: TextRow = {
        "event_type": "delivered",
        "message_id": "msg_dirt_broken",
        "email_source_id": sources[NEWEST_BULK],
        "contact_id": CHAIN_END,
        "recipient_email": "ada.chain.3@gmail.com",
    }
    broken = _variants(
        base,
        {"event_id": None},
        {"event_type": "  "},
        {"event_at": None},
        {"loaded_at": ""},
        {"message_id": " "},
        {"email_source_id": None},
        {"contact_id": ""},
        {"event_type": "bounced"},
        _UNPARSEABLE,
        _BEFORE_2000,
        _AHEAD,
        {"loaded_at": "soon"},
        {"is_test": "perhaps"},
    )
    odd: list[TextRow] = [
        base | {"message_id": f"msg_dirt_odd_{number}", "event_type": event_type} | times
        for number, times in enumerate(_ODD_TIMES, start=1)
        for event_type in ("sent", "  Delivered ")
    ]
    odd[0] |= {"is_test": "FALSE", "reason": "\ufeff250 OK", "recipient_email": "\t"}
    # First broken, then delivered again under the same id.
    redelivered = _variants(
        base | {"message_id": "msg_dirt_corrected", "event_id": "snd_dirt_corrected"},
        {"event_at": "2026-13-45T99:00:00Z"},
        {"loaded_at": "2026-06-13T09:00:00Z"},
    )
    return _numbered("snd", broken + odd + redelivered)


def _engagement_events() -> list[TextRow]:
    base: TextRow = {"event_type": "opened", "message_id": "msg_dirt_odd_1"}
    broken = _variants(
        base,
        {"event_id": " "},
        {"event_type": None},
        {"event_at": ""},
        {"loaded_at": None},
        {"message_id": None},
        {"event_type": "forwarded"},
        _UNPARSEABLE,
        _BEFORE_2000,
        _AHEAD,
        {"is_machine": "maybe"},
    )
    odd: list[TextRow] = [base | {"event_type": "  Opened "} | times for times in _ODD_TIMES]
    odd[0] |= {"is_machine": "true", "user_agent": " ", "url": "", "link_id": " "}
    redelivered = _variants(
        base | {"event_id": "eng_dirt_corrected"},
        {"event_type": "opned"},
        {"loaded_at": "2026-06-13T09:00:00Z"},
    )
    return _numbered("eng", broken + odd + redelivered)


def _order_events() -> list[TextRow]:
    base: TextRow = {
        "event_type": "paid",
        "order_id": "ord_dirt_broken",
        "contact_id": CHAIN_END,
        "amount": "12.50",
        "currency": "USD",
        "channel": "shopify",
    }
    broken = _variants(
        base,
        {"event_id": ""},
        {"event_type": " "},
        {"event_at": " "},
        {"loaded_at": None},
        {"order_id": None},
        {"event_type": "shipped"},
        _UNPARSEABLE,
        _BEFORE_2000,
        _AHEAD,
        {"amount": None},
        {"amount": "-3.00"},
        {"amount": "12.505"},
        {"amount": "twelve"},
        {"event_type": "refunded", "amount": ""},
        {"currency": "US$"},
        {"currency": "EURO"},
        {"currency": None},
        {"event_type": "placed", "amount": "1,250.00"},
    )
    odd: list[TextRow] = [
        base | {"order_id": f"ord_dirt_odd_{number}", "event_type": " PAID"} | times
        for number, times in enumerate(_ODD_TIMES, start=1)
    ]
    odd[0] |= {"amount": "12.5", "currency": " usd "}
    odd[1] |= {"amount": "12", "currency": "Gbp", "channel": "\ufeffshopify"}
    redelivered = _variants(
        base | {"order_id": "ord_dirt_corrected", "event_id": "pay_dirt_corrected"},
        {"amount": "12,50"},
        {"loaded_at": "2026-06-13T09:00:00Z"},
    )
    return _numbered("pay", broken + odd + redelivered)


def _goal_events() -> list[TextRow]:
    base: TextRow = {
        "event_type": "completed",
        "email": "ada.chain.3@gmail.com",
        "goal_name": "\ufeffform submitted",
    }
    broken = _variants(
        base,
        {"event_id": None},
        {"event_type": ""},
        {"event_at": " "},
        {"loaded_at": None},
        {"event_type": "started"},
        _UNPARSEABLE,
        _BEFORE_2000,
        _AHEAD,
    )
    odd: list[TextRow] = [base | {"event_type": " Completed"} | times for times in _ODD_TIMES]
    redelivered = _variants(
        base | {"event_id": "goal_dirt_corrected"},
        {"event_at": "12/06/2026 9 o'clock"},
        {"loaded_at": "2026-06-13T09:00:00Z"},
    )
    return _numbered("goal", broken + odd + redelivered)


_CHANGED: TextRow = {"updated_at": "2026-06-01T08:00:00Z", "loaded_at": "2026-06-01T08:05:00Z"}
_MISSING_TIMES: tuple[TextRow, ...] = ({"updated_at": None}, {"loaded_at": "  "})


def _contacts() -> list[TextRow]:
    base = _CHANGED | {"contact_id": "ct_dirt", "email": "uma.dirt.1@gmail.com"}
    return _variants(
        base,
        {"contact_id": None},
        {"contact_id": " "},
        *_MISSING_TIMES,
        {"is_do_not_disturb": "sometimes"},
        {"created_at": "last spring"},
        {"updated_at": "recently"},
        {"full_name": "  Uma Dirt  ", "is_do_not_disturb": "false", "created_at": "2025-05-02"},
    )


def _sending_domains() -> list[TextRow]:
    base = _CHANGED | {
        "sending_domain": "dirt.brightsmile.example",
        "valid_from": "2025-01-06",
        "sending_service": "aesthetix",
        "is_dedicated": "true",
        "is_open_tracking_enabled": "true",
        "is_click_tracking_enabled": "true",
    }
    return _variants(
        base,
        {"sending_domain": ""},
        {"valid_from": None},
        *_MISSING_TIMES,
        {"sending_service": "pigeon"},
        {"is_dedicated": "somewhat"},
        {"valid_from": "always"},
        {},
        # One row a domain and valid_from: the later one, and it turns the tracking on.
        {"sending_domain": MAIN, "is_click_tracking_enabled": "false",
         "updated_at": "2025-01-05T08:00:00Z", "loaded_at": "2025-01-05T08:05:00Z",
         "valid_from": "2025-01-06T10:00:00+01:00"},
    )  # fmt: skip


def _email_sources() -> list[TextRow]:
    base = _CHANGED | {
        "email_source_id": "src_campaign_dirt",
        "email_source_type": "campaign",
        "email_source_name": "Broken draft",
        "status": "draft",
        "sending_domain": MAIN,
        "is_click_tracking_enabled": "false",
    }
    return _variants(
        base,
        {"email_source_id": " "},
        *_MISSING_TIMES,
        {"email_source_type": "newsletter"},
        {"campaign_kind": "weekly"},
        {"is_click_tracking_enabled": "often"},
        {"scheduled_at": "next week"},
        {"scheduled_at": "2026-08-01T09:00:00+02:00"},
    )


def _links(sources: dict[str, str]) -> list[TextRow]:
    base = _CHANGED | {
        "link_id": "lnk_dirt",
        "email_source_id": sources[NEWEST_CAMPAIGN],
        "url": "https://www.example.com/dirt",
    }
    return _variants(
        base,
        {"link_id": None},
        *_MISSING_TIMES,
        {"link_type": "teleport"},
        {"updated_at": "recently"},
        {"link_type": "standard", "link_source": " "},
    )


def _exchange_rates() -> list[TextRow]:
    base = _CHANGED | {"currency": "EUR", "valid_from": "2026-06-01", "rate": "1.2"}
    older: TextRow = {"updated_at": "2026-05-31T08:00:00Z", "loaded_at": "2026-05-31T08:05:00Z"}
    return _variants(
        base | older,
        {"currency": " "},
        {"valid_from": None},
        *_MISSING_TIMES,
        {"rate": "n/a"},
        {"rate": "1.0937"},  # corrected by the monthly row, which is later
    )


def dirty_frames(plan: Plan) -> dict[str, pl.DataFrame]:
    """Return the broken and odd rows by raw table, every column as text."""
    sources = {source.email_source_name: source.email_source_id for source in plan.sources}
    rows = {
        "contacts": _contacts(),
        "sending_domains": _sending_domains(),
        "email_sources": _email_sources(),
        "links": _links(sources),
        "exchange_rates": _exchange_rates(),
        "send_events": _send_events(sources),
        "engagement_events": _engagement_events(),
        "order_events": _order_events(),
        "goal_events": _goal_events(),
    }
    return {
        table: pl.DataFrame(dirty, schema=dict.fromkeys(TABLES[table], pl.String()), orient="row")
        for table, dirty in rows.items()
    }
