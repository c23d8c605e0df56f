"""An incremental build equals a full refresh, row for row, whatever arrives in whatever order."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.builder import Builder
from helpers.deliveries import deliver, differences, shuffle_into_deliveries
from helpers.support import PROJECT_ROOT, build_database, environment
from reference.worlds import DIRTY_RATES, World, draw_worlds, prefixed

from email_statistics.build.lake_state import INCREMENT
from email_statistics.storage import available_megabytes

WORLDS = 60
BUILT_BY_KEY = [
    "dim_contacts",
    "email_performance",
    "email_performance_daily",
    "contact_engagement",
]
BUILT_BY_KEY += ["email_activity_hourly", "deliverability_weekly", "link_clicks"]
FIRST, SECOND, THIRD = "first", "second", "third"


def _day(number: float) -> datetime:
    return datetime(2026, 3, 1) + timedelta(days=number)


def _event(event_id: str, event_type: str, day: float, **values: Any) -> dict[str, Any]:
    times = {"event_at": _day(day), "loaded_at": _day(day)}
    return {"event_id": event_id, "event_type": event_type} | times | values


def _sent(event_id: str = "s", day: float = 1, **values: Any) -> dict[str, Any]:
    given = {"message_id": "m", "email_source_id": "s", "contact_id": "c"}
    return _event(event_id, "sent", day) | given | values


def _entity(day: float = 0, **values: Any) -> dict[str, Any]:
    return {"updated_at": _day(day), "loaded_at": _day(day)} | values


def _contact(day: float = 0, **values: Any) -> dict[str, Any]:
    return _entity(day, **({"contact_id": "c", "email": "c@x.org"} | values))


def _domain(day: float = 0, *, is_dedicated: bool = True) -> dict[str, Any]:
    return _entity(
        sending_domain="d", valid_from=_day(day), sending_service="aesthetix",
        is_dedicated=is_dedicated, is_open_tracking_enabled=True, is_click_tracking_enabled=True,
    )  # fmt: skip


def _source(day: float = 0, **values: Any) -> dict[str, Any]:
    given = {
        "email_source_id": "s", "email_source_type": "campaign", "email_source_name": "Spring",
        "sending_domain": "d", "is_click_tracking_enabled": True,
    }  # fmt: skip
    return _entity(day, **(given | values))


def _link(link_type: str) -> dict[str, Any]:
    return _entity(link_id="l", email_source_id="s", url="https://x.org", link_type=link_type)


def _paid(day: float, **values: Any) -> dict[str, Any]:
    given = {
        "event_id": "paid", "event_type": "paid", "order_id": "o", "contact_id": "c",
        "amount": "10.00", "currency": "USD",
    }  # fmt: skip
    return _event(day=day, **(given | values))


def _experiment(day: float = 0, **values: Any) -> dict[str, Any]:
    given = {
        "experiment_id": "x", "experiment_type": "holdout", "control_arm": "control",
        "outcome_days": 5,
    }  # fmt: skip
    return _entity(day, **(given | values))


def _assigned(arm: str, day: float = 1, **values: Any) -> dict[str, Any]:
    given = {"event_id": f"a-{arm}-{day}", "experiment_id": "x", "contact_id": "c", "arm": arm}
    return _event(event_type="assigned", day=day, **(given | values))


KNOWN: World = {
    "contacts": [_contact()],
    "sending_domains": [_domain()],
    "email_sources": [_source()],
}
OPENED = _event("o", "opened", 2, message_id="m")
CLICKED = _event("k", "clicked", 2, message_id="m", link_id="l")


@dataclass(frozen=True)
class Case:
    """What is known at first, what arrives later, and what a query then says in place of before."""

    at_first: World
    later: World
    query: str
    before: Any
    after: Any


def _delivered(number: int, day: float) -> dict[str, Any]:
    return _sent(f"d{number}", day, message_id=f"m{number}", event_type="delivered")


# Nothing else in the lake is as late: it moves what the last days are.
MUCH_LATER = {
    "contacts": [_contact(contact_id="late", email="late@x.org")],
    "send_events": [_sent("late", 107, message_id="late", contact_id="late")],
}
DAYS = "select count(*) from marts.email_performance_daily where email_source_id = '{0}s'"
SEGMENT = "select segment from marts.contact_engagement where contact_id = '{0}c'"
MESSAGE = "select {} from core.fct_messages where message_id = '{{0}}m'"
UNIT = (
    "select {} from core.fct_experiment_contacts "
    "where experiment_id = '{{0}}x' and contact_id = '{{0}}c'"
)
CREDIT = "select message_id from core.fct_conversions where conversion_id = '{0}o'"
CONTACT = MESSAGE.format("contact_id")
ORDERED_BY = "select contact_id from core.fct_conversions where conversion_id = '{0}o'"
# Who all contacts of the case are, in one text.
CONTACTS = (
    "select string_agg(contact_id, ' ' order by contact_id) from core.dim_contacts"
    " where contact_id like '%{0}%'"
)
# A message that names an address and no contact, and an order of the same address.
BY_EMAIL = _sent(contact_id=None, recipient_email="A@x.org")
PAID_BY_EMAIL = _paid(3, contact_id=None, email="a@x.org")
UNKNOWN = KNOWN | {"contacts": []}
CASES = {
    "a late send takes in early opens": Case(
        KNOWN | {"engagement_events": [OPENED]},
        {"send_events": [_sent()]},
        MESSAGE.format("opens"), None, 1,
    ),
    "an id with a quote is looked up as any other": Case(
        KNOWN
        | {
            "email_sources": [_source(email_source_id="s'")],
            "send_events": [_sent(email_source_id="s'")],
        },
        {"send_events": [_sent("s2", message_id="m2", email_source_id="s'")]},
        "select sent from marts.email_performance where email_source_id = '{0}s'''",
        1, 2,
    ),
    "a late bounce changes the week in which its message was booked": Case(
        KNOWN
        | {
            "send_events": [
                _sent(recipient_email="c@weekly.example"),
                _sent("s2", 30, message_id="m2", recipient_email="c@weekly.example"),
            ],
        },
        {"send_events": [_sent("b", 60, event_type="hard_bounced")]},
        "select string_agg(hard_bounced, ' ' order by week) from marts.deliverability_weekly"
        " where mailbox_provider = 'weekly.example'",
        "0 0", "1 0",
    ),
    "a late contact takes in its messages": Case(
        KNOWN | {"contacts": [], "send_events": [_sent()], "engagement_events": [OPENED]},
        {"contacts": [_contact()]},
        MESSAGE.format("opens"), None, 1,
    ),
    "a late source takes in its messages": Case(
        KNOWN | {"email_sources": [], "send_events": [_sent()], "engagement_events": [OPENED]},
        {"email_sources": [_source()]},
        MESSAGE.format("opens"), None, 1,
    ),
    "a late touch is credited with an old order": Case(
        KNOWN | {"send_events": [_sent()], "order_events": [_paid(3)]},
        {"engagement_events": [OPENED]},
        CREDIT, None, "{0}m",
    ),
    "a later touch takes the credit of an earlier one": Case(
        KNOWN
        | {
            "send_events": [_sent(), _sent("s2", message_id="m2")],
            "engagement_events": [_event("o2", "opened", 1.5, message_id="m2")],
            "order_events": [_paid(3)],
        },
        {"engagement_events": [OPENED]},
        CREDIT, "{0}m2", "{0}m",
    ),
    "a contact converts for the first time, long after its touches": Case(
        KNOWN | {"send_events": [_sent()], "engagement_events": [OPENED]},
        {"order_events": [_paid(3)]},
        CREDIT, None, "{0}m",
    ),
    "a late goal is credited to an old touch": Case(
        KNOWN | {"send_events": [_sent()], "engagement_events": [OPENED]},
        {
            "goal_events": [
                _event("o", "completed", 3, contact_id="c", goal_name="Signed up"),
            ],
        },
        CREDIT, None, "{0}m",
    ),
    "a goal that has an order's id is another conversion": Case(
        KNOWN
        | {
            "contacts": [_contact(), _contact(contact_id="c2", email="c2@x.org")],
            "send_events": [_sent()],
            "order_events": [_paid(3)],
            "goal_events": [_event("o", "completed", 3, contact_id="c2", goal_name="Signed up")],
        },
        {"engagement_events": [OPENED]},
        "select list(conversion_type || ' ' || is_attributed order by all)::varchar "
        "from core.fct_conversions where conversion_id = '{0}o'",
        "[goal false, order false]", "[goal false, order true]",
    ),
    "a late refund is taken from what was credited, and from no goal of the same id": Case(
        KNOWN
        | {
            "send_events": [_sent()],
            "engagement_events": [OPENED],
            "order_events": [_paid(3)],
            "goal_events": [_event("o", "completed", 3, contact_id="c", goal_name="Signed up")],
        },
        {"order_events": [_paid(4, event_id="refund", event_type="refunded", amount="3.00")]},
        "select net_revenue::varchar from core.fct_attribution_credits "
        "where conversion_id = '{0}o' and conversion_type = 'order' "
        "and attribution_policy = 'aesthetix'", "10.00", "7.00",
    ),
    "an earlier event of an order names another contact": Case(
        KNOWN
        | {
            "contacts": [_contact(), _contact(contact_id="c2", email="c2@x.org")],
            "send_events": [_sent()],
            "engagement_events": [OPENED],
            "order_events": [_paid(3)],
        },
        {"order_events": [_paid(2.5, event_id="placed", event_type="placed", contact_id="c2")]},
        CREDIT, "{0}m", None,
    ),
    "an earlier send to another contact takes a touch away": Case(
        KNOWN
        | {
            "contacts": [_contact(), _contact(contact_id="c2", email="c2@x.org")],
            "send_events": [_sent()],
            "engagement_events": [OPENED],
            "order_events": [_paid(3)],
        },
        {"send_events": [_sent("x", 0.5, contact_id="c2")]},
        CREDIT, "{0}m", None,
    ),
    "a smaller duplicate moves a payment to another order": Case(
        KNOWN | {"order_events": [_paid(3)]},
        {"order_events": [_paid(2, order_id="o2")]},
        "select conversion_id from core.fct_conversions where conversion_id like '{0}o%'",
        "{0}o", "{0}o2",
    ),
    "an order's email becomes somebody's": Case(
        KNOWN
        | {
            "contacts": [_contact(email="former@x.org")],
            "send_events": [_sent()],
            "engagement_events": [OPENED],
            "order_events": [_paid(3, contact_id=None, email="C@x.org")],
        },
        {"contacts": [_contact(1)]},
        CREDIT, None, "{0}m",
    ),
    "an order's email is nobody's any more": Case(
        KNOWN
        | {
            "send_events": [_sent()],
            "engagement_events": [OPENED],
            "order_events": [_paid(3, contact_id=None, email="c@x.org")],
        },
        {"contacts": [_contact(5, email="c@new.org")]},
        CREDIT, "{0}m", None,
    ),
    "a goal's email becomes that of two": Case(
        KNOWN
        | {
            "goal_events": [_event("o", "completed", 3, email="c@x.org", goal_name="Signed up")],
        },
        {"contacts": [_contact(contact_id="c2")]},
        "select unattributed_reason from core.fct_conversions where conversion_id = '{0}o'",
        "no_touch", "contact_ambiguous",
    ),
    "a source that turns out to be a workflow's email earns no credit": Case(
        KNOWN
        | {"send_events": [_sent()], "engagement_events": [OPENED], "order_events": [_paid(3)]},
        {"email_sources": [_source(1, email_source_type="workflow")]},
        CREDIT, "{0}m", None,
    ),
    "clicks of a campaign that turns out to be another kind are no link's any more": Case(
        KNOWN
        | {
            "send_events": [_sent()],
            "links": [_link("standard")],
            "engagement_events": [CLICKED],
        },
        {"email_sources": [_source(1, campaign_kind="rss")]},
        "select sum(clicks)::int from marts.link_clicks where contact_id = '{0}c'", 1, None,
    ),
    "a corrected quarantined row counts": Case(
        KNOWN | {"send_events": [_sent(), _sent("x", 0.5, event_type="delivred")]},
        {"send_events": [_sent("x", 0.5, event_type="delivered")]},
        MESSAGE.format("delivered_at is not null"), False, True,
    ),
    "a smaller duplicate takes the place of a kept one": Case(
        KNOWN | {"send_events": [_sent(), _sent("x", 3, event_type="delivered")]},
        {"send_events": [_sent("x", 2, event_type="hard_bounced")]},
        MESSAGE.format("is_hard_bounced"), False, True,
    ),
    "a smaller duplicate moves an event to another message": Case(
        KNOWN
        | {
            "send_events": [_sent(), _sent("s2", message_id="m2")],
            "engagement_events": [_event("o", "opened", 3, message_id="m2")],
        },
        {"engagement_events": [OPENED]},
        "select sum(opens) filter (where message_id = '{0}m')::int from core.fct_messages "
        "where email_source_id = '{0}s'", 0, 1,
    ),
    "a source shows all its days once a message goes out": Case(
        KNOWN | {"send_events": [_sent(event_type="targeted")]},
        {"send_events": [_sent("s2", 10, message_id="m2")]},
        DAYS, 0, 2,
    ),
    "a smaller duplicate leaves a source with no message that went out": Case(
        KNOWN | {"send_events": [_sent(event_type="targeted"), _sent("s2", 10, message_id="m2")]},
        {"send_events": [_sent("s2", 9, message_id="m2", event_type="targeted")]},
        DAYS, 2, 0,
    ),
    "a merge moves history": Case(
        KNOWN
        | {
            "contacts": [_contact(), _contact(contact_id="c2", email="c2@x.org")],
            "send_events": [_sent()],
            "engagement_events": [OPENED],
            "order_events": [_paid(3, contact_id="c2")],
        },
        {"contacts": [_contact(5, merged_into_contact_id="c2")]},
        CREDIT, None, "{0}m",
    ),
    "a merge moves an order to the contact that was touched": Case(
        KNOWN
        | {
            "contacts": [_contact(), _contact(contact_id="c2", email="c2@x.org")],
            "send_events": [_sent()],
            "engagement_events": [OPENED],
            "order_events": [_paid(3, contact_id="c2")],
        },
        {
            "contacts": [
                _contact(5, contact_id="c2", email="c2@x.org", merged_into_contact_id="c"),
            ],
        },
        CREDIT, None, "{0}m",
    ),
    "a merge moves an order known by the email of who was merged before": Case(
        KNOWN
        | {
            "contacts": [
                _contact(merged_into_contact_id="c2"),
                _contact(contact_id="c2", email="c2@x.org"),
                _contact(contact_id="c3", email="c3@x.org"),
            ],
            "send_events": [_sent(contact_id="c3")],
            "engagement_events": [OPENED],
            "order_events": [_paid(3, contact_id=None, email="c@x.org")],
        },
        {
            "contacts": [
                _contact(5, contact_id="c2", email="c2@x.org", merged_into_contact_id="c3"),
            ],
        },
        CREDIT, None, "{0}m",
    ),
    "a merge takes along who was merged before": Case(
        {
            "contacts": [
                _contact(merged_into_contact_id="c2"),
                _contact(contact_id="c2", email="c2@x.org"),
                _contact(contact_id="c3", email="c3@x.org"),
            ],
        },
        {
            "contacts": [
                _contact(5, contact_id="c2", email="c2@x.org", merged_into_contact_id="c3"),
            ],
        },
        "select merged_contacts from core.dim_contacts where contact_id = '{0}c3'", 0, 2,
    ),
    "a merge waits for the contact that it is into": Case(
        {"contacts": [_contact(merged_into_contact_id="c2")]},
        {"contacts": [_contact(contact_id="c2", email="c2@x.org")]},
        "select contact_id from core.dim_contacts where contact_id like '{0}c%'",
        "{0}c", "{0}c2",
    ),
    "a late domain history turns opens into not measured": Case(
        KNOWN | {"send_events": [_sent()], "engagement_events": [OPENED]},
        {"sending_domains": [_domain(0.5, is_dedicated=False)]},
        MESSAGE.format("opens"), 1, None,
    ),
    "a late row of a source was in force at its first send": Case(
        KNOWN | {"send_events": [_sent()], "engagement_events": [CLICKED]},
        {"email_sources": [_source(0.5, is_click_tracking_enabled=False)]},
        MESSAGE.format("click_availability"), "measured", "not_tracked",
    ),
    "an earlier send moves a source's first send before its toggle": Case(
        KNOWN
        | {
            "email_sources": [_source(0, is_click_tracking_enabled=False), _source(0.7)],
            "send_events": [_sent()],
            "engagement_events": [CLICKED],
        },
        {"send_events": [_sent("s2", 0.5, message_id="m2")]},
        MESSAGE.format("click_availability"), "measured", "not_tracked",
    ),
    "a late link excludes old clicks": Case(
        KNOWN | {"send_events": [_sent()], "engagement_events": [CLICKED]},
        {"links": [_link("trigger")]},
        "select exclusion_reason from core.fct_engagement_events where event_id = '{0}k'",
        "not_http", "trigger_link",
    ),
    "a late rate converts an old order": Case(
        KNOWN | {"order_events": [_paid(3, currency="SEK")]},
        {"exchange_rates": [_entity(currency="SEK", valid_from=_day(0), rate="0.1")]},
        "select revenue::varchar from core.fct_conversions where conversion_id = '{0}o'",
        None, "1.00",
    ),
    "a late test mark takes a message out of the numbers": Case(
        KNOWN | {"send_events": [_sent(), _sent("s2", 1, message_id="m2")]},
        {"send_events": [_sent("t", 2, is_test=True)]},
        "select recipients::int from marts.email_performance where email_source_id = '{0}s'", 2, 1,
    ),
    "an open that is too long ago is nothing to re-engage by": Case(
        KNOWN
        | {
            "send_events": [_delivered(1, 60)],
            "engagement_events": [_event("o", "opened", 61, message_id="m1")],
        },
        MUCH_LATER, SEGMENT, "re_engagement", "other",
    ),
    "what nobody opened too long ago is no reason to sunset": Case(
        KNOWN | {"send_events": [_delivered(number, 15) for number in (1, 2, 3)]},
        MUCH_LATER, SEGMENT, "sunset", "other",
    ),
    "what was opened too long ago keeps from sunset no longer": Case(
        KNOWN
        | {
            "send_events": [_delivered(0, 15), *(_delivered(number, 60) for number in (1, 2, 3))],
            "engagement_events": [_event("o", "opened", 16, message_id="m0")],
        },
        MUCH_LATER, SEGMENT, "other", "sunset",
    ),
    "what was opened too long ago leaves nothing but what nobody opened": Case(
        KNOWN
        | {
            "send_events": [_delivered(0, 10), *(_delivered(number, 60) for number in (1, 2, 3))],
            "engagement_events": [_event("o", "opened", 61, message_id="m0")],
        },
        MUCH_LATER, SEGMENT, "re_engagement", "sunset",
    ),
    "a late experiment takes in its assignments": Case(
        KNOWN | {"experiment_assignments": [_assigned("control")]},
        {"experiments": [_experiment()]},
        UNIT.format("arm"), None, "control",
    ),
    "a late contact takes in its assignments": Case(
        {"experiments": [_experiment()], "experiment_assignments": [_assigned("control")]},
        {"contacts": [_contact()]},
        UNIT.format("arm"), None, "control",
    ),
    "an earlier assignment moves a contact to its arm": Case(
        KNOWN
        | {"experiments": [_experiment()], "experiment_assignments": [_assigned("control", 2)]},
        {"experiment_assignments": [_assigned("email", 1)]},
        UNIT.format("arm || ' ' || is_contaminated"), "control false", "email true",
    ),
    "a late order is in its contact's days": Case(
        KNOWN | {"experiments": [_experiment()], "experiment_assignments": [_assigned("email")]},
        {"order_events": [_paid(6)]},
        UNIT.format("revenue::varchar || ' ' || is_converted"), "0.00 false", "10.00 true",
    ),
    "a late refund lowers no revenue of an experiment": Case(
        KNOWN
        | {
            "experiments": [_experiment()],
            "experiment_assignments": [_assigned("email")],
            "order_events": [_paid(3)],
        },
        {
            "order_events": [
                _paid(4, event_id="refund", event_type="refunded"),
                _paid(4, event_id="paid2"),
            ],
        },
        UNIT.format("revenue::varchar"), "10.00", "20.00",
    ),
    "a changed experiment has other days": Case(
        KNOWN
        | {
            "experiments": [_experiment()],
            "experiment_assignments": [_assigned("email")],
            "order_events": [_paid(3)],
        },
        {"experiments": [_experiment(5, outcome_days=1)]},
        UNIT.format("orders"), 1, 0,
    ),
    "a merge makes one contact of two, who were in two arms": Case(
        KNOWN
        | {
            "contacts": [_contact(), _contact(contact_id="c2", email="c2@x.org")],
            "experiments": [_experiment()],
            "experiment_assignments": [
                _assigned("email", 2), _assigned("control", contact_id="c2"),
            ],
            "order_events": [_paid(3, contact_id="c2")],
        },
        {"contacts": [_contact(5, contact_id="c2", email="x", merged_into_contact_id="c")]},
        UNIT.format("arm || ' ' || orders || ' ' || is_contaminated"), "email 0 false",
        "control 1 true",
    ),
    "a contact matures as the data go on": Case(
        KNOWN
        | {
            "experiments": [_experiment(outcome_days=60)],
            "experiment_assignments": [_assigned("email", 46)],
            "order_events": [_paid(47)],
        },
        MUCH_LATER, UNIT.format("orders"), None, 1,
    ),
    "a late email contaminates the control": Case(
        KNOWN | {"experiments": [_experiment()], "experiment_assignments": [_assigned("control")]},
        {"send_events": [_sent(day=2)]},
        UNIT.format("is_contaminated"), False, True,
    ),
    "an earlier send event has another variant": Case(
        KNOWN
        | {
            "experiments": [_experiment(experiment_type="ab_test", email_source_id="s")],
            "send_events": [_sent(variant="B")],
        },
        {"send_events": [_sent("t", 0.5, event_type="targeted", variant="A")]},
        UNIT.format("arm || ' ' || assigned_at"), "B 2026-03-02 00:00:00", "A 2026-03-01 12:00:00",
    ),
    "a late mark makes a roll-out of a message": Case(
        KNOWN
        | {
            "experiments": [_experiment(experiment_type="ab_test", email_source_id="s")],
            "send_events": [_sent(variant="B"), _sent("s2", 2, message_id="m2", variant="C")],
        },
        {"send_events": [_sent("r", 3, event_type="delivered", is_winner_rollout=True)]},
        UNIT.format("arm"), "B", "C",
    ),
    "late assignments of its own take the place of variants": Case(
        KNOWN
        | {
            "experiments": [_experiment(experiment_type="ab_test", email_source_id="s")],
            "send_events": [_sent(variant="B")],
        },
        {"experiment_assignments": [_assigned("A")]},
        UNIT.format("arm"), "B", "A",
    ),
    "a late open counts in an A/B test": Case(
        KNOWN
        | {
            "experiments": [_experiment(experiment_type="ab_test", email_source_id="s")],
            "send_events": [_sent(variant="B")],
        },
        {"engagement_events": [OPENED]},
        UNIT.format("is_human_opened"), False, True,
    ),
    "an earlier send of an unknown source makes a message an orphan": Case(
        KNOWN | {"send_events": [_sent(), _sent("s2", 1, message_id="m2")]},
        {"send_events": [_sent("x", 0.5, email_source_id="nowhere")]},
        MESSAGE.format("count(*)"), 1, 0,
    ),
    "a message that names an address alone makes a contact": Case(
        UNKNOWN, {"send_events": [BY_EMAIL]}, CONTACTS, None, "email:{0}a@x.org",
    ),
    "a contact takes over the messages to its address": Case(
        UNKNOWN | {"send_events": [BY_EMAIL], "engagement_events": [OPENED]},
        {"contacts": [_contact(email="a@x.org")]},
        CONTACT, "email:{0}a@x.org", "{0}c",
    ),
    "a contact takes the place of the one known by its address": Case(
        UNKNOWN | {"send_events": [BY_EMAIL], "engagement_events": [OPENED]},
        {"contacts": [_contact(email="a@x.org")]},
        CONTACTS, "email:{0}a@x.org", "{0}c",
    ),
    "a contact takes over an order by its address": Case(
        UNKNOWN
        | {
            "send_events": [BY_EMAIL],
            "engagement_events": [OPENED],
            "order_events": [PAID_BY_EMAIL],
        },
        {"contacts": [_contact(email="a@x.org")]},
        ORDERED_BY, "email:{0}a@x.org", "{0}c",
    ),
    "a second contact with the address gives its messages back": Case(
        KNOWN | {"contacts": [_contact(email="A@x.org")], "send_events": [BY_EMAIL]},
        {"contacts": [_contact(contact_id="c2", email="a@x.org")]},
        CONTACT, "{0}c", "email:{0}a@x.org",
    ),
    "a second contact with the address makes an order ambiguous": Case(
        KNOWN
        | {
            "contacts": [_contact(email="A@x.org")],
            "send_events": [BY_EMAIL],
            "order_events": [PAID_BY_EMAIL],
        },
        {"contacts": [_contact(contact_id="c2", email="a@x.org")]},
        "select unattributed_reason from core.fct_conversions where conversion_id = '{0}o'",
        "no_touch", "contact_ambiguous",
    ),
    "a merge says whose an address of two is": Case(
        KNOWN
        | {
            "contacts": [
                _contact(email="a@x.org"),
                _contact(contact_id="c2", email="a@x.org"),
            ],
            "send_events": [BY_EMAIL],
            "engagement_events": [OPENED],
            "order_events": [PAID_BY_EMAIL],
        },
        {"contacts": [_contact(5, email="a@x.org", merged_into_contact_id="c2")]},
        CREDIT, None, "{0}m",
    ),
    "a merge that is taken back says no longer whose an address is": Case(
        KNOWN
        | {
            "contacts": [
                _contact(email="a@x.org", merged_into_contact_id="c2"),
                _contact(contact_id="c2", email="a@x.org"),
            ],
            "send_events": [BY_EMAIL],
        },
        {"contacts": [_contact(5, email="a@x.org")]},
        CONTACT, "{0}c2", "email:{0}a@x.org",
    ),
    "a merge of its contact moves the messages to an address": Case(
        KNOWN
        | {
            "contacts": [
                _contact(email="a@x.org"),
                _contact(contact_id="c2", email="c2@x.org"),
            ],
            "send_events": [BY_EMAIL],
        },
        {"contacts": [_contact(5, email="a@x.org", merged_into_contact_id="c2")]},
        CONTACT, "{0}c", "{0}c2",
    ),
    "a contact that changes its address leaves the messages to the former one": Case(
        KNOWN
        | {
            "contacts": [_contact(email="a@x.org")],
            "send_events": [BY_EMAIL],
            "engagement_events": [OPENED],
            "order_events": [PAID_BY_EMAIL],
        },
        {"contacts": [_contact(5, email="new@x.org")]},
        ORDERED_BY, "{0}c", "email:{0}a@x.org",
    ),
    "a late row of a contact is older than its address": Case(
        KNOWN | {"contacts": [_contact(5, email="new@x.org")], "send_events": [BY_EMAIL]},
        {"contacts": [_contact(email="a@x.org")]},
        CONTACT, "email:{0}a@x.org", "email:{0}a@x.org",
    ),
    "an address with a contact of its own gets a first order": Case(
        UNKNOWN | {"send_events": [BY_EMAIL], "engagement_events": [OPENED]},
        {"order_events": [PAID_BY_EMAIL]},
        CREDIT, None, "{0}m",
    ),
    "an order waits for the message that makes a contact of its address": Case(
        UNKNOWN | {"order_events": [PAID_BY_EMAIL]},
        {"send_events": [BY_EMAIL], "engagement_events": [OPENED]},
        CREDIT, None, "{0}m",
    ),
    "a goal waits for the source of the message that makes a contact of its address": Case(
        UNKNOWN
        | {
            "email_sources": [],
            "send_events": [BY_EMAIL],
            "engagement_events": [OPENED],
            "goal_events": [_event("o", "completed", 3, email="a@x.org", goal_name="Signed up")],
        },
        {"email_sources": [_source()]},
        CREDIT, None, "{0}m",
    ),
    "a late send event that names a contact takes the message from its address": Case(
        KNOWN
        | {
            "send_events": [BY_EMAIL],
            "engagement_events": [OPENED],
            "order_events": [PAID_BY_EMAIL],
        },
        {"send_events": [_sent("d", 2, event_type="delivered")]},
        CONTACTS, "{0}c email:{0}a@x.org", "{0}c",
    ),
    "an order by an address is nobody's once its last message names a contact": Case(
        KNOWN
        | {
            "send_events": [BY_EMAIL],
            "engagement_events": [OPENED],
            "order_events": [PAID_BY_EMAIL],
        },
        {"send_events": [_sent("d", 2, event_type="delivered")]},
        ORDERED_BY, "email:{0}a@x.org", None,
    ),
    "an earlier send event to another address moves a message": Case(
        UNKNOWN | {"send_events": [BY_EMAIL, BY_EMAIL | {"event_id": "s2", "message_id": "m2"}]},
        {"send_events": [_sent("x", 0.5, contact_id=None, recipient_email="b@x.org")]},
        CONTACTS, "email:{0}a@x.org", "email:{0}a@x.org email:{0}b@x.org",
    ),
    "a smaller duplicate that names a known contact takes a message from its address": Case(
        KNOWN | {"send_events": [BY_EMAIL]},
        {"send_events": [_sent("s", 0.5)]},
        CONTACT, "email:{0}a@x.org", "{0}c",
    ),
    "a message to an address of two makes its contact one of the candidates": Case(
        KNOWN
        | {
            "contacts": [
                _contact(email="a@x.org"),
                _contact(contact_id="c2", email="a@x.org"),
            ],
            "order_events": [PAID_BY_EMAIL],
        },
        {"send_events": [BY_EMAIL]},
        "select string_agg(contact_id, ' ' order by contact_id)"
        " from core.fct_conversion_candidates where conversion_id = '{0}o'",
        "{0}c {0}c2", "{0}c {0}c2 email:{0}a@x.org",
    ),
    "a test to an address makes a contact": Case(
        UNKNOWN, {"send_events": [BY_EMAIL | {"is_test": True}]},
        "select segment from marts.contact_engagement where contact_id = 'email:{0}a@x.org'",
        None, "other",
    ),
}  # fmt: skip


def _prefix(name: str) -> str:
    return f"case{list(CASES).index(name):02}_"


@dataclass(frozen=True)
class Lake:
    """A lake that was delivered bit by bit, and its builds."""

    builder: Builder
    folder: Path
    at_first: Path

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    @property
    def warehouse(self) -> Path:
        return self.folder / "incremental" / "email_stats.duckdb"

    def build(self) -> str:
        """Build what has arrived; returns how dbt said that it would."""
        self.builder.build(self.lake, self.warehouse)
        (line,) = [
            line
            for line in self.builder.said
            if line.startswith(("Incremental: ", "Full refresh: "))
        ]
        return line

    def differences(self) -> list[str]:
        """What differs from a full refresh of the same lake."""
        other = self.folder / "full"
        shutil.rmtree(other, ignore_errors=True)
        self.builder.build(self.lake, other / "email_stats.duckdb", is_tested=False)
        return differences(
            build_database(self.warehouse), build_database(other / "email_stats.duckdb")
        )


@pytest.fixture(scope="module")
def delivered(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Random worlds and the cases, of which the first delivery is built."""
    folder = tmp_path_factory.mktemp("incremental")
    chance = random.Random(5)
    deliveries = shuffle_into_deliveries(
        draw_worlds(WORLDS, seed=5).values(), DIRTY_RATES, [3, 1, 1], chance
    )
    for name, case in CASES.items():
        for delivery, world in ((deliveries[0], case.at_first), (deliveries[1], case.later)):
            for table, rows in prefixed(world, _prefix(name)).items():
                delivery.setdefault(table, []).extend(rows)
    lake = Lake(builder, folder, folder / "at_first.duckdb")
    deliver(deliveries[0], lake.lake, FIRST)
    assert lake.build() == "Full refresh: nothing was built before."
    shutil.copy(build_database(lake.warehouse), lake.at_first)
    for name, delivery in zip((SECOND, THIRD), deliveries[1:], strict=True):
        deliver(delivery, folder / "to_come" / name, name)
    return lake


def _arrive(lake: Lake, name: str) -> None:
    shutil.copytree(lake.folder / "to_come" / name, lake.lake, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def said_of_a_batch(delivered: Lake) -> list[str]:
    """What dbt tells of a build of the second delivery on top of the first."""
    _arrive(delivered, SECOND)
    assert delivered.build().startswith("Incremental: ")
    return list(delivered.builder.said)


@pytest.fixture(scope="module")
def grown(delivered: Lake, said_of_a_batch: list[str]) -> Lake:
    """The lake after its second delivery, built on top of the first."""
    assert said_of_a_batch
    return delivered


def test_a_batch_equals_a_full_refresh_row_for_row(grown: Lake) -> None:
    assert grown.differences() == []


def test_a_batch_takes_memory_by_its_own_size(said_of_a_batch: list[str]) -> None:
    limit = f"set memory_limit = '{available_megabytes(INCREMENT)}MB'"
    assert sum(limit in line for line in said_of_a_batch) == 1


def test_rows_of_a_primary_key_are_changed_where_they_stand(grown: Lake) -> None:
    """Taken out and put in again, DuckDB now and then holds them for duplicates."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{grown.at_first}' as at_first (read_only)")
        connection.execute(f"attach '{build_database(grown.warehouse)}' as grown (read_only)")
        tables = connection.execute(
            "select schema_name || '.' || table_name, constraint_column_names"
            " from duckdb_constraints() where database_name = 'grown'"
            " and constraint_type = 'PRIMARY KEY' and table_name in (select unnest(?))",
            [BUILT_BY_KEY],
        ).fetchall()
        assert len(tables) > 4
        moved = {}
        for table, key in tables:
            lost, moved_rows = connection.sql(
                "select count(*) filter (later.rowid is null),"
                " count(*) filter (earlier.rowid <> later.rowid)"
                f" from at_first.{table} as earlier left join grown.{table} as later"
                f" using ({', '.join(key)})"
            ).fetchall()[0]
            if not lost:  # otherwise a checkpoint may have packed the others
                moved[table] = moved_rows
    assert moved
    assert set(moved.values()) == {0}


def _value(database: Path, name: str) -> Any:
    with duckdb.connect(database, read_only=True) as connection:
        rows = connection.sql(CASES[name].query.format(_prefix(name))).fetchall()
    return rows[0][0] if rows else None


def _expected(value: Any, name: str) -> Any:
    return value.format(_prefix(name)) if isinstance(value, str) else value


@pytest.mark.parametrize("name", CASES)
def test_what_comes_late_changes_what_was_built(name: str, grown: Lake) -> None:
    case = CASES[name]
    assert _value(grown.at_first, name) == _expected(case.before, name)
    assert _value(build_database(grown.warehouse), name) == _expected(case.after, name)


@pytest.fixture(scope="module")
def killed(grown: Lake) -> Iterator[Lake]:
    """The third delivery arrives, and its build is killed among the models."""
    _arrive(grown, THIRD)
    build = subprocess.Popen(
        [Path(sys.executable).with_name("dbt"), "build", "--exclude-resource-type", "unit_test"],
        cwd=PROJECT_ROOT,
        env=environment(grown.lake, grown.warehouse),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert build.stdout is not None
    for line in build.stdout:
        if "fct_engagement_events" in line and "OK created" in line:
            break
    time.sleep(random.Random(7).uniform(0, 0.5))
    build.send_signal(signal.SIGKILL)
    build.communicate()
    yield grown


def test_a_killed_batch_is_built_anew_and_equals_a_full_refresh(killed: Lake) -> None:
    assert killed.build() == (
        "Full refresh: the last build did not finish, or did not pass its tests."
    )
    assert killed.differences() == []


def test_a_file_that_changed_means_a_full_refresh(killed: Lake) -> None:
    file = next((killed.lake / "contacts" / FIRST).rglob("typed-*.parquet"))
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    inside = file.relative_to(killed.lake)
    assert killed.build() == f"Full refresh: the file {inside} changed."
