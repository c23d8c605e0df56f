"""Orders and goals: after an email, and out of the blue."""

from __future__ import annotations

import numpy as np
import polars as pl

from email_statistics.sample.contacts import CURRENCIES
from email_statistics.sample.draws import Bools, Choice, Floats, Ints, LogNormal, whole
from email_statistics.sample.engagement import Touches
from email_statistics.sample.events import NO_TEXT, Events, texts, to_table
from email_statistics.sample.messages import Messages, World
from email_statistics.sample.tables import TABLES
from email_statistics.sample.timeline import DAY, HOUR, MINUTE, SECOND, YEAR_START, micros

_ORDER_TYPES = ("placed", "paid", "refunded", "cancelled")
_PLACED, _PAID, _REFUNDED, _CANCELLED = range(4)
_SECOND_PAID_SLOT, _SECOND_REFUND_SLOT = 4, 5
_GOALS = ("booked call", "form submitted", "visit confirmed", "course finished")
_CHANNELS = ("payments", "shopify")

_ORDER_DELAY = LogNormal(20 * HOUR, 1.3, MINUTE, 8 * DAY)
_PAYMENT_DELAY = LogNormal(2 * MINUTE, 1.5, 5 * SECOND, 3 * DAY)
_REFUND_DELAY = LogNormal(6 * DAY, 0.8, HOUR, 40 * DAY)
_AMOUNT = LogNormal(78_000_000, 0.75, 4_900_000, 900_000_000)  # millionths of the currency
_WHOLE_CURRENCIES = np.array([currency == "JPY" for currency in CURRENCIES])
_YEN_A_UNIT = 150

_GOAL_CHANCE = 0.03  # of an opened message
_UNPROMPTED_SHARE = 0.003  # orders that no email led to, for each message
_UNPROMPTED_SPAN = 360 * DAY


class _Buyers:
    """Who orders, when, and the random numbers for it: shape (orders,)."""

    def __init__(
        self, world: World, prefix: str, first: int, order_id: pl.Series, where: Ints
    ) -> None:
        self.world = world
        self.prefix = prefix
        self.first = first
        self.order_id = order_id  # of the whole chunk
        self.where = where  # the positions in the chunk that order

    def uniform(self, name: str) -> Floats:
        numbers = self.world.draws.uniform(f"{self.prefix}.{name}", self.first, len(self.order_id))
        return numbers[self.where]


def _money(cents: pl.Series) -> pl.Series:
    """Return whole cents as an exact decimal amount, null at NO_TEXT."""
    known = cents.set(cents == NO_TEXT, None).cast(pl.Decimal(38, 2))
    return (known * pl.Series(["0.01"]).cast(pl.Decimal(38, 2))).cast(pl.Decimal(18, 2))


def _order_rows(buyers: _Buyers, contact: Ints, ordered_at: Ints) -> pl.DataFrame:
    """Return the raw order events of orders placed by `contact`."""
    world, where = buyers.world, buyers.where
    events = Events(buyers.prefix, buyers.first, len(buyers.order_id), world.draws)
    fate, money = buyers.uniform("fate"), buyers.uniform("amount")
    currency = world.contacts.currency[contact]
    currency = np.where(buyers.uniform("currency") < 0.02, 0, currency)
    cents = _AMOUNT(money) // 10_000
    coin = np.where(_WHOLE_CURRENCIES[currency], 100, 1)  # the smallest amount, in cents
    cents = np.where(coin == 1, cents, cents * _YEN_A_UNIT // coin * coin)
    cents = np.where(buyers.uniform("free") < 0.004, 0, cents)
    channel = Choice([55, 45])(buyers.uniform("channel"))
    named = whole(buyers.uniform("named"), 1000)

    def add(event_type: int, mask: Bools, at: Ints, amount: Ints, slot: int | None = None) -> None:
        events.add(
            event_type if slot is None else slot,
            event_type,
            where[mask],
            at[mask],
            cents=amount[mask],
            contact=contact[mask],
            currency=currency[mask],
            channel=channel[mask],
            named=named[mask],
        )

    paid_at = ordered_at + _PAYMENT_DELAY(buyers.uniform("payment_delay"))
    is_unpaid = fate < 0.04
    is_unplaced = (fate >= 0.04) & (fate < 0.08)
    is_in_parts = (fate >= 0.08) & (fate < 0.11)
    is_refunded = (fate >= 0.11) & (fate < 0.17)
    is_refunded_whole = (fate >= 0.11) & (fate < 0.13)
    is_refunded_twice = (fate >= 0.16) & (fate < 0.17)
    is_cancelled = ((fate >= 0.11) & (fate < 0.12)) | (fate < 0.01)
    add(_PLACED, ~is_unplaced, ordered_at, cents)
    first_part = np.where(is_in_parts, cents // (2 * coin) * coin, cents)
    add(_PAID, ~is_unpaid, paid_at, first_part)
    add(_PAID, is_in_parts, paid_at + 14 * DAY, cents - first_part, _SECOND_PAID_SLOT)
    refunded_at = paid_at + _REFUND_DELAY(buyers.uniform("refund_delay"))
    refund = np.where(is_refunded_whole, cents, cents // (3 * coin) * coin)
    add(_CANCELLED, is_cancelled, np.minimum(refunded_at, paid_at + 2 * DAY),
        np.full(len(cents), NO_TEXT))  # fmt: skip
    add(_REFUNDED, is_refunded, refunded_at, refund)
    add(_REFUNDED, is_refunded_twice, refunded_at + DAY, refund, _SECOND_REFUND_SLOT)

    frame = events.frame(_ORDER_TYPES, buyers.order_id)
    return to_table(
        frame.with_columns(
            pl.col("message_id").alias("order_id"),
            *_identity(world, frame),
            _money(frame["cents"]).alias("amount"),
            texts(CURRENCIES, frame["currency"].to_numpy()).alias("currency"),
            texts(_CHANNELS, frame["channel"].to_numpy()).alias("channel"),
        ),
        TABLES["order_events"],
    )


def _identity(world: World, frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return contact_id and email of conversions: by both, by id or by e-mail alone.

    `named` decides, in thousandths; shops write e-mails in their own way.
    """
    contact, named = frame["contact"].to_numpy(), frame["named"].to_numpy()
    email = world.contacts.email.gather(contact)
    contact_id = texts(world.contacts.contact_id, np.where(named < 80, NO_TEXT, contact))
    email = pl.select(
        pl.when(pl.Series(named < 25))
        .then(email.str.to_uppercase())
        .when(pl.Series(named < 50))
        .then(pl.lit(" ") + email + pl.lit(" "))
        .when(pl.Series(named < 600))
        .then(email)
    ).to_series()
    return contact_id.alias("contact_id"), email.alias("email")


def order_events(world: World, messages: Messages, touches: Touches) -> pl.DataFrame:
    """Return the raw order events of those who ordered after reading a message of a chunk."""
    where = np.flatnonzero(touches.is_ordered)
    order_id = messages.message_id.str.replace("msg_", "ord_")
    buyers = _Buyers(world, "pay", messages.first, order_id, where)
    # Mostly soon after, and some so late that another email, or none, gets the credit.
    delay = _ORDER_DELAY(buyers.uniform("delay"))
    return _order_rows(buyers, messages.contact[where], touches.touched_at[where] + delay)


def unprompted_order_events(world: World) -> pl.DataFrame:
    """Return the raw order events that no email led to, all in one."""
    count = int(world.plan.messages * _UNPROMPTED_SHARE)
    number = pl.Series(np.arange(count)).cast(pl.String).str.zfill(9)
    buyers = _Buyers(world, "web", 0, pl.select("web_" + number).to_series(), np.arange(count))
    contact = whole(buyers.uniform("contact"), world.plan.contacts)
    since_start = whole(buyers.uniform("ordered_at"), _UNPROMPTED_SPAN) // SECOND * SECOND
    return _order_rows(buyers, contact, micros(YEAR_START) + since_start)


def goal_events(world: World, messages: Messages, touches: Touches) -> pl.DataFrame:
    """Return the raw goal events of those who did what a message asked for."""
    draws, first, count = world.draws, messages.first, len(messages)
    chance = draws.uniform("goal.chance", first, count)
    where = np.flatnonzero(touches.is_opened & (chance < _GOAL_CHANCE))
    delay = _ORDER_DELAY(draws.uniform("goal.delay", first, count)[where])
    named = draws.uniform("goal.named", first, count)[where]
    events = Events("goal", first, count, draws)
    events.add(
        0,
        0,
        where,
        touches.touched_at[where] + delay,
        contact=messages.contact[where],
        named=whole(named, 1000),
        goal=whole(chance[where] / _GOAL_CHANCE, len(_GOALS)),
    )
    frame = events.frame(("completed",), messages.message_id)
    return to_table(
        frame.with_columns(
            *_identity(world, frame),
            texts(_GOALS, frame["goal"].to_numpy()).alias("goal_name"),
        ),
        TABLES["goal_events"],
    )
