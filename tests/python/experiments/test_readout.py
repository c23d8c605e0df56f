"""How experiments are read out: a lake of small ones, built once, against statistics by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import duckdb
import polars as pl
import pytest
from helpers.builder import Builder
from reference.worlds import write_lake
from scipy import stats

from email_statistics.experiments.statistics import (
    Arm,
    compare,
    confidence_sequence,
    incremental_share,
)

Row = dict[str, Any]
# Nearly all contacts of the lake are assigned on the first day; the data go to day 20.
START = datetime(2026, 1, 1)
LAST = 20.0
POLICIES = "select attribution_policy from core.dim_attribution_policies"


def day(number: float) -> datetime:
    return START + timedelta(days=number)


@dataclass
class Lake:
    """Raw tables, filled experiment by experiment; ids count on."""

    tables: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, **values: Any) -> None:
        rows = self.tables.setdefault(table, [])
        times = {"updated_at": START, "loaded_at": START}
        if table.endswith(("_events", "_assignments")):
            at = values.pop("at", day(0))
            times = {"event_at": at, "loaded_at": at}
            values = {"event_id": f"{table}-{len(rows)}"} | values
        rows.append(times | values)

    def contact(self) -> str:
        """A new contact."""
        contact_id = f"c{len(self.tables.get('contacts', []))}"
        self.add("contacts", contact_id=contact_id, email=f"{contact_id}@example.com")
        return contact_id

    def order(self, contact_id: str, amount: str, at: float = 2, currency: str = "USD") -> None:
        order_id = f"o{len(self.tables.get('order_events', []))}"
        self.add(
            "order_events", event_type="paid", at=day(at), order_id=order_id, contact_id=contact_id,
            amount=amount, currency=currency,
        )  # fmt: skip

    def message(self, contact_id: str, source: str, at: float = 0, **values: Any) -> str:
        message_id = f"m{len(self.tables.get('send_events', []))}"
        self.add(
            "send_events", event_type="delivered", at=day(at), message_id=message_id,
            contact_id=contact_id, email_source_id=source, **values,
        )  # fmt: skip
        return message_id

    def opened(self, message_id: str, at: float = 1) -> None:
        self.add("engagement_events", event_type="opened", at=day(at), message_id=message_id)

    def experiment(self, experiment_id: str, kind: str = "holdout", **values: Any) -> None:
        given = {"control_arm": "control", "ended_at": day(1)} | values
        self.add("experiments", experiment_id=experiment_id, experiment_type=kind, **given)

    def assigned(
        self,
        experiment_id: str,
        arm: str,
        contacts: int,
        ordering: int = 0,
        at: float = 0,
        amounts: tuple[str, ...] = ("10.00", "25.50"),
    ) -> list[str]:
        """New contacts in an arm, of whom the first order once, in turn one of the amounts."""
        ids = []
        for number in range(contacts):
            contact_id = self.contact()
            self.add(
                "experiment_assignments", event_type="assigned", at=day(at),
                experiment_id=experiment_id, contact_id=contact_id, arm=arm,
            )  # fmt: skip
            if number < ordering:
                self.order(contact_id, amounts[number % len(amounts)], at + 2)
            ids.append(contact_id)
        return ids


def _lake() -> Lake:
    lake = Lake()
    lake.add(
        "sending_domains", sending_domain="d", valid_from=START, sending_service="aesthetix",
        is_dedicated=True, is_open_tracking_enabled=True, is_click_tracking_enabled=True,
    )  # fmt: skip
    for source in ("ab", "three", "spread", "apart", "held", "none_sent"):
        lake.add(
            "email_sources", email_source_id=source, email_source_type="campaign",
            email_source_name=source, sending_domain="d", is_click_tracking_enabled=True,
        )  # fmt: skip
    lake.order(lake.contact(), "1.00", LAST)

    # Holdouts that end in each way.
    lake.experiment("better")
    lake.assigned("better", "control", 200, 20)
    lake.assigned("better", "email", 200, 60)
    lake.experiment("worse")
    lake.assigned("worse", "control", 200, 60)
    lake.assigned("worse", "email", 200, 20)
    lake.experiment("same")
    lake.assigned("same", "control", 200, 20)
    lake.assigned("same", "email", 200, 24)
    lake.experiment("not_over", ended_at=None)
    lake.assigned("not_over", "control", 200, 20)
    lake.assigned("not_over", "email", 200, 24)
    lake.experiment("clear_early", ended_at=None)
    lake.assigned("clear_early", "control", 300, 3)
    lake.assigned("clear_early", "email", 300, 150)
    lake.experiment("immature")
    lake.assigned("immature", "control", 200, 20)
    lake.assigned("immature", "email", 200, 40)
    lake.assigned("immature", "email", 1, at=6.5)
    lake.experiment("planned", ended_at=None, planned_contacts_per_arm=200)
    lake.assigned("planned", "control", 200, 20)
    lake.assigned("planned", "email", 200, 60)
    lake.experiment("short_of_plan", planned_contacts_per_arm=201)
    lake.assigned("short_of_plan", "control", 200, 20)
    lake.assigned("short_of_plan", "email", 201, 24)
    lake.experiment("mismatch")
    lake.assigned("mismatch", "control", 100, 10)
    lake.assigned("mismatch", "email", 200, 100)
    lake.experiment("nobody_ordered")
    lake.assigned("nobody_ordered", "control", 20)
    lake.assigned("nobody_ordered", "email", 20)
    lake.experiment("one_contact")
    lake.assigned("one_contact", "control", 1, 1)
    lake.assigned("one_contact", "email", 1)
    lake.experiment("without_control")
    lake.assigned("without_control", "email", 9, 2)
    lake.experiment("empty")

    # Contacts per arm.
    for name, control, shares in [
        ("ratio_ok", 61, None), ("ratio_warn", 65, None), ("ratio_fail", 70, None),
        ("ratio_10_90", 12, "control=10,email=90"),
    ]:  # fmt: skip
        lake.experiment(name, planned_shares=shares)
        lake.assigned(name, "control", control, 1)
        lake.assigned(name, "email", 100 - control, 1)
    lake.experiment("ratio_unplanned", planned_shares="control=1,email=1")
    for arm in ("control", "email", "Email"):
        lake.assigned("ratio_unplanned", arm, 10, 1)
    lake.experiment("ratio_empty_arm", planned_shares="control=1,email=1,other=1")
    for arm in ("control", "email"):
        lake.assigned("ratio_empty_arm", arm, 20, 1)

    # Contamination: 0 of 101, 1 of 101, 2 of 100, 5 of 100.
    for name, contacts, contaminated in [
        ("clean", 51, 0), ("hardly", 51, 1), ("some", 50, 2), ("much", 50, 5),
    ]:  # fmt: skip
        lake.experiment(name)
        for contact_id in lake.assigned(name, "control", contacts, 1)[:contaminated]:
            lake.message(contact_id, "held", 1)
        lake.assigned(name, "email", 50, 1)

    # An A/B test by variants, with roll-outs; three arms by assignments.
    lake.experiment("ab", "ab_test", control_arm="A", email_source_id="ab", primary_metric="opened")
    for number in range(300):
        variant = "AB"[number % 2]
        message = lake.message(lake.contact(), "ab", 0.02 * (variant == "B"), variant=variant)
        if number % 10 < (3 if variant == "A" else 4):
            lake.opened(message)
        if number % 30 < 6 - 5 * (variant == "A"):
            lake.add("engagement_events", event_type="unsubscribed", at=day(1), message_id=message)
    lake.message(lake.contact(), "ab", 3, variant="B", is_winner_rollout=True)
    lake.experiment("three", "ab_test", email_source_id="three")
    for arm, ordering in [("control", 20), ("A", 35), ("B", 34)]:
        for contact_id in lake.assigned("three", arm, 150, ordering):
            lake.message(contact_id, "three", 0.1)
    for name, hours in [("spread", 2), ("apart", 25)]:
        lake.experiment(name, "ab_test", control_arm="A", email_source_id=name)
        for number in range(20):
            variant = "AB"[number % 2]
            lake.message(lake.contact(), name, hours / 24 * (variant == "B"), variant=variant)

    # What policies credit: openers of a holdout's email, and an A/B test with an arm without one.
    lake.experiment("held", email_source_id="held")
    lake.assigned("held", "control", 200, 20)
    for contact_id in lake.assigned("held", "email", 200, 60)[10:]:
        lake.opened(lake.message(contact_id, "held", 0.5))
    lake.experiment("none_sent", "ab_test", email_source_id="none_sent")
    lake.assigned("none_sent", "control", 20, 5)
    for contact_id in lake.assigned("none_sent", "email", 20, 10):
        lake.message(contact_id, "none_sent", 0.5)
    return lake


@pytest.fixture(scope="module")
def read_out(
    builder: Builder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("experiments")
    write_lake([_lake().tables], [], folder / "lake", dirt=True)
    database = builder.build(folder / "lake", folder / "warehouse" / "email_stats.duckdb")
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


Read = duckdb.DuckDBPyConnection


def rows(connection: Read, table: str, **key: Any) -> list[Row]:
    frame: pl.DataFrame = connection.table(table).pl()
    return frame.filter(**key).sort(frame.columns[:3]).to_dicts()


def result(connection: Read, experiment_id: str, metric: str = "revenue") -> Row:
    (row,) = rows(
        connection, "marts.experiment_results", experiment_id=experiment_id, metric=metric
    )
    return row


def arm(connection: Read, experiment_id: str, name: str, metric: str) -> Arm:
    (row,) = rows(
        connection, "marts.experiment_arms", experiment_id=experiment_id, arm=name, metric=metric
    )
    return Arm(row["contacts"], row["total"], row["total_squared"])


def check(connection: Read, experiment_id: str, name: str) -> tuple[Any, str]:
    (row,) = rows(
        connection, "marts.experiment_checks", experiment_id=experiment_id, check_name=name
    )
    return row["value"], row["status"]


@pytest.mark.parametrize(
    ("experiment_id", "status"),
    {
        "better": "better",
        "worse": "worse",
        "same": "no_difference_found",
        "not_over": "too_early",
        "clear_early": "better",
        "immature": "too_early",
        "planned": "better",
        "short_of_plan": "too_early",
        "mismatch": "sample_ratio_mismatch",
        "nobody_ordered": "no_data",
        "one_contact": "no_data",
        "ratio_unplanned": "sample_ratio_mismatch",
    }.items(),
)
def test_a_comparison_ends_in_the_first_status_that_applies(
    read_out: Read, experiment_id: str, status: str
) -> None:
    found = rows(
        read_out, "marts.experiment_results", experiment_id=experiment_id, metric="revenue"
    )
    assert {row["status"] for row in found} == {status}


@pytest.mark.parametrize("experiment_id", ["better", "worse", "same", "not_over", "planned"])
@pytest.mark.parametrize("metric", ["revenue", "orders", "ordered", "converted"])
def test_a_result_is_the_comparison_of_its_arms(
    read_out: Read, experiment_id: str, metric: str
) -> None:
    row = result(read_out, experiment_id, metric)
    treated = arm(read_out, experiment_id, "email", metric)
    control = arm(read_out, experiment_id, "control", metric)
    expected = compare(
        treated,
        control,
        is_proportion=metric in ("ordered", "converted"),
        comparisons=1,
        tuned_at=400 if experiment_id == "planned" else 5000,
    )
    for name, value in vars(expected).items():
        assert row[name] == pytest.approx(value, rel=1e-12), name
    assert row["is_primary"] == (metric == "revenue")
    assert (row["contacts"], row["control_contacts"]) == (treated.contacts, control.contacts)


def test_means_are_compared_as_scipy_does(read_out: Read) -> None:
    row = result(read_out, "better")
    spent = read_out.sql(
        "select is_control, revenue::double from core.fct_experiment_contacts"
        " where experiment_id = 'better'"
    ).fetchall()
    ours = [revenue for is_control, revenue in spent if not is_control]
    theirs = [revenue for is_control, revenue in spent if is_control]
    test = stats.ttest_ind(ours, theirs, equal_var=False)
    interval = test.confidence_interval(0.95)
    assert row["p_value"] == pytest.approx(test.pvalue, rel=1e-9)
    assert row["difference_low"] == pytest.approx(interval.low, rel=1e-9)
    assert row["difference_high"] == pytest.approx(interval.high, rel=1e-9)


def test_nothing_is_told_of_a_difference_between_mismatched_arms(read_out: Read) -> None:
    row = result(read_out, "mismatch")
    kept = {"experiment_id", "arm", "metric", "status", "control_contacts", "contacts"}
    kept |= {"control_mean", "mean", "is_primary"}
    assert {name for name, value in row.items() if value is not None} == kept
    for calibrated in rows(read_out, "marts.attribution_calibration", experiment_id="mismatch"):
        assert calibrated["status"] == "sample_ratio_mismatch"
        assert calibrated["incremental_revenue"] is None
        assert calibrated["incremental_share"] is None


def test_without_data_there_are_no_intervals_that_need_a_variance(read_out: Read) -> None:
    alone = result(read_out, "one_contact")
    assert (alone["difference"], alone["difference_low"], alone["p_value"]) == (-10.0, None, None)
    assert alone["minimum_detectable_effect"] is None
    nobody = result(read_out, "nobody_ordered", "ordered")
    assert nobody["p_value"] is None
    assert nobody["relative_lift"] is None
    assert nobody["always_low"] is None
    assert nobody["difference_low"] < 0 < nobody["difference_high"]


def test_arms_without_a_control_or_anybody_are_not_compared(read_out: Read) -> None:
    for experiment_id in ("without_control", "empty"):
        assert rows(read_out, "marts.experiment_results", experiment_id=experiment_id) == []
    assert check(read_out, "without_control", "sample_ratio")[1] == "warn"
    assert check(read_out, "empty", "sample_ratio") == (None, "info")
    assert check(read_out, "empty", "contamination") == (None, "info")
    assert check(read_out, "empty", "maturity") == (0.0, "ok")


@pytest.mark.parametrize(
    ("experiment_id", "counted", "weights", "status"),
    [
        ("ratio_ok", (61, 39), (1, 1), "ok"),
        ("ratio_warn", (65, 35), (1, 1), "warn"),
        ("ratio_fail", (70, 30), (1, 1), "fail"),
        ("ratio_10_90", (12, 88), (10, 90), "ok"),
        ("ratio_empty_arm", (20, 20, 0), (1, 1, 1), "fail"),
    ],
)
def test_contacts_per_arm_are_held_against_the_plan(
    read_out: Read,
    experiment_id: str,
    counted: tuple[int, ...],
    weights: tuple[int, ...],
    status: str,
) -> None:
    expected = [sum(counted) * weight / sum(weights) for weight in weights]
    p_value = float(stats.chisquare(counted, expected).pvalue)
    assert check(read_out, experiment_id, "sample_ratio") == (pytest.approx(p_value), status)


def test_an_arm_that_is_not_planned_fails(read_out: Read) -> None:
    assert check(read_out, "ratio_unplanned", "sample_ratio") == (0.0, "fail")


@pytest.mark.parametrize(
    ("experiment_id", "share", "status"),
    [("clean", 0.0, "ok"), ("hardly", 1 / 101, "info"), ("some", 0.02, "warn"),
     ("much", 0.05, "fail")],
)  # fmt: skip
def test_contamination_is_judged_by_its_share(
    read_out: Read, experiment_id: str, share: float, status: str
) -> None:
    assert check(read_out, experiment_id, "contamination") == (pytest.approx(share), status)


def test_who_is_immature_is_counted_and_in_no_metric(read_out: Read) -> None:
    assert check(read_out, "immature", "maturity") == (1.0, "info")
    assert check(read_out, "better", "maturity") == (0.0, "ok")
    (treated,) = rows(
        read_out, "marts.experiment_arms", experiment_id="immature", arm="email", metric="revenue"
    )
    assert (treated["contacts"], treated["immature_contacts"]) == (200, 1)


@pytest.mark.parametrize(
    ("experiment_id", "hours", "status"),
    [("ab", 0.48, "ok"), ("spread", 2.0, "warn"), ("apart", 25.0, "fail")],
)
def test_arms_are_sent_at_the_same_time_or_not(
    read_out: Read, experiment_id: str, hours: float, status: str
) -> None:
    assert check(read_out, experiment_id, "send_time") == (pytest.approx(hours), status)
    holdout = rows(
        read_out, "marts.experiment_checks", experiment_id="better", check_name="send_time"
    )
    assert holdout == []


def test_an_ab_test_has_the_metrics_of_its_email(read_out: Read) -> None:
    metrics = {
        row["metric"]: row for row in rows(read_out, "marts.experiment_results", experiment_id="ab")
    }
    assert set(metrics) == {
        "revenue", "orders", "ordered", "converted", "delivered", "opened", "human_opened",
        "clicked", "unsubscribed", "complained",
    }  # fmt: skip
    assert metrics["opened"]["is_primary"] and not metrics["revenue"]["is_primary"]
    assert {row["contacts"] for row in metrics.values()} == {150}
    holdout = rows(read_out, "marts.experiment_results", experiment_id="better")
    assert {row["metric"] for row in holdout} == {"revenue", "orders", "ordered", "converted"}


def test_more_unsubscribes_are_worse(read_out: Read) -> None:
    row = result(read_out, "ab", "unsubscribed")
    assert row["difference"] > 0
    assert row["difference_low"] > 0
    assert row["status"] == "worse"


def test_two_treated_arms_are_adjusted_for_each_other(read_out: Read) -> None:
    found = {
        row["arm"]: row
        for row in rows(
            read_out, "marts.experiment_results", experiment_id="three", metric="ordered"
        )
    }
    control = arm(read_out, "three", "control", "ordered")
    alone = {}
    for name, row in found.items():
        treated = arm(read_out, "three", name, "ordered")
        expected = compare(treated, control, is_proportion=True, comparisons=2, tuned_at=5000)
        alone[name] = expected.p_value or 1
        assert row["difference_low"] == pytest.approx(expected.difference_low)
        assert row["minimum_detectable_effect"] == pytest.approx(expected.minimum_detectable_effect)
        sequence = confidence_sequence(treated, control, 0.025, 5000)
        assert (row["always_low"], row["always_high"]) == pytest.approx(sequence)
    assert alone["A"] < alone["B"]
    assert found["A"]["p_value"] == pytest.approx(2 * alone["A"])
    assert found["B"]["p_value"] == pytest.approx(max(2 * alone["A"], alone["B"]))


def test_a_policys_credit_is_held_against_what_the_email_caused(read_out: Read) -> None:
    calibrated = rows(read_out, "marts.attribution_calibration", experiment_id="held")
    policies = {name for (name,) in read_out.sql(POLICIES).fetchall()}
    assert {row["attribution_policy"] for row in calibrated} == policies
    treated = arm(read_out, "held", "email", "revenue")
    control = arm(read_out, "held", "control", "revenue")
    comparison = compare(treated, control, is_proportion=False, comparisons=1, tuned_at=5000)
    (row,) = (row for row in calibrated if row["attribution_policy"] == "aesthetix")
    assert row["treated_contacts"] == 200
    assert row["incremental_revenue"] == pytest.approx(200 * (comparison.difference or 0))
    assert row["incremental_revenue_low"] == pytest.approx(200 * (comparison.difference_low or 0))
    assert row["incremental_revenue_high"] == pytest.approx(200 * (comparison.difference_high or 0))
    assert row["status"] == result(read_out, "held")["status"] == "better"

    # The first ten who ordered got no email, so what they spent is credited to none.
    amounts = [1000, 2550] * 25
    credit = Arm(
        200, Fraction(sum(amounts), 100), Fraction(sum(cents**2 for cents in amounts), 10_000)
    )
    assert row["credited_revenue"] == credit.total
    share = incremental_share(treated, credit, credit.total_squared, control)
    assert row["incremental_share"] == pytest.approx(share.share)
    assert row["incremental_share_low"] == pytest.approx(share.low)
    assert row["incremental_share_high"] == pytest.approx(share.high)


def test_ab_tests_are_calibrated_only_where_the_control_got_no_email(read_out: Read) -> None:
    calibrated = {row["experiment_id"] for row in rows(read_out, "marts.attribution_calibration")}
    assert {"none_sent", "held", "better", "empty"} <= calibrated
    assert calibrated & {"ab", "three", "spread", "apart"} == set()
    for row in rows(read_out, "marts.attribution_calibration", experiment_id="none_sent"):
        if row["credited_revenue"] == 0:
            assert row["incremental_share"] is None
