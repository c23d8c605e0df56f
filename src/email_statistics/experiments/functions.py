"""The statistics as functions of an engine, which the models of experiments call.

They stand only where the build does: nothing that is published calls them.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
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

# A row of values by name, as engines hand structs over: a dict of DuckDB, a Row of Spark.
Struct = Any
Values = dict[str, Any]

_ARM = "struct(contacts bigint, total decimal(38,2), total_squared decimal(38,4))"
_TESTED = {"arm": "varchar", "p_value": "double"}


def compare_arms(
    is_proportion: bool, treated: Struct, control: Struct, comparisons: int, tuned_at: int
) -> Values:
    """Compare an arm with the control; see ``statistics.compare``."""
    comparison = compare(
        _arm(treated),
        _arm(control),
        is_proportion=is_proportion,
        comparisons=comparisons,
        tuned_at=tuned_at,
    )
    return asdict(comparison)


def holm_of_arms(arms: Sequence[Struct]) -> list[Values]:
    """Adjust the p of each arm; see ``statistics.holm``."""
    adjusted = holm([arm["p_value"] for arm in arms])
    return [
        {"arm": arm["arm"], "p_value": p_value} for arm, p_value in zip(arms, adjusted, strict=True)
    ]


def sample_ratio_of_arms(arms: Sequence[Struct]) -> float | None:
    """Hold contacts against the plan; see ``statistics.sample_ratio``."""
    return sample_ratio([arm["contacts"] for arm in arms], [arm["planned_weight"] for arm in arms])


def share_of_credit(
    revenue: Struct, credit: Struct, total_product: Decimal, control: Struct
) -> Values:
    """Say what share of the credit was caused; see ``statistics.incremental_share``."""
    return asdict(incremental_share(_arm(revenue), _arm(credit), total_product, _arm(control)))


def _arm(values: Struct) -> Arm:
    return Arm(values["contacts"], values["total"], values["total_squared"])


@dataclass(frozen=True)
class _Function:
    """A function by its name in SQL, with DuckDB's types of its arguments.

    ``result`` has the names and types of what it gives, None where that is a double; ``is_list``:
    it gives a list of these.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    result: dict[str, str] | None
    is_list: bool = False


def _doubles(result: type) -> dict[str, str]:
    """The fields of a dataclass of doubles."""
    return dict.fromkeys((field.name for field in fields(result)), "double")


_FUNCTIONS = (
    _Function(
        "compare_arms",
        compare_arms,
        ("boolean", _ARM, _ARM, "bigint", "bigint"),
        _doubles(Comparison),
    ),
    _Function(
        "holm", holm_of_arms, ("struct(arm varchar, p_value double)[]",), _TESTED, is_list=True
    ),
    _Function(
        "sample_ratio",
        sample_ratio_of_arms,
        ("struct(contacts bigint, planned_weight decimal(18,6))[]",),
        None,
    ),
    _Function(
        "incremental_share",
        share_of_credit,
        (_ARM, _ARM, "decimal(38,4)", _ARM),
        _doubles(IncrementalShare),
    ),
)


def add_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a connection of DuckDB ``compare_arms``, ``holm`` and the others."""
    for each in _FUNCTIONS:
        result = "double"
        if each.result:
            columns = ", ".join(f"{name} {type_}" for name, type_ in each.result.items())
            result = f"struct({columns}){'[]' if each.is_list else ''}"
        connection.create_function(
            each.name,
            each.function,
            [duckdb.sqltype(type_) for type_ in each.arguments],
            result,
            null_handling=SPECIAL,
        )


def add_functions_to_spark(session: Any) -> None:
    """Give a session of Spark or Sail the same; its workers import this module."""
    for each in _FUNCTIONS:
        result = "double"
        if each.result:
            spelt = {"varchar": "string"}
            columns = ",".join(f"{name}:{spelt.get(t, t)}" for name, t in each.result.items())
            result = f"array<struct<{columns}>>" if each.is_list else f"struct<{columns}>"
        session.udf.register(each.name, each.function, result)
