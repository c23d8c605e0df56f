"""One experiment: what was tested, whether it can be read, what it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from email_statistics.experiments.statistics import Arm, compare
from email_statistics.reports import pieces
from email_statistics.reports.ask.parameters import Checked, Day, ExperimentId
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.pages.page import Page
from email_statistics.reports.pieces import Axes, Finding, Html, Interval, Number, Series
from email_statistics.reports.words import experiments as words
from email_statistics.reports.words import formats
from email_statistics.reports.words.reasons import begun

_COLOURS = ("sent", "opened", "ordered")
_LOOKS = 15


@dataclass(frozen=True)
class Experiment(Page):
    """The page's numbers, read once; each public method is a piece of the page.

    ``experiment`` is the experiment's row, None where there is none; ``arms`` has a row per arm,
    ``results`` one per arm other than the control and metric, ``looks`` the primary metric's sums
    up to each day of assignment, ``spent`` what each arm had spent by each day.
    """

    experiment: dict[str, Any] | None
    checks: pl.DataFrame
    arms: pl.DataFrame
    results: pl.DataFrame
    spent: pl.DataFrame
    looks: pl.DataFrame

    def header(self) -> Html:
        """Open the page: what the test found, by its primary metric."""
        name = self.experiment and (
            self.experiment["experiment_name"] or self.experiment["experiment_id"]
        )
        return self.opening(name or "Experiment", self._lead(), self._shows())

    def setup(self) -> Html:
        """Show what was tested."""
        if self.experiment is None:
            return pieces.empty(words.NONE, words.ADVICE)
        one = self.experiment
        planned = one["planned_contacts_per_arm"]
        facts = [
            ("Experiment", one["experiment_name"] or one["experiment_id"]),
            (
                "Type",
                "Holdout: the control gets no email"
                if one["experiment_type"] == "holdout"
                else "A/B test: each arm gets a variant",
            ),
            ("Email", tested_email(one)),
            ("Control", one["control_arm"]),
            ("Judged by", begun(words.compared_by(one["primary_metric"]))),
            ("Outcomes count", f"for {self._outcome_days} after each assignment"),
            ("Planned contacts per arm", formats.count(planned) if planned else "none"),
        ]
        return pieces.table("What was tested", ["", ""], [list(fact) for fact in facts])

    def readable(self) -> Html:
        """Say first whether the test can be read."""
        if self.experiment is None:
            return pieces.empty(words.NONE, words.ADVICE)
        found = [
            Finding(row["status"], row["message"])
            for row in self.checks.iter_rows(named=True)
            if row["status"] != "ok"
        ]
        if not found:
            return pieces.note(
                "Every check is in order: contacts are shared among the arms as planned, each got "
                f"what its arm was meant to get, and all {self._outcome_days} of each are over."
            )
        return pieces.measured([], found, "")

    def contacts(self) -> Html:
        """Count each arm's contacts, those who count not yet, and those who got the wrong thing."""
        if self.experiment is None:
            return pieces.empty(words.NONE, words.ADVICE)
        names = ("contacts", "mature_contacts", "immature_contacts", "contaminated_contacts")
        counted = pieces.table(
            "Contacts by arm",
            [
                "Arm",
                *map(
                    Number,
                    (
                        "Contacts",
                        "Counted",
                        "Not yet counted",
                        "Got another arm's",
                        "Orders without an exchange rate",
                    ),
                ),
            ],
            [
                [
                    row["arm"]
                    + (" (control)" if row["is_control"] and row["arm"] != "control" else ""),
                    *(formats.count(row[name]) for name in (*names, "orders_without_rate")),
                ]
                for row in self.arms.iter_rows(named=True)
            ],
        )
        note = pieces.note(
            "A contact belongs to its first arm, whatever was sent, delivered or opened, and is "
            f"counted once its {self._outcome_days} are over. Those who got what another arm was "
            "meant to get stay in their own. Orders without an exchange rate are in no sum of "
            "money."
        )
        return pieces.stack([counted, note])

    def metrics_compared(self) -> Html:
        """Compare the arms by each metric: a dot with a line against zero, and words."""
        if self.results.is_empty():
            return self._nothing_compared()
        shown = []
        for (metric,), rows in self.results.group_by("metric", maintain_order=True):
            first = rows.row(0, named=True)
            label = words.LABELS[str(metric)]
            if first["is_primary"]:
                label += " (the test is judged by it)"
            shown.append(self._metric(label, rows))
        note = pieces.note(
            "Each line is a 95% interval: in 19 tests of 20 the true difference is on it. "
            "Metrics aren't corrected for each other: with ten of them, one may look different by "
            "chance alone. Only the one that the test is judged by has a winner."
        )
        return pieces.stack([*shown, note])

    def spent_by_day(self) -> Html:
        """Chart revenue per contact by days since the assignment, each arm."""
        if self.spent.is_empty():
            return self._nothing_compared()
        arms = self.arms.filter(pl.col("mature_contacts") > 0)["arm"].to_list()[: len(_COLOURS)]
        points = self.spent.pivot("arm", index="days", values="revenue_per_contact").sort("days")
        columns = {arm: f"arm_{number}" for number, arm in enumerate(arms)}
        points = points.select(at="days", **{columns[arm]: pl.col(arm) for arm in arms})
        currency = self.build.currency
        colours = [f"var(--es-{colour})" for colour in _COLOURS[: len(arms)]]
        title = "Revenue per contact by days since the assignment"
        last = points.row(-1, named=True)
        summary = "; ".join(
            f"{formats.isolated(arm)}: {formats.money(last[columns[arm]], currency)}"
            for arm in arms
        )
        axes = Axes(f"{title}. {summary}", "Days since the assignment", f"Revenue ({currency})")
        lines = [
            Series(columns[arm], colour, currency)
            for arm, colour in zip(arms, colours, strict=True)
        ]
        table = pieces.table(
            title,
            ["Day", *map(Number, arms)],
            [
                [formats.count(row["at"]), *(formats.amount(row[columns[arm]]) for arm in arms)]
                for row in points.iter_rows(named=True)
            ],
        )
        legend = list(zip(arms, colours, range(len(arms)), strict=True))
        drawing = pieces.line_chart(points, lines, axes)
        return pieces.chart(title, f"At the end {summary}.", drawing, table, legend)

    def looks_by_day(self) -> Html:
        """Show what each day's look would have said: the trap of peeking."""
        if self.looks.is_empty() or self.results.is_empty() or self._is_mismatched:
            return self._nothing_compared()
        metric = self._experiment["primary_metric"]
        currency = self.build.currency
        days = self.looks["assigned_on"].unique().sort()
        step = -(-len(days) // _LOOKS)
        # The last look at a test that is over is its result, not a look too soon.
        is_over = not {"too_early", "no_data"} & {row["status"] for row in self._primary()}
        early = days[:-1] if is_over else days
        if early.is_empty():
            return pieces.note(
                "All contacts were assigned on one day, so no look came before the result."
            )
        shown, fooled, looks = [], 0, 0
        for day in days[::-1][::step][::-1]:
            for label, once, always in self._look(self.looks.filter(assigned_on=day)):
                if once is None or always is None:
                    continue
                value = (once[0] + once[1]) / 2
                holds_zero = always[0] <= 0 <= always[1]
                if day <= early[-1]:
                    looks += 1
                    fooled += holds_zero and not once[0] <= 0 <= once[1]
                text = (
                    f"{words.difference(metric, once[0], currency)} to "
                    f"{words.difference(metric, once[1], currency)}"
                )
                shown.append(Interval(f"{formats.day(day)}{label}", text, value, once, always))
        if not shown:
            return self._nothing_compared()
        before = " before the last" if is_over else ""
        return pieces.intervals(
            f"{words.LABELS[metric]}: the difference as it looked each day",
            f"{formats.plural(fooled, 'look')} of {looks}{before} would have named a winner too "
            "soon."
            if fooled
            else f"No look{before} would have named a winner too soon.",
            shown,
            "By the day on which contacts were assigned, all those until then. Thick: the 95% "
            "interval for a single look. Thin: the one that holds however often you look. Where "
            "the thick line leaves zero and the thin one doesn't, somebody who peeked that day "
            "would have seen a winner that the test can't show yet.",
        )

    def definitions(self) -> Html:
        """Say what the numbers were made from; what they mean stands beside each."""
        return self.definitions_of(())

    @property
    def _experiment(self) -> dict[str, Any]:
        return self.experiment or {}

    @property
    def _outcome_days(self) -> str:
        return formats.plural(self._experiment["outcome_days"], "day")

    @property
    def _is_mismatched(self) -> bool:
        return "sample_ratio_mismatch" in self.results["status"]

    def _primary(self) -> list[dict[str, Any]]:
        return self.results.filter("is_primary").to_dicts()

    def _lead(self) -> str:
        if self.experiment is None:
            return words.NONE
        primary = self._primary()
        if not primary:
            return "Nothing can be compared yet: no contact's days are over in every arm."
        sentences = [words.verdict(row, self.build.currency) for row in primary]
        return " ".join(dict.fromkeys(sentences))

    def _shows(self) -> str:
        if self.experiment is None:
            return "Holdouts and A/B tests"
        name = self.experiment["experiment_name"] or self.experiment["experiment_id"]
        return f"The experiment {formats.isolated(name)}"

    def _nothing_compared(self) -> Html:
        if self.experiment is None:
            return pieces.empty(words.NONE, words.ADVICE)
        if not self.results.is_empty() and self._is_mismatched:
            return pieces.empty(
                "Nothing is compared.",
                words.CANNOT_BE_READ,
            )
        return pieces.empty(
            "Nothing can be compared yet.", "No contact's days are over in every arm."
        )

    def _metric(self, label: str, rows: pl.DataFrame) -> Html:
        currency, shown = self.build.currency, []
        for row in rows.iter_rows(named=True):
            metric = row["metric"]
            ends = (row["difference_low"], row["difference_high"])
            always = (row["always_low"], row["always_high"])
            text = words.STATUSES[row["status"]]
            if row["difference"] is not None:
                may_be = words.between(metric, row, "difference", currency)
                text = (
                    f"{words.value(metric, row['mean'], currency)} against "
                    f"{words.value(metric, row['control_mean'], currency)}: "
                    f"{words.difference(metric, row['difference'], currency)}"
                    f"{f' ({may_be})' if may_be else ''}. {text}."
                )
            shown.append(
                Interval(
                    row["arm"],
                    text,
                    row["difference"],
                    None if None in ends else ends,
                    None if None in always else always,
                )
            )
        return pieces.intervals(label, "", shown)

    def _look(
        self, sums: pl.DataFrame
    ) -> list[tuple[str, tuple[float, float] | None, tuple[float, float] | None]]:
        """The intervals for a single look, and for every look, of each arm against the control."""
        one = self._experiment
        arms = {
            row["arm"]: (
                row["is_control"],
                Arm(row["contacts"], row["total"], row["total_squared"]),
            )
            for row in sums.iter_rows(named=True)
        }
        control = next((arm for is_control, arm in arms.values() if is_control), None)
        treated = {name: arm for name, (is_control, arm) in arms.items() if not is_control}
        if control is None:
            return []
        planned = one["planned_contacts_per_arm"]
        found = []
        for name, arm in treated.items():
            comparison = compare(
                arm,
                control,
                is_proportion=one["primary_metric"] not in ("revenue", "orders"),
                comparisons=len(treated),
                tuned_at=2 * planned if planned else self.build.settings["sequence_tuned_at"],
            )
            once = (comparison.difference_low, comparison.difference_high)
            always = (comparison.always_low, comparison.always_high)
            found.append(
                (
                    f", {name}" if len(treated) > 1 else "",
                    None if once[0] is None or once[1] is None else (once[0], once[1]),
                    None if always[0] is None or always[1] is None else (always[0], always[1]),
                )
            )
        return found


def tested_email(experiment: Mapping[str, Any]) -> str | Html:
    """Name the email that an experiment is about, which leads to its page."""
    if experiment["email_source_id"] is None:
        return "not bound to one"
    name = experiment["email_source_name"] or experiment["email_source_id"]
    return pieces.leading(name, "email", experiment["email_source_id"])


@Checked
def load(experiment_id: ExperimentId, as_of: Day) -> Experiment:
    """Read the page's numbers."""
    with asking() as asked:
        known = asked("shared/experiments")
        chosen = experiment_id or words.latest(known, as_of)
        asked.bind(id=chosen)
        found = known.filter(experiment_id=chosen)
        experiment = found.row(0, named=True) if found.height else None
        return Experiment(
            asked=asked,
            period=words.period_of(
                experiment, "" if experiment_id else as_of, asked.build.last_day
            ),
            metrics={},
            experiment=experiment,
            checks=asked("experiment/checks"),
            arms=asked("experiment/arms"),
            results=asked("experiment/results"),
            spent=asked("experiment/spent"),
            looks=asked("experiment/looks"),
        )
