"""The company's experiments, with the contacts, emails, opens and orders that they need.

They are the same at every size: two holdouts, of which one lost contacts on the way, a test of two
subject lines that is over, with the roll-out of what was taken for its winner, and one that has
only begun (its emails are ordinary messages, whose campaign the catalogue marks ``has_variants``).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl

from email_statistics.sample.arrays import Columns, Floats
from email_statistics.sample.draws import Draws
from email_statistics.sample.tables import Row, rows_to_table
from email_statistics.sample.words import BROWSERS

_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_PRICES = ("39.00", "59.00", "79.00", "129.00", "199.00")

# Of the test of subject lines: how many of each day's 22 contacts per arm opened. After three days
# B looked like the winner and was rolled out; in the end there is no difference.
_OPENED_A = (5, 6, 7, 9, 10, 10, 9, 10, 10)
_OPENED_B = (10, 11, 11, 8, 8, 8, 8, 8, 7)
_A_DAY = 22
_ROLLED_OUT = 120


@dataclass(frozen=True)
class _Holdout:
    """A holdout; chances are those of an order within its two weeks.

    ``keen`` are those who order anyway, email or not; most of them read it, so that a policy
    credits the email with their orders too. ``moved`` are those whom the email brought to order.
    """

    experiment_id: str
    name: str
    source: str
    sent_at: datetime
    control: int
    treated: int
    planned_shares: str | None
    keen: float
    moved: float


_HOLDOUTS = (
    _Holdout(
        "exp_spring_offer", "Is the spring offer worth it?", "Spring offer: 15 % off",
        datetime(2026, 4, 14, 10), 78, 702, "control=10,email=90", 0.09, 0.15,
    ),
    _Holdout(
        "exp_loyalty_letter", "Does the loyalty letter pay?", "Loyalty letter, spring",
        datetime(2026, 3, 17, 9), 210, 140, None, 0.08, 0.02,
    ),
)  # fmt: skip


def experiment_frames(
    sources: pl.DataFrame, contacts: Columns, draws: Draws
) -> dict[str, pl.DataFrame]:
    """Return the experiments' rows by raw table; ``contacts`` are the sample's."""
    script = _Script(sources, contacts, draws)
    for holdout in _HOLDOUTS:
        script.holdout(holdout)
    script.subject_lines()
    script.begun()
    return {table: rows_to_table(table, rows) for table, rows in script.rows.items()}


@dataclass
class _Script:
    """Collects rows; an event's id counts on from the last of its table."""

    sources: pl.DataFrame
    contacts: Columns
    draws: Draws
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def holdout(self, holdout: _Holdout) -> None:
        source = self._source(holdout.source)
        self._experiment(
            holdout.experiment_id, "holdout", source, holdout.sent_at, holdout.sent_at + _HOUR,
            experiment_name=holdout.name, control_arm="control",
            planned_shares=holdout.planned_shares,
        )  # fmt: skip
        people = holdout.control + holdout.treated
        chance, told, early, price = self._uniform(holdout.experiment_id, 4, people)
        for number, (contact_id, email) in enumerate(self._people(holdout.experiment_id, people)):
            is_control = number < holdout.control
            at = holdout.sent_at + number * _SECOND
            self._event(
                "experiment_assignments", "assigned", at - _HOUR, contact_id=contact_id,
                experiment_id=holdout.experiment_id, arm="control" if is_control else "email",
            )  # fmt: skip
            is_keen = chance[number] < holdout.keen
            is_moved = not is_control and not is_keen and chance[number] < 0.09 + holdout.moved
            # Somebody in the shop sent the offer to one of the control all the same.
            is_mailed = not is_control or number == 0
            opens = 0.85 if is_keen else 1.0 if is_moved else 0.3
            opened_at = at + 2 * _HOUR + early[number] * 8 * _HOUR
            if is_mailed:
                message = self._message(contact_id, email, source, at)
                if told[number] < opens:
                    self._open(message, opened_at)
            if is_keen or is_moved:
                late = 1 if is_moved else 12
                ordered_at = opened_at + _HOUR + early[number] * late * _DAY
                self._order(contact_id, ordered_at, _PRICES[int(price[number] * len(_PRICES))])

    def subject_lines(self) -> None:
        source, begun = self._source("Subject line test: spring"), datetime(2026, 5, 11, 9)
        self._experiment(
            "exp_spring_subject", "ab_test", source, begun, begun + len(_OPENED_A) * _DAY,
            experiment_name="Which spring subject line?", control_arm="A", primary_metric="opened",
            planned_contacts_per_arm=190,
        )  # fmt: skip
        tested = 2 * _A_DAY * len(_OPENED_A)
        people = self._people("exp_spring_subject", tested + _ROLLED_OUT)
        for day, opened in enumerate(zip(_OPENED_A, _OPENED_B, strict=True)):
            for variant, readers in zip("AB", opened, strict=True):
                for number in range(_A_DAY):
                    at = begun + day * _DAY + number * _MINUTE
                    message = self._message(*next(people), source, at, variant=variant)
                    if number < readers:
                        self._open(message, at + _HOUR + number * _MINUTE)
        for number, who in enumerate(people):
            at = begun + 3 * _DAY + _HOUR + number * _SECOND
            message = self._message(*who, source, at, variant="B", is_winner_rollout=True)
            if number % 5 < 2:
                self._open(message, at + _HOUR)

    def begun(self) -> None:
        (source,) = self.sources.filter("has_variants").to_dicts()
        self._experiment(
            "exp_summer_subject", "ab_test", source["email_source_id"], source["starts_at"], None,
            experiment_name="Which summer subject line?", control_arm="A", primary_metric="opened",
            planned_contacts_per_arm=2_000, outcome_days=7,
        )  # fmt: skip

    def _source(self, name: str) -> str:
        source: str = self.sources.filter(email_source_name=name)["email_source_id"].item()
        return source

    def _people(self, name: str, count: int) -> Iterator[tuple[str, str]]:
        """Contacts in an order of their own, none twice: their ids and addresses."""
        # Every sample has these.
        order = np.argsort(self.draws.uniform(f"{name}.people", 0, 800), kind="stable")[:count]
        for place in order.tolist():
            yield self.contacts.contact_id[place], self.contacts.email[place]

    def _uniform(self, name: str, streams: int, count: int) -> list[Floats]:
        return [self.draws.uniform(f"{name}.{stream}", 0, count) for stream in range(streams)]

    def _experiment(
        self,
        experiment_id: str,
        experiment_type: str,
        source: str,
        started_at: datetime,
        ended_at: datetime | None,
        **more: object,
    ) -> None:
        planned_at = started_at - 5 * _DAY
        self.rows["experiments"].append(
            {
                "experiment_id": experiment_id,
                "experiment_type": experiment_type,
                "email_source_id": source,
                "started_at": started_at,
                "ended_at": ended_at,
                "updated_at": planned_at,
                "loaded_at": planned_at + _MINUTE,
            }
            | more
        )

    def _event(self, table: str, event_type: str, at: datetime, **more: object) -> None:
        prefix = {"send_events": "snd", "engagement_events": "eng", "order_events": "pay"}
        number = len(self.rows[table]) + 1
        event_id = f"{prefix.get(table, 'asg')}_exp_{number:05}"
        times = {"event_at": at, "loaded_at": at + 5 * _MINUTE}
        self.rows[table].append({"event_id": event_id, "event_type": event_type} | times | more)

    def _message(
        self, contact_id: str, email: str, source: str, at: datetime, **more: object
    ) -> str:
        """Add the send events of a message, the first of them with what there is more."""
        message_id = f"msg_exp_{len(self.rows['send_events']) + 1:05}"
        message: Row = {
            "message_id": message_id,
            "email_source_id": source,
            "contact_id": contact_id,
            "recipient_email": email,
        }
        self._event("send_events", "sent", at, **message, **more)
        self._event("send_events", "delivered", at + 4 * _SECOND, **message)
        return message_id

    def _open(self, message_id: str, at: datetime) -> None:
        at = at.replace(microsecond=0)
        more = {"message_id": message_id, "user_agent": BROWSERS[0], "is_machine": False}
        self._event("engagement_events", "opened", at, **more)

    def _order(self, contact_id: str, at: datetime, amount: str) -> None:
        at = at.replace(microsecond=0)
        order = {
            "order_id": f"ord_exp_{len(self.rows['order_events']) + 1:05}",
            "contact_id": contact_id,
            "amount": Decimal(amount),
            "currency": "USD",
            "channel": "shopify",
        }
        self._event("order_events", "paid", at, **order)
