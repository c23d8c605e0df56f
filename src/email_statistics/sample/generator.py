"""Writes a whole sample lake, chunk by chunk."""

from collections.abc import Callable
from pathlib import Path

from email_statistics.sample.contacts import contact_rows, make_contacts
from email_statistics.sample.conversions import goal_events, order_events, unprompted_order_events
from email_statistics.sample.dirt import dirty_frames
from email_statistics.sample.draws import Draws
from email_statistics.sample.edges import edge_frames
from email_statistics.sample.engagement import engagement_events
from email_statistics.sample.lake import SampleError, SampleFolder, open_sample_folder
from email_statistics.sample.messages import World, make_messages, send_events
from email_statistics.sample.sources import (
    domain_rows,
    link_rows,
    make_links,
    make_sources,
    rate_rows,
    source_columns,
    source_rows,
)

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
    ``chunk_messages``, which limits the memory. An earlier sample in ``out`` is replaced. A few
    hundred hand-made rows (special cases, broken rows) come on top at any size.

    Returns what was written. Raises ``SampleError`` where ``messages`` isn't positive or ``out``
    can't take a sample.
    """
    if messages < 1:
        raise SampleError(f"A sample of {messages} messages can't be; ask for 1 or more.")
    folder = open_sample_folder(out, messages, seed)
    draws = Draws(seed)
    sources = make_sources(messages, draws)
    links = link_rows(sources)
    contacts = make_contacts(draws, 800 + 6 * messages // 100)
    world = World(draws, sources, source_columns(sources, links), contacts, make_links(links))

    folder.write("contacts", "part-00000", contact_rows(contacts, draws))
    folder.write("sending_domains", "part-00000", domain_rows())
    folder.write("email_sources", "part-00000", source_rows(sources))
    folder.write("links", "part-00000", links)
    folder.write("exchange_rates", "part-00000", rate_rows())
    folder.write("order_events", "part-web", unprompted_order_events(world, messages))
    for table, frame in edge_frames(sources, links).items():
        folder.write(table, "delivery=special/edge_cases", frame)
    for table, frame in dirty_frames().items():
        folder.write(table, "dirty", frame)
    # A writer at work: readers of the lake must skip it.
    folder.write_text("engagement_events/_temporary.parquet", "not yet a Parquet file\n")
    for chunk, first in enumerate(range(0, messages, chunk_messages)):
        count = min(chunk_messages, messages - first)
        sent = make_messages(world, first, count)
        engagement, touches = engagement_events(sent, world.links)
        for table, frame in {
            "send_events": send_events(sent),
            "engagement_events": engagement,
            "order_events": order_events(sent, touches),
            "goal_events": goal_events(sent, touches),
        }.items():
            folder.write(table, f"part-{chunk:05}", frame)
        if progress is not None:
            progress(f"{first + count:,} of {messages:,} messages written")
    return folder
