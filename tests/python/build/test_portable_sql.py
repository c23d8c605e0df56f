"""Models, rules and data tests are written in SQL that DuckDB and Spark both know."""

import re
from pathlib import Path

from email_statistics.paths import PROJECT_ROOT

_FILES = sorted(
    path
    for pattern in (
        "models/**/*.sql",
        "macros/rules/*.sql",
        "macros/staging.sql",
        "tests/dbt/**/*.sql",
    )
    for path in PROJECT_ROOT.glob(pattern)
)

# What one of them lacks, or takes for something else, and what to write. What a macro of
# macros/engine/dialect.sql says is looked for there.
_NOT_PORTABLE = {
    r"(?<!')\bvarchar\b": "string",
    r"\*\s+(exclude|except|replace)\b": "the columns by name",
    r"\bqualify\b": "row_number() in a CTE",
    r"\bgroup\s+by\s+all\b": "the columns by name",
    r"\bstruct_pack\b": "struct_of()",
    r"\bstring_agg\b|\blistagg\b": "joined_texts()",
    r"\bunnest\b|\bexplode\b": "items_of()",
    r"\barray_agg\b|\blist\s*\(|\blist_\w+\(|\bcollect_\w+\(": "sorted_list() or distinct_list()",
    r"\bregexp_\w+\b": "matches(), extracted() or replace_matches()",
    r"\bformat\s*\(": "number_in_words() and its like",
    r"\bhugeint\b": "big_integer()",
    r"(?<![:/])//(?!/)": "whole_quotient()",
    r"::": "cast()",
    r":=": "struct_of()",
    r"\brecursive\b": "with_recursion()",
    r"\bat\s+time\s+zone\b|\bconvert_timezone\b": "on_clocks_of()",
    r"\b(not\s+)?materialized\s*\(": "not_kept()",
    r"\browid\b": "rows_with_key()",
    r"\bto_json\b": "as_json()",
    r"\bnfc_normalize\b": "composed_text()",
    r"\bhash\s*\(": "key_hash()",
    r"\bwindow\s+\w+\s+as\b": "the window written out",
    r"\bunion\s+(all\s+)?by\s+name\b": "the columns in one order",
    r"\b(arg_min|arg_max)\b": "min_by() or max_by()",
    r"\bisfinite\b|\btry\s*\(|\bstrftime\s*\((?!')": "a macro of dialect.sql",
    r"\bdate_diff\b|\bepoch\w*\s*\(": "a macro of dialect.sql",
    r"\bas\s+settings\b(?!,)": "another alias",
    r"\btrim\([^()]*,": "trim(both '-' from x)",
    r"\\d|\\w|\\S": "classes in brackets, such as [0-9]",
}


def _sql(path: Path) -> str:
    """The file without its comments, in one case."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return "\n".join(line.partition("-- ")[0] for line in text.splitlines()).lower()


def test_sql_is_what_duckdb_and_spark_both_know() -> None:
    found = [
        f"{path.relative_to(PROJECT_ROOT)}: {match.group(0)!r}; write {instead}"
        for path in _FILES
        for pattern, instead in _NOT_PORTABLE.items()
        if (match := re.search(pattern, _sql(path)))
    ]

    assert len(_FILES) > 100
    assert not found


def test_each_spelling_of_one_engine_has_its_twin() -> None:
    """What dialect.sql dispatches, both engines have, or parsing fails on one of them."""
    engine = "".join(
        path.read_text(encoding="utf-8") for path in PROJECT_ROOT.glob("macros/engine/*.sql")
    )
    dispatched = set(re.findall(r"adapter\.dispatch\('(\w+)'\)", engine))

    assert dispatched
    for name in dispatched:
        for prefix in ("duckdb", "spark"):
            assert f"macro {prefix}__{name}(" in engine, f"{prefix}__{name} is missing"
