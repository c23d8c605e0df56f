"""What the sample's company sends in its year: email sources, links, domains and exchange rates.

The catalogue (``catalogue/*.csv``) is the same at every size, so that each screen and each special
case is there. A larger sample adds ordinary sources to it.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from math import log10

import polars as pl

from email_statistics.sample.arrays import Columns, whole
from email_statistics.sample.draws import Choice, Draws
from email_statistics.sample.tables import Row, read_catalogue, to_table
from email_statistics.sample.timeline import YEAR_END, YEAR_START

_CATALOGUE_MESSAGES = 5_000
_SOURCES_PER_DECADE = 66  # ordinary sources added for each tenfold size
_LAST_ORDINARY_DAY = 340  # after it come only the catalogue's, so that the newest stay the newest
_FIRST_MONDAY = YEAR_START + timedelta(days=(7 - YEAR_START.weekday()) % 7)
_SEND_HOUR = Choice([4, 9, 12, 12, 8, 6, 8, 10, 9, 6, 4, 5, 4])  # from 6 o'clock on
_WEEKDAY = Choice([16, 24, 22, 20, 12, 3, 3])
_THEMES = ("Newsletter", "Offer of the week", "Skin-care letter", "Invitation", "Product news")
_ORDINARY: Row = {
    "email_source_type": "campaign",
    "status": "sent",
    "from_name": "Bright Smile",
    "sending_domain": "mail.brightsmile.example",
    "has_product_element": False,
    "is_click_tracking_enabled": True,
    "is_showcase": False,
    "has_variants": False,
    "step": 0,
    "step_days": 0,
    "open_share": 1.0,
    "click_share": 1.0,
}
_DOMAINS = (
    *("mail.brightsmile.example", "news.brightsmile.example", "promo.brightsmile.example"),
    "smtp.oldhost.example",
)
_NEWS_TRACKS_OPENS_FROM = datetime(2025, 10, 6, 8)
_ODD_LINKS = 3  # of a source that isn't a showcase

# Reporting currency for one unit, and how much of it a month changes, in 1/10,000; JPY has none.
_RATES = {"EUR": (Decimal("1.08"), 37), "GBP": (Decimal("1.27"), 23), "CAD": (Decimal("0.73"), -9)}
_RATE_MONTHS = [(2025, month) for month in range(6, 13)] + [(2026, month) for month in range(1, 7)]


def make_sources(messages: int, draws: Draws) -> pl.DataFrame:
    """Return one row per email source, with sizes by weight that add up to ``messages``.

    The columns are those of ``email_sources.csv`` and ``email_source_id``, ``lasts``, ``appeal``
    (how much likelier than on average it is opened), ``messages`` and ``first_message``: the
    numbers of its messages start there.
    """
    ordinary = _ordinary_sources(messages, draws)
    sources = pl.concat([read_catalogue("email_sources"), ordinary], how="diagonal_relaxed")
    weights = sources["weight"].to_list()
    ends = [round(messages * upto / sum(weights)) for upto in accumulate(weights)]
    first_message = pl.Series([0, *ends[:-1]])
    kind = pl.col("email_source_type")
    number = kind.cum_count().over(kind).cast(pl.String).str.zfill(3)
    appeal = 0.65 + 0.7 * draws.uniform("source.appeal", 0, sources.height)
    return sources.with_columns(
        email_source_id="src_" + kind + "_" + number,
        lasts=pl.when(kind == "campaign")
        .then(timedelta(hours=2))
        .when(kind == "bulk")
        .then(timedelta(hours=1))
        .otherwise(YEAR_END - pl.col("starts_at")),
        appeal=pl.when("is_showcase").then(1.15).otherwise(pl.Series(appeal)),
        first_message=first_message,
        messages=pl.Series(ends) - first_message,
    )


def _ordinary_sources(messages: int, draws: Draws) -> pl.DataFrame:
    """Return campaigns, and in each twenty sources a bulk send and a workflow of two actions."""
    count = max(0, int(_SOURCES_PER_DECADE * log10(messages / _CATALOGUE_MESSAGES)))
    week = whole(draws.uniform("source.week", 0, count), _LAST_ORDINARY_DAY // 7)
    weekday = _WEEKDAY(draws.uniform("source.weekday", 0, count))
    hour = 6 + _SEND_HOUR(draws.uniform("source.hour", 0, count))
    weight = 40 + draws.uniform("source.size", 0, count) ** 2 * 400
    domain = Choice([70, 15, 10, 5])(draws.uniform("source.domain", 0, count))
    kind = Choice([84, 8, 8])(draws.uniform("source.kind", 0, count))
    rows = []
    for i in range(count):
        since = timedelta(weeks=int(week[i]), days=int(weekday[i]), hours=int(hour[i]))
        starts_at, (series, place) = _FIRST_MONDAY + since, divmod(i, 20)
        row = _ORDINARY | {
            "email_source_name": f"{_THEMES[i % len(_THEMES)]} {i + 1}",
            "starts_at": starts_at,
            "weight": float(weight[i]),
        }
        if place == 5:
            row |= {"email_source_type": "bulk"}
        elif place in (10, 11):
            step = place - 10
            row |= {
                "email_source_type": "workflow",
                "workflow_id": f"wf_series_{series + 1}",
                "workflow_name": f"Care series {series + 1}",
                "status": "active",
                "starts_at": _FIRST_MONDAY + timedelta(weeks=3 * series % 40),
                "weight": 240 - 60 * step,
                "step": step,
                "step_days": 4 * step,
            }
        else:
            is_on = i % 13 != 0
            tracks_opens = domain[i] != 1 or starts_at >= _NEWS_TRACKS_OPENS_FROM
            row |= {
                "sending_domain": _DOMAINS[domain[i]],
                "campaign_kind": (None, "ab_test", "rss")[kind[i]],
                "has_product_element": i % 3 == 0,
                "is_click_tracking_enabled": is_on,
                "is_utm_tracking_enabled": (None, True, False)[i % 7 % 3],
                "open_share": 1.0 if tracks_opens else 0.1,
                "click_share": 0.6 if kind[i] else 1.0 if is_on else 0.2,
                "delivery_reported_from": YEAR_END if domain[i] == 3 else None,
            }
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def _stamped(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(loaded_at=pl.col("updated_at") + timedelta(minutes=5))


def source_rows(sources: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of raw email_sources: draft, scheduled, on its way, toggles in between."""
    status, starts_at, toggled_at = pl.col("status"), pl.col("starts_at"), pl.col("toggled_at")
    is_campaign = pl.col("email_source_type") == "campaign"
    created_at = pl.min_horizontal(starts_at, YEAR_END - timedelta(days=4)) - timedelta(days=5)
    sent_at = starts_at + pl.col("lasts") + timedelta(minutes=5)
    live = pl.when(status == "sent").then(pl.lit("sending")).otherwise(pl.lit("active"))
    toggled = pl.when(toggled_at < sent_at).then(pl.lit("scheduled")).otherwise(pl.lit("sent"))
    is_out = ~status.is_in(["draft", "scheduled"])
    moments = (  # status, from when, of which sources
        (pl.lit("draft"), created_at, pl.lit(True)),
        (pl.lit("scheduled"), created_at + timedelta(days=3), is_campaign & (status != "draft")),
        (live, starts_at - timedelta(minutes=1), is_out),
        (pl.lit("sent"), sent_at, status == "sent"),
        (pl.lit("paused"), pl.lit(YEAR_END - timedelta(days=1)), status == "paused"),
        (toggled, toggled_at, toggled_at.is_not_null()),
    )
    history = pl.concat(
        sources.with_row_index("source")
        .with_columns(updated_at=moment, created_at=created_at, now=now, stage=stage)
        .filter(which)
        for stage, (now, moment, which) in enumerate(moments)
    ).sort("source", "stage")
    is_on = (toggled_at <= pl.col("updated_at")).fill_null(pl.col("is_click_tracking_enabled"))
    return to_table(
        "email_sources",
        _stamped(history).with_columns(
            status=pl.col("now"),
            subject=pl.when(status != "draft").then("email_source_name"),
            is_click_tracking_enabled=is_on,
            scheduled_at=pl.when(is_campaign, pl.col("now") != "draft").then(starts_at),
        ),
    )


def domain_rows() -> pl.DataFrame:
    """Return the rows of raw sending_domains."""
    domains = read_catalogue("sending_domains").with_columns(updated_at="valid_from")
    return to_table("sending_domains", _stamped(domains))


def rate_rows() -> pl.DataFrame:
    """Return the rows of raw exchange_rates: one per currency and month."""
    rates = [
        {
            "currency": currency,
            "valid_from": datetime(year, month, 1),
            "updated_at": datetime(year, month, 1, 1),
            "rate": rate + Decimal(trend * (i % 7)) / 10_000,
        }
        for currency, (rate, trend) in _RATES.items()
        for i, (year, month) in enumerate(_RATE_MONTHS)
    ]
    return to_table("exchange_rates", _stamped(pl.DataFrame(rates)))


def make_links(sources: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of raw links, in the order of the sources, with ``visited_url``.

    A click leads to the visited URL: the merge field resolved, the UTM parameters added.
    """
    catalogue = read_catalogue("links")
    usual, odd = (catalogue.filter((pl.col("kind") == "odd") == is_odd) for is_odd in (False, True))
    twice_odd = pl.concat([odd, odd])
    some = []
    for number, source in enumerate(sources.iter_rows(named=True)):
        start = number * _ODD_LINKS % odd.height
        own = odd if source["is_showcase"] else twice_odd.slice(start, _ODD_LINKS)
        short_id = source["email_source_id"].removeprefix("src_")
        position = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(2)
        some.append(
            pl.concat([usual, own]).with_columns(
                link_id=pl.lit(f"lnk_{short_id}_") + position,
                email_source_id=pl.lit(source["email_source_id"]),
                updated_at=source["starts_at"] - timedelta(days=2),
            )
        )
    return _stamped(pl.concat(some))


def source_columns(sources: pl.DataFrame, links: pl.DataFrame) -> Columns:
    """Return what decides how each source's messages are sent and read, one entry per source.

    Its links are those at ``first_link`` … ``first_link + links - 1``.
    """
    counts = links.group_by("email_source_id", maintain_order=True).len()["len"].cast(pl.Int64)
    number, is_campaign = pl.int_range(pl.len()), pl.col("email_source_type") == "campaign"
    columns = sources.select(
        "is_showcase", "has_variants", "appeal", "open_share", "click_share",
        links=counts,
        first_link=counts.cum_sum() - counts,
        delivery_reported_from=pl.col("delivery_reported_from").cast(pl.Int64).fill_null(0),
        has_targeted_events=~is_campaign | (number % 4 == 0),
        is_feed=pl.col("email_source_type") == "transactional",
    )  # fmt: skip
    arrays = {column.name: column.to_numpy() for column in columns}
    return Columns(email_source_id=sources["email_source_id"], **arrays)
