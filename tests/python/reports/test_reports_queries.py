"""The queries of pages: files whose values are bound, shown as they ran, all of one build."""

import re
from pathlib import Path

import pytest
from helpers.report_worlds import copy, loaded
from helpers.support import PROJECT_ROOT

from email_statistics import warehouse
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.run.registry import read_registry

QUERIES = PROJECT_ROOT / "src" / "email_statistics" / "reports" / "queries"
PAGES = sorted({report.notebook for report in read_registry().reports.values()})


@pytest.fixture(autouse=True)
def _published(sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(sample_warehouse))


@pytest.mark.parametrize("report", PAGES)
def test_each_query_of_a_page_gives_its_frame_again(report: str) -> None:
    page = loaded(report)
    assert len(page.asked.answers) > 3
    for name, answer in page.asked.answers.items():
        again = warehouse.sql(page.query(name))
        assert again.height == answer.total, name
        assert sorted(map(repr, again.head(1000).rows())) == sorted(
            map(repr, page.frame(name).rows())
        )
        assert f"page.frame(&#34;{name}&#34;)" in page.frames().markup


def test_every_query_is_asked_by_a_page_or_another_query() -> None:
    files = [path for path in QUERIES.parent.rglob("*") if path.suffix in (".py", ".sql")]
    files += QUERIES.parents[1].glob("*.py")
    for folder in ("explorer", "exports", "serve"):
        files += QUERIES.parents[1].joinpath(folder).glob("*.py")
    text = "".join(path.read_text("utf-8") for path in files)
    for path in QUERIES.rglob("*.sql"):
        name = path.relative_to(QUERIES).with_suffix("").as_posix()
        uses = (f'"{name}"', f'"{path.stem}"', f"${path.stem} ", f"${path.stem}\n")
        assert any(use in text for use in uses), name


def test_a_query_says_first_what_a_row_is() -> None:
    for path in QUERIES.rglob("*.sql"):
        assert re.match(r"-- One row\b", path.read_text("utf-8")), path


def test_a_value_is_bound_and_what_is_shown_is_a_literal() -> None:
    name = "O'Hara' or 1 = 1 --"
    with asking() as asked:
        asked.bind(type="campaign", id=name, kind="")
        assert asked("shared/source").is_empty()
        shown = asked.answers["source"].sql
    assert "'O''Hara'' or 1 = 1 --'" in shown
    assert warehouse.sql(shown).is_empty()


def test_the_first_rows_come_with_how_many_there_are() -> None:
    with asking() as asked:
        every = asked.ask("diagnostics/quarantined")
        first = asked.ask("diagnostics/quarantined", first=5)
        then = asked.ask("diagnostics/quarantined", first=5, skip=5)
    assert every.rows.height == every.total == first.total == then.total > 10
    assert every.rows.head(10).equals(first.rows.vstack(then.rows))


def test_a_build_published_between_two_queries_is_not_seen(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy(sample_warehouse, tmp_path)
    (tmp_path / "next").mkdir()
    following = copy(sample_warehouse, tmp_path / "next", "delete from core.dim_metrics")
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    with asking() as asked:
        following.replace(path)
        assert asked("shared/metrics").height > 0
    with asking() as asked:
        assert asked("shared/metrics").is_empty()
