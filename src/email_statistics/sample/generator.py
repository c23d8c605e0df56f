"""Writes a whole sample lake, chunk by chunk."""

from collections.abc import Callable
from pathlib import Path

from email_statistics.sample.contacts import contact_rows, make_contacts
from email_statistics.sample.conversions import goal_events, order_events, unprompted_order_events
from email_statistics.sample.dirt import dirty_frames
from email_statistics.sample.draws import Draws
from email_statistics.sample.edges import edge_frames
from email_statistics.sample.engagement import engagement_events
from email_statistics.sample.experiments import experiment_frames
from email_statistics.sample.lake import SampleError, SampleFolder, open_sample_folder
from email_statistics.sample.messages import World, make_messages, send_events
from email_statistics.sample.receipts import receipts
from email_statistics.sample.sources import (
    domain_rows,
    make_links,
    make_sources,
    rate_rows,
    source_columns,
    source_rows,
)
from email_statistics.sample.tables import to_table

DEFAULT_MESSAGES = 5_000
DEFAULT_SEED = 20_260_630
CHUNK_MESSAGES = 250_000  # at a time in memory, and in one file per table


def write_sample(
    out: Path,
    messages: int = DEFAULT_MESSAGES,
    seed: int = DEFAULT_SEED,
    progress: Callable[[str], None] | None = None,
    *,
    chunk_messages: int = CHUNK_MESSAGES,
) -> SampleFolder:
    """Write a realistic raw lake of about ``messages`` messages into the folder ``out``.

    The rows depend on ``messages`` and ``seed`` only, not on the machine, the clock or
    ``chunk_messages``, which limits the memory. An earlier sample in ``out`` is replaced. One
    receipt for twenty messages comes on top, and at any size a few hundred hand-made rows (special
    cases, broken rows).

    Returns what was written. Raises ``SampleError`` where ``messages`` isn't positive or ``out``
    can't take a sample.
    """
    if messages < 1:
        raise SampleError(f"A sample of {messages} messages can't be; ask for 1 or more.")
    folder = open_sample_folder(out, messages, seed)
    draws = Draws(seed)
    sources = make_sources(messages, draws)
    links = make_links(sources)
    contacts = make_contacts(draws, 800 + 6 * messages // 100)
    world = World(draws, sources, source_columns(sources, links), contacts)

    entities = {
        "contacts": contact_rows(contacts, draws),
        "sending_domains": domain_rows(),
        "email_sources": source_rows(sources),
        "links": to_table("links", links),
        "exchange_rates": rate_rows(),
    }
    folder.write_all("part-00000", entities)
    folder.write_all("part-web", {"order_events": unprompted_order_events(world, messages)})
    folder.write_all("delivery=special/edge_cases", edge_frames(sources, links))
    folder.write_all("experiments", experiment_frames(sources, contacts, draws))
    folder.write_all("dirty", dirty_frames())
    # A writer at work: readers of the lake must skip it.
    at_work = folder.announce("engagement_events/_temporary.parquet")
    at_work.write_text("not yet a Parquet file\n", encoding="utf-8")
    for chunk, events in enumerate(receipts(world, messages, links, chunk_messages)):
        folder.write_all(f"part-receipts-{chunk:05}", events)
    for chunk, first in enumerate(range(0, messages, chunk_messages)):
        count = min(chunk_messages, messages - first)
        sent = make_messages(world, first, count)
        engagement, touches = engagement_events(sent, links)
        events = {
            "send_events": send_events(sent),
            "engagement_events": engagement,
            "order_events": order_events(sent, touches),
            "goal_events": goal_events(sent, touches),
        }
        folder.write_all(f"part-{chunk:05}", events)
        if progress is not None:
            progress(f"{first + count:,} of {messages:,} messages written")
    return folder
