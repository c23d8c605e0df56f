"""``email-stats export``: files that equal the published tables, in three formats."""

import csv
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import polars as pl
import pytest
from helpers.report_worlds import NAMES, hostile_copy, rateless_statements
from helpers.report_worlds import copy as copy_warehouse

from email_statistics import warehouse
from email_statistics.errors import UsageError
from email_statistics.exports.content import EMAILS
from email_statistics.exports.writing import defused, write

Run = Callable[..., tuple[str, str]]
WHOLE = ("--start", "2000-01-01", "--end", "2100-01-01")


def exported(run: Run, *arguments: object) -> pl.DataFrame:
    """The Parquet file of an export: the types and texts of the warehouse."""
    path = run("export", *arguments, "--format", "parquet")[0].strip()
    assert Path(path).stat().st_mode & 0o777 == 0o600
    return pl.read_parquet(path)


def metrics() -> pl.DataFrame:
    return warehouse.sql("select metric, kind from core.dim_metrics order by sort_order")


def test_columns_are_identity_metrics_in_their_order_and_what_was_measured(run: Run) -> None:
    identity = [
        "email_source_id",
        "email_source_type",
        "email_source_name",
        "workflow_name",
        "campaign_kind",
        "subject",
        "sending_domain",
    ]
    names = [name for name in metrics()["metric"] if name != "recipient_contacts"]
    found = exported(run, "all").columns
    assert found[: len(identity)] == identity
    assert found[len(identity) : len(identity) + len(names)] == names
    assert found[len(identity) + len(names) :] == [
        *(name for name in warehouse.table("marts.email_performance").columns if "_avail" in name),
        "recipient_contacts",
        "first_sent_at",
        "last_sent_at",
    ]


def test_over_all_days_it_is_the_mart(run: Run) -> None:
    """Every cell: counts, money to the cent, rates to the bit, what wasn't measured."""
    found = exported(run, "all", *WHOLE).sort("email_source_id")
    mart = warehouse.table("marts.email_performance").sort("email_source_id")
    assert found.equals(mart.select(found.columns))
    assert found["opened"].null_count() > 0


@pytest.mark.parametrize("export_type", EMAILS)
def test_sums_of_a_period_are_those_of_the_daily_mart(run: Run, export_type: str) -> None:
    start, end = date(2026, 6, 10), date(2026, 6, 24)
    found = exported(run, export_type, "--start", start, "--end", end)
    days = warehouse.sql(
        "select daily.* from marts.email_performance_daily as daily "
        "join core.dim_email_sources using (email_source_id) "
        "where booked_date between $start and $end and list_contains($types, email_source_type)",
        start=start,
        end=end,
        types=list(EMAILS[export_type][1]),
    )
    assert set(found["email_source_id"]) == set(days["email_source_id"])
    additive = [
        name for name, kind in metrics().rows() if kind in ("count", "money") and name in days
    ]
    assert len(additive) > 40
    for name in additive:
        assert found[name].sum() == days[name].sum(), name
    if export_type != "transactional":
        assert found["revenue"].sum() > Decimal(0) or export_type in ("workflows", "bulk")
        assert found["sent"].sum() > 0


def test_availability_and_contacts_are_those_of_the_periods_messages(run: Run) -> None:
    day = date(2026, 6, 24)
    found = exported(run, "all", "--start", day, "--end", day)
    expected = warehouse.sql(
        "select email_source_id, count(distinct contact_id) as contacts from core.fct_messages "
        "where not is_test and booked_date = $day group by all",
        day=day,
    )
    contacts = dict(found.select("email_source_id", "recipient_contacts").iter_rows())
    assert contacts.items() <= dict(expected.iter_rows()).items()
    assert found.filter(pl.col("open_availability") == "measured")["opened"].null_count() == 0


def test_by_default_it_is_the_last_30_days_of_the_data(run: Run) -> None:
    implied = exported(run, "campaigns")
    assert implied.equals(
        exported(run, "campaigns", "--start", "2026-06-01", "--end", "2026-06-30")
    )
    assert implied.equals(exported(run, "campaigns", "--last-days", 30))
    assert exported(run, "campaigns", "--last-days", 3).height < implied.height


def test_days_without_messages_give_a_file_with_a_header(run: Run) -> None:
    path, said = run("export", "all", "--start", "2001-01-01", "--end", "2001-01-31")
    lines = Path(path.strip()).read_text().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("email_source_id,")
    assert "0 rows" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--start", "2026-06-31"], "start_date can't be '2026-06-31'"),
        (["--start", "2026-06-30", "--end", "2026-06-01"], "is after the end"),
        (["--start", "2026-06-01", "--last-days", "7"], "give one of them"),
        (["--out", "/nowhere/at/all.csv"], "lies in no folder"),
        (["--out", "/"], "is a folder"),
    ],
)
def test_what_cant_be_is_refused_before_anything_is_registered(
    run: Run, exports: Path, arguments: list[str], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        run("export", "all", *arguments)
    assert not list(exports.glob("*.csv"))
    assert "No export" in run("exports")[0]


def test_a_details_list_is_whole_and_adds_up_to_its_metric(run: Run) -> None:
    performance = warehouse.sql(
        "select * from marts.email_performance where email_source_id = 'src_campaign_026'"
    )
    for outcome in ("sent", "opened", "hard_bounced", "ordered", "skipped", "bounced"):
        found = exported(run, "details", "--source", "src_campaign_026", "--outcome", outcome)
        assert found.height == performance[outcome].item() > 0, outcome
    assert found["reason"].null_count() < found.height
    ordered = exported(run, "details", "--source", "src_campaign_026", "--outcome", "ordered")
    assert ordered["revenue"].sum() == performance["revenue"].item()


def test_an_empty_details_list_says_why(run: Run) -> None:
    assert "Open tracking was off" in _said(run, "src_campaign_025", "opened")
    draft = warehouse.sql("select email_source_id from core.dim_email_sources where status='draft'")
    assert "drafts and scheduled emails" in _said(run, draft["email_source_id"][0], "sent")


def _said(run: Run, source: str, outcome: str) -> str:
    return run("export", "details", "--source", source, "--outcome", outcome)[1]


def test_links_are_those_of_the_mart(run: Run) -> None:
    found = exported(run, "links", "--source", "src_campaign_026")
    mart = warehouse.sql(
        "select * from marts.link_performance where email_source_id = 'src_campaign_026'"
    )
    assert found.sort("link_key").equals(mart.select(found.columns).sort("link_key"))
    assert found.height > 5


def test_an_email_without_a_list_of_links_is_refused_with_the_reason(run: Run) -> None:
    with pytest.raises(UsageError, match="only standard campaigns"):
        run("export", "links", "--source", "src_bulk_001")


def test_an_unknown_source_or_outcome_is_refused_with_the_nearest(run: Run) -> None:
    with pytest.raises(UsageError, match="did you mean 'src_campaign_026'"):
        run("export", "links", "--source", "src_campaing_026")
    with pytest.raises(UsageError, match="did you mean 'opened'"):
        run("export", "details", "--source", "src_campaign_026", "--outcome", "open")
    with pytest.raises(UsageError, match="did you mean 'campaigns'"):
        run("export", "campains")


def test_csv_is_as_rfc_4180_has_it(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "text": ['a "b", c\r\nd', "", None],
            "money": [Decimal("1234.50"), None, Decimal("-0.01")],
            "rate": [0.1, None, 1e-7],
            "is_so": [True, False, None],
            "at": [datetime(2026, 6, 30, 19, 39, 22, 985000), datetime(2026, 6, 30), None],
        }
    )
    path = tmp_path / "list.csv"
    assert write([frame.head(2), frame.tail(1)], path, "csv") == 3
    assert path.read_bytes().decode("utf-8") == (
        "text,money,rate,is_so,at\r\n"
        '"a ""b"", c\r\nd",1234.50,0.1,true,2026-06-30T19:39:22.985Z\r\n'
        '"",,,false,2026-06-30T00:00:00Z\r\n'
        ",-0.01,0.0000001,,\r\n"
    )


RUN_BY_A_SPREADSHEET = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n", " =1", "\u200b=1", "\ufeff+1",
    "\N{FULLWIDTH EQUALS SIGN}1", "\N{FULLWIDTH PLUS SIGN}1", "\N{FULLWIDTH HYPHEN-MINUS}1",
    "\N{FULLWIDTH COMMERCIAL AT}1", "\N{MINUS SIGN}1", "\x00=1",
]  # fmt: skip
HARMLESS = ["", "1-2", "a=b", "jane@mail.example", "(=1)", "'=1", " ", "\N{EM DASH}"]


def test_texts_that_a_spreadsheet_would_run_are_defused_and_no_others() -> None:
    frame = pl.DataFrame({"text": [*RUN_BY_A_SPREADSHEET, *HARMLESS, None], "number": -1})
    expected = [f"'{text}" for text in RUN_BY_A_SPREADSHEET]
    assert defused(frame)["text"].to_list() == [*expected, *HARMLESS, None]
    assert defused(frame)["number"].to_list() == frame["number"].to_list()


def test_hostile_names_are_defused_in_csv_and_whole_in_parquet(
    run: Run, sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hostile_copy(sample_warehouse, tmp_path)
    with duckdb.connect(path) as connection:
        connection.execute("update core.dim_contacts set full_name = '=cmd|calc'")
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    assert set(exported(run, "all", *WHOLE)["email_source_name"]) <= set(NAMES)
    arguments = ("export", "details", "--source", "src_campaign_026", "--outcome", "sent")
    with Path(run(*arguments)[0].strip()).open(newline="", encoding="utf-8") as file:
        assert {row["full_name"] for row in csv.DictReader(file)} == {"'=cmd|calc"}
    assert "\x1b" not in run("exports")[0]


def test_excel_gets_texts_as_texts_and_numbers_as_numbers(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "text": ["=1+1", "http://a.example", "007", None],
            "number": [1, None, 3, 4],
            "money": [Decimal("1.50"), None, None, None],
            "is_so": [True, None, False, True],
            "day": [date(2026, 6, 30), None, None, None],
            "at": [datetime(2026, 6, 30, 12), None, None, None],
        }
    )
    path = tmp_path / "list.xlsx"
    assert write([frame], path, "xlsx") == 4
    with ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "hyperlink" not in sheet
    assert "<f>" not in sheet
    assert "<t>=1+1</t>" in sheet
    assert "<t>007</t>" in sheet
    assert '<c r="B4"><v>3</v></c>' in sheet
    assert '<c r="C2"><v>1.50</v></c>' in sheet
    assert '<c r="D2" t="b"><v>1</v></c>' in sheet
    assert list(tmp_path.iterdir()) == [path]


def test_what_excel_cant_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("email_statistics.exports.writing._EXCELS_ROWS", 3)
    rows = pl.DataFrame({"number": [1, 2]})
    assert write([rows], tmp_path / "fits.xlsx", "xlsx") == 2
    with pytest.raises(UsageError, match="at most 2 rows"):
        write([rows, rows], tmp_path / "rows.xlsx", "xlsx")
    with pytest.raises(UsageError, match="no text longer"):
        write([pl.DataFrame({"text": ["x" * 32_768]})], tmp_path / "text.xlsx", "xlsx")


def test_money_that_no_order_has_a_rate_for_is_unknown(
    run: Run, sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy_warehouse(sample_warehouse, tmp_path, *rateless_statements())
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    found = exported(run, "all").filter(pl.col("orders") > 0)
    assert found.height > 0
    assert found["revenue"].null_count() == found["revenue_per_recipient"].null_count()
    assert found["revenue"].null_count() == found.height


def test_the_format_follows_the_ending_of_out(run: Run, tmp_path: Path) -> None:
    for name, start in (("a.csv", b"email_source_id,"), ("a.XLSX", b"PK"), ("a.parquet", b"PAR1")):
        assert run("export", "bulk", "--out", tmp_path / name)[0].strip() == str(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    run("export", "bulk", "--out", tmp_path / "a.csv", "--format", "parquet")
    assert (tmp_path / "a.csv").read_bytes().startswith(b"PAR1")


def test_the_register_lists_what_was_exported(run: Run, exports: Path, tmp_path: Path) -> None:
    path = Path(run("export", "workflows", "--requested-by", "Jane\x1b[2J")[0].strip())
    run("export", "bulk", "--out", tmp_path / "mine.csv")
    listed = run("exports")[0]
    assert "\x1b" not in listed
    assert "Jane\\x1b[2J" in listed
    assert str(path) in listed
    assert "Workflows only (individual email action level), 1 Jun" in listed
    assert str(tmp_path / "mine.csv") in listed
    assert "Removed 0" in run("exports", "--purge")[0]
    assert path.exists()


def test_names_of_files_cant_be_guessed(run: Run) -> None:
    names = {Path(run("export", "bulk")[0].strip()).stem for _ in range(3)}
    assert len(names) == 3
    assert all(len(name.removeprefix("bulk_")) == 32 for name in names)


def test_exporting_changes_nothing_in_the_warehouse(run: Run) -> None:
    location = warehouse.location()
    before: Any = (location.read_bytes(), location.stat().st_mtime_ns)
    run("export", "all")
    assert (location.read_bytes(), location.stat().st_mtime_ns) == before
