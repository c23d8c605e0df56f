"""What attribution credits, beside what an experiment says the email caused."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from email_statistics.reports import pieces
from email_statistics.reports.ask.parameters import Checked, Day, ExperimentId
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.pages.experiment import tested_email
from email_statistics.reports.pages.page import Page
from email_statistics.reports.pieces import Html, Interval, Number
from email_statistics.reports.words import experiments as words
from email_statistics.reports.words import formats

_NONE = "No experiment compares an email with none."
_ADVICE = (
    "Leave some contacts out of a send by chance, as a holdout, and deliver who they are in "
    "experiments and experiment_assignments (models/staging/_sources.yml)."
)


@dataclass(frozen=True)
class Incrementality(Page):
    """The page's numbers, read once; each public method is a piece of the page.

    ``experiment`` is the experiment's row, None where there is none; ``policies`` has a row per
    attribution policy, the build's own first; ``experiments`` one per experiment that compares an
    email with none, the latest first.
    """

    experiment: dict[str, Any] | None
    policies: pl.DataFrame
    experiments: pl.DataFrame

    def header(self) -> Html:
        """Open the page: what is credited to the email, and how much of that it caused."""
        return self.opening("Incrementality", self._lead(), self._shows())

    def shares(self) -> Html:
        """Draw what share of each policy's credit the email caused."""
        if self.experiment is None:
            return pieces.empty(_NONE, _ADVICE)
        if self._is_mismatched:
            return self._unreadable()
        shown = [
            Interval(
                row["label"],
                _share(row) or "Nothing credited",
                row["incremental_share"],
                None
                if row["incremental_share_low"] is None
                else (row["incremental_share_low"], row["incremental_share_high"]),
            )
            for row in self.policies.iter_rows(named=True)
        ]
        return pieces.intervals(
            "How much of the credited revenue the email caused",
            "",
            shown,
            "The dot is the share, the line the 95% interval. Where it reaches beyond 100%, the "
            "email may have caused more than the policy credits; where it holds 0%, nothing.",
            marks=((0, "0%"), (1, "100%")),
        )

    def by_policy(self) -> Html:
        """List credited beside incremental revenue, by policy."""
        if self.experiment is None:
            return pieces.empty(_NONE, _ADVICE)
        if self._is_mismatched:
            return self._unreadable()
        currency = self.build.currency
        rows = []
        for row in self.policies.iter_rows(named=True):
            low, high = row["incremental_revenue_low"], row["incremental_revenue_high"]
            incremental = "unknown"
            if row["incremental_revenue"] is not None:
                incremental = formats.money(row["incremental_revenue"], currency)
            if low is not None:
                incremental += f" ({formats.amount(low)} to {formats.amount(high)})"
            rows.append(
                [
                    row["label"] + (" (this build)" if row["is_active"] else ""),
                    row["window_in_words"],
                    formats.money(row["credited_revenue"], currency),
                    incremental,
                    _share(row) or "Nothing credited",
                ]
            )
        listed = pieces.table(
            "Credited and caused, by policy",
            [
                "Policy",
                "Credits orders",
                Number("Credited revenue"),
                Number("Caused by the email"),
                Number("Caused, of credited"),
            ],
            rows,
        )
        note = pieces.note(
            "Credited: what the policy credits of the orders of contacts with the email, in the "
            f"{formats.plural(self.experiment['outcome_days'], 'day')} after the assignment. "
            "Caused: what they spent more on average than contacts without it, times their "
            "number. In brackets the 95% interval."
        )
        return pieces.stack([listed, note])

    def which(self) -> Html:
        """List the experiments that a page like this can be about; this page's says so."""
        if self.experiment is None:
            return pieces.empty(_NONE, _ADVICE)
        shown = self.experiment["experiment_id"]
        return pieces.table(
            "Experiments that compare an email with none",
            ["Experiment", "Email", "Started", "On this page"],
            [
                [
                    pieces.leading(
                        row["experiment_name"] or row["experiment_id"],
                        "experiment",
                        row["experiment_id"],
                    ),
                    tested_email(row),
                    formats.day(row["started_at"]) if row["started_at"] else "unknown",
                    "Yes" if row["experiment_id"] == shown else "No",
                ]
                for row in self.experiments.iter_rows(named=True)
            ],
        )

    def definitions(self) -> Html:
        """Say what the numbers were made from; what they mean stands beside each."""
        return self.definitions_of(())

    @property
    def _is_mismatched(self) -> bool:
        return "sample_ratio_mismatch" in self.policies["status"]

    def _unreadable(self) -> Html:
        return pieces.empty("Nothing is compared.", words.CANNOT_BE_READ)

    def _lead(self) -> str:
        if self.experiment is None:
            return _NONE
        (row,) = self.policies.filter("is_active").to_dicts()
        if row["status"] == "sample_ratio_mismatch":
            return words.CANNOT_BE_READ
        if row["incremental_share_low"] is None:
            return "Nothing is credited, or too few contacts' days are over: there is no share yet."
        early = (
            " The test is not over: do not act on it yet." if row["status"] == "too_early" else ""
        )
        credited = formats.money(row["credited_revenue"], self.build.currency)
        return (
            f"{formats.isolated(row['label'])} credits {credited} to the email. Of 100 credited, "
            f"{_of_100(row)} would not have come without the email.{early}"
        )

    def _shows(self) -> str:
        if self.experiment is None:
            return "Holdouts, and A/B tests whose control got no email"
        name = self.experiment["experiment_name"] or self.experiment["experiment_id"]
        return f"The experiment {formats.isolated(name)}"


def _share(row: dict[str, Any]) -> str:
    """Write the incremental share, "54% (34% to 74%)"; "" where nothing is credited."""
    share, low, high = (row[f"incremental_share{end}"] for end in ("", "_low", "_high"))
    if share is None:
        return ""
    return f"{share:.0%}" + ("" if low is None else f" ({low:.0%} to {high:.0%})")


def _of_100(row: dict[str, Any]) -> str:
    """Write the same of 100, with its 95% interval: "54 [34, 74]"."""
    share, low, high = (100 * row[f"incremental_share{end}"] for end in ("", "_low", "_high"))
    return f"{share:.0f} [{low:.0f}, {high:.0f}]"


@Checked
def load(experiment_id: ExperimentId, as_of: Day) -> Incrementality:
    """Read the page's numbers."""
    with asking() as asked:
        known = asked("shared/experiments").filter("is_calibrated")
        readable = asked("incrementality/readable")["experiment_id"].to_list()
        can_be_read = known.filter(pl.col("experiment_id").is_in(readable))
        chosen = experiment_id or words.latest(can_be_read, as_of) or words.latest(known, as_of)
        asked.bind(id=chosen)
        found = known.filter(experiment_id=chosen)
        experiment = found.row(0, named=True) if found.height else None
        return Incrementality(
            asked=asked,
            period=words.period_of(
                experiment, "" if experiment_id else as_of, asked.build.last_day
            ),
            metrics={},
            experiment=experiment,
            experiments=known,
            policies=asked("incrementality/policies"),
        )
