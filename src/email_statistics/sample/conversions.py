"""Orders and goals: after an email, and out of the blue."""

import numpy as np
import polars as pl

from email_statistics.sample.arrays import Bools, Columns, Ints, numbered, texts, whole
from email_statistics.sample.contacts import CURRENCIES
from email_statistics.sample.draws import Choice, LogNormal
from email_statistics.sample.events import Chunk, Events
from email_statistics.sample.messages import World
from email_statistics.sample.tables import to_table
from email_statistics.sample.timeline import DAY, HOUR, MINUTE, SECOND, YEAR_START, micros

_ORDER_TYPES = ("placed", "paid", "refunded", "cancelled")
_GOALS = ("booked call", "form submitted", "visit confirmed", "course finished")
_CHANNELS = ("payments", "shopify")

_ORDER_DELAY = LogNormal(20 * HOUR, 1.3, MINUTE, 8 * DAY)
_PAYMENT_DELAY = LogNormal(2 * MINUTE, 1.5, 5 * SECOND, 3 * DAY)
_REFUND_DELAY = LogNormal(6 * DAY, 0.8, HOUR, 40 * DAY)
_AMOUNT = LogNormal(78_000_000, 0.75, 4_900_000, 900_000_000)  # millionths of the currency
_WHOLE_CURRENCIES = np.array([currency == "JPY" for currency in CURRENCIES])
_YEN_PER_UNIT = 150

_GOAL_CHANCE = 0.03  # of an opened message
_UNPROMPTED_SHARE = 0.003  # orders that no email led to, for each message
_UNPROMPTED_SPAN = 360 * DAY


def order_events(messages: Chunk, touches: Columns) -> pl.DataFrame:
    """Return the raw order events of those who ordered after reading a message of a chunk."""
    # Mostly soon after, and some so late that another email, or none, gets the credit.
    ordered_at = touches.touched_at + _ORDER_DELAY(messages.uniform("pay.delay"))
    order_id = messages.ids.str.replace("msg_", "ord_")
    return _order_rows("pay", messages, order_id, touches.is_ordered, ordered_at)


def unprompted_order_events(world: World, messages: int) -> pl.DataFrame:
    """Return the raw order events that no email led to, all in one."""
    count = int(messages * _UNPROMPTED_SHARE)
    ids = numbered("web_", np.arange(count), 9)
    contact = whole(world.draws.uniform("web.contact", 0, count), len(world.contacts.contact_id))
    orders = Chunk(draws=world.draws, first=0, ids=ids, **vars(world.contacts.take(contact)))
    since_start = whole(orders.uniform("web.ordered_at"), _UNPROMPTED_SPAN) // SECOND * SECOND
    ordered_at = micros(YEAR_START) + since_start
    return _order_rows("web", orders, ids, np.full(count, True), ordered_at)


def _order_rows(
    prefix: str, chunk: Chunk, order_id: pl.Series, is_ordered: Bools, ordered_at: Ints
) -> pl.DataFrame:
    """Return the raw order events of those in a chunk who order."""
    events = Events(prefix, chunk, _ORDER_TYPES)
    fate = chunk.uniform(f"{prefix}.fate")
    currency = np.where(chunk.uniform(f"{prefix}.currency") < 0.02, 0, chunk.currency)
    cents = _AMOUNT(chunk.uniform(f"{prefix}.amount")) // 10_000
    coin = np.where(_WHOLE_CURRENCIES[currency], 100, 1)  # the smallest amount, in cents
    cents = np.where(coin == 1, cents, cents * _YEN_PER_UNIT // coin * coin)
    cents = np.where(chunk.uniform(f"{prefix}.free") < 0.004, 0, cents)
    channel = Choice([55, 45])(chunk.uniform(f"{prefix}.channel"))
    named = whole(chunk.uniform(f"{prefix}.named"), 1000)

    paid_at = ordered_at + _PAYMENT_DELAY(chunk.uniform(f"{prefix}.payment_delay"))
    refunded_at = paid_at + _REFUND_DELAY(chunk.uniform(f"{prefix}.refund_delay"))
    is_in_parts = (fate >= 0.08) & (fate < 0.11)
    first_part = np.where(is_in_parts, cents // (2 * coin) * coin, cents)
    is_refunded = (fate >= 0.11) & (fate < 0.17)
    refund = np.where(fate < 0.13, cents, cents // (3 * coin) * coin)
    is_cancelled = ((fate >= 0.11) & (fate < 0.12)) | (fate < 0.01)
    cancelled_at = np.minimum(refunded_at, paid_at + 2 * DAY)
    kinds: tuple[tuple[int, str, Bools, Ints, int | Ints], ...] = (
        (0, "placed", (fate < 0.04) | (fate >= 0.08), ordered_at, cents),
        (1, "paid", fate >= 0.04, paid_at, first_part),
        (4, "paid", is_in_parts, paid_at + 14 * DAY, cents - first_part),
        (3, "cancelled", is_cancelled, cancelled_at, -1),
        (2, "refunded", is_refunded, refunded_at, refund),
        (5, "refunded", is_refunded & (fate >= 0.16), refunded_at + DAY, refund),
    )
    more = {"currency": currency, "channel": channel, "named": named}
    for slot, event_type, mask, at, worth in kinds:
        events.add(slot, event_type, is_ordered & mask, at, cents=worth, **more)
    frame = events.frame()
    amount = pl.when(frame["cents"] >= 0).then(frame["cents"]).cast(pl.Decimal(38, 2))
    return to_table(
        "order_events",
        frame.with_columns(
            *_identity(chunk, frame),
            order_id=order_id.gather(frame["place"]),
            amount=(amount * pl.lit("0.01").cast(pl.Decimal(38, 2))).cast(pl.Decimal(18, 2)),
            currency=texts(CURRENCIES, frame["currency"].to_numpy()),
            channel=texts(_CHANNELS, frame["channel"].to_numpy()),
        ),
    )


def goal_events(messages: Chunk, touches: Columns) -> pl.DataFrame:
    """Return the raw goal events of those who did what a message asked for."""
    events = Events("goal", messages, ("completed",))
    chance = messages.uniform("goal.chance")
    is_completed = touches.is_opened & (chance < _GOAL_CHANCE)
    completed_at = touches.touched_at + _ORDER_DELAY(messages.uniform("goal.delay"))
    named = whole(messages.uniform("goal.named"), 1000)
    goal = whole(chance / _GOAL_CHANCE, len(_GOALS))
    events.add(0, "completed", is_completed, completed_at, named=named, goal=goal)
    frame = events.frame()
    goal_name = texts(_GOALS, frame["goal"].to_numpy())
    return to_table(
        "goal_events", frame.with_columns(*_identity(messages, frame), goal_name=goal_name)
    )


def _identity(chunk: Chunk, frame: pl.DataFrame) -> tuple[pl.Expr, pl.Expr]:
    """Return contact_id and email of conversions: by both, by id or by email address alone.

    ``named`` decides, in thousandths; shops write addresses in their own way.
    """
    email, named = chunk.email.gather(frame["place"]), frame["named"]
    contact_id = pl.when(named >= 80).then(chunk.contact_id.gather(frame["place"]))
    written = (
        pl.when(named < 25).then(email.str.to_uppercase())
        .when(named < 50).then(pl.lit(" ") + email + pl.lit(" "))
        .when(named < 600).then(email)
    )  # fmt: skip
    return contact_id.alias("contact_id"), written.alias("email")
