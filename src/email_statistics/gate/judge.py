"""Asking the worker, and what its results mean: a sentence for each row outside its bounds."""

import json
import subprocess
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from email_statistics.errors import EmailStatsError
from email_statistics.gate.frames import Profile
from email_statistics.gate.thresholds import Stage, read_thresholds


class JudgeError(EmailStatsError):
    """The checks could not be evaluated; the text says why."""


@dataclass(frozen=True)
class Finding:
    """One row outside the bounds of its figure."""

    severity: Literal["warn", "fail"]
    sentence: str
    advice: str


@dataclass(frozen=True)
class Expectation:
    """One figure's bounds, how many rows were judged by them, and which are outside."""

    frame: str
    figure: str
    severity: Literal["warn", "fail"]
    bounds: str
    judged: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Verdict:
    """What the checks of one stage say."""

    stage: Stage
    profile: Profile
    expectations: tuple[Expectation, ...]

    def findings(self, severity: Literal["warn", "fail"]) -> list[Finding]:
        """Return the findings of one severity; what fails isn't a warning too."""
        failed = {
            finding.sentence
            for each in self.expectations
            for finding in each.findings
            if finding.severity == "fail"
        }
        return [
            finding
            for each in self.expectations
            for finding in each.findings
            if finding.severity == severity
            and (severity == "fail" or finding.sentence not in failed)
        ]


class Judge:
    """The worker process; started early, asked when the frames are there, gone after the block."""

    def __enter__(self) -> Self:
        """Start the worker."""
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "email_statistics.gate.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            process_group=0,  # Ctrl-C is for this process, which then ends the worker
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the worker."""
        self._worker.kill()
        self._worker.communicate()

    def ask(self, stage: Stage, profile: Profile) -> None:
        """Hand the frames of a stage over; ``answer`` waits for what the worker says of them."""
        thresholds = {
            frame: {figure: threshold.model_dump() for figure, threshold in figures.items()}
            for frame, figures in read_thresholds().of(stage).items()
        }
        self._asked = (stage, profile)
        try:
            print(
                json.dumps({"frames": profile.frames, "thresholds": thresholds}),
                file=self._worker.stdin,
                flush=True,
            )
        except BrokenPipeError as error:
            raise self._gone() from error

    def answer(self) -> Verdict:
        """Wait for the verdict on what was asked; raises ``JudgeError`` where there is none."""
        line = next(iter(self._worker.stdout or ()), None)
        if line is None:
            raise self._gone()
        answer = json.loads(line)
        if "error" in answer:
            problem = answer["error"].strip()
            raise JudgeError(
                f"The checks could not be evaluated ({problem.splitlines()[-1]}): see "
                "checks/thresholds.yml, or --debug."
            ) from RuntimeError(problem)
        stage, profile = self._asked
        return Verdict(
            stage, profile, tuple(_expectation(stage, each) for each in answer["results"])
        )

    def _gone(self) -> JudgeError:
        code = self._worker.wait()
        return JudgeError(
            f"The checks could not be evaluated (their process ended with code {code}): see "
            "whether there is memory left and `python -c 'import great_expectations'` works."
        )


def _expectation(stage: Stage, result: dict[str, Any]) -> Expectation:
    threshold = read_thresholds().of(stage)[result["frame"]][result["figure"]]
    return Expectation(
        frame=result["frame"],
        figure=result["figure"],
        severity=result["severity"],
        bounds=_bounds(result["min"], result["max"]),
        judged=result["judged"],
        findings=tuple(
            Finding(
                severity=result["severity"],
                sentence=threshold.says.format(**row),
                advice=threshold.advice,
            )
            for row in result["outside"]
        ),
    )


def _bounds(least: float | None, most: float | None) -> str:
    if least is None:
        return f"at most {most:g}"
    if most is None:
        return f"at least {least:g}"
    return f"{least:g} to {most:g}"
