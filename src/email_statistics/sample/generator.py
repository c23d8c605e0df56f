"""Writes a whole sample lake, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from email_statistics.sample.contacts import contact_rows, make_contacts
from email_statistics.sample.conversions import (
    goal_events,
    order_events,
    unprompted_order_events,
)
from email_statistics.sample.dirt import dirty_frames
from email_statistics.sample.draws import Draws
from email_statistics.sample.edges import edge_frames
from email_statistics.sample.engagement import engagement_events
from email_statistics.sample.lake import SampleError, open_sample_folder
from email_statistics.sample.links import make_links
from email_statistics.sample.messages import make_messages, make_world
from email_statistics.sample.plan import make_plan
from email_statistics.sample.sends import send_events
from email_statistics.sample.sources import domain_rows, rate_rows, source_rows

DEFAULT_MESSAGES = 5_000
DEFAULT_SEED = 20_260_630
CHUNK_MESSAGES = 250_000  # at a time in memory, and in one file a table


@dataclass(frozen=True)
class SampleSummary:
    """What was written: rows by raw table, files, and bytes on disk."""

    path: Path
    rows: dict[str, int]
    files: int
    bytes: int


def write_sample(
    out: Path,
    messages: int = DEFAULT_MESSAGES,
    seed: int = DEFAULT_SEED,
    progress: Callable[[str], None] | None = None,
    *,
    chunk_messages: int = CHUNK_MESSAGES,
) -> SampleSummary:
    """Write a realistic raw lake of about `messages` messages into the folder `out`.

    The rows depend on `messages` and `seed` only, not on the machine, the clock or
    `chunk_messages`, which bounds the memory. An earlier sample in `out` is replaced. A few hundred
    hand-made rows (special cases, broken rows) come on top at any size.

    Raises SampleError where `messages` isn't positive or `out` can't take a sample.
    """
    if messages < 1:
        raise SampleError(f"A sample of {messages} messages can't be; ask for 1 or more.")
    folder = open_sample_folder(out, messages, seed)
    draws = Draws(seed)
    plan = make_plan(messages, draws)
    contacts = make_contacts(draws, plan.contacts)
    links = make_links(plan)
    world = make_world(plan, draws, contacts, links)

    folder.write("contacts", "part-00000", contact_rows(contacts, draws))
    folder.write("sending_domains", "part-00000", domain_rows())
    folder.write("email_sources", "part-00000", source_rows(plan))
    folder.write("links", "part-00000", links.rows)
    folder.write("exchange_rates", "part-00000", rate_rows())
    folder.write("order_events", "part-web", unprompted_order_events(world))
    for table, frame in edge_frames(plan, links).items():
        folder.write(table, "delivery=special/edge_cases", frame)
    for table, frame in dirty_frames(plan).items():
        folder.write(table, "dirty", frame)
    # A writer at work: whoever reads the lake must skip it.
    folder.write_text("engagement_events/_temporary.parquet", "not yet a Parquet file\n")
    for chunk, first in enumerate(range(0, messages, chunk_messages)):
        count = min(chunk_messages, messages - first)
        part = f"part-{chunk:05}"
        sent = make_messages(world, first, count)
        folder.write("send_events", part, send_events(world, sent))
        engagement, touches = engagement_events(world, sent)
        folder.write("engagement_events", part, engagement)
        folder.write("order_events", part, order_events(world, sent, touches))
        folder.write("goal_events", part, goal_events(world, sent, touches))
        if progress is not None:
            progress(f"{first + count:,} of {messages:,} messages written")
    return SampleSummary(out, folder.rows, len(folder.files), folder.size_bytes)
