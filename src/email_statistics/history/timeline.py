"""The stories of an id or an email address, read from the published tables.

The published tables limit what a story has: of a message's send events the first of each type (and
the last delivery and the last hard bounce), every engagement event, order event and conversion.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from email_statistics import warehouse

KINDS = (
    *("milestone", "day", "step", "engagement", "order_event", "touch", "conversion"),
    "quarantined",
)
# What a contact's page shows: its conversions already say which touch is credited.
_KINDS_OF_CONTACT = ("step", "engagement", "conversion")
_SUBJECTS = ("message", "order", "contact", "campaign")


@dataclass(frozen=True)
class Story:
    """A subject, what is known of it as a whole, and what happened to it.

    ``facts`` is the row of ``<subject>.sql``, empty where all of its rows are quarantined.
    ``timeline`` has the rows of ``timeline.sql``, ``happened_at`` in UTC without a zone.
    """

    subject: str
    id: str
    facts: dict[str, Any]
    timeline: pl.DataFrame
    zone: ZoneInfo


def find_stories(identifier: str) -> list[Story]:
    """Return a story per subject that has this id, or this email address; none for an unknown one.

    All of them are read in one opening of the warehouse, so from one build. Raises
    ``WarehouseError`` where nothing is published.
    """
    with _opened() as connection:
        zone = _reporting_zone(connection)
        addressed = _read(connection, "addresses", id=identifier)["contact_id"]
        subjects = [
            *((subject, identifier) for subject in _SUBJECTS),
            *(("contact", contact_id) for contact_id in addressed if contact_id != identifier),
        ]
        stories = [
            Story(
                subject,
                subject_id,
                next(_read(connection, subject, id=subject_id).iter_rows(named=True), {}),
                _timeline(connection, subject, subject_id, KINDS, None, zone),
                zone,
            )
            for subject, subject_id in subjects
        ]
    return [story for story in stories if story.facts or not story.timeline.is_empty()]


def contact(contact_id: str) -> dict[str, Any] | None:
    """Return the row of ``contact.sql``; None where there is no such contact."""
    with _opened() as connection:
        found = _read(connection, "contact", id=contact_id)
    return None if found.is_empty() else found.row(0, named=True)


def contact_timeline(contact_id: str, most: int) -> tuple[pl.DataFrame, int]:
    """Return the latest ``most`` rows of a contact's timeline, and how many there are in all.

    It has the steps of each message, engagement and conversions, without touches.
    """
    with _opened() as connection:
        zone = _reporting_zone(connection)
        found = _timeline(connection, "contact", contact_id, _KINDS_OF_CONTACT, most, zone)
    return found, 0 if found.is_empty() else int(found["happenings"][0])


@contextmanager
def _opened() -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse.of_this_version(), warehouse.connect(warehouse.location()) as connection:
        yield connection


def _reporting_zone(connection: duckdb.DuckDBPyConnection) -> ZoneInfo:
    ((settings,),) = connection.sql("select settings from core.build").fetchall()
    return ZoneInfo(json.loads(settings)["reporting_timezone"])


def _timeline(
    connection: duckdb.DuckDBPyConnection,
    subject: str,
    subject_id: str,
    kinds: tuple[str, ...],
    most: int | None,
    zone: ZoneInfo,
) -> pl.DataFrame:
    return _read(
        connection,
        "timeline",
        subject=subject,
        id=subject_id,
        kinds=list(kinds),
        most=most,
        zone=zone.key,
    )


def _read(connection: duckdb.DuckDBPyConnection, query: str, **parameters: Any) -> pl.DataFrame:
    sql = resources.files(__package__).joinpath(f"{query}.sql").read_text(encoding="utf-8")
    frame: pl.DataFrame = connection.sql(sql, params=parameters).pl()
    return frame
