"""Click performance of a standard campaign (guide: Click Performance): links, who clicked."""

from dataclasses import dataclass

import polars as pl

from email_statistics import warehouse
from email_statistics.reports import components, formats
from email_statistics.reports.build import Build, read_from_one_build
from email_statistics.reports.components import Html
from email_statistics.reports.exclusions import EXCLUSIONS, begun
from email_statistics.reports.figures import relabelled
from email_statistics.reports.listing import MOST_ROWS, Column, listing, literal
from email_statistics.reports.metrics import in_words
from email_statistics.reports.source_page import SourcePage, source_page

_TYPE = "campaign"
_KIND = "standard"

_NOT_MEASURED = "not measured"

# Clicks on the messages booked in the period, and on test sends, which are in no period's numbers.
_CLICKS = """
    with

    clicks as (
        select
            events.link_key,
            events.message_id,
            events.contact_id,
            events.is_counted,
            events.exclusion_reason,
            events.event_at
        from core.fct_engagement_events as events
        inner join core.fct_messages as messages on events.message_id = messages.message_id
        where
            events.email_source_id = $id
            and events.event_type = 'clicked'
            and (messages.is_test or messages.booked_date between $start and $end)
    )
"""


@dataclass(frozen=True)
class ClickPerformance(SourcePage):
    """The page's numbers: a row a link; a row a link and contact, and how many; a row a reason."""

    link_rows: pl.DataFrame
    clicker_rows: pl.DataFrame
    clickers: int
    excluded_rows: pl.DataFrame

    def header(self) -> Html:
        """Open the page."""
        total, unique = self.total["clicks"], self.total["clicked"]
        if total is None:
            lead = "The clicks on this email were not measured."
        else:
            recipients = formats.plural(unique, "recipient")
            links = formats.plural(self.link_rows.height, "link")
            lead = f"{formats.plural(total, 'click')} by {recipients} on an email with {links}."
        return self.page_start("One standard campaign", lead)

    def overview(self) -> Html:
        """Show total clicks, total unique clicks, unique engagements, clicks per unique open."""
        if self.is_empty:
            return self.empty()
        if self._why_unsupported():
            return self._unsupported()
        total, unique, per_open = self.figures(["clicks", "clicked", "clicks_per_unique_open"])
        return components.tiles(
            [
                total,
                relabelled(
                    unique,
                    "Total unique clicks",
                    "Individual recipients who clicked at least one link, each counted once.",
                ),
                relabelled(
                    unique,
                    "Unique engagements",
                    "Recipients who interacted (clicked) with at least one link: the same number "
                    "as total unique clicks, in the guide's other words.",
                ),
                per_open,
            ]
        )

    def links(self) -> Html:
        """List every link of the email, the most clicked first."""
        if self.is_empty:
            return self.empty()
        if self._why_unsupported():
            return self._unsupported()
        if self.link_rows.is_empty():
            return components.empty(
                "No link of this email is known.",
                "The raw lake has no links of it (table links), and nobody clicked one.",
            )
        return listing(
            "Links in this email",
            "click-performance-links",
            self.link_rows.with_columns(_in_words("exclusion_reason")),
            [
                Column("url", "URL", "link", "no URL"),
                Column("link_source", "Source", missing="not told"),
                Column("total_clicks", "Total clicks", "count", _NOT_MEASURED),
                Column("total_unique_clicks", "Total unique clicks", "count", _NOT_MEASURED),
                Column("exclusion_reason", "Why it can't be tracked"),
                Column("tagged_url", "With UTM parameters", "link"),
            ],
            self.build,
            mart="marts.link_performance",
            query=self._query("link_performance", "total_clicks desc nulls last, link_key"),
        )

    def who_clicked(self) -> Html:
        """List each link and contact who clicked it."""
        if self.is_empty:
            return self.empty()
        if self._why_unsupported():
            return self._unsupported()
        if self.clicker_rows.is_empty():
            why = "Clicks were not measured." if self.total["clicks"] is None else ""
            return components.empty(
                "No counted click.",
                why or "Nobody clicked a link of the messages booked in these days.",
            )
        return listing(
            "Who clicked each link",
            "click-performance-who-clicked",
            self.clicker_rows,
            [
                Column("full_name", "Full name", missing="no name"),
                Column("email", "Email address"),
                Column("url", "Link", "link", "no URL"),
                Column("link_source", "Source", missing="not told"),
                Column("clicks", "Clicks", "count"),
                Column("first_clicked_at", "First clicked", "time"),
                Column("last_clicked_at", "Last clicked", "time"),
            ],
            self.build,
            total=self.clickers,
            mart="marts.link_clicks",
            query=self._query("link_clicks", "link_key, clicks desc, contact_id"),
        )

    def excluded(self) -> Html:
        """Count the clicks that don't count, by reason."""
        if self.is_empty:
            return self.empty()
        if self.excluded_rows.is_empty():
            return components.empty(
                "No excluded click.", "Every click on these messages that came is counted."
            )
        return listing(
            "Excluded clicks by reason",
            "click-performance-excluded",
            self.excluded_rows.with_columns(_in_words("exclusion_reason")),
            [
                Column("exclusion_reason", "Reason"),
                Column("clicks", "Clicks", "count"),
                Column("messages", "Messages", "count"),
            ],
            self.build,
        )

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of({"clicks", "clicked", "opened", "clicks_per_unique_open"})

    def _why_unsupported(self) -> str:
        """Why there is no Click Performance for this kind of campaign; "" for a standard one."""
        statuses = self.source.statuses.get("link_click", []) if self.source else []
        if self.source is None or "not_supported" not in statuses:
            return ""
        return in_words("link_click", "not_supported")

    def _unsupported(self) -> Html:
        return components.empty(
            "There is no click performance of this campaign.",
            f"{self._why_unsupported()} Choose a standard campaign by email_source_id.",
        )

    def _query(self, mart: str, order: str) -> str:
        source = literal(self.asked["id"])
        return f"select *\nfrom marts.{mart}\nwhere email_source_id = {source}\norder by {order}"


def _in_words(column: str) -> pl.Expr:
    return pl.col(column).replace({name: begun(words) for name, words in EXCLUSIONS.items()})


def _read_links(page: SourcePage) -> pl.DataFrame:
    """Read the source's links with the counted clicks on the period's messages."""
    return _read(
        page,
        """
        , counted as (
            select
                link_key,
                count(*) as total_clicks,
                count(distinct message_id) as total_unique_clicks
            from clicks
            where is_counted
            group by link_key
        )

        select
            links.url,
            links.link_source,
            case when links.total_clicks is not null then coalesce(counted.total_clicks, 0) end
                as total_clicks,
            case
                when links.total_unique_clicks is not null
                    then coalesce(counted.total_unique_clicks, 0)
            end as total_unique_clicks,
            links.exclusion_reason,
            links.tagged_url
        from marts.link_performance as links
        left join counted on links.link_key = counted.link_key
        where links.email_source_id = $id
        order by total_clicks desc nulls last, links.link_key
        """,
    )


def _read_clickers(page: SourcePage) -> pl.DataFrame:
    """Read who clicked which link: of each link some, where there are more than a page may list.

    ``clickers`` is how many there are in all.
    """
    return _read(
        page,
        """
        , clicked as (
            select
                link_key,
                contact_id,
                count(*) as clicks,
                min(event_at) as first_clicked_at,
                max(event_at) as last_clicked_at
            from clicks
            where is_counted
            group by link_key, contact_id
        ),

        ranked as (
            select
                clicked.*,
                count(*) over () as clickers,
                sum(clicked.clicks) over (partition by clicked.link_key) as link_clicks,
                row_number() over (
                    partition by clicked.link_key order by clicked.clicks desc, clicked.contact_id
                ) as place
            from clicked
        ),

        listed as (
            select *
            from ranked
            order by place, link_clicks desc, link_key
            limit $most
        )

        select
            contacts.full_name,
            contacts.email,
            links.url,
            links.link_source,
            listed.clicks,
            listed.first_clicked_at,
            listed.last_clicked_at,
            listed.clickers
        from listed
        inner join core.dim_contacts as contacts on listed.contact_id = contacts.contact_id
        inner join marts.link_performance as links
            on links.email_source_id = $id and listed.link_key = links.link_key
        order by listed.link_clicks desc, listed.link_key, listed.place
        """,
        most=MOST_ROWS,
    )


def _read_excluded(page: SourcePage) -> pl.DataFrame:
    """Count the period's clicks that aren't counted, by the reason."""
    return _read(
        page,
        """
        select
            exclusion_reason,
            count(*) as clicks,
            count(distinct message_id) as messages
        from clicks
        where not is_counted
        group by exclusion_reason
        order by clicks desc, exclusion_reason
        """,
    )


def _read(page: SourcePage, query: str, **parameters: int) -> pl.DataFrame:
    return warehouse.sql(
        _CLICKS + query,
        **page.asked,
        **parameters,
    )


def load(
    email_source_id: str = "",
    start_date: str = "",
    end_date: str = "",
    last_days: int = 0,
    as_of: str = "",
) -> ClickPerformance:
    """Read the page's numbers; the parameters are those of the notebook (``period``).

    Raises ``UsageError`` for parameters that can't be and ``WarehouseError`` where nothing is
    published.
    """

    def read(build: Build) -> ClickPerformance:
        page = source_page(
            _TYPE,
            email_source_id,
            start_date,
            end_date,
            last_days,
            as_of,
            build=build,
            campaign_kind=_KIND,
        )
        clickers = _read_clickers(page)
        in_all: int = clickers.select(pl.col("clickers").max().fill_null(0)).item()
        return ClickPerformance(
            **vars(page),
            link_rows=_read_links(page),
            clicker_rows=clickers,
            clickers=in_all,
            excluded_rows=_read_excluded(page),
        )

    return read_from_one_build(read)
