"""Running reports: what there is to run, one process per report, what is kept of it."""
