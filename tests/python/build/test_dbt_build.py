"""`dbt build` on a fresh clone: green, silent, and its lake checked before the first model."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.credentials import Attachment, DuckDBCredentials
from helpers.builder import Builder
from helpers.support import (
    PROJECT_ROOT,
    SampleBuild,
    build_database,
    dbt,
    staging_project,
    steps_of,
)

from email_statistics import dbt_plugin
from email_statistics.settings import Settings


def test_the_sample_builds_green_without_a_warning(sample_build: SampleBuild) -> None:
    output = sample_build.output
    assert sample_build.returncode == 0, output
    assert "WARN=0 ERROR=0 SKIP=0" in output
    assert "eprecat" not in output
    assert "[WARNING]" not in output


def test_the_build_says_first_which_lake_it_reads(sample_build: SampleBuild) -> None:
    output = sample_build.output
    assert output.index("Raw lake: ") < output.index("START")


def test_build_tells_its_settings(sample_build: SampleBuild) -> None:
    with duckdb.connect(sample_build.database, read_only=True) as connection:
        row = connection.sql(
            "select raw_lake, settings, project_version, raw_rows from core.build"
        ).fetchall()[0]
    assert row[0] == "sample_lake"
    assert set(yaml.safe_load(row[1])) == set(Settings.model_fields)
    project = yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert set(project["vars"]) == {*Settings.model_fields, "metrics"}
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


def test_absent_optional_tables_and_columns_are_empty(
    builder: Builder, tiny_lake: Path, tmp_path: Path
) -> None:
    (tiny_lake / "contacts" / "_writing.parquet").write_text("not parquet")
    (tiny_lake / "contacts" / ".hidden").mkdir()
    (tiny_lake / "contacts" / ".hidden" / "x.parquet").write_text("not parquet")
    database = builder.build(tiny_lake, tmp_path / "email_stats.duckdb")
    with duckdb.connect(database, read_only=True) as connection:
        assert connection.sql(
            "select sent, opened, delivered, orders, revenue from marts.email_performance"
        ).fetchall() == [(1, 1, 1, 0, 0)]


def _fails(builder: Builder, lake: Path, tmp_path: Path) -> str:
    assert not builder.run("build", lake=lake, warehouse=tmp_path / "email_stats.duckdb")
    said = "\n".join(builder.said)
    assert "Raw lake: " in said
    assert "START sql" not in said, "a model ran"
    return said


def test_a_missing_required_table_is_named(
    builder: Builder, tiny_lake: Path, tmp_path: Path
) -> None:
    shutil.rmtree(tiny_lake / "send_events")
    assert "Raw table 'send_events' is missing" in _fails(builder, tiny_lake, tmp_path)


def test_a_missing_required_column_is_named_with_its_file(
    builder: Builder, tiny_lake: Path, tmp_path: Path
) -> None:
    file = tiny_lake / "contacts" / "late.parquet"
    duckdb.sql(
        f"copy (select 'c' as contact_id, now() as updated_at, now() as loaded_at) to '{file}'"
    )
    output = _fails(builder, tiny_lake, tmp_path)
    assert "late.parquet lacks the required column email" in output


def test_a_file_that_is_no_parquet_is_named(
    builder: Builder, tiny_lake: Path, tmp_path: Path
) -> None:
    (tiny_lake / "contacts" / "broken.parquet").write_text("not parquet at all")
    assert "broken.parquet" in _fails(builder, tiny_lake, tmp_path)


def test_a_bad_setting_is_refused_before_any_model(tiny_lake: Path, tmp_path: Path) -> None:
    run = dbt(
        "build", "--vars", "{atribution_window_days: 5}",
        lake=tiny_lake, warehouse=tmp_path / "email_stats.duckdb",
    )  # fmt: skip
    assert run.returncode == 2
    assert "did you mean 'attribution_window_days'?" in run.stdout
    assert "START sql" not in run.stdout


def test_a_name_that_a_warehouse_cannot_have_is_refused_before_any_model(
    builder: Builder, tiny_lake: Path, tmp_path: Path
) -> None:
    assert not builder.run("build", lake=tiny_lake, warehouse=tmp_path / "core.duckdb")
    assert "A warehouse can't be called core.duckdb" in "\n".join(builder.said)
    assert list(tmp_path.glob("**/*.duckdb")) == []


def test_a_place_that_a_warehouse_cannot_have_is_refused_in_a_sentence(
    builder: Builder, tiny_lake: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    warehouse = tmp_path / "file" / "email_stats.duckdb"
    assert not builder.run("build", lake=tiny_lake, warehouse=warehouse)
    said = "\n".join(builder.said)
    assert f"{tmp_path / 'file'} can't be written" in said
    assert "Traceback" not in said


def test_the_build_databases_files_are_put_in_place_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(tmp_path / "wh.duckdb"))
    monkeypatch.setattr(dbt_plugin, "get_flags", lambda: SimpleNamespace(VARS={}))
    names = {"steps": "steps", "batch": "batch", "mine": "/elsewhere/mine.duckdb"}
    attached = [Attachment(path=path, alias=alias) for alias, path in names.items()]
    credentials = DuckDBCredentials(database="wh", schema="main", path="wh.duckdb", attach=attached)
    dbt_plugin.Plugin("plugin", {}, credentials)
    assert credentials.path == str(tmp_path / "build" / "wh.duckdb")
    assert {each.alias: each.path for each in attached} == {
        "steps": str(tmp_path / "build" / "wh.duckdb.steps"),
        "batch": str(tmp_path / "build" / "wh.duckdb.batch"),
        "mine": "/elsewhere/mine.duckdb",
    }


class StagingProject:
    """The project as far as its staging, built by one dbt command after the other."""

    def __init__(self, builder: Builder, lake: Path, folder: Path) -> None:
        self._builder = builder
        self._lake = lake
        self._warehouse = folder / "email_stats.duckdb"

    def outcome_of(self, *arguments: str, passes: bool = True) -> tuple[bool, str | None]:
        """What the build database says of itself after this command."""
        passed = self._builder.run(*arguments, lake=self._lake, warehouse=self._warehouse)
        assert passed == passes, "\n".join(self._builder.said[-40:])
        outcome: tuple[bool, str | None] = self.ask("from raw.build_outcome")[0]
        return outcome

    @property
    def steps(self) -> Path:
        """The file of the build database that staging lies in."""
        return steps_of(build_database(self._warehouse))

    def ask(self, query: str) -> list[Any]:
        """What the build database answers."""
        with duckdb.connect(build_database(self._warehouse), read_only=True) as connection:
            return connection.sql(query).fetchall()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a project, which dbt reads once for all tests."""
    return staging_project(tmp_path_factory.mktemp("staging") / "project")


@pytest.fixture(scope="module")
def staging_builder(project: Path) -> Builder:
    """dbt, for this project."""
    return Builder(project.parent / "dbt", project)


@pytest.fixture
def staged(staging_builder: Builder, tiny_lake: Path, tmp_path: Path) -> StagingProject:
    """The project with a lake of which nothing is built yet."""
    return StagingProject(staging_builder, tiny_lake, tmp_path)


@pytest.fixture
def providers(project: Path) -> Iterator[Path]:
    """A seed of the project, which the test may change."""
    file = project / "seeds" / "mailbox_providers.csv"
    content = file.read_bytes()
    yield file
    file.write_bytes(content)


DATA_TESTS = ("test", "--exclude-resource-type", "unit_test")


def test_a_failed_or_partial_build_says_so_in_the_database(
    staged: StagingProject, tiny_lake: Path
) -> None:
    untested = (False, "its tests have not run: run dbt test")
    assert staged.outcome_of("build", "--exclude-resource-type", "unit_test") == (True, None)
    assert staged.outcome_of("run") == untested
    assert staged.outcome_of("test", "--select", "stg_contacts")[0] is False
    assert staged.outcome_of(*DATA_TESTS) == (True, None)
    only_tests = staged.outcome_of("build", "--resource-type", "test")
    assert "only a part of it was built" in (only_tests[1] or "")
    assert staged.outcome_of(*DATA_TESTS)[0] is False, "tests don't make whole what is a part"
    without_data_tests = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    staged.outcome_of("build", *without_data_tests)
    assert staged.outcome_of("test", "--select", "stg_contacts,test_type:unit") == untested
    one_model = staged.outcome_of("build", "--select", "stg_contacts")
    assert "only a part of it was built" in (one_model[1] or "")
    shutil.rmtree(tiny_lake / "contacts")
    assert staged.outcome_of("build", passes=False)[0] is False


def test_seeds_count_as_those_that_were_loaded(staged: StagingProject, providers: Path) -> None:
    """`dbt run` loads none: tables of other seeds than the files' are not whole."""
    not_loaded = (False, "a seed changed and was not loaded: run dbt build")
    assert staged.outcome_of("build", "--exclude-resource-type", "unit_test") == (True, None)
    providers.write_text(f"{providers.read_text()}example.com,Example\n")
    assert staged.outcome_of("run") == not_loaded
    assert staged.outcome_of(*DATA_TESTS) == not_loaded
    assert staged.ask("select is_whole, seeds from raw.batch") == [(False, None)]
    assert staged.outcome_of("seed")[0] is False
    assert staged.outcome_of("run") == (False, "its tests have not run: run dbt test")
    assert staged.outcome_of(*DATA_TESTS) == (True, None)
    assert staged.outcome_of("seed", "--select", "user_agents")[0] is False
    assert staged.outcome_of("run") == not_loaded


def test_files_of_two_builds_are_no_ground_for_a_batch(staged: StagingProject) -> None:
    build = ("build", "--exclude-resource-type", "unit_test")
    reason = "select is_delta, reason from raw.batch"
    staged.outcome_of(*build)
    one = staged.steps.read_bytes()
    staged.outcome_of(*build)
    assert staged.ask(reason) == [(True, None)]
    staged.steps.write_bytes(one)
    for _ in ("put back", "gone"):
        assert staged.outcome_of(*build) == (True, None)
        assert staged.ask(reason) == [
            (False, "the files of the build database are not of one build")
        ]
        staged.steps.unlink()


def test_a_full_refresh_takes_out_what_an_older_version_built(staged: StagingProject) -> None:
    build = ("build", "--exclude-resource-type", "unit_test")
    staged.outcome_of(*build)
    with duckdb.connect(staged.steps) as connection:
        connection.execute("create table staging.stg_of_old as from staging.stg_contacts")
        connection.execute("create view staging.stg_view_of_old as from staging.stg_contacts")
    older = "select count(*) from duckdb_columns() where table_name like 'stg%_of_old'"
    for arguments, is_left in ((build, True), ((*build, "--full-refresh"), False)):
        staged.outcome_of(*arguments)
        with duckdb.connect(staged.steps, read_only=True) as connection:
            assert (connection.sql(older).fetchall()[0][0] > 0) == is_left


def test_real_data_build_at_first_try(builder: Builder, real_lake: Path, tmp_path: Path) -> None:
    """The totals are those of that folder's README."""
    database = builder.build(real_lake, tmp_path / "email_stats.duckdb")
    with duckdb.connect(database, read_only=True) as connection:
        orders, revenue, free = connection.sql(
            "select count(*), cast(sum(revenue) as varchar), count(*) filter (where revenue = 0) "
            "from core.fct_conversions"
        ).fetchall()[0]
        assert (orders, revenue, free) == (47243, "233935.24", 255)
        assert connection.sql(
            "select cast(sum(sent) as int), cast(sum(clicked) as int) from marts.email_performance"
        ).fetchall() == [(6589, 792)]
