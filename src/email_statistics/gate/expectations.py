"""Validates frames with Great Expectations; only the process that does so imports it."""

import os
import signal
import threading
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import yaml

from email_statistics.gate.frames import Row, Stage
from email_statistics.starting import put_off, uncollected

SUITES = Path(__file__).with_name("suites")


def validate(stage: Stage, frames: dict[str, list[Row]]) -> dict[str, dict[str, Any]]:
    """Validate each frame that has rows with its suite.

    Returns what Great Expectations says, as its JSON, by frame. Raises ``RuntimeError`` where an
    expectation couldn't be evaluated: Great Expectations itself would call that "not met".
    """
    import pandas as pd  # type: ignore[import-untyped]  # no stubs in the lock

    source = _context().data_sources.add_or_update_pandas("frames")
    results = {}
    for name, rows in frames.items():
        if not rows:
            continue
        frame = pd.DataFrame(rows)
        batch = (
            source.add_dataframe_asset(name)
            .add_batch_definition_whole_dataframe("whole")
            .get_batch(
                {
                    "dataframe": frame.astype(
                        {column: "float64" for column in frame.columns if column != "subject"}
                    )
                }
            )
        )
        results[name] = batch.validate(
            read_suite(stage, name),
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["subject"],
            },
        ).to_json_dict()
        for result in results[name]["results"]:
            if result["exception_info"].get("raised_exception", True):
                raise RuntimeError(f"{stage}.{name} can't be checked: {result['exception_info']}")
    return results


def read_suite(stage: Stage, frame: str) -> Any:
    """Read the suite of a frame."""
    import great_expectations as gx

    text = (SUITES / stage / f"{frame}.yml").read_text(encoding="utf-8")
    return gx.ExpectationSuite(**yaml.safe_load(text))


def serve(connection: Connection) -> None:
    """Validate what comes down a pipe until its other end is closed.

    What is sent back is the result of ``validate``, or the exception that it ended with.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    _context()
    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        try:
            answer: object = validate(*request)
        except Exception as error:  # whatever it is, the process that asked must hear of it
            answer = RuntimeError(f"{type(error).__name__}: {error}")
        connection.send(answer)


@cache
def _context() -> Any:
    """Import Great Expectations, without reports over the network or bars on the terminal."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with uncollected():
        # No suite tests a distribution, and this is a third of the import.
        put_off("scipy", "stats")
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig
        from tqdm import tqdm

        # Otherwise a lock for several processes, which one that is killed leaves behind.
        tqdm.set_lock(threading.RLock())
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context
