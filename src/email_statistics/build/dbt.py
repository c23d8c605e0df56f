"""``dbt build`` in this process; what it says becomes progress and, where it fails, a sentence."""

import contextlib
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from email_statistics import paths
from email_statistics.build.faults import sentence_about
from email_statistics.build.progress import Progress
from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.starting import uncollected

_ARGUMENTS = (
    "--log-level", "none",
    "--no-print",
    "--no-use-colors",
    "--project-dir", str(paths.PROJECT_ROOT),
    "--profiles-dir", str(paths.PROJECT_ROOT),
)  # fmt: skip

# Heads such as "Runtime Error in model x (models/….sql)", and the places listed after a message.
_HEAD = re.compile(r"^(\w+ )+Error in .*$|^(\w+ )*Error$")
_PLACE = re.compile(r"^(> |compiled code at )")


class BuildError(EmailStatsError):
    """dbt didn't build everything; the text is the first failure and what to do."""


@dataclass(frozen=True)
class DbtBuild:
    """What a ``dbt build`` that passed did; ``nodes`` are dbt's, of the models it built."""

    nodes: list[Any]
    tests: int
    warnings: list[str]


class Dbt:
    """dbt, started once: ``start`` reads the project, ``build`` runs it."""

    def __init__(self, variables: str | None, target: str = "local") -> None:
        """``variables`` is the YAML of ``--vars``, ``target`` one of profiles.yml."""
        self._options: list[str] = []
        if target != "local":
            # dbt keeps what it has read for one target.
            parsed = Path(os.environ.get("DBT_TARGET_PATH") or "var/dbt/target") / target
            self._options += ["--target", target, "--target-path", str(parsed)]
        self._variables = ["--vars", variables] if variables else []
        self._manifest: Any = None

    def start(self) -> None:
        """Import dbt and read the project. Raises ``BuildError`` where it can't be read.

        It is read without ``--vars``, for which dbt would read all of it again: settings are asked
        for while models run.
        """
        result = self._invoke(["parse"])
        if not result.success:
            raise BuildError(_sentence(result.exception))
        self._manifest = result.result

    def build(
        self,
        select: Sequence[str],
        is_full_refresh: bool,
        progress: Progress,
        environment: Mapping[str, str] | None = None,
    ) -> DbtBuild:
        """Run seeds, models and data tests, and let go of what they were written to.

        ``environment`` are variables that the target reads besides those of every target. Raises
        ``BuildError`` where one fails, ``UsageError`` where ``select`` names none.
        """
        arguments = ["build", "--exclude-resource-type", "unit_test", *self._variables]
        if select:
            arguments += ["--select", *select]
        if is_full_refresh:
            arguments.append("--full-refresh")
        follower = _Follower(progress, {} if select else self._models_by_folder())
        result = self._invoke(arguments, follower.hear, environment)
        if result.result is None:
            raise BuildError(_sentence(result.exception))
        nodes = [each for each in result.result if each.node.resource_type != "operation"]
        failed = [
            each for each in result.result if each.status in ("error", "fail", "runtime error")
        ]
        if failed or not result.success:
            raise BuildError(_failure(failed, result.result))
        if not nodes:
            raise UsageError(
                f"--select {' '.join(select)} names no model: name one (such as stg_contacts), a "
                "folder (marts) or a tag, as for `dbt build --select`."
            )
        return DbtBuild(
            nodes=[each.node for each in nodes if each.node.resource_type == "model"],
            tests=sum(each.node.resource_type == "test" for each in nodes),
            warnings=[_test_failure(each) for each in nodes if each.status == "warn"],
        )

    @uncollected()
    def _invoke(
        self,
        arguments: list[str],
        hear: Callable[[Any], None] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Any:
        from dbt.adapters.factory import FACTORY
        from dbt.cli.main import dbtRunner

        # Where the disk is full, dbt's log is the first to notice, with a traceback a line.
        logging.raiseExceptions = False
        runner = dbtRunner(manifest=self._manifest, callbacks=[hear] if hear else [])
        with _project_folder(), _environment(environment):
            try:
                result = runner.invoke([*arguments, *_ARGUMENTS, *self._options])
            finally:
                _close(FACTORY.adapters.values())
        if isinstance(result.exception, KeyboardInterrupt):
            raise result.exception
        return result

    def models(self) -> list[Any]:
        """Return dbt's nodes of all models, after ``start``."""
        return [
            node
            for node in self._manifest.nodes.values()
            if node.resource_type == "model" and node.config.enabled
        ]

    def _models_by_folder(self) -> Counter[str]:
        return Counter(node.path.split("/")[0] for node in self.models())


@dataclass
class _Follower:
    """Turns dbt's events into progress: a line when all models of a folder are built."""

    progress: Progress
    models_by_folder: Mapping[str, int]
    built: Counter[str] = field(default_factory=Counter)
    tests: int = 0

    def hear(self, event: Any) -> None:
        if event.info.name == "NodeStart":
            self.progress.now(event.data.node_info.node_name)
        elif event.info.name == "NodeFinished":
            self._finished(event.data.node_info)

    def _finished(self, node: Any) -> None:
        if node.node_status == "skipped":
            return
        if node.resource_type == "test":
            self.tests += 1
        if node.resource_type != "model":
            return
        folder = node.node_path.split("/")[0]
        self.built[folder] += 1
        if self.built[folder] == self.models_by_folder.get(folder):
            self.progress.detail(
                f"{folder:<13}{self.built[folder]:>3} models, {self.tests} tests so far"
            )


@contextlib.contextmanager
def _project_folder() -> Iterator[None]:
    """Relative paths count from the project's root; dbt goes there anyway and doesn't come back."""
    with contextlib.chdir(paths.PROJECT_ROOT):
        yield


@contextlib.contextmanager
def _environment(more: Mapping[str, str] | None) -> Iterator[None]:
    """Set variables that dbt, profiles.yml and the macros read, for as long as dbt works."""
    variables = {
        # Unless asked for: writing manifest.json and its like costs a second, and nobody reads it.
        "DBT_WRITE_JSON": os.environ.get("DBT_WRITE_JSON", "false"),
        **(more or {}),
    }
    # It is read as it is: a ``~`` must not reach it. Where it isn't set, the macro has the default:
    # dbt reads models again where a path isn't spelt as `dbt build` spells it.
    if os.environ.get("EMAIL_STATS_RAW"):
        variables["EMAIL_STATS_RAW"] = str(paths.raw_lake())
    given = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in given.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _close(adapters: Iterable[Any]) -> None:
    """Close what dbt has open; DuckDB's file would stay open in this process."""
    for adapter in adapters:
        close = getattr(adapter.ConnectionManager, "close_all_connections", None)
        if close is not None:
            close()


def _failure(failed: Sequence[Any], results: Sequence[Any]) -> str:
    """Put the first failure in a sentence, with how many more there are."""
    first = next((each for each in failed if each.node.resource_type != "test"), failed[0])
    more = f" {len(failed) - 1} more failed." if len(failed) > 1 else ""
    skipped = sum(each.status == "skipped" for each in results)
    passed_over = f" {skipped} were skipped." if skipped else ""
    if first.node.resource_type == "operation":
        return _sentence(first.message)
    if first.node.resource_type == "test":
        return f"{_test_failure(first)}{more}{passed_over} Nothing was published."
    return (
        f"The {first.node.resource_type} {first.node.name} failed: {_sentence(first.message)}"
        f"{more}{passed_over} Nothing was published; its SQL is in {first.node.compiled_path}."
    )


def _test_failure(result: Any) -> str:
    rows = f"{result.failures:,} rows" if result.failures is not None else _sentence(result.message)
    return (
        f"The test {result.node.name} failed ({rows}): see them with the query in "
        f"{result.node.compiled_path}."
    )


def _sentence(problem: object) -> str:
    """Take the head and the list of places off a message of dbt's: one sentence is left."""
    lines = [line.strip() for line in str(problem).splitlines()]
    kept: list[str] = []
    for line in lines:
        if _PLACE.match(line):
            break
        if line and not _HEAD.match(line):
            kept.append(line)
    return sentence_about(" ".join(kept) or str(problem))
