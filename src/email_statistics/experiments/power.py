"""How many contacts a test needs, going by what contacts did lately."""

import re
from dataclasses import dataclass
from datetime import datetime
from importlib import resources

from email_statistics import warehouse
from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.experiments.statistics import Arm, contacts_per_arm

_EFFECT = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)\s*(%?)\s*")


class PowerError(EmailStatsError):
    """Nothing can be said of the size; the text says why and what to do."""


@dataclass(frozen=True)
class Effect:
    """The difference that a test should find: an amount of the metric, or a share of its mean."""

    size: float
    is_relative: bool

    @classmethod
    def read(cls, text: str) -> "Effect":
        """Read ``5%`` (relative) or ``0.5`` (absolute); the sign says nothing.

        Raises ``UsageError`` for anything else, and for 0.
        """
        found = _EFFECT.fullmatch(text)
        size = float(found[1]) if found else 0.0
        if not found or size == 0:
            raise UsageError(
                f"--effect can't be {text!r}: give a share of the mean, such as 5%, or an amount "
                "of the metric, such as 0.5."
            )
        return cls(size / 100 if found[2] else size, bool(found[2]))

    def of(self, mean: float) -> float:
        """The difference as an amount of the metric."""
        return self.size * mean if self.is_relative else self.size


@dataclass(frozen=True)
class Size:
    """How many contacts each arm needs, and by whom that was worked out.

    ``mean`` and ``deviation`` are the metric's per contact, ``effect`` the difference to be found,
    in the metric's unit.
    """

    contacts_per_arm: int
    contacts: int
    mean: float
    deviation: float
    effect: float
    first_sent_at: datetime
    last_sent_at: datetime


def size_of_test(metric: str, source_type: str, effect: Effect, outcome_days: int) -> Size:
    """Work out how many contacts per arm find an effect four times in five.

    By the metric per contact over the outcome days from the contact's first email of the type in
    the last 90 days. Raises ``PowerError`` where too few got one, or all did the same.
    """
    query = resources.files(__package__).joinpath("power.sql").read_text(encoding="utf-8")
    (row,) = warehouse.sql(
        query, metric=metric, source_type=source_type, outcome_days=outcome_days
    ).to_dicts()
    arm = Arm(row["contacts"], row["total"], row["total_squared"])
    if arm.mean is None or arm.variance is None:
        raise PowerError(
            f"Nothing is known to go by: fewer than 2 contacts got a {source_type} email in the "
            f"last 90 days, at least {outcome_days} days ago, of which {metric} is measured. "
            "Choose another --source-type or fewer --outcome-days."
        )
    difference = effect.of(arm.mean)
    if arm.variance == 0 or difference == 0:
        raise PowerError(
            f"Nothing can be said of the size: {metric} was {arm.mean:g} of each of "
            f"{arm.contacts:,} contacts. Choose another --metric."
        )
    return Size(
        contacts_per_arm=contacts_per_arm(arm.variance, difference),
        contacts=arm.contacts,
        mean=arm.mean,
        deviation=arm.variance**0.5,
        effect=difference,
        first_sent_at=row["first_sent_at"],
        last_sent_at=row["last_sent_at"],
    )
