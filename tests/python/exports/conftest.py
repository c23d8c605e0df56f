"""The sample published, a folder of exports and a key, for each test its own."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from email_statistics.cli import cli
from email_statistics.errors import EmailStatsError

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def exports(sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of exports of a published sample."""
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(sample_warehouse))
    monkeypatch.setenv("EMAIL_STATS_EXPORTS", str(tmp_path / "exports"))
    monkeypatch.setenv("EMAIL_STATS_SECRET_KEY", "a key of the tests, of 32 characters or more")
    for name in ("EMAIL_STATS_SMTP_URL", "EMAIL_STATS_BASE_URL", "EMAIL_STATS_MAIL_FROM"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "exports"


@pytest.fixture
def run(exports: Path) -> Run:
    """Run ``email-stats`` in this process; returns what it printed and what it said on stderr.

    Raises what it ends with: an ``EmailStatsError``, or a ``click.UsageError``.
    """

    def invoke(*arguments: object) -> tuple[str, str]:
        result = CliRunner().invoke(cli, list(map(str, arguments)), standalone_mode=False)
        if isinstance(result.exception, EmailStatsError | click.UsageError):
            raise result.exception
        assert result.exception is None, result.exception
        return result.stdout, result.stderr

    return invoke
