"""The attribution policies of ``seeds/attribution_policies.csv``, validated before a model runs.

``seeds/_seeds.yml`` says what a column means; this module knows which values a row may have, and
which policies a build can credit by. ``aesthetix`` isn't one of them: it is the settings.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from email_statistics.errors import UsageError, suggest
from email_statistics.paths import PROJECT_ROOT

SETTINGS_POLICY = "aesthetix"
SEED = PROJECT_ROOT / "seeds" / "attribution_policies.csv"

SourceType = Literal["campaign", "workflow", "bulk", "transactional"]


class PolicyError(UsageError):
    """A policy is unknown, unfit, or its row is bad; the text says which line and what to do."""


def _words(text: object) -> object:
    return text.split() if isinstance(text, str) else text


def _true_or_false(text: object) -> object:
    return {"true": True, "false": False}.get(text, text) if isinstance(text, str) else text


def _whole(text: object) -> object:
    """Python reads ``1_0``, ``+10`` and digits of every script as numbers; a database doesn't."""
    if isinstance(text, str) and not re.fullmatch("[0-9]+", text):
        raise ValueError("must be a whole number in digits 0 to 9")
    return text


def _none_if_blank(text: object) -> object:
    return None if isinstance(text, str) and not text.strip() else text


Hours = Annotated[
    Annotated[int, Field(ge=1, le=1440), BeforeValidator(_whole)] | None,
    BeforeValidator(_none_if_blank),
]
Flag = Annotated[bool, Field(strict=True), BeforeValidator(_true_or_false)]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


class Policy(BaseModel):
    """One row of the seed: hours are whole, 1 to 1440 (60 days), blank for what isn't a touch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attribution_policy: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    label: Text
    opened_window_hours: Hours
    clicked_window_hours: Hours
    delivered_window_hours: Hours
    anchor: Literal["touch", "send"]
    click_outranks_open: Flag
    source_types: Annotated[list[SourceType], Field(min_length=1), BeforeValidator(_words)]
    style: Literal["all_campaigns", "product_element"]
    count_machines: Flag
    credit_rule: Literal["last", "first", "linear", "position_40_20_40", "every_touched_email"]
    source_title: Text
    source_url: Annotated[
        Annotated[str, Field(pattern=r"^https://\S+$")] | None, BeforeValidator(_none_if_blank)
    ]
    not_expressed: str

    @property
    def is_single_credit(self) -> bool:
        """Whether it credits a conversion to one email, whole."""
        return self.credit_rule in ("last", "first")

    @model_validator(mode="after")
    def _has_a_touch(self) -> Self:
        hours = (self.opened_window_hours, self.clicked_window_hours, self.delivered_window_hours)
        if not any(hours):
            raise ValueError("needs the hours of at least one of opened, clicked, delivered")
        if self.attribution_policy == SETTINGS_POLICY:
            raise ValueError(f"can't be named '{SETTINGS_POLICY}': that one is the settings")
        return self


def read_policies(seed: Path = SEED) -> list[Policy]:
    """Return the policies of a seed file, in its order.

    Raises ``PolicyError``, with the line and what is wrong, where a row is bad, a name comes twice
    or the file can't be read.
    """
    try:
        with seed.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if list(reader.fieldnames or []) != list(Policy.model_fields):
                raise PolicyError(
                    f"{seed.name}, line 1: the columns must be {', '.join(Policy.model_fields)}."
                )
            policies: dict[str, Policy] = {}
            for row in reader:
                policy = _read_row(row, f"{seed.name}, line {reader.line_num}")
                if policy.attribution_policy in policies:
                    raise PolicyError(
                        f"{seed.name}, line {reader.line_num}: {policy.attribution_policy!r} comes "
                        "twice: name one of the two differently."
                    )
                policies[policy.attribution_policy] = policy
    except csv.Error as error:
        raise PolicyError(
            f"{seed.name}, line {reader.line_num + 1}: it isn't a row of a CSV file ({error})."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(
            f"The attribution policies ({seed.name}) can't be read: {error}"
        ) from error
    return list(policies.values())


def _read_row(row: Mapping[str | Any, Any], place: str) -> Policy:
    if None in row or None in row.values():
        raise PolicyError(f"{place}: it has more or fewer cells than there are columns.")
    try:
        return Policy.model_validate(row)
    except ValidationError as error:
        raise PolicyError(
            f"{place}: " + "; ".join(_problem(problem) for problem in error.errors()) + "."
        ) from error


def _problem(problem: Mapping[str, Any]) -> str:
    expected = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return f"it {expected}"
    return f"{problem['loc'][0]} can't be {problem['input']!r}: {expected[0].lower()}{expected[1:]}"


def check_active_policy(name: str, policies: Sequence[Policy]) -> None:
    """Refuse a name that isn't a policy's, or one that doesn't credit a single email.

    Raises ``PolicyError``, one sentence.
    """
    if name == SETTINGS_POLICY:
        return
    found = {policy.attribution_policy: policy for policy in policies}
    if name not in found:
        raise PolicyError(
            f"Setting 'attribution_policy' can't be {name!r}: there is no such policy; "
            f"{suggest(name, [SETTINGS_POLICY, *found])}"
        )
    if not found[name].is_single_credit:
        raise PolicyError(
            f"Setting 'attribution_policy' can't be {name!r}: its credit rule "
            f"{found[name].credit_rule} credits several emails with a conversion, and marts need "
            "one; compare it in the attribution report instead."
        )
