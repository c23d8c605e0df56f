"""Settings are validated once, and an unknown one is refused with the nearest name."""

import re
from pathlib import Path
from typing import Any

import pytest
from helpers.builder import Builder
from helpers.support import PROJECT_ROOT

from email_statistics.settings import Settings, SettingsError, read_settings


def test_the_defaults_are_those_of_the_project() -> None:
    assert read_settings().attribution_window_days == 5
    assert read_settings({"attribution_window_days": 60}).attribution_window_days == 60


def test_the_macro_of_the_settings_lists_every_setting() -> None:
    """A setting that it left out could change without a full refresh."""
    macro = (PROJECT_ROOT / "macros" / "engine" / "settings.sql").read_text(encoding="utf-8")
    (names,) = re.findall(r"for name in \[(.*?)\]", macro, re.DOTALL)
    assert re.findall(r"'(\w+)'", names) == list(Settings.model_fields)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("atribution_window_days", 5, "did you mean 'attribution_window_days'?"),
        ("attribution_window_days", 61, "less than or equal to 60"),
        ("attribution_window_days", 0, "greater than or equal to 1"),
        ("attribution_window_days", "5", "valid integer"),
        ("attribution_window_days", 5.5, "valid integer"),
        ("attribution_window_days", True, "valid integer"),
        ("attribution_touches", [], "at least 1 item"),
        ("attribution_touches", "opened", "valid list"),
        ("attribution_source_types", ["email"], "'workflow', 'bulk' or 'transactional'"),
        ("attribution_style", "product", "'all_campaigns' or 'product_element'"),
        ("reporting_timezone", "Mars/Olympus", "IANA time zone"),
        ("reporting_currency", "usd", "match pattern"),
        ("click_implies_open", "maybe", "valid boolean"),
    ],
)
def test_a_bad_setting_is_one_clear_sentence(name: str, value: Any, message: str) -> None:
    with pytest.raises(SettingsError) as error:
        read_settings({name: value})
    assert message in str(error.value)
    assert f"'{name}'" in str(error.value)
    assert str(error.value).count("\n") == 0


OTHER_THAN_THE_DEFAULTS = {
    "reporting_timezone": "Asia/Kolkata",
    "reporting_currency": "EUR",
    "click_implies_open": False,
    "count_machine_engagement": False,
    "attribution_policy": "mailchimp",
    "attribution_window_days": 30,
    "attribution_touches": ["clicked"],
    "attribution_source_types": ["campaign", "bulk"],
    "attribution_style": "product_element",
    "utm_tracking_by_default": False,
    "engaged_days": 7,
    "sunset_min_messages": 4,
    "sunset_days": 40,
    "diagnostics_min_messages": 17,
    "sequence_tuned_at": 9,
}


def test_no_setting_changes_what_dbt_reads_of_the_project(
    sample_lake: Path, tmp_path: Path
) -> None:
    """So one reading serves builds with any settings, those of ``Builder`` among them."""
    defaults = read_settings().model_dump()
    assert {name for name, value in OTHER_THAN_THE_DEFAULTS.items() if value != defaults[name]} == (
        set(defaults)
    )
    builder = Builder(tmp_path)
    warehouse = tmp_path / "email_stats.duckdb"
    plain = builder.read(sample_lake, warehouse)
    other = builder.read(sample_lake, warehouse, OTHER_THAN_THE_DEFAULTS)
    assert _read_of(other) == _read_of(plain)


def _read_of(manifest: Any) -> dict[str, Any]:
    nodes = {
        name: (node.config.to_dict(), node.depends_on.to_dict(), node.raw_code)
        for name, node in manifest.nodes.items()
    }
    assert len(nodes) > 150
    return nodes
