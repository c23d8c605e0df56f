"""The key that signs links and sessions."""

import subprocess
import sys
from pathlib import Path

import pytest

from email_statistics import site_key as module
from email_statistics.errors import UsageError
from email_statistics.site_key import site_key


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("EMAIL_STATS_SECRET_KEY", raising=False)
    monkeypatch.setattr(module, "PROJECT_ROOT", tmp_path)
    return tmp_path / "var" / "secrets" / "site.key"


def test_it_is_made_once_and_private(key_file: Path) -> None:
    key = site_key()
    assert len(key) >= 32
    assert site_key() == key
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert key_file.parent.stat().st_mode & 0o777 == 0o700


def test_of_several_that_make_it_at_once_all_have_the_same(key_file: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from email_statistics import site_key as m; "
        "m.PROJECT_ROOT = Path(sys.argv[1]); print(m.site_key())"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert {process.communicate()[0].strip() for process in processes} == {key_file.read_text()}


def test_one_that_others_may_read_or_that_is_empty_is_refused(key_file: Path) -> None:
    site_key()
    key_file.chmod(0o644)
    with pytest.raises(UsageError, match="isn't private"):
        site_key()
    key_file.chmod(0o600)
    key_file.write_text("")
    with pytest.raises(UsageError, match="holds no key"):
        site_key()


def test_the_environment_wins_unless_it_is_too_short(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_SECRET_KEY", "k" * 32)
    assert site_key() == "k" * 32
    assert not key_file.exists()
    monkeypatch.setenv("EMAIL_STATS_SECRET_KEY", "k" * 31)
    with pytest.raises(UsageError, match="too short"):
        site_key()
