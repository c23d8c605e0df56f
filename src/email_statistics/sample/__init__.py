"""The sample: a realistic, deterministic raw lake (spec: The raw contract)."""

from email_statistics.sample.generator import (
    DEFAULT_MESSAGES,
    DEFAULT_SEED,
    SampleSummary,
    write_sample,
)
from email_statistics.sample.lake import SampleError

__all__ = ["DEFAULT_MESSAGES", "DEFAULT_SEED", "SampleError", "SampleSummary", "write_sample"]
