"""The sample's contacts: who they are, how they read mail, and the rows of the raw table."""

import numpy as np
import polars as pl

from email_statistics.sample import words
from email_statistics.sample.arrays import Bools, Columns, Floats, Ints, numbered, whole
from email_statistics.sample.draws import Choice, Draws
from email_statistics.sample.tables import to_table
from email_statistics.sample.timeline import DAY, HOUR, MINUTE, SECOND, YEAR_START, micros

CURRENCIES = ("USD", "EUR", "GBP", "CAD", "JPY")
_CURRENCY = Choice([72, 12, 8, 5, 3])

# Engaged, casual and sleeping readers: how likely each opens an email of average appeal.
_READER = Choice([30, 35, 35])
_OPEN_CHANCE = np.array([0.76, 0.36, 0.015])

# The distance of local time from UTC, in hours.
_ZONES = np.array([-5, -8, 0, 1, 5, 9])
_ZONE = Choice([45, 20, 10, 15, 5, 5])


def make_contacts(draws: Draws, count: int) -> Columns:
    """Return the contacts of a sample, with what decides how they read mail.

    ``utc_offset`` is in microseconds. ``currency`` is a position in ``CURRENCIES``; ``mail_agent``
    (it shows an email's images) and ``browser`` (it opens links) are positions in ``USER_AGENTS``.
    ``is_prefetched``: a machine loads the images at delivery; ``is_scanned``: it follows the links.
    """

    def uniform(name: str) -> Floats:
        return draws.uniform(f"contact.{name}", 0, count)

    number = np.arange(count, dtype=np.int64)
    domains = pl.Series(list(words.PROVIDERS))
    domain = domains.gather(Choice(list(words.PROVIDERS.values()))(uniform("provider")))

    def is_at(some: list[str]) -> Bools:
        return domain.is_in(some).to_numpy()

    names = _names(uniform("name_group"), uniform("name"))
    # A few share the address of the contact before them, a family or a company's front desk.
    owner = np.where((uniform("shares_email") < 0.015) & (number > 0), number - 1, number)
    local_part = names["local_part"].gather(owner) + "." + pl.Series(owner).cast(pl.String)
    agent = uniform("mail_agent")
    mail_agent = _agents(words.MAIL_CLIENTS, agent)
    for some, proxy in (
        (["gmail.com", "googlemail.com"], words.GOOGLE_PROXY),
        (["yahoo.com"], words.YAHOO_PROXY),
    ):
        behind = is_at(some) & (agent < 0.9)
        mail_agent = np.where(behind, words.USER_AGENTS.index(proxy), mail_agent)
    is_prefetched = is_at(["icloud.com"]) & (uniform("prefetched") < 0.85)
    prefetch = words.USER_AGENTS.index(words.APPLE_PREFETCH)
    is_at_work = is_at(words.COMPANIES)
    return Columns(
        contact_id=numbered("ct_", number, 7),
        full_name=names["full_name"],
        email=local_part + "@" + domain.gather(owner),
        open_chance=_OPEN_CHANCE[_READER(uniform("reader"))],
        utc_offset=_ZONES[_ZONE(uniform("zone"))] * HOUR,
        currency=_CURRENCY(uniform("currency")),
        mail_agent=np.where(is_prefetched, prefetch, mail_agent),
        browser=_agents(words.BROWSERS, uniform("browser")),
        is_do_not_disturb=uniform("do_not_disturb") < 0.008,
        is_at_work=is_at_work,
        is_prefetched=is_prefetched,
        is_scanned=is_at_work & (uniform("scanned") < 0.25),
    )


def _agents(options: list[str], uniform: Floats) -> Ints:
    return words.USER_AGENTS.index(options[0]) + whole(uniform, len(options))


def _names(group_draw: Floats, name_draw: Floats) -> pl.DataFrame:
    """Return full_name and its ASCII form local_part, one row per contact."""
    by_group = [
        [
            (names["pattern"].format(given=given, family=family), f"{given_ascii}.{family_ascii}")
            for given, given_ascii in _forms(names["given"])
            for family, family_ascii in _forms(names["family"])
        ]
        for names in words.NAMES
    ]
    sizes = np.array([len(names) for names in by_group])
    group = Choice([float(names["share"]) for names in words.NAMES])(group_draw)
    place = (np.cumsum(sizes) - sizes)[group] + whole(name_draw, sizes[group])
    every_name = [name for names in by_group for name in names]
    frame = pl.DataFrame(every_name, schema=["full_name", "local_part"], orient="row")
    return frame.select(pl.all().gather(pl.Series(place)))


def _forms(names: str) -> list[tuple[str, str]]:
    forms = [name.partition("=") for name in names.split(", ")]
    return [(name, form or name.lower()) for name, _, form in forms]


def contact_rows(contacts: Columns, draws: Draws) -> pl.DataFrame:
    """Return the rows of raw contacts: one at creation, and a later one for those who changed.

    What changes is the name, Do Not Disturb (before the year), or a merge into an earlier contact;
    merges of merged contacts form chains.
    """
    count = len(contacts.contact_id)

    def uniform(name: str) -> Floats:
        return draws.uniform(f"contact.{name}", 0, count)

    is_silent = contacts.is_do_not_disturb
    is_merged = uniform("merged") < 0.008
    is_merged[0] = False
    is_renamed = uniform("renamed") < 0.04
    created_at = micros(YEAR_START) - whole(uniform("created"), 700 * DAY) // SECOND * SECOND
    changed_at = created_at + HOUR + whole(uniform("changed"), 360 * DAY) // SECOND * SECOND
    changed_at = np.where(is_silent & ~is_merged, created_at + 30 * MINUTE, changed_at)
    merged_into = numbered("ct_", whole(uniform("merged_into"), np.arange(count)), 7)
    name_unknown = pl.Series(uniform("name_unknown"))
    known_name = (
        pl.when(name_unknown < 0.015).then(None)
        .when(name_unknown < 0.02).then(pl.lit("  "))
        .otherwise(contacts.full_name)
    )  # fmt: skip
    frame = pl.DataFrame(
        {
            "contact_id": contacts.contact_id,
            "email": contacts.email,
            "is_do_not_disturb": is_silent,
            "created_at": created_at,
            "is_changed": is_merged | is_renamed | is_silent,
            "is_renamed": is_renamed,
        }
    ).with_columns(full_name=known_name)
    first = frame.with_columns(
        full_name=pl.when(~pl.col("is_renamed")).then("full_name"),
        is_do_not_disturb=pl.when(~pl.col("is_changed")).then(False),
        merged_into_contact_id=pl.lit(None, pl.String),
        updated_at=pl.Series(created_at),
    )
    changed = frame.with_columns(
        merged_into_contact_id=pl.when(pl.Series(is_merged)).then(merged_into),
        updated_at=pl.Series(changed_at),
    ).filter("is_changed")
    rows = pl.concat([first, changed], how="diagonal")
    return to_table("contacts", rows.with_columns(loaded_at=pl.col("updated_at") + 5 * MINUTE))
