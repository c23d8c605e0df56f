"""What makes starting dbt and Great Expectations cheaper."""

import gc
import importlib
import os
import shutil
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
from helpers.support import PROJECT_ROOT, parsed

from email_statistics.starting import free_memory, put_off, uncollected


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


def test_the_collector_runs_again_after_the_block() -> None:
    with pytest.raises(ValueError, match="within"), uncollected():
        assert not gc.isenabled()
        raise ValueError("within")
    assert gc.isenabled()


def test_free_memory_deletes_what_the_collector_did_not_see() -> None:
    class Cycle:
        def __init__(self) -> None:
            self.itself = self

    with uncollected():
        cycle = weakref.ref(Cycle())
    gc.collect()
    assert cycle() is not None, "deleted too early"
    free_memory()
    assert cycle() is None, "not deleted"
    assert gc.get_freeze_count() == 0


def test_the_checks_start_without_scipys_distributions() -> None:
    code = (
        "import sys; from email_statistics.gate import expectations; "
        "expectations.validate('raw', {'tables': []}); print('scipy.stats' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_dbt_reads_no_project_again_that_a_build_has_read(tmp_path: Path) -> None:
    """Nor for other settings, nor for a warehouse elsewhere."""
    unset = {"EMAIL_STATS_RAW", "EMAIL_STATS_WAREHOUSE", "DBT_TARGET"}
    environment = {name: os.environ[name] for name in os.environ.keys() - unset}
    environment |= {"DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path)}
    start = "from email_statistics.build.dbt import Dbt; Dbt('{engaged_days: 7}').start()"
    elsewhere = {"EMAIL_STATS_WAREHOUSE": str(tmp_path / "email_stats.duckdb")}
    for read in parsed().values():  # so that the first of the two has less to read
        shutil.copytree(Path(read).parent, tmp_path / "target")
    for command, variables in (
        (["-c", start], {}),
        (["-c", "from dbt.cli.main import cli; cli()", "parse"], elsewhere),
    ):
        (tmp_path / "dbt.log").unlink(missing_ok=True)
        subprocess.run(
            [sys.executable, *command],
            cwd=PROJECT_ROOT,
            env=environment | variables,
            capture_output=True,
            check=True,
        )
    assert "Nothing changed, skipping partial parsing" in (tmp_path / "dbt.log").read_text()
