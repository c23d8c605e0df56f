"""What a user gives a command: environment variables and ``--vars``, refused where misspelt."""

import difflib
import os
from collections.abc import Mapping
from typing import Any

import yaml

from email_statistics.errors import UsageError
from email_statistics.settings import Settings, read_settings

_PREFIX = "EMAIL_STATS_"
_VARIABLES = (
    "EMAIL_STATS_RAW",
    "EMAIL_STATS_WAREHOUSE",
    "EMAIL_STATS_REPORTS",
    "EMAIL_STATS_EXPORTS",
    "EMAIL_STATS_SECRET_KEY",
    "EMAIL_STATS_BASE_URL",
    "EMAIL_STATS_SMTP_URL",
    "EMAIL_STATS_MAIL_FROM",
    "EMAIL_STATS_SPARK",
    "EMAIL_STATS_SPARK_WAREHOUSE",
    "EMAIL_STATS_SPARK_FORMAT",
)


def refuse_unknown_variables(environment: Mapping[str, str] = os.environ) -> None:
    """Raise ``UsageError`` where an ``EMAIL_STATS_…`` variable is set that nothing reads."""
    for name in sorted(environment):
        if name.startswith(_PREFIX) and name not in _VARIABLES:
            (near,) = difflib.get_close_matches(name, _VARIABLES, n=1, cutoff=0.0)
            raise UsageError(f"Unknown environment variable {name}: did you mean {near}?")


def settings_in_force(variables: str | None) -> Settings:
    """Return the settings with those of ``--vars`` (YAML) in place.

    Raises ``UsageError`` where that isn't a YAML mapping, names an unknown setting or gives one a
    value that it can't have.
    """
    try:
        overrides: Any = yaml.safe_load(variables) if variables else {}
    except yaml.YAMLError as error:
        raise UsageError(
            f"--vars is not YAML ({variables}): write it as '{{name: value}}'."
        ) from error
    if not isinstance(overrides, dict):
        raise UsageError(
            f"--vars must be a mapping, not {overrides!r}: write it as '{{name: value}}'."
        )
    return read_settings({str(name): value for name, value in overrides.items()})
