"""A build on Apache Spark, or on Sail, which speaks Spark's language."""
