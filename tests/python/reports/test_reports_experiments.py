"""Experiments and incrementality: the numbers of the marts, and no winner before there is one."""

from pathlib import Path
from typing import Any

import pytest
from helpers.report_worlds import loaded

from email_statistics import warehouse
from email_statistics.errors import UsageError
from email_statistics.reports.pages.experiment import Experiment
from email_statistics.reports.pages.incrementality import Incrementality
from email_statistics.reports.words import experiments as words
from email_statistics.reports.words import formats

WINNERS = ("better", "worse", "winner is", "wins")


@pytest.fixture(autouse=True)
def _warehouse(sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(sample_warehouse))


def experiment(experiment_id: str = "", as_of: str = "") -> Experiment:
    page: Experiment = loaded("experiment", experiment_id=experiment_id, as_of=as_of)
    return page


def incrementality(experiment_id: str = "", as_of: str = "") -> Incrementality:
    page: Incrementality = loaded("incrementality", experiment_id=experiment_id, as_of=as_of)
    return page


def text(page: Experiment) -> str:
    """Every piece of the page, as markup."""
    return "".join(
        piece.markup
        for piece in (
            page.header(),
            page.readable(),
            page.setup(),
            page.contacts(),
            page.metrics_compared(),
            page.spent_by_day(),
            page.looks_by_day(),
        )
    )


def statuses() -> dict[str, str]:
    rows = warehouse.sql(
        "select experiment_id, status from marts.experiment_results where is_primary"
    ).rows()
    return dict(rows)


def test_the_sample_has_an_experiment_of_each_kind() -> None:
    assert statuses() == {
        "exp_spring_offer": "better",
        "exp_loyalty_letter": "sample_ratio_mismatch",
        "exp_spring_subject": "no_difference_found",
        "exp_summer_subject": "too_early",
    }
    rolled_out = warehouse.sql("select count(*) from core.fct_messages where is_winner_rollout")
    assert rolled_out.item() == 120


@pytest.mark.parametrize("experiment_id", ["exp_loyalty_letter", "exp_summer_subject"])
def test_no_winner_is_named_before_a_test_can_name_one(experiment_id: str) -> None:
    page = experiment(experiment_id)
    lead = page.header().markup.replace("&#39;", "'")
    assert "too early to say" in lead or "can't be read" in lead
    for word in WINNERS[:2]:
        assert f"does {word}" not in text(page)
        assert words.STATUSES[word] not in text(page)


def test_a_mismatched_test_shows_no_difference() -> None:
    page = experiment("exp_loyalty_letter")
    for piece in (page.metrics_compared(), page.spent_by_day(), page.looks_by_day()):
        assert "points" not in piece.markup
    assert page.metrics_compared().markup.count("<svg") == page.metrics_compared().markup.count(
        "Can&#39;t be read"
    )
    assert "something else than chance" in page.readable().markup.lower()


def test_a_decided_test_says_by_how_much() -> None:
    page = experiment("exp_spring_offer")
    row = warehouse.sql(
        "select * from marts.experiment_results"
        " where experiment_id = 'exp_spring_offer' and is_primary"
    ).row(0, named=True)
    found = page.header().markup
    assert "does better than" in found
    for number in (row["mean"], row["control_mean"]):
        assert words.value("revenue", number, "USD") in found
    for end in ("difference_low", "difference_high"):
        assert words.difference("revenue", row[end], "USD") in found


def test_metrics_stand_in_their_usual_order_after_the_one_that_judges() -> None:
    order = [*experiment("exp_spring_subject").results["metric"].unique(maintain_order=True)]
    expected = warehouse.sql("select metric from core.dim_metrics order by sort_order")[
        "metric"
    ].to_list()
    assert order[0] == "opened"
    rest = [name for name in order[1:] if name != "human_opened"]
    assert rest == [name for name in expected if name in rest]


def test_a_test_that_is_too_early_says_what_it_still_needs() -> None:
    lead = experiment("exp_summer_subject").header().markup
    assert "55 of 2,000 contacts planned per arm" in lead
    needs: dict[str, dict[str, Any]] = {
        "the days of its last contacts": {"planned_contacts_per_arm": None, "ended_at": 1},
        "no number of contacts is planned": {"planned_contacts_per_arm": None, "ended_at": None},
    }
    for said, values in needs.items():
        assert said in words.verdict(_row(status="too_early", **values), "USD")


def test_the_tested_email_and_the_experiments_are_links() -> None:
    assert 'data-goto="email|src_campaign_030"' in experiment("exp_spring_offer").setup().markup
    listed = incrementality().which().markup
    assert 'data-goto="experiment|exp_spring_offer"' in listed
    assert 'data-goto="experiment|exp_loyalty_letter"' in listed
    shown = loaded("home", start_date="", end_date="", last_days=30, as_of="")
    every = shown.all_experiments().markup
    for one, status in statuses().items():
        assert f'data-goto="experiment|{one}"' in every
        assert words.STATUSES[status].replace("'", "&#39;") in every


def test_arms_that_end_differently_are_each_named() -> None:
    found = words.found(["B", "C"], ["better", "too_early"])
    assert "better than the control" in found and "too early to say" in found
    assert words.found([], []) == "Nothing can be compared yet"


def test_the_arms_are_counted_as_the_marts_count_them() -> None:
    page = experiment("exp_spring_subject")
    expected = warehouse.sql(
        "select arm, count(*), count(*) filter (where is_contaminated)"
        " from core.fct_experiment_contacts where experiment_id = 'exp_spring_subject'"
        " group by arm order by arm"
    ).rows()
    assert page.arms.select("arm", "contacts", "contaminated_contacts").rows() == expected


def test_the_last_point_of_revenue_is_the_mean() -> None:
    page = experiment("exp_spring_offer")
    last = page.spent.filter(days=page.spent["days"].max())
    means = dict(
        warehouse.sql(
            "select arm, mean from marts.experiment_arms"
            " where experiment_id = 'exp_spring_offer' and metric = 'revenue'"
        ).iter_rows()
    )
    found = dict(last.select("arm", "revenue_per_contact").iter_rows())
    assert {arm: float(value) for arm, value in found.items()} == pytest.approx(means, abs=0.005)


def test_the_sample_shows_the_trap_of_peeking() -> None:
    """Early looks leave zero, the sequence never does, and in the end there is no difference."""
    shown = experiment("exp_spring_subject").looks_by_day().markup
    assert "3 looks of 8 before the last would have named a winner too soon." in shown
    assert statuses()["exp_spring_subject"] == "no_difference_found"


def test_the_result_of_a_test_is_no_look_too_soon() -> None:
    """The spring offer was assigned on one day: its only look is what the page says it found."""
    shown = experiment("exp_spring_offer").looks_by_day().markup
    assert "no look came before the result" in shown
    assert "too soon" not in shown
    unfinished = experiment("exp_summer_subject").looks_by_day().markup
    assert "No look would have named a winner too soon." in unfinished


def test_the_latest_experiment_is_the_default() -> None:
    assert experiment().experiment is not None
    assert (experiment().experiment or {})["experiment_id"] == "exp_summer_subject"
    with pytest.raises(UsageError, match="did you mean 'exp_spring_offer'"):
        experiment("exp_spring_ofer")


def test_the_as_of_date_moves_the_default_and_says_so() -> None:
    page = experiment(as_of="2026-05-01")
    assert (page.experiment or {})["experiment_id"] == "exp_spring_offer"
    assert "as-of date, 1 May 2026" in page.header().markup
    given = experiment("exp_loyalty_letter", as_of="2026-05-01").header().markup
    assert "as-of" not in given
    for empty in (experiment(as_of="2025-01-01"), incrementality(as_of="2025-01-01")):
        assert empty.experiment is None
        assert "experiment" in empty.header().markup


def test_of_what_is_credited_so_much_was_caused() -> None:
    page = incrementality()
    assert (page.experiment or {})["experiment_id"] == "exp_spring_offer"
    row = warehouse.sql(
        "select * from marts.attribution_calibration"
        " where experiment_id = 'exp_spring_offer' and attribution_policy = 'aesthetix'"
    ).row(0, named=True)
    share, low, high = (100 * row[f"incremental_share{end}"] for end in ("", "_low", "_high"))
    caused = f"{share:.0f}% ({low:.0f}% to {high:.0f}%)"
    lead = page.header().markup
    assert f"credits {formats.money(row['credited_revenue'], 'USD')} to the email." in lead
    of_100 = f"Of 100 credited, {share:.0f} [{low:.0f}, {high:.0f}]"
    assert f"{of_100} would not have come without the email." in lead
    assert caused in page.by_policy().markup
    assert caused in page.shares().markup


def test_a_mismatched_holdout_gives_no_share() -> None:
    page = incrementality("exp_loyalty_letter")
    assert "can't be read" in page.header().markup.replace("&#39;", "'")
    assert "<svg" not in page.shares().markup
    assert "Caused" not in page.by_policy().markup


@pytest.mark.parametrize(
    ("metric", "value", "shown"),
    [
        ("revenue", -1.5, "\N{MINUS SIGN}1.50"),
        ("orders", 0.0125, "+0.013"),
        ("opened", 0.1, "+10.0"),
    ],
)
def test_a_difference_has_its_sign_and_its_unit(metric: str, value: float, shown: str) -> None:
    assert words.difference(metric, value, "USD").startswith(shown)


def _row(**values: Any) -> dict[str, Any]:
    given = {
        "metric": "opened", "arm": "B", "control_arm": "A", "mean": 0.3, "control_mean": 0.2,
        "difference": 0.1, "difference_low": 0.02, "difference_high": 0.18, "always_low": -0.02,
        "always_high": 0.22, "contacts": 60, "control_contacts": 55, "ended_at": None,
        "planned_contacts_per_arm": 2000,
    }  # fmt: skip
    return given | values


@pytest.mark.parametrize("status", ["sample_ratio_mismatch", "no_data", "too_early"])
def test_words_of_what_is_undecided_name_nobody(status: str) -> None:
    sentence = words.verdict(_row(status=status), "USD")
    assert not any(
        word in sentence for word in ("does better", "does worse", "\N{FIRST STRONG ISOLATE}B")
    )


def test_what_was_clear_early_is_told_by_the_interval_that_holds_at_every_look() -> None:
    early = _row(status="better", difference_low=-0.01, always_low=0.01)
    assert "+1.0" in words.verdict(early, "USD")
