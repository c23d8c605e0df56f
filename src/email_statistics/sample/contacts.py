"""The sample's contacts: who they are, how they read mail, and the rows of the raw table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from email_statistics.sample.draws import Bools, Choice, Draws, Floats, Ints, whole
from email_statistics.sample.tables import TABLES
from email_statistics.sample.timeline import DAY, HOUR, MINUTE, SECOND, YEAR_START, micros
from email_statistics.sample.vocabulary import (
    APPLE,
    APPLE_PREFETCH,
    BROWSERS,
    COMPANIES,
    GOOGLE,
    GOOGLE_PROXY,
    MAIL_CLIENTS,
    NAME_GROUPS,
    PROVIDERS,
    USER_AGENTS,
    YAHOO,
    YAHOO_PROXY,
)

CURRENCIES = ("USD", "EUR", "GBP", "CAD", "JPY")
_CURRENCY = Choice([72, 12, 8, 5, 3])

# Engaged, casual and sleeping readers: how likely each opens an email of average appeal.
_READER = Choice([30, 35, 35])
_OPEN_CHANCE = np.array([0.76, 0.36, 0.015])

# The distance of local time from UTC, in hours.
_ZONES = np.array([-5, -8, 0, 1, 5, 9])
_ZONE = Choice([45, 20, 10, 15, 5, 5])

_HISTORY_SPAN = 360 * DAY


@dataclass(frozen=True)
class Contacts:
    """All contacts, one entry each: shape (contacts,)."""

    contact_id: pl.Series
    full_name: pl.Series
    email: pl.Series
    open_chance: Floats
    utc_offset: Ints  # microseconds
    currency: Ints  # position in CURRENCIES
    mail_agent: Ints  # position in USER_AGENTS: what shows an email's images
    browser: Ints  # position in USER_AGENTS: where a link opens
    is_do_not_disturb: Bools
    is_at_work: Bools
    is_prefetched: Bools  # a machine loads the images at delivery
    is_scanned: Bools  # a machine follows the links at delivery


def contact_ids(numbers: Ints) -> pl.Series:
    """Return the ids of contacts by their number, same shape."""
    return pl.select("ct_" + pl.Series(numbers).cast(pl.String).str.zfill(7)).to_series()


def _positions(options: tuple[str, ...]) -> Ints:
    return np.array([USER_AGENTS.index(option) for option in options], dtype=np.int64)


def _is_of(provider: Ints, domains: tuple[str, ...]) -> Bools:
    return np.isin(provider, [i for i, (domain, _) in enumerate(PROVIDERS) if domain in domains])


def _names(draws: Draws, count: int) -> pl.DataFrame:
    """Return full_name and its ASCII form `local_part`, one row a contact."""
    combinations = [
        [
            (group.pattern.format(given=given, family=family), f"{given_ascii}.{family_ascii}")
            for given, given_ascii in group.given
            for family, family_ascii in group.family
        ]
        for group in NAME_GROUPS
    ]
    sizes = np.array([len(names) for names in combinations])
    group = Choice([group.weight for group in NAME_GROUPS])(
        draws.uniform("contact.name_group", 0, count)
    )
    within = whole(draws.uniform("contact.name", 0, count), sizes[group])
    every_name = pl.DataFrame(
        [name for names in combinations for name in names],
        schema=["full_name", "local_part"],
        orient="row",
    )
    chosen = pl.Series((np.cumsum(sizes) - sizes)[group] + within)
    return every_name.select(pl.all().gather(chosen))


def make_contacts(draws: Draws, count: int) -> Contacts:
    """Return the contacts of a sample."""

    def uniform(name: str) -> Floats:
        return draws.uniform(f"contact.{name}", 0, count)

    number = np.arange(count, dtype=np.int64)
    provider = Choice([weight for _, weight in PROVIDERS])(uniform("provider"))
    names = _names(draws, count)
    # A few share the e-mail of the contact before them, a family or a company's front desk.
    owner = np.where((uniform("shares_email") < 0.015) & (number > 0), number - 1, number)
    emails = names.select(
        pl.concat_str(
            pl.col("local_part").gather(owner),
            pl.Series(owner).cast(pl.String),
            separator=".",
        )
        + "@"
        + pl.Series([domain for domain, _ in PROVIDERS]).gather(provider[owner])
    ).to_series()
    agent, browser = uniform("mail_agent"), uniform("browser")
    clients, browsers = _positions(MAIL_CLIENTS), _positions(BROWSERS)
    mail_agent = clients[whole(agent, len(clients))]
    for domains, proxy in ((GOOGLE, GOOGLE_PROXY), (YAHOO, YAHOO_PROXY)):
        behind = _is_of(provider, domains) & (agent < 0.9)
        mail_agent = np.where(behind, USER_AGENTS.index(proxy), mail_agent)
    is_at_work = _is_of(provider, COMPANIES)
    is_prefetched = _is_of(provider, APPLE) & (uniform("prefetched") < 0.85)
    mail_agent = np.where(is_prefetched, USER_AGENTS.index(APPLE_PREFETCH), mail_agent)
    return Contacts(
        contact_id=contact_ids(number),
        full_name=names["full_name"],
        email=emails,
        open_chance=_OPEN_CHANCE[_READER(uniform("reader"))],
        utc_offset=_ZONES[_ZONE(uniform("zone"))] * HOUR,
        currency=_CURRENCY(uniform("currency")),
        mail_agent=mail_agent,
        browser=browsers[whole(browser, len(browsers))],
        is_do_not_disturb=uniform("do_not_disturb") < 0.008,
        is_at_work=is_at_work,
        is_prefetched=is_prefetched,
        is_scanned=is_at_work & (uniform("scanned") < 0.25),
    )


def contact_rows(contacts: Contacts, draws: Draws) -> pl.DataFrame:
    """Return the rows of raw contacts: one at creation, and a later one for those who changed.

    What changes is the name, Do Not Disturb (before the year), or a merge into an earlier contact;
    merges of merged contacts form chains.
    """
    count = len(contacts.contact_id)

    def uniform(name: str) -> Floats:
        return draws.uniform(f"contact.{name}", 0, count)

    number = np.arange(count, dtype=np.int64)
    created_at = micros(YEAR_START) - whole(uniform("created"), 700 * DAY) // SECOND * SECOND
    is_merged = (uniform("merged") < 0.008) & (number > 0)
    merged_into = whole(uniform("merged_into"), number)
    is_renamed = uniform("renamed") < 0.04
    is_changed = is_merged | is_renamed | contacts.is_do_not_disturb
    changed_at = created_at + HOUR + whole(uniform("changed"), _HISTORY_SPAN) // SECOND * SECOND
    changed_at = np.where(
        contacts.is_do_not_disturb & ~is_merged, created_at + 30 * MINUTE, changed_at
    )
    name_unknown = uniform("name_unknown")
    frame = pl.DataFrame(
        {
            "contact_id": contacts.contact_id,
            "full_name": contacts.full_name,
            "email": contacts.email,
            "is_do_not_disturb": contacts.is_do_not_disturb,
            "merged_into_contact_id": contact_ids(merged_into),
            "created_at": created_at,
            "changed_at": changed_at,
            "is_merged": is_merged,
            "is_renamed": is_renamed,
            "is_changed": is_changed,
            "name_unknown": name_unknown,
        }
    )
    known_name = (
        pl.when(pl.col("name_unknown") < 0.015)
        .then(None)
        .when(pl.col("name_unknown") < 0.02)
        .then(pl.lit("  "))
        .otherwise(pl.col("full_name"))
    )
    first = frame.with_columns(
        pl.when(pl.col("is_renamed")).then(None).otherwise(known_name).alias("full_name"),
        pl.when(pl.col("is_changed")).then(None).otherwise(False).alias("is_do_not_disturb"),
        pl.lit(None, pl.String).alias("merged_into_contact_id"),
        pl.col("created_at").alias("updated_at"),
    )
    changed = frame.filter("is_changed").with_columns(
        known_name.alias("full_name"),
        pl.when("is_merged").then("merged_into_contact_id").alias("merged_into_contact_id"),
        pl.col("changed_at").alias("updated_at"),
    )
    schema = TABLES["contacts"]
    return (
        pl.concat([first, changed])
        .with_columns((pl.col("updated_at") + 5 * MINUTE).alias("loaded_at"))
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    )
