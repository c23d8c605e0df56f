"""The sample: a realistic, deterministic raw lake, with every kind of dirt and special case."""

from email_statistics.sample.generator import DEFAULT_MESSAGES, DEFAULT_SEED, write_sample
from email_statistics.sample.lake import SampleError

__all__ = ["DEFAULT_MESSAGES", "DEFAULT_SEED", "SampleError", "write_sample"]
