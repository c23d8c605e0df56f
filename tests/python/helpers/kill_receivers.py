"""Kill receivers at random moments under load: is an acknowledged event lost, or there twice?

By hand, with figures for a note (about 8 s a kill on two cores):

    PYTHONPATH=tests/python .venv/bin/python -m helpers.kill_receivers --kills 50

``test_receive.py`` does the same a few times.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from helpers.receiving import event_ids, kill_at_random, spooled, write_profile


def main() -> None:
    """Kill, load the rest, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder) / "lake"
        write_profile(lake)
        started = time.monotonic()
        sent, acknowledged = kill_at_random(lake, given.kills, given.seed)
        found = event_ids(lake)
        print(f"{given.kills} receivers killed in {time.monotonic() - started:,.0f} s")
        print(
            f"{len(sent):,} events sent, {len(acknowledged):,} acknowledged, {len(found):,} loaded"
        )
        lost, twice = acknowledged - set(found), len(found) - len(set(found))
        print(f"lost: {len(lost)}; twice: {twice}; left in the spool: {len(spooled(lake))}")
    sys.exit(1 if lost or twice else 0)


if __name__ == "__main__":
    main()
