"""Holdouts and A/B tests: the statistics by which their outcomes are read."""
