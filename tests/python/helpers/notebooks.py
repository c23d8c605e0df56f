"""Runs a notebook as an analyst would: by plain papermill."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def execute(notebook: Path, output: Path, published: Path, **parameters: Any) -> dict[str, Any]:
    """Run a notebook by plain papermill, from a folder that has nothing to do with the project."""
    given = [word for name, value in parameters.items() for word in ("-p", name, str(value))]
    command = [sys.executable, "-m", "papermill", "--no-progress-bar"]
    run = subprocess.run(
        [*command, str(notebook), str(output), *given],
        cwd=output.parent,
        env=os.environ | {"EMAIL_STATS_WAREHOUSE": str(published)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    executed: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return executed
