"""Renders many reports without a kernel each: ``render_reports.py FOLDER JOBS``.

JOBS is a JSON list of ``{"page", "notebook", "warehouse", "parameters"}``; each becomes
``<page>.html``, made of the notebook's own cells and by the same step as any report's page.
"""

import ast
import json
import os
import sys
from pathlib import Path
from typing import Any

import nbformat

from email_statistics.reports.run.html import to_html


def execute(notebook: Path, parameters: dict[str, Any]) -> Any:
    """Run the cells of a notebook in this process, each showing its last expression."""
    executed = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    names: dict[str, Any] = {}
    for cell in executed.cells:
        if cell.cell_type != "code":
            continue
        body = ast.parse(cell.source).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), notebook.name, "exec"), names)  # noqa: S102 - our cells
        if "parameters" in cell.metadata.get("tags", []):
            assert names.keys() >= parameters.keys()
            names |= parameters
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), notebook.name, "eval"), names)  # noqa: S307 - our cells
            cell.outputs = [
                nbformat.v4.new_output(  # type: ignore[no-untyped-call]
                    "execute_result", {"text/html": shown._repr_html_()}
                )
            ]
    return executed


def main() -> None:
    folder = Path(sys.argv[1])
    for job in json.loads(sys.argv[2]):
        os.environ["EMAIL_STATS_WAREHOUSE"] = job["warehouse"]
        path = folder / f"{job['page']}.ipynb"
        nbformat.write(execute(Path(job["notebook"]), job["parameters"]), path)  # type: ignore[no-untyped-call]
        to_html(path, path.with_suffix(".html"))


if __name__ == "__main__":
    main()
