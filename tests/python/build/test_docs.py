"""dbt docs: every column described, every report an exposure, the page one offline file."""

import re
from pathlib import Path

import duckdb
from helpers.faults import copy_build
from helpers.support import PROJECT_ROOT, SampleBuild, build_database, dbt, steps_of


def test_every_column_is_described(sample_build: SampleBuild) -> None:
    """Of every model and seed as built, and of the raw contract."""
    manifest = sample_build.manifest
    described = {
        (node["name"], column["name"])
        for node in (manifest["nodes"] | manifest["sources"]).values()
        for column in node.get("columns", {}).values()
        if column["description"].strip()
    }
    with duckdb.connect(sample_build.database, read_only=True) as connection:
        connection.execute(f"attach '{steps_of(sample_build.database)}' as steps (read_only)")
        built = connection.sql(
            "select table_name, column_name from duckdb_columns() where not internal "
            "and schema_name in ('staging', 'intermediate', 'core', 'marts', 'seeds')"
        ).fetchall()
    contract = {
        (source["name"], column)
        for source in manifest["sources"].values()
        for column in source["columns"]
    }
    assert sorted((set(built) | contract) - described) == []


def test_every_report_is_an_exposure(sample_build: SampleBuild) -> None:
    reports = {path.stem for path in (PROJECT_ROOT / "notebooks" / "reports").glob("*.ipynb")}
    exposures = {exposure["name"] for exposure in sample_build.manifest["exposures"].values()}
    assert reports
    assert exposures == reports


def test_the_page_is_one_offline_file_and_leaves_the_build_as_it_is(
    sample_build: SampleBuild, sample_lake: Path, tmp_path: Path
) -> None:
    warehouse = copy_build(sample_build.database, tmp_path)
    with duckdb.connect(build_database(warehouse), read_only=True) as connection:
        outcome = connection.sql("from raw.build_outcome").fetchall()
    run = dbt("docs", "generate", "--static", lake=sample_lake, warehouse=warehouse)
    assert run.returncode == 0, run.stdout
    page = (tmp_path / "target" / "static_index.html").read_text(encoding="utf-8")
    assert re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']?https?:", page) == []
    assert "from raw to screen" in page
    with duckdb.connect(build_database(warehouse), read_only=True) as connection:
        assert connection.sql("from raw.build_outcome").fetchall() == outcome
