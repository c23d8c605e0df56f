"""What DuckDB, dbt and the system say, as sentences that say what to do."""

import errno

import pytest

from email_statistics.build.dbt import _sentence
from email_statistics.build.faults import is_disk_full, is_locked, sentence_about

LOCKED = (
    'IO Error: Could not set lock on file "/w/build/wh.duckdb": Conflicting lock is held in '
    "/usr/bin/python3.11 (PID 4711) by user root. See also https://duckdb.org/docs/connect/concurrency"
)


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (LOCKED, "The database /w/build/wh.duckdb is open in process 4711 (a `dbt build`, "),
        ('Could not set lock on file "/w/wh.duckdb": Resource', "/w/wh.duckdb is open in another"),
        ("IO Error: Could not write file: No space left on device", "The disk is full (IO Error: "),
        ("Out of Memory Error: could not allocate", "There is not enough memory (Out of Memory"),
        ('Failed to read file "a.parquet": ZSTD', '"a.parquet": ZSTD: deliver the file again.'),
        ("Binder Error: no\n  such   column", "Binder Error: no such column."),
    ],
)
def test_a_message_becomes_a_sentence(problem: str, sentence: str) -> None:
    assert sentence in sentence_about(problem)


def test_a_message_is_not_endless() -> None:
    assert len(sentence_about("x" * 5000)) < 600


def test_full_and_locked_are_told_apart_from_damaged() -> None:
    assert is_disk_full(OSError(errno.ENOSPC, "whatever it says"))
    assert is_disk_full(RuntimeError("Could not write: File too large"))
    assert not is_disk_full(OSError(errno.EACCES, "Permission denied"))
    assert is_locked(RuntimeError(LOCKED))
    assert not is_locked(
        RuntimeError("The file exists, but it is not a valid DuckDB database file!")
    )


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            "Runtime Error in model stg_links (models/staging/stg_links.sql)\n"
            "  Conversion Error: no such\n  date\n  \n"
            "  compiled code at target/compiled/stg_links.sql",
            "Conversion Error: no such date.",
        ),
        (
            "Compilation Error in operation email_statistics-on-run-start-0 (./dbt_project.yml)\n"
            "  Raw table 'x' is missing. Deliver it.\n  \n"
            "  > in macro open_raw_table (macros/raw_lake.sql)\n  > called by macro y",
            "Raw table 'x' is missing. Deliver it.",
        ),
        ("Database Error", "Database Error."),
    ],
)
def test_a_message_of_dbt_loses_its_head_and_its_places(message: str, sentence: str) -> None:
    assert _sentence(message) == sentence
