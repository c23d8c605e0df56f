"""A published sample with a small rendered site, and an application that serves both."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.support import build_database, made_once
from starlette.testclient import TestClient

from email_statistics.reports.run import runner
from email_statistics.reports.run.registry import Registry, read_registry
from email_statistics.serve.app import LiveSite
from email_statistics.serve.guard import Guard
from email_statistics.serve.passwords import Password

KEY = "a key of the tests, of 32 characters or more"
REPORTS = ("home", "campaign_dashboard", "campaign_summary", "click_performance")


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The reports, each of them for the most recent email only."""
    return read_registry().model_copy(update={"most_recent": 1})


@pytest.fixture(scope="session")
def rendered_site(
    sample_warehouse: Path, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with the published sample (``email_stats.duckdb``) and ``reports``, made once."""

    def make(folder: Path) -> None:
        shutil.copy(build_database(sample_warehouse), folder / "email_stats.duckdb")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EMAIL_STATS_WAREHOUSE", str(folder / "email_stats.duckdb"))
            patch.setenv("EMAIL_STATS_REPORTS", str(folder / "reports"))
            result = runner.run(registry, REPORTS, {}, say=lambda _: None)
        assert [one.rendering.error for one in result.kept] == [None] * len(REPORTS)

    return made_once(tmp_path_factory, "rendered_site", make)


@pytest.fixture
def site(rendered_site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it for one test, in the environment; exports go to ``exports``."""
    shutil.copytree(rendered_site, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(tmp_path / "email_stats.duckdb"))
    monkeypatch.setenv("EMAIL_STATS_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("EMAIL_STATS_EXPORTS", str(tmp_path / "exports"))
    monkeypatch.setenv("EMAIL_STATS_SECRET_KEY", KEY)
    for name in ("EMAIL_STATS_SMTP_URL", "EMAIL_STATS_BASE_URL", "EMAIL_STATS_MAIL_FROM"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


Open = Callable[..., TestClient]


@pytest.fixture
def open_site(site: Path, registry: Registry) -> Open:
    """Open the site as a browser of its own."""

    def opened(
        password: Password | None = None, *, is_secure: bool = False, base: str = "http://localhost"
    ) -> TestClient:
        guard = Guard(KEY, frozenset({"localhost", "stats.example"}), is_secure, password)
        app = LiveSite(registry, guard).app()
        return TestClient(app, base_url=base, follow_redirects=False, raise_server_exceptions=False)

    return opened


@pytest.fixture
def client(open_site: Open) -> TestClient:
    """A browser on a site without a password."""
    return open_site()
