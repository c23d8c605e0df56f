"""The links of each source: of every element and type, trackable and not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from email_statistics.sample.draws import Ints
from email_statistics.sample.plan import Plan, Source
from email_statistics.sample.tables import TABLES

_SHOP = "https://shop.brightsmile.example"
_SITE = "https://www.brightsmile.example"


class _Link(NamedTuple):
    url: str
    link_source: str | None
    link_type: str | None = None


_ORDINARY = (
    _Link(f"{_SITE}/book", "button"),
    _Link(f"{_SITE}/", "image", "standard"),
    _Link(f"{_SHOP}/sale?sort=new&size=12", "button", "standard"),
    _Link(f"{_SITE}/blog/how-to-care#sun", "text"),
    _Link(f"{_SHOP}/p/serum-30?utm_source=partner&utm_medium=link", "product"),
    _Link("http://example.org/reviews?lang=en", "text"),
    _Link("https://social.example/brightsmile", "social", "standard"),
)
SCANNED_LINKS = len(_ORDINARY)  # a source's first links: those that a scanner can follow
_SYSTEM = (
    _Link(f"{_SITE}/unsubscribe", "text", "unsubscribe"),
    _Link(f"{_SITE}/preview", "text", "preview"),
)
_ODD = (
    _Link("mailto:hello@brightsmile.example", "text"),
    _Link("tel:+15550100", "button"),
    _Link("#prices", "text"),
    _Link("/book/today", "text", "standard"),
    _Link("whatsapp://send?phone=15550100", "social"),
    _Link(_SITE + "/c/{{contact.id}}", "button"),
    _Link(_SITE + "/c/%7B%7Bcontact.id%7D%7D?from=mail", "text"),
    _Link("https://exa mple.com", "text"),
    _Link("https://shop..example/x", "image"),
    _Link("https://go.brightsmile.example/t/booked", "button", "trigger"),
    _Link("https://partner.example/ref/77", "text", "affiliate"),
    # The button's URL once more, under the picture: two links with one URL.
    _Link(f"{_SITE}/book", "image"),
    _Link("HTTPS://WWW.EXAMPLE.COM:8443/Menu", None),
)
_ODD_A_SOURCE = 3


@dataclass(frozen=True)
class Links:
    """All links, one row each, and where each source's links lie: first … first + count - 1."""

    rows: pl.DataFrame  # as raw links
    visited_url: pl.Series  # where a click leads: resolved and tagged
    first: Ints
    count: Ints


def _links_of(number: int, source: Source) -> tuple[_Link, ...]:
    if source.is_showcase:
        return _ORDINARY + _SYSTEM + _ODD
    start = number * _ODD_A_SOURCE % len(_ODD)
    return _ORDINARY + _SYSTEM + (_ODD + _ODD)[start : start + _ODD_A_SOURCE]


def make_links(plan: Plan) -> Links:
    """Return the links of all sources of a plan."""
    rows, counts = [], []
    for number, source in enumerate(plan.sources):
        links = _links_of(number, source)
        counts.append(len(links))
        made_at = source.starts_at - timedelta(days=2)
        short_id = source.email_source_id.removeprefix("src_")
        for position, link in enumerate(links, start=1):
            rows.append(
                {
                    "link_id": f"lnk_{short_id}_{position:02}",
                    "email_source_id": source.email_source_id,
                    **link._asdict(),
                    "updated_at": made_at,
                    "loaded_at": made_at + timedelta(minutes=5),
                }
            )
    frame = pl.DataFrame(rows, schema=TABLES["links"], orient="row")
    resolved = pl.col("url").str.replace(r"\{\{.*\}\}|%7B%7B.*%7D%7D", "42")
    tagged = (
        resolved
        + pl.when(resolved.str.contains("?", literal=True)).then(pl.lit("&")).otherwise(pl.lit("?"))
        + pl.lit("utm_medium=email&utm_source=brightsmile")
    )
    is_plain = resolved.str.starts_with("http") & ~resolved.str.contains("#", literal=True)
    count = np.array(counts, dtype=np.int64)
    return Links(
        rows=frame,
        visited_url=frame.select(pl.when(is_plain).then(tagged).otherwise(resolved)).to_series(),
        first=np.cumsum(count) - count,
        count=count,
    )
