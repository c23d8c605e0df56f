"""The process that judges frames with Great Expectations: JSON lines in, JSON lines out.

A process of its own, because importing Great Expectations takes as long as starting dbt: so the two
cores do both at once. It ends when the process that started it ends, however that does: then its
input is at its end.
"""

import json
import os
import sys
import traceback
from typing import Any, TextIO

# Great Expectations reports its use over the network unless this says no when it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

# What Great Expectations calls them.
_SEVERITIES = {"warn": "warning", "fail": "critical"}


def judge(
    frames: dict[str, list[dict[str, Any]]], thresholds: dict[str, dict[str, dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Judge each frame's figures with Great Expectations: a result an expectation.

    Frames are lists of rows with a ``subject``; thresholds are those of one stage. A result has
    ``frame``, ``figure``, ``severity`` (warn or fail), ``min``, ``max``, ``judged`` (rows) and
    ``outside``, the rows that break it. Raises ``RuntimeError`` where an expectation couldn't be
    evaluated: Great Expectations itself would call that "not met".
    """
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_pandas("frames")
    results: list[dict[str, Any]] = []
    for frame, rows in frames.items():
        suite = _suite(frame, thresholds[frame])
        if not rows or not suite.expectations:
            continue
        batch = (
            source.add_dataframe_asset(frame)
            .add_batch_definition_whole_dataframe("whole")
            .get_batch({"dataframe": _data_frame(rows)})
        )
        validated = batch.validate(
            suite,
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["subject"],
            },
        ).to_json_dict()
        results.extend(_result(frame, result) for result in validated["results"])
    return results


def _suite(frame: str, figures: dict[str, dict[str, Any]]) -> Any:
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.expectations.metadata_types import FailureSeverity

    return gx.ExpectationSuite(
        name=frame,
        expectations=[
            gxe.ExpectColumnValuesToBeBetween(  # type: ignore[attr-defined]  # not in its __all__
                column=figure,
                min_value=threshold[level]["min"],
                max_value=threshold[level]["max"],
                severity=FailureSeverity(severity),
            )
            for figure, threshold in figures.items()
            for level, severity in _SEVERITIES.items()
            if threshold[level] is not None
        ],
    )


def _data_frame(rows: list[dict[str, Any]]) -> Any:
    import pandas as pd  # type: ignore[import-untyped]  # no stubs in the lock

    frame = pd.DataFrame(rows)
    return frame.astype({name: "float64" for name in frame.columns if name != "subject"})


def _result(frame: str, result: dict[str, Any]) -> dict[str, Any]:
    config, found = result["expectation_config"], result["result"]
    figure = config["kwargs"]["column"]
    if result["exception_info"].get("raised_exception", True):
        raise RuntimeError(f"{frame}.{figure} couldn't be judged: {result['exception_info']}")
    return {
        "frame": frame,
        "figure": figure,
        "severity": next(k for k, v in _SEVERITIES.items() if v == config["severity"]),
        "min": config["kwargs"].get("min_value"),
        "max": config["kwargs"].get("max_value"),
        "judged": found["element_count"] - found["missing_count"],
        "outside": [
            {"subject": row["subject"], "value": row[figure]}
            for row in found.get("unexpected_index_list", [])
        ],
    }


def _answer(request: str) -> dict[str, Any]:
    try:
        return {"results": judge(**json.loads(request))}
    except Exception:  # whatever it is, the process that asked must hear of it
        return {"error": traceback.format_exc()}


def main(requests: TextIO, answers: TextIO) -> None:
    """Answer each line of ``requests`` (``frames`` and ``thresholds``) with one of ``answers``."""
    import great_expectations  # noqa: F401  # imported before it is needed

    for request in requests:
        answers.write(json.dumps(_answer(request)) + "\n")
        answers.flush()


if __name__ == "__main__":
    # Whatever else prints must not fall into the answers.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as own:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        main(sys.stdin, own)
