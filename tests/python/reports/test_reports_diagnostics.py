"""Diagnostics: what fails comes first, everything counts up, every reason is explained."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from helpers.report_worlds import copy, loaded

from email_statistics import warehouse
from email_statistics.reports.pages.diagnostics import Diagnostics
from email_statistics.reports.words.reasons import QUARANTINED

EVER = {"start_date": "2000-01-01"}


def load(path: Path, monkeypatch: pytest.MonkeyPatch, **parameters: Any) -> Diagnostics:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    page: Diagnostics = loaded("diagnostics", **parameters)
    return page


def test_over_all_days_it_tells_every_finding(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, **EVER)
    columns = ["email_source_id", "check_name", "status", "affected", "message"]
    every = warehouse.table("marts.email_diagnostics").select(columns)
    assert page.findings.select(columns).sort(columns).equals(every.sort(columns))
    markup = page.all_findings().markup
    for status, label in (("fail", "Fix"), ("warn", "Check"), ("info", "Info"), ("ok", "OK")):
        count = every.filter(pl.col("status") == status).height
        assert f'{label} <span class="es-tab-count">{count}</span>' in markup


def test_findings_speak_to_a_marketer(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, **EVER)
    said = " ".join(page.findings["message"])
    for jargon in ("exchange_rates", "all_campaigns", "sending_domains", "raw lake", "see open_"):
        assert jargon not in said
    assert "the Diagnostics page" not in said
    assert "attribution style All Campaigns" in said
    markup = page.at_a_glance().markup + page.all_findings().markup
    for label in ("Contacts missing", "Rejected records", "Exchange rate missing"):
        assert f"<bdi>{label}</bdi>" in markup


def test_what_fails_comes_first_whenever_its_source_was_sent(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, start_date="2026-06-20")
    failing = warehouse.table("marts.email_diagnostics").filter(pl.col("status") == "fail").height
    assert page.findings["status"].head(failing).to_list() == ["fail"] * failing
    assert page.findings["status"].to_list()[failing] == "warn"
    fails = page.findings.head(failing)
    assert not fails["is_in_period"].all()
    assert fails["is_in_period"].to_list() == sorted(fails["is_in_period"], reverse=True)
    assert page.findings.tail(-failing)["is_in_period"].all()
    assert f"{failing} checks of" in page.header().markup


def test_drafts_are_judged_whatever_the_days(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, start_date="2020-01-01", end_date="2020-01-31")
    unsent = page.findings.filter(pl.col("status") != "fail")
    assert unsent["last_booked_date"].null_count() == unsent.height > 0


def test_every_source_is_counted_once_a_check(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, **EVER)
    sources = warehouse.table("core.dim_email_sources").height
    checks = page.findings.group_by("check_name").len()
    assert checks["len"].unique().to_list() == [sources]
    assert "<bdi>How it was sent</bdi>" in page.at_a_glance().markup


def test_raw_rows_are_said_to_add_up_only_where_they_do(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(sample_warehouse, monkeypatch).data_quality().markup.count("<bdi>Yes</bdi>") == 5
    path = copy(
        sample_warehouse,
        tmp_path,
        "update core.fct_raw_tables set raw_rows = raw_rows + 1 where raw_table = 'send_events'",
    )
    markup = load(path, monkeypatch).data_quality().markup
    assert markup.count("<bdi>Yes</bdi>") == 4
    assert markup.count("No: rows were lost or counted twice") == 1


def test_every_quarantined_row_is_there_with_its_reason_explained(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch)
    rows = warehouse.table("core.fct_quarantined_events")
    assert sorted(page.quarantined["raw_row"]) == sorted(rows["raw_row"])
    assert page.reasons["quarantined_rows"].sum() == rows.height
    assert set(page.reasons["reason"]) == QUARANTINED.keys()
    assert "A currency isn&#39;t three letters" in page.quarantined_reasons().markup
    shown = "".join(
        part.markup
        for part in (page.all_findings(), page.quarantined_reasons(), page.quarantined_rows())
    )
    assert "Invalid currency" in shown
    assert not [reason for reason in QUARANTINED if f"<bdi>{reason}<" in shown]


def test_findings_use_the_words_of_every_list(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    markup = load(sample_warehouse, monkeypatch, **EVER).all_findings().markup
    assert "Workflow email action" in markup
    assert not [reason for reason in QUARANTINED if f" {reason}" in markup]


def test_orphans_say_what_to_deliver(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    markup = load(sample_warehouse, monkeypatch).waiting().markup
    assert "Deliver the contacts of these messages" in markup
    assert "Deliver this row of email_sources" in markup


def test_where_all_is_well_it_says_so(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy(
        sample_warehouse,
        tmp_path,
        "update marts.email_diagnostics set status = 'ok'",
        "delete from core.fct_quarantined_events",
        "delete from core.fct_orphans",
    )
    page = load(path, monkeypatch)
    assert "No check fails." in page.header().markup
    assert "Fix: none." in page.all_findings().markup
    assert "Nothing is quarantined." in page.quarantined_reasons().markup
    assert "Nothing is quarantined." in page.quarantined_rows().markup
    assert "No orphans." in page.waiting().markup


def test_without_any_source_it_says_what_to_deliver(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(
        copy(sample_warehouse, tmp_path, "delete from marts.email_diagnostics"), monkeypatch
    )
    for piece in (page.all_findings(), page.at_a_glance()):
        assert "There is no email source to check." in piece.markup


def test_a_source_without_a_name_is_called_by_its_id(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unnamed = "update core.dim_email_sources set email_source_name = null"
    page = load(copy(sample_warehouse, tmp_path, unnamed), monkeypatch, **EVER)
    assert page.findings["email_source_name"].equals(page.findings["email_source_id"])
