"""Kill builds at random moments: is the published file always whole, do readers see an error?

By hand, with figures for a note (about 20 s a kill on two cores):

    PYTHONPATH=tests/python .venv/bin/python -m helpers.kill_builds --kills 100 --readers 8

``test_build_faults.py`` does the same a few times.
"""

import argparse
import random
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from helpers.faults import Version, email_stats, read_version, readers, start_email_stats
from helpers.support import build_database

_STEP = re.compile(r"^ *[\d.]+ s  (\w.*) …$")
_PUBLISH = re.compile(r"publish ([\d.]+) s")


# A lake that becomes another one has lost rows, which a build would refuse.
_BUILD = ("build", "--accept-changes")


@dataclass
class Killings:
    """What became of the builds."""

    steps: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    errors: list[str] = field(default_factory=list)
    versions: Counter[str] = field(default_factory=Counter)
    last: subprocess.CompletedProcess[str] | None = None


@dataclass(frozen=True)
class Seconds:
    """How long a build takes here, and its step that publishes."""

    build: float
    publish: float


def build_versions(lakes: list[Path], folder: Path) -> tuple[dict[Version, Path], Seconds]:
    """Build and publish each lake; returns their versions and the seconds that the last took."""
    folder.mkdir()
    versions: dict[Version, Path] = {}
    for real in lakes:
        point(folder / "lake", real)
        started = time.monotonic()
        run = email_stats(*_BUILD, lake=folder / "lake", warehouse=folder / "email_stats.duckdb")
        assert run.returncode == 0, run.stderr
        versions[read_version(folder / "email_stats.duckdb")] = real
    assert len(versions) == len(lakes)
    published = _PUBLISH.search(run.stdout)
    assert published is not None, run.stdout
    return versions, Seconds(time.monotonic() - started, float(published[1]))


def kill_builds(
    versions: dict[Version, Path],
    folder: Path,
    kills: int,
    seconds: Seconds,
    reader_count: int,
    chance: random.Random,
) -> Killings:
    """Build the lakes in turn, kill each build, and look at the published file after each.

    One of the versions is published in ``folder``. Three of four builds are killed at any moment of
    their ``seconds``, one while it publishes or just after. Raises ``AssertionError`` where the
    published file isn't whole, isn't one of the versions, or where the build after the last kill
    fails or leaves something behind.
    """
    warehouse, lake, lakes = folder / "email_stats.duckdb", folder / "lake", list(versions.values())
    killings = Killings()
    with readers(warehouse, reader_count) as polled:
        for number in range(kills):
            point(lake, lakes[number % len(lakes)])
            step = _build_and_kill(lake, warehouse, seconds, chance)
            killings.steps[step or "(it had ended)"] += 1
            version = read_version(warehouse)
            assert version in versions, f"after kill {number}: {version}"
            killings.versions[versions[version].name] += 1
            print(f"kill {number + 1}: {step or 'it had ended'}", flush=True)
        point(lake, lakes[0])
        run = email_stats(*_BUILD, lake=lake, warehouse=warehouse)
        assert run.returncode == 0, run.stderr
    killings.last = run
    assert versions[read_version(warehouse)] == lakes[0]
    left = {path.name for path in folder.iterdir()} - {"build", "target", "logs", "lake"}
    assert left == {"email_stats.duckdb", "email_stats.checks.html"}, left
    spilled = build_database(warehouse).with_name("email_stats.duckdb.tmp")
    assert not spilled.exists()
    killings.reads, killings.errors = polled.reads, polled.errors or []
    return killings


def point(link: Path, lake: Path) -> None:
    """Let the link be that lake: with another path dbt would read some models again."""
    link.unlink(missing_ok=True)
    link.symlink_to(lake)


def _build_and_kill(
    lake: Path, warehouse: Path, seconds: Seconds, chance: random.Random
) -> str | None:
    """Kill a build with SIGKILL; returns the step it was in, None where it had ended by then."""
    process = start_email_stats(*_BUILD, lake=lake, warehouse=warehouse)
    assert process.stderr is not None
    step = "start"
    if chance.random() < 0.75:
        time.sleep(chance.uniform(0, seconds.build))
        process.kill()
        output = process.communicate()[1]
    else:
        output = ""
        for line in process.stderr:
            output += line
            if line.rstrip().endswith("publish …"):
                break
        time.sleep(chance.uniform(0, 2 * seconds.publish))
        process.kill()
        output += process.communicate()[1]
    for line in output.splitlines():
        found = _STEP.match(line)
        if found:
            step = found[1]
    assert process.returncode in (0, -9), output
    return step if process.returncode == -9 else None


def main() -> None:
    """Kill as many builds as asked for and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--messages", type=int, default=2000, help="of each of the two lakes")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kill_builds_"))
    lakes = [folder / "lake_a", folder / "lake_b"]
    for lake, messages in zip(lakes, (given.messages, given.messages * 2), strict=True):
        run = email_stats(
            "sample", "--out", str(lake), "--messages", str(messages), lake=lake,
            warehouse=folder / "unused.duckdb",
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
    versions, seconds = build_versions(lakes, folder / "warehouse")
    started = time.monotonic()
    killings = kill_builds(
        versions,
        folder / "warehouse",
        given.kills,
        seconds,
        given.readers,
        random.Random(given.seed),
    )
    print(f"{given.kills} builds killed in {time.monotonic() - started:,.0f} s, in the step of")
    for step, count in killings.steps.most_common():
        print(f"  {count:4} {step}")
    print(f"published after them: {dict(killings.versions)}, whole each time")
    print(f"{given.readers} readers read {killings.reads:,} times: {len(killings.errors)} errors")
    for error in killings.errors[:5]:
        print(f"  {error}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
