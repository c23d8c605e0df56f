"""How a sender's records become rows: a declaration, made into one DuckDB query per chunk."""
