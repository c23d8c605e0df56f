"""``email-stats segment``: the contacts behind a number, once each, and the guide's refusals."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from email_statistics import warehouse
from email_statistics.errors import UsageError
from email_statistics.reports.ask.contact_lists import OUTCOMES
from email_statistics.segments import SEGMENTS

Run = Callable[..., tuple[str, str]]
SOURCE = "src_campaign_026"
COLUMNS = [
    "contact_id",
    "full_name",
    "email",
    "reason",
    "last_at",
    "is_do_not_disturb",
    "is_unsubscribed",
]


def whole(run: Run, tmp_path: Path, *arguments: object) -> pl.DataFrame:
    run("segment", *arguments, "--out", tmp_path / "list.parquet")
    return pl.read_parquet(tmp_path / "list.parquet")


@pytest.mark.parametrize("metric", OUTCOMES)
def test_it_has_each_contact_of_the_list_behind_the_number_once(
    run: Run, tmp_path: Path, metric: str
) -> None:
    found = whole(run, tmp_path, "--metric", metric, "--source", SOURCE)
    assert found.columns == COLUMNS
    behind = warehouse.sql(
        "select contact_id, max(outcome_at) as last_at from marts.message_outcomes "
        "where email_source_id = $id and list_contains($outcomes, outcome) group by contact_id",
        id=SOURCE,
        outcomes=OUTCOMES[metric],
    )
    assert found.height == behind.height > 0
    assert dict(found.select("contact_id", "last_at").rows()) == dict(behind.rows())


def test_days_pick_messages_by_the_day_on_which_they_were_booked(run: Run, tmp_path: Path) -> None:
    day = date(2026, 6, 24)
    days = ("--start", day, "--end", day)
    found = whole(run, tmp_path, "--metric", "sent", "--source", SOURCE, *days)
    booked = warehouse.sql(
        "select distinct contact_id from core.fct_messages where email_source_id = $id "
        "and booked_date = $day and is_sent and not is_test",
        id=SOURCE,
        day=day,
    )
    assert set(found["contact_id"]) == set(booked["contact_id"])
    assert 0 < found.height < whole(run, tmp_path, "--metric", "sent", "--source", SOURCE).height


@pytest.mark.parametrize("name", SEGMENTS)
def test_a_named_segment_is_that_of_contact_engagement(run: Run, tmp_path: Path, name: str) -> None:
    found = whole(run, tmp_path, name)
    contacts = warehouse.sql(
        "select contact_id, is_do_not_disturb, unsubscribed > 0 as is_unsubscribed "
        "from marts.contact_engagement where segment = $name order by contact_id",
        name=name,
    )
    assert found.select(contacts.columns).sort("contact_id").equals(contacts)
    assert found["reason"].null_count() == 0
    assert found.filter(pl.col("reason") == "").is_empty()
    if name != "unsubscribed":  # who is set to Do Not Disturb may never have unsubscribed
        assert found["last_at"].null_count() == 0
    else:
        assert found.filter("is_do_not_disturb")["reason"].str.contains("do_not_disturb").all()


def test_reasons_are_what_put_a_contact_there(run: Run, tmp_path: Path) -> None:
    bounced = whole(run, tmp_path, "--metric", "bounced", "--source", SOURCE)
    assert bounced["reason"].str.contains(r"^(hard|soft)_bounced(: .+)?$").all()
    assert bounced["reason"].str.contains(": ").any()
    opened = whole(run, tmp_path, "--metric", "opened", "--source", SOURCE)
    assert set(opened["reason"]) == {"opened"}
    engaged = whole(run, tmp_path, "re_engagement")
    assert set(engaged["reason"]) == {"opened", "clicked"}


def test_pages_add_up_to_the_whole_list(run: Run, tmp_path: Path) -> None:
    everyone = whole(run, tmp_path, "--metric", "opened", "--source", SOURCE)
    listed: list[str] = []
    number = 1
    while len(listed) < everyone.height:
        arguments = ("--metric", "opened", "--source", SOURCE, "--page", number, "--per-page", 50)
        shown, said = run("segment", *arguments)
        rows = shown.splitlines()[1:]
        assert len(rows) == min(50, everyone.height - len(listed))
        assert f"Page {number} of {-(-everyone.height // 50)}, {everyone.height:,}" in said
        listed += [re.split(r"\s", row)[0] for row in rows]
        number += 1
    assert listed == everyone["contact_id"].to_list()
    with pytest.raises(UsageError, match=f"no page {number}: give --page 1 to {number - 1}"):
        run("segment", "--metric", "opened", "--source", SOURCE, "--page", number, "--per-page", 50)


def test_without_a_source_name_nobody_is_listed(run: Run) -> None:
    for source_type in ((), ("--source-type", "campaign")):
        with pytest.raises(UsageError, match="Source name is required, so nobody is listed"):
            run("segment", "--metric", "opened", *source_type)


def test_a_source_that_wasnt_sent_gives_an_empty_list_and_the_reason(
    run: Run, tmp_path: Path
) -> None:
    draft = warehouse.sql("select email_source_id from core.dim_email_sources where status='draft'")
    arguments = ("segment", "--metric", "sent", "--source", draft["email_source_id"][0])
    assert "It wasn't sent" in run(*arguments)[0]
    said = run(*arguments, "--out", tmp_path / "list.csv")[1]
    assert "It wasn't sent" in said
    assert (tmp_path / "list.csv").read_text() == ",".join(COLUMNS) + "\n"


def test_what_wasnt_measured_is_told(run: Run) -> None:
    shown = run("segment", "--metric", "clicked", "--source", "src_campaign_025")[0]
    assert shown.startswith("The campaign's Track Clicks")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Which contacts"),
        (["sunsets"], "did you mean 'sunset'"),
        (["--metric", "open", "--source", SOURCE], "did you mean 'opened'"),
        (["--metric", "opened", "--source", "src_campaign_26"], "did you mean"),
        (
            ["--metric", "opened", "--source-type", "bulk", "--source", SOURCE],
            "is a campaign, not a bulk send",
        ),
        (["sunset", "--metric", "opened"], "give NAME or --metric"),
        (["sunset", "--last-days", "3"], "give NAME or --metric"),
    ],
)
def test_what_cant_be_is_refused(run: Run, arguments: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        run("segment", *arguments)


def test_a_segment_that_out_writes_is_registered(run: Run, tmp_path: Path) -> None:
    run("segment", "hygiene", "--out", tmp_path / "clean.xlsx")
    assert (tmp_path / "clean.xlsx").stat().st_mode & 0o777 == 0o600
    assert re.search(r"done\s+segment\s.*clean\.xlsx", run("exports")[0])
