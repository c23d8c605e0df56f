"""dbt without a process each: reads a project once, then runs one command after the other."""

import contextlib
import gc
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from helpers.support import PROJECT_ROOT, BuildError, build_database, environment


class Builder:
    """dbt in this process, with the project read once: builds lakes into warehouses."""

    def __init__(self, folder: Path, project: Path = PROJECT_ROOT) -> None:
        """What dbt writes beside the warehouses lies below ``folder``."""
        self._folder = folder
        self._project = project
        self._manifest: Any = None
        self.said: list[str] = []

    def build(
        self,
        lake: Path,
        warehouse: Path,
        settings: Mapping[str, Any] | None = None,
        *,
        is_tested: bool = True,
    ) -> Path:
        """Build a lake with its data tests, or without; returns the build database.

        Never with unit tests: they prove code, not data. Settings are asked for while models run,
        so that none is a reason to read the project again; a warehouse of another name than
        ``email_stats.duckdb`` would be.

        ``said`` is then what dbt told. Raises ``BuildError`` where the build fails.
        """
        left_out = ["unit_test"] if is_tested else ["unit_test", "test"]
        arguments = [f"--exclude-resource-type={each}" for each in left_out]
        if settings:
            arguments += ["--vars", json.dumps(settings)]
        if not self.run("build", *arguments, lake=lake, warehouse=warehouse):
            raise BuildError("\n".join(self.said[-40:]))
        return build_database(warehouse)

    def read(self, lake: Path, warehouse: Path, settings: Mapping[str, Any] | None = None) -> Any:
        """dbt's manifest of the project, read for these settings; ``run`` goes on with its own."""
        arguments = ["parse", "--vars", json.dumps(settings)] if settings else ["parse"]
        return self._invoke(arguments, lake, warehouse).result

    def run(self, *arguments: str, lake: Path, warehouse: Path) -> bool:
        """Run one command of dbt's, as ``dbt`` would; returns whether it ended well.

        ``said`` is then what dbt told, with the error that ended it.
        """
        if self._manifest is None:
            self._manifest = self.read(lake, warehouse)
        result = self._invoke(arguments, lake, warehouse)
        if result.exception is not None:
            self.said.append(str(result.exception))
        return bool(result.success)

    def _hear(self, event: Any) -> None:
        self.said.append(event.info.msg)

    def _invoke(self, arguments: Sequence[str], lake: Path, warehouse: Path) -> Any:
        self.said = []
        runner = dbtRunner(manifest=self._manifest, callbacks=[self._hear])
        with pytest.MonkeyPatch.context() as patch, contextlib.chdir(self._project):
            for name, value in environment(lake, warehouse).items():
                patch.setenv(name, value)
            patch.setenv("DBT_TARGET_PATH", str(self._folder / "target"))
            patch.setenv("DBT_LOG_PATH", str(self._folder / "logs"))
            patch.setenv("DBT_WRITE_JSON", "false")  # a second or more each time
            if self._project != PROJECT_ROOT:
                patch.delenv("DBT_PARTIAL_PARSE_FILE_PATH", raising=False)
            # Not uncollected(): this process builds often, and would keep 100 MB of each build.
            gc.disable()
            try:
                return runner.invoke([*arguments, "--log-level", "none", "--no-print"])
            finally:
                gc.enable()
                DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
