"""`dbt build` on a fresh clone: green, silent, and its lake checked before the first model."""

import shutil
from pathlib import Path

import duckdb
import pytest
import yaml
from support import PROJECT_ROOT, SampleBuild, build, build_database, dbt

from email_statistics.settings import Settings


def test_the_sample_builds_green_without_a_warning(sample_build: SampleBuild) -> None:
    output = sample_build.run.stdout
    assert sample_build.run.returncode == 0, output
    assert "WARN=0 ERROR=0 SKIP=0" in output
    assert "eprecat" not in output
    assert "[WARNING]" not in output


def test_the_build_says_first_which_lake_it_reads(sample_build: SampleBuild) -> None:
    output = sample_build.run.stdout
    assert output.index("Raw lake: ") < output.index("START")


def test_build_tells_its_settings(sample_build: SampleBuild) -> None:
    with duckdb.connect(sample_build.database, read_only=True) as connection:
        row = connection.sql(
            "select raw_lake, settings, project_version, raw_rows from core.build"
        ).fetchall()[0]
    assert row[0] == "sample_lake"
    assert set(yaml.safe_load(row[1])) == set(Settings.model_fields)
    project = yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert set(project["vars"]) == set(Settings.model_fields)
    assert row[2] == project["version"]
    assert row[3] > 5000


@pytest.fixture
def tiny_lake(tmp_path: Path) -> Path:
    """The least that is a lake: the four required tables, one row each where it matters."""
    lake = tmp_path / "lake"
    tables = {
        "contacts": "select 'c' as contact_id, 'c@example.com' as email",
        "sending_domains": """
            select 'd.example' as sending_domain, timestamp '2026-01-01' as valid_from,
                'aesthetix' as sending_service, true as is_dedicated,
                true as is_open_tracking_enabled, true as is_click_tracking_enabled""",
        "email_sources": """
            select 's' as email_source_id, 'campaign' as email_source_type,
                'S' as email_source_name, 'd.example' as sending_domain,
                true as is_click_tracking_enabled""",
        "send_events": """
            select 'e' as event_id, 'sent' as event_type, timestamp '2026-01-02' as event_at,
                'm' as message_id, 's' as email_source_id, 'c' as contact_id""",
        "engagement_events": """
            select 'o' as event_id, 'opened' as event_type, timestamp '2026-01-03' as event_at,
                'm' as message_id""",
    }
    for table, query in tables.items():
        folder = lake / table / "year=2026"
        folder.mkdir(parents=True)
        duckdb.sql(
            f"""copy (select *, timestamp '2026-01-04' as updated_at,
            timestamp '2026-01-04' as loaded_at from ({query})) to '{folder / "part.parquet"}'"""
        )
    return lake


def test_absent_optional_tables_and_columns_are_empty(tiny_lake: Path, tmp_path: Path) -> None:
    (tiny_lake / "contacts" / "_writing.parquet").write_text("not parquet")
    (tiny_lake / "contacts" / ".hidden").mkdir()
    (tiny_lake / "contacts" / ".hidden" / "x.parquet").write_text("not parquet")
    database = build(tiny_lake, tmp_path / "wh.duckdb")
    with duckdb.connect(database, read_only=True) as connection:
        assert connection.sql(
            "select sent, opened, delivered, orders, revenue from marts.email_performance"
        ).fetchall() == [(1, 1, 1, 0, 0)]


def _fails(lake: Path, tmp_path: Path, *arguments: str) -> str:
    run = dbt("build", *arguments, lake=lake, warehouse=tmp_path / "wh.duckdb")
    assert run.returncode != 0
    assert "START sql table model" not in run.stdout, "a model ran"
    return run.stdout


def test_a_missing_required_table_is_named(tiny_lake: Path, tmp_path: Path) -> None:
    shutil.rmtree(tiny_lake / "send_events")
    assert "Raw table 'send_events' is missing" in _fails(tiny_lake, tmp_path)


def test_a_missing_required_column_is_named_with_its_file(tiny_lake: Path, tmp_path: Path) -> None:
    file = tiny_lake / "contacts" / "late.parquet"
    duckdb.sql(
        f"copy (select 'c' as contact_id, now() as updated_at, now() as loaded_at) to '{file}'"
    )
    output = _fails(tiny_lake, tmp_path)
    assert "late.parquet lacks the required column email" in output


def test_a_file_that_is_no_parquet_is_named(tiny_lake: Path, tmp_path: Path) -> None:
    (tiny_lake / "contacts" / "broken.parquet").write_text("not parquet at all")
    assert "broken.parquet" in _fails(tiny_lake, tmp_path)


def test_a_bad_setting_is_refused_before_any_model(tiny_lake: Path, tmp_path: Path) -> None:
    output = _fails(tiny_lake, tmp_path, "--vars", "{atribution_window_days: 5}")
    assert "did you mean 'attribution_window_days'?" in output


def test_a_failed_or_partial_build_says_so_in_the_database(tiny_lake: Path, tmp_path: Path) -> None:
    warehouse = tmp_path / "wh.duckdb"

    def outcome() -> tuple[bool, str | None]:
        with duckdb.connect(build_database(warehouse), read_only=True) as connection:
            row: tuple[bool, str | None] = connection.sql("from raw.build_outcome").fetchall()[0]
            return row

    build(tiny_lake, warehouse)
    assert outcome() == (True, None)
    dbt("run", lake=tiny_lake, warehouse=warehouse)
    assert outcome() == (False, "its tests have not run: run dbt test")
    dbt("test", "--select", "fct_messages", lake=tiny_lake, warehouse=warehouse)
    assert outcome()[0] is False
    dbt("test", "--exclude-resource-type", "unit_test", lake=tiny_lake, warehouse=warehouse)
    assert outcome() == (True, None)
    dbt("build", "--resource-type", "test", lake=tiny_lake, warehouse=warehouse)
    assert "only a part of it was built" in (outcome()[1] or "")
    dbt("test", "--exclude-resource-type", "unit_test", lake=tiny_lake, warehouse=warehouse)
    assert outcome()[0] is False, "tests don't make whole what was built in part"
    untested = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    dbt("build", *untested, lake=tiny_lake, warehouse=warehouse)
    dbt("test", "--resource-type", "unit_test", lake=tiny_lake, warehouse=warehouse)
    assert outcome() == (False, "its tests have not run: run dbt test")
    dbt("build", "--select", "stg_contacts", lake=tiny_lake, warehouse=warehouse)
    assert "only a part of it was built" in (outcome()[1] or "")
    shutil.rmtree(tiny_lake / "contacts")
    dbt("build", lake=tiny_lake, warehouse=warehouse)
    assert outcome()[0] is False


def test_seeds_count_as_those_that_were_loaded(tiny_lake: Path, tmp_path: Path) -> None:
    """`dbt run` loads none: tables of other seeds than the files' are not whole."""
    warehouse, project = tmp_path / "wh.duckdb", tmp_path / "project"
    for part in ("dbt_project.yml", "profiles.yml", "macros", "models", "seeds", "tests/dbt"):
        source, target = PROJECT_ROOT / part, project / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("sample_lake"))
        else:
            shutil.copy(source, target)
    providers = project / "seeds" / "mailbox_providers.csv"

    def outcome_of(*arguments: str) -> tuple[bool, str | None]:
        run = dbt(
            *arguments, "--project-dir", str(project), "--profiles-dir", str(project),
            lake=tiny_lake, warehouse=warehouse,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout
        with duckdb.connect(build_database(warehouse), read_only=True) as connection:
            row: tuple[bool, str | None] = connection.sql("from raw.build_outcome").fetchall()[0]
            return row

    only_data_tests = ("test", "--exclude-resource-type", "unit_test")
    not_loaded = (False, "a seed changed and was not loaded: run dbt build")
    assert outcome_of("build", "--exclude-resource-type", "unit_test") == (True, None)
    providers.write_text(f"{providers.read_text()}example.com,Example\n")
    assert outcome_of("run") == not_loaded
    assert outcome_of(*only_data_tests) == not_loaded
    with duckdb.connect(build_database(warehouse), read_only=True) as connection:
        assert connection.sql("select is_whole, seeds from raw.batch").fetchall() == [(False, None)]
    assert outcome_of("seed")[0] is False
    assert outcome_of("run") == (False, "its tests have not run: run dbt test")
    assert outcome_of(*only_data_tests) == (True, None)
    assert outcome_of("seed", "--select", "user_agents")[0] is False
    assert outcome_of("run") == not_loaded


def test_real_data_build_at_first_try(real_lake: Path, tmp_path: Path) -> None:
    """The totals are those of that folder's README."""
    database = build(real_lake, tmp_path / "wh.duckdb")
    with duckdb.connect(database, read_only=True) as connection:
        orders, revenue, free = connection.sql(
            "select count(*), cast(sum(revenue) as varchar), count(*) filter (where revenue = 0) "
            "from core.fct_conversions"
        ).fetchall()[0]
        assert (orders, revenue, free) == (47243, "233935.24", 255)
        assert connection.sql(
            "select cast(sum(sent) as int), cast(sum(clicked) as int) from marts.email_performance"
        ).fetchall() == [(6589, 792)]
