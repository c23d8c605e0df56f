"""What dbt can't do before it opens the build database (see profiles.yml, ``plugins``)."""

from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags
from dbt_common.exceptions import DbtRuntimeError

from email_statistics import paths
from email_statistics.build.files import BuildFiles, build_files, prepare_folders
from email_statistics.build.lake_state import BUILDING, note_lake_state
from email_statistics.errors import UsageError
from email_statistics.experiments.functions import add_functions
from email_statistics.settings import read_settings
from email_statistics.storage import keep_private, limit_memory

# Commands that run models or tests.
_RUNNING = {"build", "retry", "run", "show", "test"}


class Plugin(BasePlugin):
    """Refuses bad settings and says where the build database is, before a model runs."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Put the files that profiles.yml names into their folder, and make it.

        Raises ``DbtRuntimeError`` where a setting is unknown or bad, or a warehouse can't have that
        name or place. dbt ends with that sentence and exit code 2; no model has run by then.
        """
        flags = get_flags()  # type: ignore[no-untyped-call]  # dbt ships this one untyped
        try:
            read_settings(flags.VARS)
            files = build_files()
            prepare_folders(files)
        except UsageError as error:
            raise DbtRuntimeError(str(error)) from error
        # The build database holds personal data: for its owner's eyes only.
        keep_private()
        if self.creds is not None:
            self._put_in_place(self.creds, files)

    def _put_in_place(self, credentials: DuckDBCredentials, files: BuildFiles) -> None:
        """Give the build database's files their paths; what else a user attaches keeps its own."""
        credentials.path = str(files.database)
        paths_by_alias = {"steps": files.steps, "batch": files.batch}
        for attached in credentials.attach or []:
            if attached.alias in paths_by_alias:
                attached.path = str(paths_by_alias[attached.alias])

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Limit memory, add functions; note lake and project for macros/engine/manifest.sql."""
        limit_memory(conn, BUILDING)
        flags = get_flags()  # type: ignore[no-untyped-call]  # dbt ships this one untyped
        # Whoever only compiles may leave a connection open, of which DuckDB complains at its end.
        if flags.WHICH in _RUNNING:
            add_functions(conn)
        note_lake_state(conn, paths.raw_lake(), Path(flags.PROJECT_DIR))
