"""The architecture, held over dbt's manifest and the code: who may read what."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.support import PROJECT_ROOT, SampleBuild

# What the layer above may read. A core fact that is finished early feeds the steps after it.
MAY_READ = {
    "staging": {"source"},
    "intermediate": {"staging", "intermediate", "core", "seeds"},
    "core": {"staging", "intermediate", "core", "seeds", "source"},
    "marts": {"core", "marts"},
}
# Which rows a mart computes anew in an incremental build: keys alone, never what stands in a row.
KEYS = {"int_messages_recounted", "int_email_sources_recounted", "int_weeks_recounted"}
KEYS |= {"int_contacts_recounted"}
PREFIXES = {"staging": ("stg_",), "intermediate": ("int_",), "core": ("fct_", "dim_", "build")}


def layer(node: dict[str, Any]) -> str:
    if node["resource_type"] == "source":
        return "source"
    if node["resource_type"] == "seed":
        return "seeds"
    return str(node["fqn"][1])


def crossings(manifest: dict[str, Any]) -> list[str]:
    """Each reference between models that the boundary forbids, as ``reader reads read``."""
    nodes = manifest["nodes"] | manifest["sources"]
    return [
        f"{node['name']} reads {nodes[parent]['name']}"
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        for parent in node["depends_on"]["nodes"]
        if layer(nodes[parent]) not in MAY_READ[layer(node)]
        and not (layer(node) == "marts" and nodes[parent]["name"] in KEYS)
    ]


def test_no_model_reads_across_the_boundary(sample_build: SampleBuild) -> None:
    assert crossings(sample_build.manifest) == []


def test_a_mart_that_read_staging_would_be_seen(sample_build: SampleBuild) -> None:
    manifest = sample_build.manifest
    mart = manifest["nodes"]["model.email_statistics.email_performance"]
    mart["depends_on"]["nodes"].append("model.email_statistics.stg_contacts")
    assert crossings(manifest) == ["email_performance reads stg_contacts"]


def test_models_bear_their_layers_names(sample_build: SampleBuild) -> None:
    for node in sample_build.manifest["nodes"].values():
        if node["resource_type"] == "model" and layer(node) in PREFIXES:
            assert node["name"].startswith(PREFIXES[layer(node)]), node["name"]


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
    assert credited == {name for name in marts if "attribution_policy" in marts[name]}
    with duckdb.connect(sample_build.database, read_only=True) as connection:
        for name in sorted(credited - {"attribution_reconciliation"}):  # which has all of them
            policies = connection.sql(f"select distinct attribution_policy from marts.{name}")
            assert policies.fetchall() == [("aesthetix",)], name


def test_the_contract_and_the_list_of_raw_tables_agree(sample_build: SampleBuild) -> None:
    """macros/raw_lake.sql names the raw tables too, for dbt must see the references early."""
    contract = {
        source["name"]: source["config"]["meta"]["kind"]
        for source in sample_build.manifest["sources"].values()
        if source["source_name"] == "raw"
    }
    macro = (PROJECT_ROOT / "macros" / "raw_lake.sql").read_text(encoding="utf-8")
    listed = re.findall(
        r"'(\w+)',", macro.split("{% macro raw_tables() %}")[1].split("{% endmacro %}")[0]
    )
    assert sorted(listed) == sorted(contract)
    assert all((kind == "event") == name.endswith("_events") for name, kind in contract.items())


def test_a_metric_is_described_by_its_definition_everywhere(sample_build: SampleBuild) -> None:
    with duckdb.connect(sample_build.database, read_only=True) as connection:
        definitions = dict(
            connection.sql("select metric, definition from core.dim_metrics").fetchall()
        )
    columns = sample_build.manifest["nodes"]["model.email_statistics.email_performance"]["columns"]
    described = {name: column["description"] for name, column in columns.items()}
    assert definitions == {metric: described.get(metric) for metric in definitions}
