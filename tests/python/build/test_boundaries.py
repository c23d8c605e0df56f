"""The architecture, held over dbt's manifest and the code: who may read what."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.support import PROJECT_ROOT, SampleBuild

# What a layer may read. `changes` are the tables of changed keys, read through affected() alone.
MAY_READ = {
    "staging": {"source"},
    "changes": {"staging", "intermediate", "core", "changes"},
    "intermediate": {"staging", "intermediate", "core", "seeds", "changes"},
    "core": {"staging", "intermediate", "core", "seeds", "source", "changes"},
    "marts": {"core", "marts", "seeds", "changes"},
}
SUBJECTS = {
    "staging", "contacts", "sources", "messages", "engagement", "orders", "attribution", "quality",
    "metrics", "experiments", "changes", "marts",
}  # fmt: skip
# Tables that models/changes read as the last build left them, and by which model.
BEFORE = {
    "changed_attributions": {"fct_attribution_touches"},
    "changed_contact_counts": {"contact_engagement"},
    "changed_conversions": {"int_orders_grouped"},
    "changed_counts": {"email_performance"},
    "changed_message_facts": {"fct_messages"},
    "changed_messages": {"fct_engagement_events", "fct_messages", "int_messages_orphaned"},
}


def layer(node: dict[str, Any]) -> str:
    if node["resource_type"] == "source":
        return "source"
    if node["resource_type"] == "seed":
        return "seeds"
    return "changes" if node["name"].startswith("changed_") else str(node["schema"])


def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def crossings(manifest: dict[str, Any]) -> list[str]:
    """Each reference between models that the boundary forbids, as ``reader reads read``."""
    nodes = manifest["nodes"] | manifest["sources"]
    return [
        f"{node['name']} reads {nodes[parent]['name']}"
        for node in models(manifest)
        for parent in node["depends_on"]["nodes"]
        if layer(nodes[parent]) not in MAY_READ[layer(node)]
    ]


def test_no_model_reads_across_the_boundary(sample_build: SampleBuild) -> None:
    assert crossings(sample_build.manifest) == []


def test_a_mart_that_read_staging_would_be_seen(sample_build: SampleBuild) -> None:
    manifest = sample_build.manifest
    mart = manifest["nodes"]["model.email_statistics.email_performance"]
    mart["depends_on"]["nodes"].append("model.email_statistics.stg_contacts")
    assert crossings(manifest) == ["email_performance reads stg_contacts"]


def test_models_are_filed_by_subject_and_named_by_layer(sample_build: SampleBuild) -> None:
    for node in models(sample_build.manifest):
        assert node["fqn"][1] in SUBJECTS, node["name"]
        is_public = node["name"].startswith(("fct_", "dim_")) or node["name"] == "build"
        assert (layer(node) == "core") == is_public, node["name"]
        assert (layer(node) == "marts") == (node["fqn"][1] == "marts"), node["name"]


def test_no_business_model_speaks_of_a_batch(sample_build: SampleBuild) -> None:
    """They import affected(); what an increment computes is models/changes' and macros/engine's."""
    # Incremental revenue is what an email caused, not what an increment adds.
    word = re.compile(
        r"batch|increment(?!al_(?:revenue|share))|delta\b|before\("
        r"|changed\w*\(|\bchanged_|earlier_copy"
    )
    for node in models(sample_build.manifest):
        if node["fqn"][1] not in ("changes", "staging"):
            assert not word.search(node["raw_code"]), node["name"]


def test_tables_read_as_they_were_before_are_listed_and_built_later(
    sample_build: SampleBuild,
) -> None:
    """before() isn't a reference, so it must name a table that this build hasn't replaced yet."""
    manifest = sample_build.manifest
    found = {
        node["name"]: set(re.findall(r"before\('(\w+)'\)", node["raw_code"]))
        for node in models(manifest)
    }
    assert {name: tables for name, tables in found.items() if tables} == BEFORE
    for reader, tables in BEFORE.items():
        later = descendants(f"model.email_statistics.{reader}", manifest)
        for table in tables:
            read = f"model.email_statistics.{table}"
            assert read in later, f"{reader} reads {table}"
            # What a mart said is for finding the mart's own changed keys.
            node = manifest["nodes"][read]
            assert layer(node) != "marts" or node["config"]["meta"]["affected_by"] == reader


def descendants(node: str, manifest: dict[str, Any]) -> set[str]:
    """Every node that is built after this one."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        children = set(manifest["child_map"][waiting.pop()]) - found
        found |= children
        waiting += children
    return found


def test_every_public_model_has_an_enforced_contract_and_descriptions(
    sample_build: SampleBuild,
) -> None:
    for node in sample_build.manifest["nodes"].values():
        if node["resource_type"] == "model" and layer(node) in ("core", "marts"):
            assert node["contract"]["enforced"], node["name"]
            assert node["description"].startswith("One row"), node["name"]
            for column in node["columns"].values():
                assert column["description"], (node["name"], column["name"])


PRIVATE = re.compile(
    r"\b(?:staging|intermediate|raw|seeds)\.(?:stg_|int_|[a-z]+_events|contacts)|\b(?:stg|int)_[a-z]"
)


@pytest.mark.parametrize(
    "path",
    [
        *sorted((PROJECT_ROOT / "notebooks").rglob("*.ipynb")),
        *sorted((PROJECT_ROOT / "src" / "email_statistics" / "reports").rglob("*.py")),
        *sorted((PROJECT_ROOT / "src" / "email_statistics" / "reports").rglob("*.sql")),
        *sorted((PROJECT_ROOT / "src" / "email_statistics" / "explorer").rglob("*.py")),
        *sorted((PROJECT_ROOT / "src" / "email_statistics" / "history").rglob("*.sql")),
        *sorted((PROJECT_ROOT / "src" / "email_statistics" / "exports").rglob("*.py")),
        PROJECT_ROOT / "src" / "email_statistics" / "segments.py",
        PROJECT_ROOT / "src" / "email_statistics" / "warehouse.py",
    ],
    ids=lambda path: path.name,
)
def test_notebooks_and_helpers_read_core_and_marts_only(path: Path) -> None:
    assert PRIVATE.findall(path.read_text(encoding="utf-8")) == []


def marts_with(text: str, manifest: dict[str, Any]) -> set[str]:
    """The marts whose SQL holds this text."""
    return {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and layer(node) == "marts" and text in node["raw_code"]
    }


def test_one_macro_alone_counts_messages(sample_build: SampleBuild) -> None:
    """Message flags become counts in message_counts() only, by keys that aren't sums of days."""
    assert marts_with("messages_where(", sample_build.manifest) == set()
    assert marts_with("message_counts(", sample_build.manifest) == {
        "email_performance_daily",
        "contact_engagement",
        "deliverability_weekly",
    }


CREDITED = re.compile(r"conversion|converted|orders|ordered|revenue")
# An experiment's outcomes are what contacts did, whoever is credited with it.
NOT_CREDITED = {"experiment_arms"}
# Marts that have every policy.
ALL_POLICIES = {"attribution_reconciliation", "attribution_calibration"}


def test_every_mart_with_a_credited_number_says_by_which_policy(sample_build: SampleBuild) -> None:
    marts = {
        node["name"]: set(node["columns"])
        for node in sample_build.manifest["nodes"].values()
        if node["resource_type"] == "model" and layer(node) == "marts"
    }
    credited = {
        name
        for name, columns in marts.items()
        if any(CREDITED.search(column) for column in columns)
    }
    credited -= NOT_CREDITED
    assert credited == {name for name in marts if "attribution_policy" in marts[name]}
    with duckdb.connect(sample_build.database, read_only=True) as connection:
        for name in sorted(credited - ALL_POLICIES):
            policies = connection.sql(f"select distinct attribution_policy from marts.{name}")
            assert policies.fetchall() == [("aesthetix",)], name


def test_the_contract_and_the_list_of_raw_tables_agree(sample_build: SampleBuild) -> None:
    """The raw lake's macros name the raw tables too, for dbt must see the references early."""
    contract = {
        source["name"]: source["config"]["meta"]["kind"]
        for source in sample_build.manifest["sources"].values()
        if source["source_name"] == "raw"
    }
    macro = (PROJECT_ROOT / "macros" / "engine" / "raw_lake.sql").read_text(encoding="utf-8")
    listed = re.findall(
        r"'(\w+)',", macro.split("{% macro raw_tables() %}")[1].split("{% endmacro %}")[0]
    )
    assert sorted(listed) == sorted(contract)
    assert all(
        (kind == "event") == name.endswith(("_events", "_assignments"))
        for name, kind in contract.items()
    )
