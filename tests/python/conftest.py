"""What the whole suite shares: the sample lake, one build of it and its reports."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.browser import chromium
from helpers.builder import Builder
from helpers.faults import email_stats
from helpers.markers import mark_by_use
from helpers.report_worlds import job, rendered, run_reports, start_rendering, wait_for
from helpers.support import PROJECT_ROOT, SampleBuild, dbt, made_once
from playwright.sync_api import Browser

from email_statistics.reports.run.registry import read_registry


@pytest.hookimpl(tryfirst=True)  # before -m chooses by them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test: unit, build or browser."""
    mark_by_use(items)


@pytest.fixture(scope="session")
def sample_lake() -> Path:
    """The committed sample lake."""
    return PROJECT_ROOT / "seeds" / "sample_lake"


@pytest.fixture(scope="session")
def sample_build(sample_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> SampleBuild:
    """One `dbt build` of the sample from nothing, unit tests and all, as on a fresh clone.

    All tests of all workers read it: who writes into a build takes a copy.
    """

    def make(folder: Path) -> None:
        arguments = ("build", "--show-all-deprecations")
        run = dbt(*arguments, lake=sample_lake, warehouse=folder / "email_stats.duckdb")
        SampleBuild(folder).write(run)

    return SampleBuild(made_once(tmp_path_factory, "sample", make))


@pytest.fixture(scope="session")
def sample_warehouse(sample_build: SampleBuild) -> Path:
    """Where EMAIL_STATS_WAREHOUSE points for readers of the sample."""
    assert sample_build.returncode == 0, sample_build.output
    return sample_build.warehouse


@pytest.fixture(scope="session")
def sample_pages(
    sample_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Path], dict[str, Path]]:
    """The page of every report of the sample, by name, made twice: in two processes at once."""
    registry = read_registry()
    jobs = [
        job(
            name,
            registry.reports[name].notebook,
            sample_warehouse,
            **registry.reports[name].parameters,
        )
        for name in registry.reports
    ]

    def make(folder: Path) -> None:
        started = [start_rendering(folder / str(seed), jobs, seed) for seed in (1, 2)]
        for process in started:
            wait_for(process)

    folder = made_once(tmp_path_factory, "sample_pages", make)
    return rendered(folder / "1"), rendered(folder / "2")


@pytest.fixture(scope="session")
def sample_site(
    sample_build: SampleBuild, sample_lake: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The site of the published sample, with pages of the latest emails of each type.

    By the command, with next to nothing in its environment, as cron starts it.
    """

    def make(folder: Path) -> None:
        warehouse = folder / "warehouse" / sample_build.warehouse.name
        warehouse.parent.mkdir()
        shutil.copytree(sample_build.database.parent, warehouse.parent / "build")
        published = email_stats("publish", lake=sample_lake, warehouse=warehouse)
        assert published.returncode == 0, published.stderr[-3000:]
        run = run_reports(folder / "notebooks", folder / "site", warehouse, most_recent=8)
        assert run.returncode == 0, run.stderr[-3000:]

    return made_once(tmp_path_factory, "sample_site", make) / "site"


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """dbt in this process, which reads the project once for all tests."""
    return Builder(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def real_lake() -> Path:
    """Real purchases and campaigns (complete_journey), where they are at hand."""
    folder = PROJECT_ROOT.parent / "shared" / "data" / "complete_journey"
    if not folder.is_dir():
        pytest.skip("the real data (../shared/data/complete_journey) are not on this machine")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, started once for the tests of a file; its event loop would be in others' way."""
    with chromium() as started:
        yield started
