"""``email-stats power``: contacts per arm, from what contacts did lately."""

import math
from pathlib import Path

import pytest
from click.testing import CliRunner
from scipy import stats

from email_statistics import warehouse
from email_statistics.cli import cli
from email_statistics.errors import UsageError
from email_statistics.experiments.power import Effect, PowerError, size_of_test


@pytest.fixture(autouse=True)
def _warehouse(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, sample_warehouse: Path
) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(sample_warehouse))


def expected(effect: float, *, is_relative: bool) -> int:
    """The formula by hand: revenue within 14 days of each contact's first campaign."""
    spent = warehouse.sql(
        """
        with firsts as (
            select contact_id, min(sent_at) as sent_at
            from core.fct_messages
            where is_sent and not is_test and email_source_type = 'campaign'
                and sent_at >= (select data_through_at from core.build) - interval 90 day
            group by contact_id
        )
        select coalesce(sum(conversions.revenue), 0)::double as spent
        from firsts
        left join core.fct_conversions as conversions
            on firsts.contact_id = conversions.contact_id
            and conversions.converted_at between firsts.sent_at and firsts.sent_at + interval 14 day
        where firsts.sent_at + interval 14 day <= (select data_through_at from core.build)
        group by firsts.contact_id
        """
    )["spent"]
    mean, variance = float(spent.mean() or 0), float(spent.var() or 0)  # type: ignore[arg-type]  # polars' mean may be a date
    found = effect * mean if is_relative else effect
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    contacts: int = math.ceil(2 * variance * z**2 / found**2)
    return contacts


def test_a_share_is_of_the_mean_and_a_number_an_amount() -> None:
    for text, effect, is_relative in (("5%", 0.05, True), ("0.5", 0.5, False)):
        size = size_of_test("revenue", "campaign", Effect.read(text), 14)
        assert size.contacts_per_arm == expected(effect, is_relative=is_relative)


@pytest.mark.parametrize("text", ["", "0", "0%", "many", "5 percent", "%", "nan", "1e3"])
def test_an_effect_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="such as 5%"):
        Effect.read(text)


def test_the_command_says_how_many_and_by_whom() -> None:
    run = CliRunner().invoke(cli, ["power", "--effect", "-20%", "--metric", "opened"])
    assert run.exit_code == 0
    size = size_of_test("opened", "campaign", Effect.read("20%"), 14)
    assert run.output.startswith(f"{size.contacts_per_arm:,} contacts per arm")
    assert f"By {size.contacts:,} contacts who got a campaign email" in run.output


@pytest.mark.parametrize("option", [["--metric", "love"], ["--source-type", "post"], []])
def test_wrong_usage_ends_with_2(option: list[str]) -> None:
    effect = ["--effect", "5%"] if option else []
    assert CliRunner().invoke(cli, ["power", *effect, *option]).exit_code == 2


def test_without_anybody_to_go_by_it_says_so() -> None:
    with pytest.raises(PowerError, match="fewer than 2 contacts got a transactional email"):
        size_of_test("revenue", "transactional", Effect.read("5%"), 90)
