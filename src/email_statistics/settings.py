"""The settings of the definitions: dbt vars, validated once, before a model runs.

Names, meanings and defaults are those of ``dbt_project.yml``; this module knows what may stand
there.
"""

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from email_statistics.attribution_policies import (
    PolicyError,
    check_active_policy,
    read_policies,
)
from email_statistics.errors import UsageError
from email_statistics.paths import PROJECT_ROOT


class SettingsError(UsageError):
    """A setting is unknown or has a bad value; the text says which and what to do."""


def _is_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("must be an IANA time zone such as UTC or Europe/Berlin")
    return name


class Settings(BaseModel):
    """Every setting with the values it may have (overview: Definitions)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    reporting_timezone: Annotated[str, AfterValidator(_is_time_zone)]
    reporting_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    click_implies_open: bool
    count_machine_engagement: bool
    attribution_policy: str
    attribution_window_days: Annotated[int, Field(ge=1, le=60)]
    attribution_touches: Annotated[list[Literal["opened", "clicked"]], Field(min_length=1)]
    attribution_source_types: Annotated[
        list[Literal["campaign", "workflow", "bulk", "transactional"]], Field(min_length=1)
    ]
    attribution_style: Literal["all_campaigns", "product_element"]
    utm_tracking_by_default: bool
    engaged_days: Annotated[int, Field(ge=1, le=36600)]
    sunset_min_messages: Annotated[int, Field(ge=1, le=1_000_000_000)]
    sunset_days: Annotated[int, Field(ge=1, le=36600)]
    diagnostics_min_messages: Annotated[int, Field(ge=1, le=1_000_000_000)]
    sequence_tuned_at: Annotated[int, Field(ge=1, le=1_000_000_000)]


def _sentence(problem: Mapping[str, Any]) -> str:
    name = str(problem["loc"][0])
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, Settings.model_fields, n=1, cutoff=0.0)
        return f"Unknown setting '{name}': did you mean '{near[0]}'?"
    if problem["type"] == "missing":
        return f"Setting '{name}' is missing from the vars of dbt_project.yml: add it."
    expected = problem["msg"].removeprefix("Value error, ")
    return f"Setting '{name}' can't be {problem['input']!r}: {expected[0].lower()}{expected[1:]}."


def read_settings(overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force: the vars of ``dbt_project.yml``, then ``overrides`` (``--vars``).

    Raises ``SettingsError``, one sentence per problem, where one is unknown, missing or bad, or a
    row of the attribution policies is.
    """
    project = yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    variables = {
        name: value for name, value in project.get("vars", {}).items() if name != "metrics"
    }
    try:
        settings = Settings.model_validate({**variables, **(overrides or {})})
        check_active_policy(settings.attribution_policy, read_policies())
    except ValidationError as error:
        raise SettingsError(" ".join(_sentence(problem) for problem in error.errors())) from error
    except PolicyError as error:
        raise SettingsError(str(error)) from error
    return settings
