"""What is left out of the lock, why, and that nothing misses it (JupyterLab: test_explorer.py)."""

import re
import subprocess
import sys
from typing import Any

import jupyter_events
import nbformat
import pytest
from helpers.support import PROJECT_ROOT
from jsonschema import ValidationError

# What jsonschema's extra "format-nongpl" brings. rfc3987-syntax compiles a grammar whenever
# jsonschema is imported: a second of CPU in dbt, Great Expectations, papermill, nbconvert and every
# kernel.
LEFT_OUT = {"rfc3987-syntax", "lark"}


def test_nothing_in_the_lock_compiles_a_grammar_at_each_start() -> None:
    lock = (PROJECT_ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9][a-z0-9.-]*)(?:\[[^]]*\])?==", lock, re.MULTILINE))
    assert "jsonschema" in locked
    assert locked & LEFT_OUT == set()


def test_starting_jsonschema_imports_none_of_it() -> None:
    code = "import sys, jsonschema; print(*{'rfc3987_syntax', 'lark'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_events_of_jupyter_are_validated_all_the_same() -> None:
    logger = jupyter_events.EventLogger()
    name = "https://example.com/one"
    schema = {
        "$id": name,
        "version": "1",
        "title": "One",
        "type": "object",
        "properties": {"path": {"type": "string", "format": "uri"}},
        "required": ["path"],
    }
    logger.register_event_schema(schema)
    logger.emit(schema_id=name, data={"path": "https://example.com"})
    with pytest.raises(ValidationError):
        logger.schemas.validate_event(name, {"path": 7})


def test_notebooks_are_validated_all_the_same() -> None:
    notebook: dict[str, Any] = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    nbformat.validate(notebook)
    notebook["cells"] = [{"id": "one", "cell_type": "poem"}]
    with pytest.raises(nbformat.ValidationError):
        nbformat.validate(notebook)
