"""Is the raw delivery plausible, are the published numbers sane? Great Expectations checks it.

One DuckDB query per table makes small frames (``raw_profile``, ``marts_profile``). What their
figures may be is in ``suites/<stage>/<frame>.yml``: suites as Great Expectations writes them, whose
``meta`` says what to tell people. ``expectations`` validates them in a process of its own.
"""
