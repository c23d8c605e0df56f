"""Receipts: what the shop sends through another service, whose event feed knows addresses alone."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from email_statistics.sample.arrays import Columns
from email_statistics.sample.engagement import engagement_events
from email_statistics.sample.messages import World, make_messages, send_events

_SHARE = 0.05  # of the messages, which they come on top of
_SHOP_ADDRESS_SHARE = 0.3  # of contacts: the CRM doesn't know their address in the shop
_LEAST = 4  # of any sample


def receipts(
    world: World, messages: int, links: pl.DataFrame, chunk_messages: int
) -> Iterator[dict[str, pl.DataFrame]]:
    """Yield the raw send and engagement events of the receipts beside ``messages`` messages.

    Their numbers come after those of the messages.
    """
    shop = _shop(world, messages)
    end = int(shop.plan.select(pl.col("first_message") + pl.col("messages")).to_series()[-1])
    for first in range(messages, end, chunk_messages):
        sent = make_messages(shop, first, min(chunk_messages, end - first))
        engagement, _ = engagement_events(sent, links)
        yield {"send_events": send_events(sent), "engagement_events": engagement}


def _shop(world: World, messages: int) -> World:
    """Return the world of the receipts: its sources share them evenly."""
    is_shops = (world.plan["email_source_type"] == "transactional").arg_true()
    count = max(_LEAST, round(messages * _SHARE))
    ends = np.array([count * (place + 1) // len(is_shops) for place in range(len(is_shops))])
    starts = np.concatenate([[0], ends[:-1]])
    plan = world.plan[is_shops].with_columns(
        messages=pl.Series(ends - starts), first_message=pl.Series(messages + starts)
    )
    sources = world.sources.take(is_shops.to_numpy().astype(np.int64))
    return World(world.draws, plan, sources, _customers(world), prefix="rcp")


def _customers(world: World) -> Columns:
    """Return the contacts as the shop knows them: some by an address of their own."""
    contacts = world.contacts
    in_shop = world.draws.uniform("shop.address", 0, len(contacts.contact_id))
    own = contacts.email.str.replace("@", "+shop@", literal=True)
    email = pl.select(
        pl.when(pl.Series(in_shop < _SHOP_ADDRESS_SHARE)).then(own).otherwise(contacts.email)
    )
    return Columns(**vars(contacts) | {"email": email.to_series()})
