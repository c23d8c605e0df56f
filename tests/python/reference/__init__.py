"""The second implementation of the definitions: plain Python, written from the definitions alone.

``reference_tables`` takes the raw tables and the settings and gives the public tables. It shares
nothing with the dbt models, so a difference between the two means a bug in one of them. Clarity
comes before speed: it is meant for small lakes.

The definitions are those of ``models/overview.md``; docstrings restate the rule that a function
implements and name its section.
"""

from reference.settings import Settings
from reference.tables import Tables, reference_tables
from reference.values import Row

__all__ = ["Row", "Settings", "Tables", "reference_tables"]
