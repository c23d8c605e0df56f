"""What the whole suite shares: the sample lake and one build of it."""

from pathlib import Path

import pytest
from report_worlds import job, rendered, start_rendering
from support import PROJECT_ROOT, SampleBuild, dbt

from email_statistics.reports.registry import read_registry


@pytest.fixture(scope="session")
def sample_lake() -> Path:
    """The committed sample lake."""
    return PROJECT_ROOT / "seeds" / "sample_lake"


@pytest.fixture(scope="session")
def sample_build(sample_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> SampleBuild:
    """One `dbt build` of the sample from nothing, unit tests and all, as on a fresh clone."""
    warehouse = tmp_path_factory.mktemp("sample") / "email_stats.duckdb"
    run = dbt("build", "--show-all-deprecations", lake=sample_lake, warehouse=warehouse)
    return SampleBuild(warehouse, run)


@pytest.fixture(scope="session")
def sample_warehouse(sample_build: SampleBuild) -> Path:
    """Where EMAIL_STATS_WAREHOUSE points for readers of the sample."""
    assert sample_build.run.returncode == 0, sample_build.run.stdout
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
    folders = [tmp_path_factory.mktemp("sample_pages") / "pages" for _ in range(2)]
    started = [start_rendering(folder, jobs, seed) for seed, folder in enumerate(folders, start=1)]
    first, second = [rendered(*one) for one in zip(started, folders, strict=True)]
    return first, second


@pytest.fixture(scope="session")
def real_lake() -> Path:
    """Real purchases and campaigns (complete_journey), where they are at hand."""
    folder = PROJECT_ROOT.parent / "shared" / "data" / "complete_journey"
    if not folder.is_dir():
        pytest.skip("the real data (../shared/data/complete_journey) are not on this machine")
    return folder
