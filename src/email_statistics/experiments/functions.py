"""The statistics as functions of DuckDB, which the models of experiments call.

They stand only where the build does: nothing that is published calls them.
"""

from collections.abc import Callable
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

import duckdb
from duckdb.func import SPECIAL

from email_statistics.experiments.statistics import (
    Arm,
    Comparison,
    IncrementalShare,
    compare,
    holm,
    incremental_share,
    sample_ratio,
)

_ARM = "struct(contacts bigint, total decimal(38,2), total_squared decimal(38,4))"
_TESTED = "struct(arm varchar, p_value double)"
_FOUND = "struct(contacts bigint, planned_weight decimal(18,6))"

# An arm, or what is worked out of it, as DuckDB hands structs over.
Struct = dict[str, Any]


def add_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a connection ``compare_arms``, ``holm``, ``sample_ratio`` and ``incremental_share``."""

    def add(function: Callable[..., Any], types: list[str], result: str) -> None:
        connection.create_function(
            function.__name__.removeprefix("_"),
            function,
            [duckdb.sqltype(type_) for type_ in types],
            result,
            null_handling=SPECIAL,
        )

    add(_compare_arms, ["boolean", _ARM, _ARM, "bigint", "bigint"], _struct(Comparison))
    add(_holm, [f"{_TESTED}[]"], f"{_TESTED}[]")
    add(_sample_ratio, [f"{_FOUND}[]"], "double")
    add(_incremental_share, [_ARM, _ARM, "decimal(38,4)", _ARM], _struct(IncrementalShare))


def _struct(result: type) -> str:
    """The type of a dataclass of doubles."""
    return f"struct({', '.join(f'{field.name} double' for field in fields(result))})"


def _compare_arms(
    is_proportion: bool, treated: Struct, control: Struct, comparisons: int, tuned_at: int
) -> Struct:
    comparison = compare(
        Arm(**treated),
        Arm(**control),
        is_proportion=is_proportion,
        comparisons=comparisons,
        tuned_at=tuned_at,
    )
    return asdict(comparison)


def _holm(arms: list[Struct]) -> list[Struct]:
    adjusted = holm([arm["p_value"] for arm in arms])
    return [
        {"arm": arm["arm"], "p_value": p_value} for arm, p_value in zip(arms, adjusted, strict=True)
    ]


def _sample_ratio(arms: list[Struct]) -> float | None:
    return sample_ratio([arm["contacts"] for arm in arms], [arm["planned_weight"] for arm in arms])


def _incremental_share(
    revenue: Struct, credit: Struct, total_product: Decimal, control: Struct
) -> Struct:
    return asdict(incremental_share(Arm(**revenue), Arm(**credit), total_product, Arm(**control)))
