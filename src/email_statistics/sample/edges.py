"""Special cases, written one by one: the same rows at every size and for every seed.

They have ids of their own (`msg_edge_…`, `ct_…` with a name), so that a case is found at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from email_statistics.sample.links import Links
from email_statistics.sample.plan import VIP_CAMPAIGN, Plan
from email_statistics.sample.tables import TABLES
from email_statistics.sample.vocabulary import APPLE_PREFETCH, BROWSERS, SCANNERS

Row = dict[str, Any]

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_BROWSER = BROWSERS[0]
_DELIVERY = ("sent", "accepted", "delivered")

NEWEST_CAMPAIGN = "Summer sale: 20 % off"
NEWEST_BULK = "Summer opening hours"
_CREATED_AT = datetime(2025, 5, 2, 10)
_SHOWN_AT = datetime(2026, 6, 23, 14, 30)


@dataclass(frozen=True)
class _Person:
    contact_id: str
    full_name: str | None
    email: str | None
    merged_into: str | None = None


CHAIN_END = "ct_chain_3"
_PEOPLE = (
    # Merges: a chain, a cycle, a way into it, and a way to nowhere.
    _Person("ct_chain_1", "Ada Chain", "ada.chain.1@gmail.com", "ct_chain_2"),
    _Person("ct_chain_2", "Ada Chain", "ada.chain.2@gmail.com", CHAIN_END),
    _Person(CHAIN_END, "Ada Chain", "ada.chain.3@gmail.com"),
    _Person("ct_cycle_1", "Ben Circle", "ben.circle.1@outlook.com", "ct_cycle_2"),
    _Person("ct_cycle_2", "Ben Circle", "ben.circle.2@outlook.com", "ct_cycle_1"),
    _Person("ct_into_cycle", "Ben Circle", "ben.circle.3@outlook.com", "ct_cycle_2"),
    _Person("ct_to_nowhere", "Cleo Nowhere", "cleo.nowhere.1@yahoo.com", "ct_never_seen"),
    # One e-mail for two contacts, which stay two or resolve to one.
    _Person("ct_twin_1", "Dora Twin", "twins.1@gmx.de"),
    _Person("ct_twin_2", "Dirk Twin", " Twins.1@GMX.de"),
    _Person("ct_same_1", "Enno Same", "enno.same.1@icloud.com"),
    _Person("ct_same_2", "E. Same", "Enno.Same.1@icloud.com", "ct_same_1"),
    # Texts that a page must escape and a spreadsheet must not run.
    _Person("ct_markup", "<script>alert('Faye')</script>", "faye.markup.1@gmail.com"),
    _Person("ct_entity", 'Gil "the <b>" &amp; Co.', "gil.entity.1@gmail.com"),
    _Person("ct_formula", '=HYPERLINK("https://example.com","Hal")', "hal.formula.1@gmail.com"),
    _Person("ct_plus", "+1 Ida", "ida.plus.1@gmail.com"),
    _Person("ct_minus", "-2+3 Jon", "jon.minus.1@gmail.com"),
    _Person("ct_at", "@SUM(A1:A9) Kim", "kim.at.1@gmail.com"),
    _Person("ct_tab", "\tLea Tab", "lea.tab.1@gmail.com"),
    _Person("ct_comma", 'Max, "Comma"\nNewline', "max.comma.1@gmail.com"),
    _Person("ct_bom", "\ufeffBea Mark", "bea.mark.1@gmail.com"),
    _Person("ct_emoji", "Nia 🦷✨ Emoji", "nia.emoji.1@gmail.com"),
    _Person("ct_long", "Otto " + "Langname-" * 12 + "Ende", "otto.long.1@northwind.example"),
    _Person("ct_nameless", " ", "someone.1@acme.example"),
    _Person("ct_mailless", "Pia Without", None),
    # Readers of a special kind.
    _Person("ct_clicker", "Quentin Clicker", "quentin.clicker.1@gmail.com"),
    _Person("ct_late_opener", "Rita Late", "rita.late.1@yahoo.com"),
    _Person("ct_explorer", "Sven Explorer", "sven.explorer.1@gmail.com"),
)
# They don't get the newest campaign.
_OTHERS = (
    _Person("ct_window", "Wanda Window", "wanda.window.1@gmail.com"),
    _Person("ct_staff_1", "Staff One", "one@brightsmile.example"),
    _Person("ct_staff_2", "Staff Two", "two@brightsmile.example"),
    _Person("ct_never_mailed", "Tom Quiet", "tom.quiet.1@gmail.com"),
)
_EMAILS = {person.contact_id: person.email for person in _PEOPLE + _OTHERS}


_EVENT_PREFIXES = {
    "send_events": "snd",
    "engagement_events": "eng",
    "order_events": "pay",
    "goal_events": "goal",
}


class _Script:
    """Collects rows; an event's id counts on from the last of its table."""

    def __init__(self, plan: Plan, links: Links) -> None:
        self.rows: dict[str, list[Row]] = {table: [] for table in (*_EVENT_PREFIXES, "contacts")}
        self._sources = {s.email_source_name: s.email_source_id for s in plan.sources}
        self._links = links.rows

    def event(self, table: str, event_type: str, event_at: datetime, **more: object) -> Row:
        rows = self.rows[table]
        row = {
            "event_id": f"{_EVENT_PREFIXES[table]}_edge_{len(rows) + 1:04}",
            "event_type": event_type,
            "event_at": event_at,
            "loaded_at": event_at + 5 * _MINUTE,
            **more,
        }
        rows.append(row)
        return row

    def message(
        self,
        name: str,
        source: str,
        contact_id: str,
        sent_at: datetime,
        event_types: tuple[str, ...] = _DELIVERY,
        **more: object,
    ) -> str:
        """Add the send events of a message, a second after each other; return its id."""
        message_id = f"msg_edge_{name}"
        for number, event_type in enumerate(event_types):
            self.event(
                "send_events",
                event_type,
                sent_at + number * _SECOND,
                message_id=message_id,
                email_source_id=self._sources.get(source, source),
                contact_id=contact_id,
                recipient_email=_EMAILS.get(contact_id),
                **more,
            )
        return message_id

    def open(self, message_id: str, at: datetime, **more: object) -> Row:
        more = {"user_agent": _BROWSER, **more}
        return self.event("engagement_events", "opened", at, message_id=message_id, **more)

    def click(self, message_id: str, at: datetime, link_id: str | None, **more: object) -> Row:
        more = {"user_agent": _BROWSER, "link_id": link_id, **more}
        return self.event("engagement_events", "clicked", at, message_id=message_id, **more)

    def order(self, name: str, at: datetime, amount: str | None, **more: object) -> None:
        """Add an order, placed and paid at once."""
        for event_type in ("placed", "paid"):
            self.order_event(name, event_type, at, amount, **more)

    def order_event(
        self, name: str, event_type: str, at: datetime, amount: str | None, **more: object
    ) -> Row:
        more = {"currency": "USD", "channel": "payments", **more}
        decimal = None if amount is None else Decimal(amount)
        order_id = f"ord_edge_{name}"
        return self.event("order_events", event_type, at, order_id=order_id, amount=decimal, **more)

    def link_ids(self, source: str) -> list[str]:
        of_source = pl.col("email_source_id") == self._sources[source]
        return self._links.filter(of_source)["link_id"].to_list()


def _contacts(script: _Script) -> None:
    for person in _PEOPLE + _OTHERS:
        row: Row = {
            "contact_id": person.contact_id,
            "full_name": person.full_name,
            "email": person.email,
            "created_at": _CREATED_AT,
            "updated_at": _CREATED_AT,
            "loaded_at": _CREATED_AT + _MINUTE,
        }
        script.rows["contacts"].append(row)
        if person.merged_into is not None:
            merged_at = datetime(2026, 1, 20, 8)
            merge = {
                "merged_into_contact_id": person.merged_into,
                "updated_at": merged_at,
                "loaded_at": merged_at + _HOUR,
            }
            script.rows["contacts"].append(row | merge)
    # One time of change, two loads: the later load wins.
    rows = script.rows["contacts"]
    known = next(row for row in rows if row["contact_id"] == "ct_long")
    rows.append(known | {"full_name": "Otto Lost", "loaded_at": _CREATED_AT + _SECOND})


def _everybody_reads_the_newest_campaign(script: _Script) -> None:
    button = script.link_ids(NEWEST_CAMPAIGN)[0]
    for number, person in enumerate(_PEOPLE):
        name = person.contact_id.removeprefix("ct_")
        sent_at = _SHOWN_AT + number * _SECOND
        message = script.message(name, NEWEST_CAMPAIGN, person.contact_id, sent_at)
        read_at = sent_at + _HOUR + number * _MINUTE
        script.open(message, read_at, is_machine=False)
        if number % 2 == 0:
            script.click(message, read_at + 20 * _SECOND, button, is_machine=False)
            paid_at = read_at + _HOUR
            script.order(name, paid_at, "49.90", contact_id=person.contact_id, email=person.email)


def _one_of_a_few_clicks_94_times(script: _Script) -> None:
    """Of the 100 clicks on a small campaign one contact makes 94."""
    sent_at = datetime(2026, 4, 2, 16)
    links = script.link_ids(VIP_CAMPAIGN)
    for number, person in enumerate(_PEOPLE[-12:]):
        name = f"vip_{number + 1:02}"
        at = sent_at + number * _SECOND
        message = script.message(name, VIP_CAMPAIGN, person.contact_id, at)
        script.open(message, at + _HOUR)
        clicks = 94 if person.contact_id == "ct_clicker" else int(number < 6)
        for click in range(clicks):
            script.click(message, at + _HOUR + (click + 1) * 7 * _MINUTE, links[click % 3])


def _opens_131_days_later(script: _Script) -> None:
    for name, source, sent_at in (
        ("late_1", "Christmas gift ideas", datetime(2025, 12, 16, 15, 10)),
        ("late_2", "New year, new smile", datetime(2026, 1, 14, 13, 10)),
    ):
        message = script.message(name, source, "ct_late_opener", sent_at)
        script.open(message, sent_at + 131 * _DAY)


def _tests_before_a_send(script: _Script) -> None:
    """Two colleagues get a test of some campaigns, open and click; one event alone says so."""
    for campaign, sent_at in (
        ("Black Friday", datetime(2025, 11, 27, 15)),
        ("Mother's Day", datetime(2026, 5, 4, 10)),
        ("Laser Thursday", datetime(2026, 6, 3, 16)),
        ("Subject line test: sunscreen", datetime(2026, 6, 2, 16)),
        (NEWEST_CAMPAIGN, datetime(2026, 6, 22, 16)),
    ):
        for number in (1, 2):
            contact_id = f"ct_staff_{number}"
            name = f"test_{sent_at:%m%d}_{number}"
            message = script.message(name, campaign, contact_id, sent_at, is_test=True)
            if number == 2:
                for row in script.rows["send_events"][-2:]:
                    row["is_test"] = None
            script.open(message, sent_at + 10 * _MINUTE)
            script.click(message, sent_at + 11 * _MINUTE, script.link_ids(campaign)[0])


def _machines_and_people(script: _Script) -> None:
    links = script.link_ids("Members only")
    at = datetime(2026, 6, 16, 18)

    def message(name: str) -> str:
        return script.message(name, "Members only", CHAIN_END, at)

    scanned = message("burst")  # three links within exactly one second, and a person later
    for number in range(3):
        moment = at + 3 * _SECOND + number * _SECOND / 2
        script.click(scanned, moment, links[number])
    script.click(scanned, at + 2 * _HOUR, links[0])
    slow = message("no_burst_slow")
    for number in range(3):
        script.click(slow, at + _HOUR + number * _SECOND, links[number])
    same = message("no_burst_same_link")
    for number in range(3):
        script.click(same, at + _HOUR + number * _SECOND / 4, links[0])
    prefetched = message("prefetched")
    script.open(prefetched, at + 6 * _SECOND, user_agent=APPLE_PREFETCH)
    known = message("known_scanner")
    for number, agent in enumerate(SCANNERS):
        script.click(known, at + (5 + number) * _SECOND, links[number], user_agent=agent)
    said = message("said_machine")  # the sender's word against the user agent's
    script.open(said, at + 8 * _SECOND, is_machine=True)
    person = message("said_person")
    script.open(person, at + 9 * _SECOND, is_machine=False, user_agent=APPLE_PREFETCH)


def _reads_where_nothing_is_measured(script: _Script) -> None:
    """Open and click an email of each campaign whose opens or clicks aren't measured."""
    for number, (campaign, sent_at) in enumerate(
        (
            ("Grand opening follow-up", datetime(2025, 7, 8, 14)),
            ("Valentine's special", datetime(2026, 2, 11, 14)),
            ("Blog digest, winter", datetime(2026, 3, 12, 10)),
            ("Spring check-up", datetime(2026, 4, 9, 13)),
            ("Subject line test: sunscreen", datetime(2026, 6, 3, 14)),
            ("Whitening week", datetime(2026, 6, 9, 14)),
            ("Neighbourhood news", datetime(2026, 6, 22, 14)),
        ),
        start=1,
    ):
        message = script.message(f"unmeasured_{number}", campaign, "ct_explorer", sent_at)
        script.open(message, sent_at + _HOUR)
        script.click(message, sent_at + _HOUR + _MINUTE, script.link_ids(campaign)[0])


def _somebody_tries_every_link(script: _Script) -> None:
    at = datetime(2026, 6, 24, 9)
    message = script.message("every_link", NEWEST_CAMPAIGN, "ct_explorer", at - _HOUR)
    for number, link_id in enumerate(script.link_ids(NEWEST_CAMPAIGN)):
        script.click(message, at + number * _MINUTE, link_id)
    for number, url in enumerate(
        (
            "https://www.brightsmile.example/",  # found by its URL
            "https://www.brightsmile.example/not-in-the-email",
            "https://www.brightsmile.example/c/{{contact.id}}",
            "mailto:hello@brightsmile.example",
            None,
        )
    ):
        script.click(message, at + _HOUR + number * _MINUTE, None, url=url)


def _unusual_deliveries(script: _Script) -> None:
    at = datetime(2026, 6, 25, 9, 5)
    contact_ids = iter(person.contact_id for person in _PEOPLE[-12:])

    def message(name: str, *event_types: str, **more: object) -> None:
        script.message(name, NEWEST_BULK, next(contact_ids), at, event_types, **more)

    message("soft_soft_delivered", "sent", "soft_bounced", "soft_bounced", "delivered")
    message("soft_then_hard", "sent", "soft_bounced", "hard_bounced", reason="550 5.1.1")
    message("delivered_then_hard", "sent", "accepted", "delivered", "hard_bounced")
    message("hard_then_delivered", "sent", "hard_bounced", "delivered")
    message("rejected_then_accepted", "sent", "rejected", "accepted", "delivered")
    message("failed_then_sent", "targeted", "failed", "sent", "delivered")
    message("skipped_and_failed", "targeted", "skipped", "failed", reason="Internal problem")
    message("pending", "targeted")
    message("delivered_only", "delivered")
    # The load that brought the end of the story came before the one with its beginning.
    message("backwards", "sent", "accepted", "delivered")
    for delay, row in zip((3, 2, 1), script.rows["send_events"][-3:], strict=True):
        row["loaded_at"] = at + delay * _DAY


def _orphans(script: _Script) -> None:
    at = datetime(2026, 6, 12, 9)
    message = script.message("unknown_source", "src_campaign_lost", CHAIN_END, at)
    script.open(message, at + _HOUR)
    script.message("unknown_contact", "Members only", "ct_lost", at)
    script.open("msg_edge_never_sent", at)
    script.click("msg_edge_never_sent", at + _MINUTE, None, url="https://www.example.com/")


def _again(script: _Script) -> None:
    """Repeat in each table of events a very row, and an event_id with other content."""
    for table in _EVENT_PREFIXES:
        rows = script.rows[table]
        other = rows[1] | {
            "event_at": rows[1]["event_at"] + _MINUTE,
            "loaded_at": rows[1]["loaded_at"] + 2 * _DAY,
        }
        rows.extend([dict(rows[0]), other])


def _orders(script: _Script) -> None:
    at = datetime(2026, 6, 25, 12)
    script.order("unknown_contact", at, "20.00", contact_id="ct_lost")
    script.order("nobody", at, "21.00")
    script.order("never_mailed", at, "22.00", contact_id="ct_never_mailed")
    script.order("by_email", at, "23.00", email="  RITA.late.1@YAHOO.com ")
    script.order("ambiguous", at, "24.00", email="twins.1@gmx.de")
    script.order("resolves_to_one", at, "25.00", email="enno.same.1@icloud.com")
    script.order("unknown_then_email", at, "26.00", contact_id="ct_lost",
                 email="ida.plus.1@gmail.com")  # fmt: skip
    script.order("merged", at, "27.00", contact_id="ct_chain_1", channel="shopify")
    script.order("worth_nothing", at, "0.00", contact_id=CHAIN_END)
    script.order("no_rate", at, "4200", contact_id=CHAIN_END, currency="JPY")
    script.order("odd_currency", at, "28.50", contact_id=CHAIN_END, currency=" eur")

    script.order("two_currencies", at, "30.00", contact_id=CHAIN_END)
    script.order_event("two_currencies", "paid", at + _HOUR, "10.00", contact_id=CHAIN_END,
                       currency="GBP")  # fmt: skip
    script.order("returned", at, "31.00", contact_id=CHAIN_END)
    for event_type, amount in (("cancelled", None), ("refunded", "31.00")):
        script.order_event("returned", event_type, at + _DAY, amount, contact_id=CHAIN_END)
    script.order("returned_in_part", at, "32.00", contact_id=CHAIN_END)
    script.order_event("returned_in_part", "refunded", at + _DAY, "12.00")
    script.order_event("never_paid", "placed", at, "33.00", contact_id=CHAIN_END)
    script.order_event("only_refunded", "refunded", at, "34.00", contact_id=CHAIN_END)
    script.order_event("paid_in_parts", "paid", at, "17.50", contact_id=CHAIN_END)
    script.order_event("paid_in_parts", "paid", at + 3 * _DAY, "17.50", contact_id=CHAIN_END)
    script.order_event("paid_first", "paid", at, "36.00", contact_id=CHAIN_END)
    script.order_event("paid_first", "placed", at + _HOUR, "36.00", contact_id=CHAIN_END)


def _orders_at_the_edge_of_the_window(script: _Script) -> None:
    opened_at = datetime(2026, 5, 5, 18)
    message = script.message("window", "Mother's Day", "ct_window", opened_at - _HOUR)
    script.open(message, opened_at)
    edge = opened_at + 5 * _DAY
    for name, at in (("before", edge - _SECOND), ("on", edge), ("after", edge + _SECOND)):
        script.order(f"{name}_the_edge", at, "40.00", contact_id="ct_window")


def _goals(script: _Script) -> None:
    at = datetime(2026, 6, 26, 15)
    for number, (goal_name, who) in enumerate(
        (
            ("booked call", {"contact_id": "ct_explorer"}),
            ("form submitted", {"email": "Sven.Explorer.1@gmail.com "}),
            ("booked call", {"email": "twins.1@gmx.de"}),
            ("visit confirmed", {"contact_id": "ct_lost"}),
            ("<i>webinar</i> attended", {"contact_id": "ct_markup"}),
            (None, {"contact_id": "ct_bom"}),
        )
    ):
        moment = at + number * _MINUTE
        script.event("goal_events", "completed", moment, goal_name=goal_name, **who)


def edge_frames(plan: Plan, links: Links) -> dict[str, pl.DataFrame]:
    """Return the special cases by raw table.

    Engagement and orders have one column more than the contract knows.
    """
    script = _Script(plan, links)
    _contacts(script)
    _everybody_reads_the_newest_campaign(script)
    _one_of_a_few_clicks_94_times(script)
    _opens_131_days_later(script)
    _tests_before_a_send(script)
    _machines_and_people(script)
    _reads_where_nothing_is_measured(script)
    _somebody_tries_every_link(script)
    _unusual_deliveries(script)
    _orphans(script)
    _orders(script)
    _orders_at_the_edge_of_the_window(script)
    _goals(script)
    _again(script)
    frames = {
        table: pl.DataFrame(rows, schema=TABLES[table], orient="row")
        for table, rows in script.rows.items()
    }
    extra = {"engagement_events": "ip_country", "order_events": "shop_note"}
    return {
        table: frame.with_columns(pl.lit("zz").alias(extra[table])) if table in extra else frame
        for table, frame in frames.items()
    }
