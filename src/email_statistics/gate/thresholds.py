"""``thresholds.yml``, read and validated."""

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from email_statistics.errors import UsageError

_FILE = Path(__file__).with_name("thresholds.yml")

Stage = Literal["raw", "marts"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bounds(_Part):
    """What a figure may be, both ends included."""

    min: float | None = None
    max: float | None = None


class Threshold(_Part):
    """The bounds of one figure, and what to say about a row outside them."""

    warn: Bounds | None = None
    fail: Bounds | None = None
    says: str
    advice: str


class Thresholds(_Part):
    """Every threshold by frame and figure, a stage each."""

    raw: dict[str, dict[str, Threshold]]
    marts: dict[str, dict[str, Threshold]]
    few: int
    compare_from: int

    def of(self, stage: Stage) -> dict[str, dict[str, Threshold]]:
        """Return the thresholds of one stage, by frame and figure."""
        return self.raw if stage == "raw" else self.marts


@cache
def read_thresholds() -> Thresholds:
    """Read the thresholds in force; raises ``UsageError`` where the file isn't sound."""
    try:
        return Thresholds.model_validate(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        problem = " ".join(str(error).split())
        raise UsageError(f"{_FILE} is not a list of thresholds: {problem}; correct it.") from error
