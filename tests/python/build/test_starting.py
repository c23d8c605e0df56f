"""What makes starting dbt and Great Expectations cheaper."""

import gc
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from email_statistics.starting import put_off, uncollected


def test_a_module_that_is_put_off_is_loaded_when_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "putoffpackage"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "late.py").write_text("ANSWER = 42\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    put_off("putoffpackage", "late")
    late = importlib.import_module("putoffpackage").late
    assert "putoffpackage.late" not in sys.modules
    assert late.ANSWER == 42
    loaded = importlib.import_module("putoffpackage.late")
    assert importlib.import_module("putoffpackage").late is loaded
    put_off("putoffpackage", "late")
    assert importlib.import_module("putoffpackage").late is loaded


def test_the_collector_runs_again_after_what_it_was_kept_from() -> None:
    with pytest.raises(ValueError, match="within"), uncollected():
        assert not gc.isenabled()
        raise ValueError("within")
    assert gc.isenabled()


def test_the_checks_start_without_scipys_distributions() -> None:
    code = (
        "import sys; from email_statistics.gate import expectations; "
        "expectations.validate('raw', {'tables': []}); print('scipy.stats' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
