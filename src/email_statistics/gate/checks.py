"""Having a stage checked, and what the results mean: a sentence per row that isn't as expected.

The checks run in a process of their own, because importing Great Expectations takes as long as
starting dbt: two cores do both at once.
"""

import multiprocessing
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Literal, Self

from email_statistics.errors import EmailStatsError
from email_statistics.gate import expectations
from email_statistics.gate.frames import Profile

# As Great Expectations calls them: a warning is shown, what is critical ends the command.
Severity = Literal["warning", "critical"]


class CheckerError(EmailStatsError):
    """The checks could not be evaluated; the text says why."""


@dataclass(frozen=True)
class Finding:
    """One row that isn't as expected."""

    severity: Severity
    sentence: str
    advice: str


@dataclass(frozen=True)
class Expectation:
    """One expectation of Great Expectations, how many figures it looked at, and what it found."""

    frame: str
    type: str
    figure: str
    arguments: dict[str, Any]
    severity: Severity
    figures: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class CheckResult:
    """What the checks of one stage found."""

    profile: Profile
    expectations: tuple[Expectation, ...]

    def findings(self, severity: Severity) -> list[Finding]:
        """Return the findings of one severity; what is critical isn't a warning too."""
        critical = {
            finding.sentence
            for each in self.expectations
            for finding in each.findings
            if finding.severity == "critical"
        }
        return [
            finding
            for each in self.expectations
            for finding in each.findings
            if finding.severity == severity
            and (severity == "critical" or finding.sentence not in critical)
        ]


class Checker:
    """The process that checks: started early, asked when the frames are there, ended by the block.

    It is also started by the first question.
    """

    _process: BaseProcess | None = None
    _asked: Profile | None = None

    def start(self) -> None:
        """Start the process, unless it runs."""
        if self._process is not None and self._process.is_alive():
            return
        # Not forked: DuckDB has threads.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        process = context.Process(target=expectations.serve, args=(theirs,), daemon=True)
        process.start()
        self._process = process
        theirs.close()

    def __enter__(self) -> Self:
        """Wait with the start until it is known that there is something to check."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()

    def ask(self, profile: Profile) -> None:
        """Have a stage checked while this process goes on; ``result`` waits for the answer."""
        self.start()
        self._asked = profile
        try:
            self._pipe.send((profile.stage, profile.frames))
        except BrokenPipeError as error:
            raise self._gone() from error

    def result(self) -> CheckResult:
        """Wait for what was asked; raises ``CheckerError`` where it couldn't be evaluated."""
        profile = self._asked
        if profile is None:
            raise RuntimeError("nothing was asked")
        try:
            results = self._pipe.recv()
        except (EOFError, ConnectionResetError) as error:
            raise self._gone() from error
        if isinstance(results, Exception):
            problem = " ".join(str(results).split())
            raise CheckerError(
                f"The checks could not be evaluated ({problem[:300]}): see "
                f"{expectations.SUITES / profile.stage}, or --debug."
            ) from results
        return CheckResult(
            profile,
            tuple(
                _expectation(frame, result)
                for frame, validated in results.items()
                for result in validated["results"]
            ),
        )

    def _gone(self) -> CheckerError:
        code = None
        if self._process is not None:
            self._process.join()
            code = self._process.exitcode
        return CheckerError(
            f"The checks could not be evaluated (their process ended with code {code}): see "
            "whether there is memory left and `python -c 'import great_expectations'` works."
        )


def _expectation(frame: str, result: dict[str, Any]) -> Expectation:
    config, found = result["expectation_config"], result["result"]
    arguments = {name: value for name, value in config["kwargs"].items() if name != "batch_id"}
    figure, meta = arguments.pop("column"), config["meta"]
    return Expectation(
        frame=frame,
        type=config["type"],
        figure=figure,
        arguments=arguments,
        severity=config["severity"],
        figures=found["element_count"] - found["missing_count"],
        findings=tuple(
            Finding(
                severity=config["severity"],
                sentence=meta["says"].format(subject=row["subject"], value=row[figure]),
                advice=meta["advice"],
            )
            for row in found.get("unexpected_index_list", [])
        ),
    )
