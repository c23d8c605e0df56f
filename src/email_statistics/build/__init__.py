"""From the raw lake to the published warehouse: lock, check, build, check, publish, report."""
