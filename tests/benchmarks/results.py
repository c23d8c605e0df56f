"""The results: JSON, CSV, a page of tables, a plot."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import altair as alt
import polars as pl
from measuring import Cost

NAMES = {
    "bare_duckdb": "bare DuckDB script",
    "full": "full build",
    "nothing": "a build with nothing new",
    "day": "a day's increment",
    "minute": "a minute's increment",
    "report": "one report",
}
_COLOURS = ["#e08a2e", "#1f6f8b", "#7a8793", "#5aa9c4", "#a8d0dd", "#8a6fb3"]
_GIB = 2**30
START_MESSAGES = 100  # of the lake on which the start is measured

_PAGE = """# Benchmark

What a build costs, and what the same core tables cost without this project. `make benchmark` writes
this page and the plot (in a quarter of an hour, with some 20 GB below `var/`). It asserts no time.

{machine}.

![Time, CPU and memory by number of messages](benchmark.svg)

{costs}

Each step ran once, alone, on a new lake. CPU (user and system) and bytes written to storage are the
kernel's count of the process and its children. Memory is the most that they held together, sampled
every 50 ms. Published after is the time from the start of the command until readers find the new
file. Stored is what is on disk afterwards: the build database and the published file, the script's
tables, all reports so far.

A lake is the output of `email-stats sample`, split by time of arrival. The last rows, a minute's
share of a year, are the minute. The rows before them, 1/365 of all rows, are the day. The full
build and the script read everything earlier. A build is all that `email-stats build` does: checks
of the lake, models, tests, checks of the marts, publishing. The script gives its core tables
(messages, engagement, conversions, orders, dimensions, quarantined rows) row for row and nothing
else; `tests/python/build/test_benchmarks.py` proves it, and the head of
[`bare_duckdb.py`](bare_duckdb.py) has the exact list. The report is the campaign dashboard.

{ratios}

The start of dbt and Great Expectations is an increment of {start_messages} messages:
{start}. CPU of increments and full builds is compared beyond it.
"""


@dataclass(frozen=True)
class Measurement:
    """The cost of a step at a size.

    ``published_seconds`` is the time until readers found the new file (None: nothing was
    published), ``stored_bytes`` what was on disk afterwards.
    """

    messages: int
    step: str
    cost: Cost
    published_seconds: float | None
    stored_bytes: int


class Results:
    """Measurements by size and step."""

    def __init__(self, measurements: list[Measurement]) -> None:
        """Index the measurements."""
        self._costs = {(each.messages, each.step): each for each in measurements}
        self.start = self._costs[0, "start"].cost
        self.sizes = sorted({each.messages for each in measurements} - {0})
        self.measurements = [each for each in measurements if each.messages]

    def cost(self, messages: int, step: str) -> Cost:
        """Return the cost of a step at a size."""
        return self._costs[messages, step].cost

    def cpu_beyond_start(self, messages: int, step: str) -> float:
        """Return the seconds of CPU that a build took beyond its start."""
        return self.cost(messages, step).cpu_seconds - self.start.cpu_seconds


def write_results(
    measurements: list[Measurement], machine: str, data: Path, pages: list[Path]
) -> None:
    """Write ``results.json`` and ``.csv`` to ``data``, ``README.md`` and the plot to ``pages``."""
    rows = [
        {"messages": each.messages, "step": each.step, **asdict(each.cost)}
        | {"published_seconds": each.published_seconds, "stored_bytes": each.stored_bytes}
        for each in measurements
    ]
    text = json.dumps({"machine": machine, "measurements": rows}, indent=2) + "\n"
    (data / "results.json").write_text(text, encoding="utf-8")
    with (data / "results.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    results = Results(measurements)
    page, plot = _page(results, machine), _plot(results)
    for folder in pages:
        (folder / "README.md").write_text(page, encoding="utf-8")
        plot.save(folder / "benchmark.svg")


def _page(results: Results, machine: str) -> str:
    costs = [
        ["messages", "", "time", "published after", "CPU", "peak memory", "written", "stored"],
        *(
            [
                _count(each.messages),
                NAMES[each.step],
                f"{each.cost.seconds:,.1f} s",
                "" if each.published_seconds is None else f"{each.published_seconds:,.1f} s",
                f"{each.cost.cpu_seconds:,.1f} s",
                f"{each.cost.memory_bytes / _GIB:.2f} GiB",
                f"{each.cost.written_bytes / 1e6:,.1f} MB",
                f"{each.stored_bytes / 1e6:,.1f} MB",
            ]
            for each in results.measurements
        ),
    ]
    start = results.start
    page = _PAGE.format(
        machine=machine,
        costs=_table(costs, texts=2),
        ratios=_table(_ratios(results), texts=1),
        start_messages=START_MESSAGES,
        start=f"{start.seconds:.1f} s, {start.cpu_seconds:.1f} s of CPU,"
        f" {start.memory_bytes / _GIB:.2f} GiB",
    )
    # What other scripts measured is written down by hand.
    return page + (Path(__file__).parent / "events.md").read_text(encoding="utf-8")


def _ratios(results: Results) -> list[list[str]]:
    def times(one: str, other: str) -> Callable[[int], str]:
        return lambda size: (
            f"{results.cost(size, one).seconds / results.cost(size, other).seconds:.2f}"
        )

    def beyond_start(step: str) -> Callable[[int], str]:
        return lambda size: (
            f"{results.cpu_beyond_start(size, step) / results.cpu_beyond_start(size, 'full'):.1%}"
        )

    def memory(step: str) -> Callable[[int], str]:
        return lambda size: f"{results.cost(size, step).memory_bytes / _GIB:.2f} GiB"

    def growth(size: int) -> str:
        at = results.sizes.index(size)
        if at == 0:
            return ""
        smaller = results.sizes[at - 1]
        ratio = results.cost(size, "full").seconds / results.cost(smaller, "full").seconds
        return f"{ratio:.1f} for {size / smaller:g}"

    lines: dict[str, Callable[[int], str]] = {
        "full build / bare DuckDB script, time": times("full", "bare_duckdb"),
        "full build / full build of the size before, time": growth,
        "full build, peak memory": memory("full"),
    }
    measured = {each.step for each in results.measurements}
    for step in ("day", "minute"):
        if step in measured:
            lines[f"{NAMES[step]}, peak memory"] = memory(step)
            lines[f"{NAMES[step]} / full build, CPU beyond the start"] = beyond_start(step)
    header = ["", *(f"{_count(size)} messages" for size in results.sizes)]
    return [header, *([name, *map(line, results.sizes)] for name, line in lines.items())]


def _table(rows: list[list[str]], texts: int) -> str:
    """A Markdown table; after so many columns of text come numbers."""
    rule = ["---"] * texts + ["---:"] * (len(rows[0]) - texts)
    return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], rule, *rows[1:]])


def _count(messages: int) -> str:
    return f"{messages / 1e6:g} M" if messages >= 100_000 else f"{messages:,}"


def _plot(results: Results) -> alt.HConcatChart:
    frame = pl.DataFrame(
        {
            "messages": [each.messages for each in results.measurements],
            "step": [NAMES[each.step] for each in results.measurements],
            "time, seconds": [each.cost.seconds for each in results.measurements],
            "CPU, seconds": [each.cost.cpu_seconds for each in results.measurements],
            "peak memory, GiB": [each.cost.memory_bytes / _GIB for each in results.measurements],
        }
    )
    colour = alt.Color(
        "step:N",
        scale=alt.Scale(domain=list(NAMES.values()), range=_COLOURS),
        legend=alt.Legend(title=None, orient="bottom"),
    )
    axis = alt.Axis(values=results.sizes, format="~s", title="messages")
    charts = [
        alt.Chart(frame, width=230, height=230)
        .mark_line(point=True)
        .encode(
            alt.X("messages:Q", scale=alt.Scale(type="log"), axis=axis),
            alt.Y(f"{measure}:Q", scale=alt.Scale(type="log")),
            colour,
        )
        for measure in ("time, seconds", "CPU, seconds", "peak memory, GiB")
    ]
    plot: alt.HConcatChart = alt.hconcat(*charts).configure(background="white", font="sans-serif")
    return plot
