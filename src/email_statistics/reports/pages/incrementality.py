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
        """Open the page: of 100 credited, how many would not have come without the email."""
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
                _of_100(row) or "nothing credited",
                row["incremental_share"],
                None
                if row["incremental_share_low"] is None
                else (row["incremental_share_low"], row["incremental_share_high"]),
            )
            for row in self.policies.iter_rows(named=True)
        ]
        return pieces.intervals(
            "Of what a policy credits, the share that the email caused",
            "",
            shown,
            "Of 100 credited, how many the email caused. An interval that reaches beyond 100 says "
            "that the email may have caused more than the policy credits; one that holds 0, that "
            "it may have caused nothing.",
            marks=((0, "0"), (1, "100")),
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
                    _share(row) or "nothing credited",
                ]
            )
        listed = pieces.table(
            "Credited and caused, by policy",
            [
                "Policy",
                "Credits orders",
                Number("Credited revenue"),
                Number("Caused by the email"),
                Number("Of 100 credited"),
            ],
            rows,
        )
        note = pieces.note(
            "Credited: what the policy credits of the orders that contacts with the email made in "
            "their days. Caused: what they spent above contacts without it, times their number. In "
            "brackets the 95% interval."
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
        return f"{_of_100(row)} would not have come without the email.{early}"

    def _shows(self) -> str:
        if self.experiment is None:
            return "Holdouts, and A/B tests whose control got no email"
        name = self.experiment["experiment_name"] or self.experiment["experiment_id"]
        return f"The experiment {formats.isolated(name)}"


def _share(row: dict[str, Any]) -> str:
    """Write the incremental share in percent, "54 [34, 74]"; "" where nothing is credited."""
    share, low, high = (row[f"incremental_share{end}"] for end in ("", "_low", "_high"))
    if share is None:
        return ""
    return f"{100 * share:.0f}" + ("" if low is None else f" [{100 * low:.0f}, {100 * high:.0f}]")


def _of_100(row: dict[str, Any]) -> str:
    """Write "Of 100 credited, 54 [34, 74]"; "" where nothing is credited."""
    share = _share(row)
    return f"Of 100 credited, {share}" if share else ""


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
