"""The core tables of a raw lake by polars, streaming, to compare a build with.

    python tests/benchmarks/bare_polars.py LAKE FOLDER

Writes ``FOLDER/<table>.parquet``: the tables that ``bare_duckdb.py`` names, with the same rows and
values. Large frames are read lazily, run by the streaming engine and sunk to Parquet; what is as
small as contacts, links and orders is held in memory.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from polars_staging import REASON, Entities, Events, read_entities, read_events
from raw_contract import machine_user_agents, read_contract

SEND_TYPES = ("skipped", "failed", "sent", "accepted", "rejected", "delivered", "soft_bounced")
REASONED = ("hard_bounced", "soft_bounced", "failed", "skipped")
MONEY = pl.Decimal(18, 2)
WINDOW = pl.duration(hours=120)
MESSAGE = ("message_id", "email_source_id", "recipient_contact_id", "recipient_email")


def build(lake: Path, folder: Path) -> None:
    """Write the core tables of ``lake`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    contract = read_contract()
    events = {each.name: read_events(lake, each) for each in contract if each.is_event}
    entities = {each.name: read_entities(lake, each) for each in contract if not each.is_event}
    Build(folder, events, entities).run()


class Build:
    """The steps, in order; each table is sunk, and read again where another needs it."""

    def __init__(
        self, folder: Path, events: dict[str, Events], entities: dict[str, Entities]
    ) -> None:
        """Write below ``folder``, from tables that were judged."""
        self._folder = folder
        self._events = events
        self._entities = entities

    def run(self) -> None:
        """Write every table."""
        survivors = self._contacts()
        sent = self._step("sent", _grouped(self._events["send_events"].accepted))
        sources = self._sources(sent)
        domains = self._domains()
        links = self._links()
        messages = self._step("messages", _measured(sent, survivors, sources, domains))
        orphans = self._orphans(sent, messages)
        engagement = self._step("engagement", self._events["engagement_events"].accepted)
        engagement_events = self._engagement(engagement, messages, links)
        engaged = self._step("engaged", _engaged(engagement_events))
        conversions = self._conversions(survivors, messages, engagement_events, engaged)
        self._write("fct_order_events", self._order_events())
        reasons = _reasons(self._events["send_events"].accepted)
        self._write("fct_messages", _flagged(messages, engaged, _credits(conversions), reasons))
        self._judged(messages, sent, orphans, engagement)

    def _step(self, name: str, frame: pl.LazyFrame) -> pl.LazyFrame:
        (self._folder / "steps").mkdir(exist_ok=True)
        path = self._folder / "steps" / f"{name}.parquet"
        frame.sink_parquet(path, compression="lz4")
        return pl.scan_parquet(path)

    def _write(self, name: str, frame: pl.LazyFrame | pl.DataFrame) -> pl.LazyFrame:
        path = self._folder / f"{name}.parquet"
        frame.lazy().sink_parquet(path)
        return pl.scan_parquet(path)

    def _contacts(self) -> pl.DataFrame:
        """Write ``dim_contacts``; returns each contact and the one that it is after merges."""
        contacts = self._entities["contacts"].latest
        merged_into = contacts.select("contact_id", "merged_into_contact_id").filter(
            pl.col("merged_into_contact_id").is_in(contacts["contact_id"].implode())
        )
        survivors = contacts.select("contact_id").with_columns(
            survivor_id=pl.col("contact_id").replace(_merged(dict(merged_into.iter_rows())))
        )
        counts = survivors.group_by("survivor_id").agg(merged_contacts=pl.len().cast(pl.Int64) - 1)
        self._write(
            "dim_contacts",
            contacts.join(counts, left_on="contact_id", right_on="survivor_id").select(
                "contact_id",
                "full_name",
                "email",
                "merged_contacts",
                pl.col("is_do_not_disturb").fill_null(value=False),
                "created_at",
                "updated_at",
            ),
        )
        return survivors

    def _sources(self, sent: pl.LazyFrame) -> pl.DataFrame:
        entities = self._entities["email_sources"]
        known = self._entities["contacts"].latest.lazy().select(recipient_contact_id="contact_id")
        first_sends = (
            sent.filter(~pl.col("is_test"))
            .join(known, on="recipient_contact_id", how="semi")
            .group_by("email_source_id")
            .agg(first_send_at=pl.col("first_event_at").min())
            .collect(engine="streaming")
        )
        # The history is sorted, the latest row first.
        toggle = pl.col("is_click_tracking_enabled").fill_null(value=False)
        in_force = toggle.filter(pl.col("updated_at") <= pl.col("first_send_at"))
        toggles = (
            entities.history.join(first_sends, on="email_source_id", how="left")
            .sort("rank")
            .group_by("email_source_id")
            .agg(has_click_toggle=pl.coalesce(in_force.first(), toggle.last()))
        )
        is_campaign = pl.col("email_source_type") == "campaign"
        sources = (
            entities.latest.drop("is_click_tracking_enabled", "loaded_at")
            .join(toggles, on="email_source_id")
            .rename({"has_click_toggle": "is_click_tracking_enabled"})
            .with_columns(
                pl.when(is_campaign)
                .then(pl.col("campaign_kind").fill_null("standard"))
                .alias("campaign_kind"),
                pl.col("has_product_element").fill_null(value=False),
            )
        )
        self._write("dim_email_sources", sources)
        return sources

    def _domains(self) -> pl.DataFrame:
        flags = [
            "is_dedicated",
            "is_open_tracking_enabled",
            "is_click_tracking_enabled",
            "is_spf_verified",
            "is_dkim_verified",
            "is_tracking_cname_verified",
        ]
        latest = self._entities["sending_domains"].latest.sort("valid_from")
        domains = latest.select(
            "sending_domain",
            "sending_service",
            "webhook_event_types",
            pl.col(flags).fill_null(value=False),
            "valid_from",
            is_first=pl.col("sending_domain").is_first_distinct(),
            valid_to=pl.col("valid_from").shift(-1).over("sending_domain"),
        )
        self._write("dim_sending_domains", domains)
        return domains

    def _links(self) -> pl.DataFrame:
        links = self._entities["links"].latest.select(
            "link_id",
            "email_source_id",
            "url",
            "link_source",
            pl.col("link_type").fill_null("standard"),
            exclusion_reason=_excluded(pl.col("link_type"), pl.col("url")),
            updated_at="updated_at",
        )
        self._write("dim_links", links)
        return links

    def _orphans(self, sent: pl.LazyFrame, messages: pl.LazyFrame) -> pl.DataFrame:
        orphans = (
            sent.join(messages.select("message_id"), on="message_id", how="anti")
            .select("message_id", "email_source_id", "send_events")
            .collect(engine="streaming")
        )
        counts = orphans.group_by("email_source_id").agg(
            orphan_messages=pl.len().cast(pl.Int64), orphan_rows=pl.col("send_events").sum()
        )
        self._write("fct_orphans", counts)
        return orphans

    def _engagement(
        self, engagement: pl.LazyFrame, messages: pl.LazyFrame, links: pl.DataFrame
    ) -> pl.LazyFrame:
        known = engagement.join(
            messages.select(
                "message_id",
                "email_source_id",
                "contact_id",
                "is_test",
                "delivery_availability",
                "open_availability",
                "click_availability",
            ),
            on="message_id",
        )
        # One pass over the messages: clicks and all else are parts of what is joined here.
        known = self._step("engagement_known", known)
        event_type = pl.col("event_type")
        clicks = _linked(known.filter(event_type == "clicked"), links.lazy())
        clicks = self._step("clicks", clicks)
        bursts = _bursts(clicks)
        machines = _machines(engagement)
        others = known.filter(event_type != "clicked").with_columns(
            link_id=pl.lit(None, pl.String),
            link_key=pl.lit(None, pl.String),
            link_type=pl.lit(None, pl.String),
        )
        availability = (
            pl.when(event_type == "opened")
            .then("open_availability")
            .when(event_type == "clicked")
            .then("click_availability")
            .otherwise("delivery_availability")
        )
        is_machine = pl.col("user_agent").is_in(machines.implode()).fill_null(value=False) | pl.col(
            "event_id"
        ).is_in(bursts.implode())
        judged = pl.concat([clicks, others], how="diagonal").with_columns(
            actor=pl.when(event_type.is_in(["opened", "clicked"])).then(
                pl.when(pl.col("is_machine"))
                .then(pl.lit("machine"))
                .when(~pl.col("is_machine"))
                .then(pl.lit("human"))
                .when(is_machine)
                .then(pl.lit("machine"))
                .otherwise(pl.lit("unknown"))
            ),
            exclusion_reason=pl.when("is_test")
            .then(pl.lit("test_send"))
            .when(availability != "measured")
            .then(availability)
            .when(event_type == "clicked")
            .then(_excluded(pl.col("link_type"), pl.col("url"))),
        )
        is_counted = pl.col("exclusion_reason").is_null()
        return self._write(
            "fct_engagement_events",
            judged.select(
                "event_id",
                "message_id",
                "email_source_id",
                "contact_id",
                "link_id",
                "event_type",
                "link_key",
                "url",
                "user_agent",
                "actor",
                "exclusion_reason",
                is_counted=is_counted,
                is_counted_but_for_machine=is_counted,
                event_at="event_at",
            ),
        )

    def _conversions(
        self,
        survivors: pl.DataFrame,
        messages: pl.LazyFrame,
        engagement_events: pl.LazyFrame,
        engaged: pl.LazyFrame,
    ) -> pl.LazyFrame:
        identified = self._identified(survivors)
        touches = _touches(identified, messages, engagement_events, engaged)
        touched = identified.sort("converted_at").join_asof(
            touches.sort("last_touch_at"),
            left_on="converted_at",
            right_on="last_touch_at",
            by="contact_id",
            strategy="backward",
            check_sortedness=False,
        )
        is_attributed = (pl.col("converted_at") - pl.col("last_touch_at") <= WINDOW).fill_null(
            value=False
        )
        return self._write(
            "fct_conversions",
            touched.select(
                "conversion_type",
                "conversion_id",
                "contact_id",
                message_id=pl.when(is_attributed).then("last_touch_message_id"),
                email_source_id=pl.when(is_attributed).then("email_source_id"),
                last_touch_message_id="last_touch_message_id",
                attribution_policy=pl.lit("aesthetix"),
                channel="channel",
                goal_name="goal_name",
                currency="currency",
                touch_type=pl.when(is_attributed).then("touch_type"),
                unattributed_reason=pl.when(is_attributed)
                .then(None)
                .when("is_ambiguous")
                .then(pl.lit("contact_ambiguous"))
                .when(pl.col("contact_id").is_null())
                .then(pl.lit("contact_unknown"))
                .when(pl.col("last_touch_at").is_not_null())
                .then(pl.lit("outside_window"))
                .otherwise(pl.lit("no_touch")),
                revenue="revenue",
                refunded="refunded",
                net_revenue=(pl.col("revenue") - pl.col("refunded")).cast(MONEY),
                original_revenue="original_revenue",
                original_refunded="original_refunded",
                original_net_revenue=(
                    pl.col("original_revenue") - pl.col("original_refunded")
                ).cast(MONEY),
                is_attributed=is_attributed,
                converted_at="converted_at",
                touch_at=pl.when(is_attributed).then("last_touch_at"),
                last_touch_at="last_touch_at",
            ),
        )

    def _identified(self, survivors: pl.DataFrame) -> pl.DataFrame:
        """Return every conversion with the contact that it is of."""
        emails = (
            self._entities["contacts"]
            .latest.join(survivors, on="contact_id")
            .filter(pl.col("email").is_not_null())
            .group_by(lower_email=pl.col("email").str.to_lowercase())
            .agg(
                contacts=pl.col("survivor_id").n_unique(),
                only_contact=pl.col("survivor_id").min(),
            )
        )
        orders = _orders(self._events["order_events"].accepted.collect(), self._rates())
        goals = self._events["goal_events"].accepted.collect()
        conversions = pl.concat(
            [
                orders.rename({"order_id": "conversion_id"}).with_columns(
                    conversion_type=pl.lit("order")
                ),
                goals.select(
                    "contact_id",
                    "email",
                    "goal_name",
                    conversion_type=pl.lit("goal"),
                    conversion_id="event_id",
                    converted_at="event_at",
                ),
            ],
            how="diagonal",
        )
        several = pl.col("contacts") > 1
        return (
            conversions.with_columns(lower_email=pl.col("email").str.to_lowercase())
            .join(survivors, on="contact_id", how="left")
            .join(emails, on="lower_email", how="left")
            .with_columns(
                contact_id=pl.coalesce("survivor_id", pl.when(~several).then("only_contact")),
                is_ambiguous=pl.col("survivor_id").is_null() & several.fill_null(value=False),
            )
        )

    def _rates(self) -> pl.DataFrame:
        return (
            self._entities["exchange_rates"]
            .latest.filter(pl.col("rate") > 0)
            .with_columns(pl.col("currency").str.to_uppercase())
            .sort("updated_at", "loaded_at", "rate", descending=True)
            .unique(["currency", "valid_from"], keep="first", maintain_order=True)
            .select("currency", "valid_from", rate=pl.col("rate").to_physical())
            .sort("valid_from")
        )

    def _order_events(self) -> pl.LazyFrame:
        events = self._events["order_events"]
        verdicts = [
            frame.with_columns(verdict=pl.lit(verdict))
            for verdict, frame in (
                ("accepted", events.accepted),
                ("duplicate", events.duplicates.lazy()),
            )
        ]
        return pl.concat(verdicts).drop("email")

    def _judged(
        self,
        messages: pl.LazyFrame,
        sent: pl.LazyFrame,
        orphans: pl.DataFrame,
        engagement: pl.LazyFrame,
    ) -> None:
        """Write ``fct_quarantined_events`` and ``fct_raw_tables``."""
        tables: dict[str, Events | Entities] = {**self._events, **self._entities}
        named = ["event_id", "email_source_id", "message_id", REASON, "loaded_at"]
        quarantined = pl.concat(
            [
                table.quarantined.select(
                    pl.col(c) for c in named if c in table.quarantined.columns
                ).with_columns(raw_table=pl.lit(name))
                for name, table in tables.items()
            ],
            how="diagonal",
        )
        ids = quarantined["message_id"].drop_nulls().unique()
        sources = messages.filter(pl.col("message_id").is_in(ids.implode())).select(
            "message_id", of_message="email_source_id"
        )
        self._write(
            "fct_quarantined_events",
            quarantined.lazy()
            .join(sources, on="message_id", how="left")
            .select(
                "event_id",
                "raw_table",
                "loaded_at",
                email_source_id=pl.coalesce("email_source_id", "of_message"),
                reason=REASON,
            ),
        )
        orphaned = {
            "send_events": orphans["send_events"].sum(),
            "engagement_events": engagement.select("message_id")
            .join(sent.select("message_id"), on="message_id", how="anti")
            .select(pl.len())
            .collect(engine="streaming")
            .item(),
        }
        rows = []
        for name, table in tables.items():
            is_event = isinstance(table, Events)
            duplicates = len(table.duplicates) if isinstance(table, Events) else 0
            rows.append(
                {
                    "raw_table": name,
                    "kind": "event" if is_event else "entity",
                    "raw_rows": table.raw_rows,
                    "accepted_rows": table.raw_rows - duplicates - len(table.quarantined),
                    "duplicate_rows": duplicates,
                    "quarantined_rows": len(table.quarantined),
                    "orphan_rows": orphaned.get(name, 0),
                }
            )
        self._write("fct_raw_tables", pl.DataFrame(rows))


def _merged(merged_into: dict[str, str]) -> dict[str, str]:
    """Follow each contact's merges: to the end, or to the first contact of a cycle."""
    in_cycles: set[str] = set()
    seen: set[str] = set()
    for start in merged_into:
        path, at = [], start
        while at in merged_into and at not in seen:
            seen.add(at)
            path.append(at)
            at = merged_into[at]
        if at in path:
            in_cycles.update(path[path.index(at) :])
    ends = {}
    for start in merged_into.keys() - in_cycles:
        at = start
        while at in merged_into and at not in in_cycles:
            at = merged_into[at]
        ends[start] = at
    return ends


def _grouped(send_events: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a message: its earliest source, contact and address, and its times.

    A message almost always names one of each, so it is grouped by all of them, which streams; the
    few messages of several groups are looked up again.
    """
    event_at, event_type = pl.col("event_at"), pl.col("event_type")
    times = [event_at.alias("first_event_at")] + [
        pl.when(event_type == each).then(event_at).alias(f"{each}_at")
        for each in (*SEND_TYPES, "hard_bounced")
    ]
    named = send_events.rename({"contact_id": "recipient_contact_id"})
    groups = (
        named.select(*MESSAGE, pl.col("is_test").fill_null(value=False), *times)
        .group_by(MESSAGE)
        .agg(
            pl.len().cast(pl.Int64).alias("send_events"),
            pl.col("is_test").any(),
            pl.col("first_event_at").min(),
            pl.col("first_event_at").max().alias("last_event_at"),
            *(pl.col(f"{each}_at").min().alias(f"first_{each}_at") for each in SEND_TYPES),
            pl.col("delivered_at").max().alias("last_delivered_at"),
            pl.col("hard_bounced_at").min().alias("first_hard_bounced_at"),
            pl.col("hard_bounced_at").max().alias("last_hard_bounced_at"),
        )
        .collect(engine="streaming")
    )
    several = groups.filter(pl.col("message_id").is_duplicated())
    ids = several["message_id"].unique().implode()
    earliest = (
        named.filter(pl.col("message_id").is_in(ids))
        .collect(engine="streaming")
        .sort("event_at", "event_id")
        .group_by("message_id")
        .agg(
            pl.col("email_source_id").first(),
            pl.col("recipient_contact_id").first(),
            pl.col("recipient_email").drop_nulls().first(),
        )
        if len(several)
        else several.select(MESSAGE)
    )
    totals = (
        several.drop(MESSAGE[1:])
        .group_by("message_id")
        .agg(
            pl.col("send_events").sum(),
            pl.col("is_test").any(),
            pl.col("^first_.*$").min(),
            pl.col("^last_.*$").max(),
        )
    )
    merged = earliest.join(totals, on="message_id")
    single = groups.filter(~pl.col("message_id").is_in(ids))
    return pl.concat([single, merged.select(single.columns)]).lazy()


def _reasons(send_events: pl.LazyFrame) -> pl.LazyFrame:
    """Return the first reason given for each way that a message can end."""
    given = (
        send_events.filter(pl.col("event_type").is_in(REASONED) & pl.col("reason").is_not_null())
        .select("message_id", "event_type", "event_at", "event_id", "reason")
        .collect(engine="streaming")
        .sort("event_at", "event_id")
        .unique(["message_id", "event_type"], keep="first", maintain_order=True)
    )
    return (
        given.pivot("event_type", index="message_id", values="reason", on_columns=REASONED)
        .rename({each: f"{each}_reason" for each in REASONED})
        .lazy()
    )


def _measured(
    sent: pl.LazyFrame, survivors: pl.DataFrame, sources: pl.DataFrame, domains: pl.DataFrame
) -> pl.LazyFrame:
    """Return the messages of known contacts and sources, with what is measured of each."""
    settings = sources.select(
        "email_source_id",
        "email_source_type",
        "campaign_kind",
        "sending_domain",
        has_click_toggle="is_click_tracking_enabled",
    ).join(
        domains.select(
            "sending_domain",
            "sending_service",
            "is_first",
            "valid_to",
            domain_settings_valid_from="valid_from",
            has_open_tracking=pl.col("is_dedicated") & pl.col("is_open_tracking_enabled"),
            has_click_tracking=pl.col("is_dedicated") & pl.col("is_click_tracking_enabled"),
        ),
        on="sending_domain",
        how="left",
    )
    valid_from, first_event_at = pl.col("domain_settings_valid_from"), pl.col("first_event_at")
    in_force = valid_from.is_null() | ((first_event_at >= valid_from) | pl.col("is_first")) & (
        (first_event_at < pl.col("valid_to")) | pl.col("valid_to").is_null()
    )
    is_external = (pl.col("sending_service") == "external_smtp").fill_null(value=False)
    has_clicks = is_external | pl.col("has_click_tracking").fill_null(value=False)
    has_opens = is_external | pl.col("has_open_tracking").fill_null(value=False)
    is_campaign = pl.col("email_source_type") == "campaign"
    click_availability = (
        pl.when(pl.col("campaign_kind").is_in(["ab_test", "rss"]))
        .then(pl.lit("not_supported"))
        .when(is_campaign & ~pl.col("has_click_toggle"))
        .then(pl.lit("not_tracked"))
        .when(has_clicks)
        .then(pl.lit("measured"))
        .otherwise(pl.lit("not_tracked"))
    )
    contacts = survivors.lazy().select(recipient_contact_id="contact_id", contact_id="survivor_id")
    return (
        sent.join(contacts, on="recipient_contact_id")
        .join(settings.lazy(), on="email_source_id")
        .filter(in_force)
        .with_columns(
            delivery_availability=pl.when(is_external)
            .then(pl.lit("not_reported"))
            .otherwise(pl.lit("measured")),
            open_availability=pl.when(has_opens)
            .then(pl.lit("measured"))
            .otherwise(pl.lit("not_tracked")),
            click_availability=click_availability,
            link_click_availability=pl.when(pl.col("campaign_kind") == "standard")
            .then(click_availability)
            .otherwise(pl.lit("not_supported")),
        )
        .drop(
            "campaign_kind",
            "sending_domain",
            "sending_service",
            "has_click_toggle",
            "has_open_tracking",
            "has_click_tracking",
            "is_first",
            "valid_to",
        )
    )


def _linked(clicks: pl.LazyFrame, links: pl.LazyFrame) -> pl.LazyFrame:
    """Return clicks with the link that each names, by its id, else by its source and URL."""
    named = links.select("link_id", named_id="link_id")
    by_url = (
        links.filter(pl.col("url").is_not_null())
        .group_by("email_source_id", "url")
        .agg(id_by_url=pl.col("link_id").min())
    )
    of_link = links.select("link_type", found_id="link_id", link_url="url")
    return (
        clicks.join(named, on="link_id", how="left")
        .join(by_url, on=["email_source_id", "url"], how="left")
        .with_columns(found_id=pl.coalesce("named_id", "id_by_url"))
        .join(of_link, on="found_id", how="left")
        .with_columns(
            link_key=pl.coalesce("found_id", "url", "link_id"),
            link_id="found_id",
            url=pl.coalesce("url", "link_url"),
            link_type=pl.col("link_type").fill_null("standard"),
        )
        .drop("named_id", "id_by_url", "found_id", "link_url")
    )


def _bursts(clicks: pl.LazyFrame) -> pl.Series:
    """Return the ids of clicks among three links of one message within a second."""
    of_three = (
        clicks.group_by("message_id")
        .agg(links=pl.col("link_key").drop_nulls().n_unique())
        .filter(pl.col("links") >= 3)
    )
    candidates = (
        clicks.select("message_id", "event_id", "event_at", "link_key")
        .join(of_three, on="message_id", how="semi")
        .collect(engine="streaming")
    )
    second = pl.duration(seconds=1)
    starts = candidates.select("message_id", burst_at="event_at").unique()
    within = candidates.join(starts, on="message_id").filter(
        (pl.col("event_at") >= pl.col("burst_at"))
        & (pl.col("event_at") <= pl.col("burst_at") + second)
    )
    links = pl.col("link_key").drop_nulls().n_unique().over("message_id", "burst_at")
    return within.filter(links >= 3)["event_id"].unique()


def _machines(engagement: pl.LazyFrame) -> pl.Series:
    """Return the user agents that match a known prefetcher or scanner."""
    patterns = (
        pl.read_csv(machine_user_agents())
        .filter(pl.col("kind").is_in(["prefetcher", "scanner"]))["user_agent_pattern"]
        .str.escape_regex()
        .str.replace_all("%", "(?s:.*)", literal=True)
    )
    seen = (
        engagement.filter(pl.col("event_type").is_in(["opened", "clicked"]))
        .select(pl.col("user_agent").unique())
        .collect(engine="streaming")
        .to_series()
    )
    return seen.filter(seen.str.to_lowercase().str.contains(f"^({'|'.join(patterns)})$"))


def _excluded(link_type: pl.Expr, url: pl.Expr) -> pl.Expr:
    """Why a link can't be tracked; null where it can."""
    well_formed = (
        r"^[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9-]+([.][A-Za-z0-9-]+)*(:[0-9]+)?"
        r"([/?#][^\s\x0b\x1c-\x1f\x{85}\p{Z}]*)?$"
    )
    return (
        pl.when(link_type == "trigger")
        .then(pl.lit("trigger_link"))
        .when(link_type.is_in(["preview", "unsubscribe", "affiliate"]))
        .then(pl.lit("system_link"))
        .when(url.str.contains("([{]|%7[Bb]){2}|([}]|%7[Dd]){2}"))
        .then(pl.lit("unresolved_merge_field"))
        .when(~url.str.contains("^[Hh][Tt][Tt][Pp][Ss]?://").fill_null(value=False))
        .then(pl.lit("not_http"))
        .when(~url.str.contains(well_formed))
        .then(pl.lit("malformed_url"))
    )


def _engaged(events: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a message with engagement: what of it counts, and when it happened."""
    event_type, event_at = pl.col("event_type"), pl.col("event_at")
    is_counted, actor = pl.col("is_counted"), pl.col("actor")
    is_open = (event_type == "opened") & is_counted
    is_click = (event_type == "clicked") & is_counted
    flags = {
        "opens": is_open,
        "clicks": is_click,
        "machine_events": (is_counted & (actor == "machine")).fill_null(value=False),
        "other_events": (is_counted & (actor != "machine")).fill_null(value=False),
    }
    times = {
        "opened_at": is_open | is_click,
        "pixel_opened_at": is_open,
        "clicked_at": is_click,
        "replied_at": event_type == "replied",
        "unsubscribed_at": event_type == "unsubscribed",
        "complained_at": event_type == "complained",
    }
    return (
        events.select(
            "message_id",
            "event_at",
            *(flag.cast(pl.Int64).alias(name) for name, flag in flags.items()),
            *(pl.when(flag).then(event_at).alias(name) for name, flag in times.items()),
        )
        .group_by("message_id")
        .agg(
            *(pl.col(name).sum() for name in flags),
            pl.col("event_at").min().alias("first_engaged_at"),
            pl.col("event_at").max().alias("last_engaged_at"),
            *(pl.col(name).min().alias(f"first_{name}") for name in times),
            pl.col("opened_at").max().alias("last_opened_at"),
            pl.col("clicked_at").max().alias("last_clicked_at"),
        )
    )


def _orders(order_events: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Return orders with their money, exact: cents and rates (12 decimals) are whole numbers."""
    events = order_events.with_columns(pl.col("currency").str.to_uppercase()).sort(
        "event_at", "event_id"
    )
    event_at, event_type = pl.col("event_at"), pl.col("event_type")
    orders = (
        events.group_by("order_id")
        .agg(
            *(pl.col(each).drop_nulls().first() for each in ("contact_id", "email", "channel")),
            currency=pl.col("currency").filter(event_type == "paid").first(),
            converted_at=pl.coalesce(event_at.filter(event_type == "placed").min(), event_at.min()),
            is_paid=(event_type == "paid").any(),
        )
        .filter("is_paid")
        .drop("is_paid")
    )
    payments = events.filter(event_type.is_in(["paid", "refunded"])).join(
        orders.select("order_id", "converted_at", order_currency="currency"), on="order_id"
    )
    payments = _with_rate(_with_rate(payments, rates, "currency"), rates, "order_currency")
    is_other = pl.col("currency") != pl.col("order_currency")
    cents = pl.col("amount").to_physical().cast(pl.Int128)
    rate, order_rate = pl.col("currency_rate"), pl.col("order_currency_rate")
    sums = {}
    for name, each in (("revenue", "paid"), ("refunded", "refunded")):
        is_type = pl.col("event_type") == each
        sums[name] = (cents * rate).filter(is_type).sum()
        sums[f"own_{name}"] = cents.filter(is_type & ~is_other).sum()
        sums[f"other_{name}"] = (cents * rate).filter(is_type & is_other).sum()
    summed = payments.group_by("order_id").agg(
        order_rate=order_rate.first(),
        has_rates=rate.is_not_null().all(),
        has_original_rates=~(is_other & (rate.is_null() | order_rate.is_null())).any(),
        **sums,
    )
    unit = pl.lit(10**12, pl.Int128)
    order_rate = pl.col("order_rate").fill_null(1)
    money = {}
    for name in ("revenue", "refunded"):
        own, other = pl.col(f"own_{name}"), pl.col(f"other_{name}")
        reporting = (2 * pl.col(name) + unit) // (2 * unit)
        original = own + (2 * other + order_rate) // (2 * order_rate)
        money[name] = pl.when("has_rates").then(_amount(reporting))
        money[f"original_{name}"] = pl.when("has_original_rates").then(_amount(original))
    return orders.join(summed, on="order_id").select(*orders.columns, **money)


def _with_rate(payments: pl.DataFrame, rates: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Add the rate in force when the order was made; the reporting currency's is 1."""
    found = payments.sort("converted_at").join_asof(
        rates.rename({"currency": currency, "rate": f"{currency}_rate"}),
        left_on="converted_at",
        right_on="valid_from",
        by=currency,
        strategy="backward",
        check_sortedness=False,
    )
    one = pl.lit(10**12, pl.Int128)
    is_reporting = pl.col(currency) == "USD"
    rate = pl.when(is_reporting).then(one).otherwise(pl.col(f"{currency}_rate"))
    return found.with_columns(rate.alias(f"{currency}_rate")).drop("valid_from")


def _amount(cents: pl.Expr) -> pl.Expr:
    """Return a whole number of cents as money; none that has more digits."""
    whole = cents.cast(pl.Decimal(38, 0), strict=False)
    return (whole * pl.lit("0.01").cast(pl.Decimal(3, 2))).cast(MONEY, strict=False)


def _dispatched_at() -> pl.Expr:
    shown = ("accepted", "rejected", "delivered", "soft_bounced", "hard_bounced", "engaged")
    return pl.coalesce("first_sent_at", pl.min_horizontal(f"first_{each}_at" for each in shown))


def _touches(
    conversions: pl.DataFrame,
    messages: pl.LazyFrame,
    engagement_events: pl.LazyFrame,
    engaged: pl.LazyFrame,
) -> pl.DataFrame:
    """Return one touch a converting contact and time: a click wins, then the later send, ids."""
    contacts = conversions.lazy().select("contact_id").unique()
    of_campaigns = (
        messages.filter(pl.col("email_source_type") == "campaign")
        .join(contacts, on="contact_id", how="semi")
        .join(engaged.select("message_id", "first_engaged_at"), on="message_id")
        .select("message_id", dispatched_at=_dispatched_at())
    )
    return (
        engagement_events.filter(
            pl.col("is_counted") & pl.col("event_type").is_in(["opened", "clicked"])
        )
        .select("contact_id", "message_id", "email_source_id", "event_id", "event_type", "event_at")
        .join(of_campaigns, on="message_id")
        .with_columns(is_click=pl.col("event_type") == "clicked")
        .collect(engine="streaming")
        .sort("is_click", "dispatched_at", "message_id", "event_id", descending=True)
        .unique(["contact_id", "event_at"], keep="first", maintain_order=True)
        .select(
            "contact_id",
            "email_source_id",
            last_touch_message_id="message_id",
            touch_type="event_type",
            last_touch_at="event_at",
        )
    )


def _credits(conversions: pl.LazyFrame) -> pl.LazyFrame:
    """Return what each message is credited with."""
    is_order = pl.col("conversion_type") == "order"
    converted_at = pl.col("converted_at")
    return (
        conversions.filter("is_attributed")
        .group_by("message_id")
        .agg(
            conversions=pl.len().cast(pl.Int64),
            orders=is_order.sum().cast(pl.Int64),
            orders_without_rate=(is_order & pl.col("revenue").is_null()).sum().cast(pl.Int64),
            revenue=pl.col("revenue").sum().cast(MONEY),
            net_revenue=pl.col("net_revenue").sum().cast(MONEY),
            converted_at=converted_at.min(),
            ordered_at=converted_at.filter(is_order).min(),
        )
    )


def _flagged(
    messages: pl.LazyFrame, engaged: pl.LazyFrame, credited: pl.LazyFrame, reasons: pl.LazyFrame
) -> pl.LazyFrame:
    """Return what became of each message."""
    joined = (
        messages.join(engaged, on="message_id", how="left")
        .join(credited, on="message_id", how="left")
        .join(reasons, on="message_id", how="left")
    )

    def has(name: str) -> pl.Expr:
        return pl.col(name).is_not_null()

    def where(family: str, flag: pl.Expr) -> pl.Expr:
        return pl.when(pl.col(f"{family}_availability") == "measured").then(flag)

    last_bounce, last_delivery = pl.col("last_hard_bounced_at"), pl.col("last_delivered_at")
    was_delivered = has("first_engaged_at") | has("first_delivered_at") & (
        last_bounce.is_null() | (last_bounce <= last_delivery)
    )
    steps = joined.with_columns(sent_at=_dispatched_at(), was_delivered=was_delivered)
    is_sent, delivered = has("sent_at"), pl.col("was_delivered")
    failed, skipped = has("first_failed_at"), has("first_skipped_at")
    hard, soft = has("first_hard_bounced_at"), has("first_soft_bounced_at")
    is_machine = ((pl.col("machine_events") > 0) & (pl.col("other_events") == 0)).fill_null(
        value=False
    )
    accepted = has("first_accepted_at")
    steps = steps.with_columns(
        is_sent=is_sent,
        is_failed=failed & ~is_sent,
        is_skipped=skipped & ~failed & ~is_sent,
        is_pending=~skipped & ~failed & ~is_sent,
        is_accepted=where("delivery", accepted),
        is_rejected=where("delivery", has("first_rejected_at") & ~accepted),
        is_delivered=where("delivery", delivered),
        is_delivered_inferred=where("delivery", delivered & ~has("first_delivered_at")),
        is_hard_bounced=where("delivery", hard & ~delivered),
        is_soft_bounced=where("delivery", soft & ~delivered & ~hard),
        is_bounced=where("delivery", (hard | soft) & ~delivered),
        is_opened=where("open", has("first_opened_at")),
        is_pixel_opened=where("open", has("first_pixel_opened_at")),
        is_machine_opened=where("open", is_machine),
        is_clicked=where("click", has("first_clicked_at")),
        is_replied=where("delivery", has("first_replied_at")),
        is_unsubscribed=where("delivery", has("first_unsubscribed_at")),
        is_complained=where("delivery", has("first_complained_at")),
        booked_at=pl.coalesce("sent_at", "first_event_at"),
    )
    when_so = {
        f"{each}_at": pl.when(f"is_{each}").then(f"first_{each}_at")
        for each in (
            *("failed", "skipped", "accepted", "rejected", "hard_bounced", "soft_bounced"),
            *("opened", "pixel_opened", "clicked", "replied", "unsubscribed", "complained"),
        )
    }
    return steps.select(
        "message_id",
        "email_source_id",
        "contact_id",
        "recipient_contact_id",
        "email_source_type",
        "recipient_email",
        pl.when("is_hard_bounced")
        .then("hard_bounced_reason")
        .when("is_soft_bounced")
        .then("soft_bounced_reason")
        .when("is_failed")
        .then("failed_reason")
        .when("is_skipped")
        .then("skipped_reason")
        .alias("reason"),
        pl.col("^.*_availability$"),
        where("open", pl.col("opens").fill_null(0)).alias("opens"),
        where("click", pl.col("clicks").fill_null(0)).alias("clicks"),
        pl.col("conversions", "orders", "orders_without_rate").fill_null(0),
        "send_events",
        pl.col("revenue", "net_revenue").fill_null(0).cast(MONEY),
        pl.col("^is_.*$"),
        (pl.col("conversions").fill_null(0) > 0).alias("is_converted"),
        (pl.col("orders").fill_null(0) > 0).alias("is_ordered"),
        pl.col("booked_at").dt.date().alias("booked_date"),
        "booked_at",
        "sent_at",
        pl.when("is_delivered")
        .then(pl.coalesce("first_delivered_at", "first_engaged_at"))
        .alias("delivered_at"),
        pl.when("is_bounced")
        .then(pl.coalesce("first_hard_bounced_at", "first_soft_bounced_at"))
        .alias("bounced_at"),
        *(time.alias(name) for name, time in when_so.items()),
        "converted_at",
        "ordered_at",
        pl.when("is_opened").then("last_opened_at").alias("last_opened_at"),
        pl.when("is_clicked").then("last_clicked_at").alias("last_clicked_at"),
        pl.col("first_event_at").alias("first_send_event_at"),
        *(pl.col(f"first_{each}_at").alias(f"first_{each}_event_at") for each in SEND_TYPES),
        pl.col("first_hard_bounced_at").alias("first_hard_bounced_event_at"),
        pl.col("last_delivered_at").alias("last_delivered_event_at"),
        pl.col("last_hard_bounced_at").alias("last_hard_bounced_event_at"),
        "domain_settings_valid_from",
        pl.max_horizontal("last_event_at", "last_engaged_at").alias("last_updated_at"),
    )


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
