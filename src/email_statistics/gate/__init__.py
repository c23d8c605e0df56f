"""Is the raw delivery plausible, are the published numbers sane? Great Expectations judges.

One DuckDB query a table makes small frames (a row a table, column, event type, metric); what may
stand in them is ``thresholds.yml``; ``worker`` judges them in a process of its own.
"""
