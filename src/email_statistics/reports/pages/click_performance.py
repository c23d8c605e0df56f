"""Click performance of a standard campaign (guide: Click Performance): links, who clicked.

Over the whole life of the campaign, links and clickers are those of the marts; over other days, the
same counts of the messages booked in these days.
"""

from dataclasses import dataclass

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask.parameters import CampaignId, Checked, Day, LastDaysOrAll
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.pages.source_page import SourcePage, read_source_page
from email_statistics.reports.pieces import Column, Html
from email_statistics.reports.words import formats
from email_statistics.reports.words.figures import relabelled
from email_statistics.reports.words.metrics import in_words
from email_statistics.reports.words.reasons import EXCLUSIONS, begun, named

_WHO = "click-performance-who-clicked"


@dataclass(frozen=True)
class ClickPerformance(SourcePage):
    """The page's numbers: ``links``, ``who_clicked`` and ``excluded`` are its queries."""

    def header(self) -> Html:
        """Open the page."""
        total, unique = self.total["clicks"], self.total["clicked"]
        if total is None:
            lead = "The clicks on this email were not measured."
        else:
            recipients = formats.plural(unique, "recipient")
            links = formats.plural(int(self.frame("links")["is_in_email"].sum()), "link")
            lead = f"{formats.plural(total, 'click')} by {recipients} on an email with {links}."
        return self.page_start("Click performance", lead)

    def overview(self) -> Html:
        """Show total clicks, total unique clicks, unique engagements, clicks per unique open."""
        nothing = self._nothing()
        if nothing:
            return nothing
        total, unique, per_open = self.figures(["clicks", "clicked", "clicks_per_unique_open"])
        return pieces.tiles(
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
        nothing = self._nothing()
        if nothing:
            return nothing
        if self.frame("links").is_empty():
            return pieces.empty(
                "No link of this email is known.",
                "The raw lake has no links of it (table links), and nobody clicked one.",
            )
        return self.listing(
            "Links in this email",
            "click-performance-links",
            "links",
            [
                Column(
                    "url",
                    "URL",
                    "link",
                    "no URL",
                    filters=_WHO if self._has_clickers else "",
                    is_visited="is_visited",
                ),
                Column("link_source", "Source", missing="unknown"),
                Column("total_clicks", "Total clicks", "count", formats.UNMEASURED),
                Column("total_unique_clicks", "Total unique clicks", "count", formats.UNMEASURED),
                Column("exclusion_reason", "Why it can't be tracked", is_optional=True),
                Column("tagged_url", "With UTM parameters", "link"),
            ],
            self.frame("links").with_columns(
                _in_words("exclusion_reason"),
                pl.when("is_in_email")
                .then(_source_in_words())
                .otherwise(pl.lit("Not in the email"))
                .alias("link_source"),
                is_visited=pl.col("exclusion_reason").is_null(),
            ),
        )

    def who_clicked(self) -> Html:
        """List each link and contact who clicked it."""
        nothing = self._nothing()
        if nothing:
            return nothing
        if not self._has_clickers:
            return pieces.empty(
                "No counted click.",
                "Clicks were not measured."
                if self.total["clicks"] is None
                else "Nobody clicked a link in the emails sent in these days.",
            )
        return self.listing(
            "Who clicked each link",
            _WHO,
            "who_clicked",
            [
                Column("full_name", "Full name", missing="no name", contact="contact_id"),
                Column("email", "Email address"),
                Column("url", "Link", "link", "no URL"),
                Column("link_source", "Source", missing="unknown"),
                Column("clicks", "Clicks", "count"),
                Column("first_clicked_at", "First clicked", "time"),
                Column("last_clicked_at", "Last clicked", "time"),
            ],
            self.frame("who_clicked")
            .sort("link_clicks", "link_key", "place", descending=[True, False, False])
            .with_columns(_source_in_words()),
        )

    def excluded(self) -> Html:
        """Count the clicks that don't count, by reason."""
        if self.is_empty:
            return self.empty()
        if self.frame("excluded").is_empty():
            return pieces.empty("No excluded click.", "Every click on these messages is counted.")
        return self.listing(
            "Excluded clicks by reason",
            "click-performance-excluded",
            "excluded",
            [
                Column("exclusion_reason", "Reason"),
                Column("clicks", "Clicks", "count"),
                Column("messages", "Messages", "count"),
            ],
            self.frame("excluded").with_columns(_in_words("exclusion_reason")),
        )

    def definitions(self) -> Html:
        """List what each number of the page means."""
        return self.definitions_of({"clicks", "clicked", "opened", "clicks_per_unique_open"})

    @property
    def _has_clickers(self) -> bool:
        return self.total["clicks"] is not None and not self.frame("who_clicked").is_empty()

    def _nothing(self) -> Html | None:
        """Say why there is no Click Performance, of an empty period or this kind of campaign."""
        if self.is_empty or self.source is None:
            return self.empty()
        if "not_supported" not in self.source.statuses.get("link_click", []):
            return None
        return pieces.empty(
            "There is no click performance of this campaign.",
            f"{in_words('link_click', 'not_supported')} Its Summary has what was measured.",
        )


def _source_in_words() -> pl.Expr:
    return pl.col("link_source").map_elements(named, return_dtype=pl.String)


def _in_words(column: str) -> pl.Expr:
    return pl.col(column).replace({name: begun(words) for name, words in EXCLUSIONS.items()})


@Checked
def load(
    email_source_id: CampaignId,
    start_date: Day,
    end_date: Day,
    last_days: LastDaysOrAll,
    as_of: Day,
) -> ClickPerformance:
    """Read the page's numbers."""
    with asking() as asked:
        dates = (start_date, end_date, last_days, as_of)
        fields = read_source_page(
            asked, "campaign", email_source_id, dates, campaign_kind="standard"
        )
        page = ClickPerformance(**fields)
        links = "links" if page.is_whole_life else "links_of_days"
        asked(f"click_performance/{links}", name="links")
        asked("click_performance/who_clicked", is_whole_life=page.is_whole_life)
        asked("click_performance/excluded")
        return page
