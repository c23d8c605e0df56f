"""Special cases, written one by one: the same rows at every size and for every seed.

They have ids of their own (``msg_edge_…``, ``ct_…`` with a name), so that a case is easy to find.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from email_statistics.sample.tables import Row, read_yaml, rows_to_table
from email_statistics.sample.words import APPLE_PREFETCH, BROWSERS, SCANNERS

_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

_NEWEST = "Summer sale: 20 % off"
_PREFIXES = {
    "send_events": "snd",
    "engagement_events": "eng",
    "order_events": "pay",
    "goal_events": "goal",
}
_UNKNOWN_COLUMNS = {"engagement_events": "ip_country", "order_events": "shop_note"}


def edge_frames(sources: pl.DataFrame, links: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the special cases by raw table; some tables have a column that no contract knows."""
    script = _Script(sources, links)
    script.contacts()
    script.everybody_reads_the_newest_campaign()
    script.one_of_a_few_clicks_94_times()
    script.late_opens_and_tests()
    script.machines_and_people()
    script.reads_where_nothing_is_measured()
    script.somebody_tries_every_link()
    script.unusual_deliveries()
    script.orphans()
    script.orders_and_goals()
    script.known_by_address()
    script.again()
    frames = {table: rows_to_table(table, rows) for table, rows in script.rows.items()}
    for table, column in _UNKNOWN_COLUMNS.items():
        frames[table] = frames[table].with_columns(pl.lit("zz").alias(column))
    return frames


class _Script:
    """Collects rows; an event's id counts on from the last of its table."""

    def __init__(self, sources: pl.DataFrame, links: pl.DataFrame) -> None:
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self._cases: dict[str, list[Any]] = read_yaml("edges")
        self._people = self._cases["people"] + self._cases["others"]
        self._emails: dict[str | None, str] = {
            contact_id: email for contact_id, _, email, _ in self._people
        }
        self._last_people = [contact_id for contact_id, *_ in self._cases["people"][-12:]]
        self._sources = dict(sources.select("email_source_name", "email_source_id").iter_rows())
        self._links = links

    def _event(self, table: str, event_type: str, at: datetime, **more: object) -> None:
        number = len(self.rows[table]) + 1
        event = {"event_id": f"{_PREFIXES[table]}_edge_{number:04}", "event_type": event_type}
        times = {"event_at": at, "loaded_at": at + 5 * _MINUTE}
        self.rows[table].append(event | times | more)

    def _message(
        self,
        name: str,
        source: str,
        contact_id: str | None,
        at: datetime,
        events: str = "sent accepted delivered",
        **more: object,
    ) -> str:
        """Add the send events of a message, a second after each other; return its id."""
        message = {
            "message_id": f"msg_edge_{name}",
            "email_source_id": self._sources.get(source, source),
            "contact_id": contact_id,
            "recipient_email": self._emails.get(contact_id),
        }
        for number, event_type in enumerate(events.split()):
            self._event("send_events", event_type, at + number * _SECOND, **message | more)
        return f"msg_edge_{name}"

    def _open(self, message_id: str, at: datetime, **more: object) -> None:
        more = {"message_id": message_id, "user_agent": BROWSERS[0]} | more
        self._event("engagement_events", "opened", at, **more)

    def _click(self, message_id: str, at: datetime, link_id: str | None, **more: object) -> None:
        more = {"message_id": message_id, "user_agent": BROWSERS[0], "link_id": link_id} | more
        self._event("engagement_events", "clicked", at, **more)

    def _order(self, name: str, events: str, at: datetime, amount: str, who: Row) -> None:
        """Add events of an order, all at once; one that is cancelled has no amount."""
        more = {"order_id": f"ord_edge_{name}", "currency": "USD", "channel": "payments"} | who
        for event_type in events.split():
            worth = None if event_type == "cancelled" else Decimal(amount)
            self._event("order_events", event_type, at, amount=worth, **more)

    def _link_ids(self, source: str) -> list[str]:
        return self._links.filter(email_source_id=self._sources[source])["link_id"].to_list()

    def contacts(self) -> None:
        rows, created_at = self.rows["contacts"], datetime(2025, 5, 2, 10)
        merged_at = datetime(2026, 1, 20, 8)
        for contact_id, full_name, email, merged_into in self._people:
            row = {"contact_id": contact_id, "full_name": full_name, "email": email}
            row |= {"created_at": created_at, "updated_at": created_at}
            rows.append(row | {"loaded_at": created_at + _MINUTE})
            if merged_into is not None:
                merge = {"merged_into_contact_id": merged_into, "updated_at": merged_at}
                rows.append(row | merge | {"loaded_at": merged_at + _HOUR})
        # One time of change, two loads: the later load wins.
        (known,) = (row for row in rows if row["contact_id"] == "ct_long")
        rows.append(known | {"full_name": "Otto Lost", "loaded_at": created_at + _SECOND})

    def everybody_reads_the_newest_campaign(self) -> None:
        button = self._link_ids(_NEWEST)[0]
        for number, (contact_id, _, email, _) in enumerate(self._cases["people"]):
            name = contact_id.removeprefix("ct_")
            sent_at = datetime(2026, 6, 23, 14, 30) + number * _SECOND
            message = self._message(name, _NEWEST, contact_id, sent_at)
            read_at = sent_at + _HOUR + number * _MINUTE
            self._open(message, read_at, is_machine=False)
            if number % 2 == 0:
                self._click(message, read_at + 20 * _SECOND, button, is_machine=False)
                who = {"contact_id": contact_id, "email": email}
                self._order(name, "placed paid", read_at + _HOUR, "49.90", who)

    def one_of_a_few_clicks_94_times(self) -> None:
        """Of the 100 clicks on a small campaign one contact makes 94."""
        links = self._link_ids("VIP early access")
        for number, contact_id in enumerate(self._last_people):
            at = datetime(2026, 4, 2, 16) + number * _SECOND
            message = self._message(f"vip_{number + 1:02}", "VIP early access", contact_id, at)
            self._open(message, at + _HOUR)
            for click in range(94 if contact_id == "ct_clicker" else int(number < 6)):
                self._click(message, at + _HOUR + (click + 1) * 7 * _MINUTE, links[click % 3])

    def late_opens_and_tests(self) -> None:
        for name, campaign, at in self._cases["late_opens"]:
            self._open(self._message(name, campaign, "ct_late_opener", at), at + 131 * _DAY)
        for campaign, at in self._cases["tests"]:
            for number in (1, 2):
                name, contact_id = f"test_{at:%m%d}_{number}", f"ct_staff_{number}"
                message = self._message(name, campaign, contact_id, at, is_test=True)
                for row in self.rows["send_events"][-2:] if number == 2 else ():
                    row["is_test"] = None  # one event alone says that it is a test
                self._open(message, at + 10 * _MINUTE)
                self._click(message, at + 11 * _MINUTE, self._link_ids(campaign)[0])

    def machines_and_people(self) -> None:
        links, at = self._link_ids("Members only"), datetime(2026, 6, 16, 18)

        def message(name: str) -> str:
            return self._message(name, "Members only", "ct_chain_3", at)

        burst = message("burst")  # three links within exactly one second, and a person later
        for number in range(3):
            self._click(burst, at + 3 * _SECOND + number * _SECOND / 2, links[number])
        self._click(burst, at + 2 * _HOUR, links[0])
        slow = message("no_burst_slow")
        for number in range(3):
            self._click(slow, at + _HOUR + number * _SECOND, links[number])
        same = message("no_burst_same_link")
        for number in range(3):
            self._click(same, at + _HOUR + number * _SECOND / 4, links[0])
        self._open(message("prefetched"), at + 6 * _SECOND, user_agent=APPLE_PREFETCH)
        known = message("known_scanner")
        for number, agent in enumerate(SCANNERS):
            self._click(known, at + (5 + number) * _SECOND, links[number], user_agent=agent)
        # The sender's word against the user agent's.
        self._open(message("said_machine"), at + 8 * _SECOND, is_machine=True)
        person = {"is_machine": False, "user_agent": APPLE_PREFETCH}
        self._open(message("said_person"), at + 9 * _SECOND, **person)

    def reads_where_nothing_is_measured(self) -> None:
        for number, (campaign, at) in enumerate(self._cases["unmeasured"], start=1):
            message = self._message(f"unmeasured_{number}", campaign, "ct_explorer", at)
            self._open(message, at + _HOUR)
            self._click(message, at + _HOUR + _MINUTE, self._link_ids(campaign)[0])

    def somebody_tries_every_link(self) -> None:
        at = datetime(2026, 6, 24, 9)
        message = self._message("every_link", _NEWEST, "ct_explorer", at - _HOUR)
        for number, link_id in enumerate(self._link_ids(_NEWEST)):
            self._click(message, at + number * _MINUTE, link_id)
        for number, url in enumerate(self._cases["urls"]):
            self._click(message, at + _HOUR + number * _MINUTE, None, url=url)

    def unusual_deliveries(self) -> None:
        at, contact_ids = datetime(2026, 6, 25, 9, 5), iter(self._last_people)
        for name, events, reason in self._cases["deliveries"]:
            contact_id = next(contact_ids)
            self._message(name, "Summer opening hours", contact_id, at, events, reason=reason)
        # The load with the end of the last story came before the one with its beginning.
        for delay, row in zip((3, 2, 1), self.rows["send_events"][-3:], strict=True):
            row["loaded_at"] = at + delay * _DAY

    def orphans(self) -> None:
        at = datetime(2026, 6, 12, 9)
        lost = self._message("unknown_source", "src_campaign_lost", "ct_chain_3", at)
        self._open(lost, at + _HOUR)
        self._message("unknown_contact", "Members only", "ct_lost", at)
        self._open("msg_edge_never_sent", at)
        self._click("msg_edge_never_sent", at + _MINUTE, None, url="https://www.example.com/")

    def known_by_address(self) -> None:
        """The address of one contact, of two and of none: each reads and orders."""
        for number, (name, email) in enumerate(self._cases["addresses"]):
            at = datetime(2026, 6, 18, 9) + number * _MINUTE
            message = self._message(name, "Members only", None, at, recipient_email=email)
            self._open(message, at + _HOUR)
            self._order(name, "placed paid", at + 2 * _HOUR, "19.00", {"email": email.strip()})

    def orders_and_goals(self) -> None:
        opened_at = datetime(2026, 5, 5, 18)
        window = self._message("window", "Mother's Day", "ct_window", opened_at - _HOUR)
        self._open(window, opened_at)
        for name, events, at, amount, who in self._cases["orders"]:
            self._order(name, events, at, amount, who)
        for number, goal in enumerate(self._cases["goals"]):
            at = datetime(2026, 6, 26, 15) + number * _MINUTE
            self._event("goal_events", "completed", at, **goal)

    def again(self) -> None:
        """Repeat in each table of events a very row, and an event_id with other content."""
        for table in _PREFIXES:
            first, second = self.rows[table][:2]
            later = {
                "event_at": second["event_at"] + _MINUTE,
                "loaded_at": second["loaded_at"] + 2 * _DAY,
            }
            self.rows[table] += [first, second | later]
