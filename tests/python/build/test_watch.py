"""`email-stats build --watch`, on top of the sample's build: a bad file, a good one, a signal."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from helpers.faults import EMAIL_STATS, copy_build
from helpers.support import SampleBuild, environment

from email_statistics.build.lake_state import note_lake_state

SECONDS = 300


def _wait(until: Callable[[], bool], watching: subprocess.Popen[bytes]) -> None:
    started = time.monotonic()
    while not until():
        assert watching.poll() is None, "the watch has ended"
        assert time.monotonic() - started < SECONDS
        time.sleep(0.2)


def test_what_arrives_is_published_a_bad_file_is_reported_and_a_signal_ends_it(
    sample_build: SampleBuild, sample_lake: Path, tmp_path: Path
) -> None:
    lake, said = tmp_path / "lake", tmp_path / "said.txt"
    shutil.copytree(sample_lake, lake)
    warehouse = copy_build(sample_build.database, tmp_path / "warehouse")
    bad = lake / "engagement_events" / "bad.parquet"
    bad.write_text("not Parquet")

    def counted() -> int:
        with duckdb.connect(warehouse, read_only=True) as connection:
            query = "select count(*) from core.fct_engagement_events where event_id = 'new'"
            return int(connection.sql(query).fetchall()[0][0])

    with said.open("wb") as output:
        watching = subprocess.Popen(
            [*EMAIL_STATS, "build", "--watch", "--interval", "0.5"],
            env=environment(lake, warehouse),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(lambda: "tried again when something changes" in said.read_text(), watching)
            assert not warehouse.exists()
            unfinished = bad.with_name("_new.parquet")
            events = duckdb.read_parquet(str(bad.with_name("part-00000.parquet"))).limit(1)
            events.project("* replace ('new' as event_id)").write_parquet(str(unfinished))
            bad.unlink()
            unfinished.rename(bad.with_name("new.parquet"))
            _wait(lambda: warehouse.exists() and counted() == 1, watching)
            assert said.read_text().count("bad.parquet") == 1, "reported once"
            watching.send_signal(signal.SIGTERM)
            assert watching.wait(SECONDS) == 0
        finally:
            watching.kill()
            watching.wait()
    assert "Incremental: 1 new files, 1 rows, on top of the last build." in said.read_text()
    assert said.read_text().endswith("Stopped; the published file is whole.\n")
    assert counted() == 1


def test_an_edited_seed_is_noticed_and_edited_models_wait_for_a_new_start(tmp_path: Path) -> None:
    """A watch reads the models once, as dbt does, and loads the seeds again and again."""
    lake, project = tmp_path / "lake", tmp_path / "project"
    lake.mkdir()
    for folder in ("models", "seeds"):
        (project / folder).mkdir(parents=True)
    seed, types, model = (
        project / name for name in ("seeds/one.csv", "seeds/_seeds.yml", "models/one.sql")
    )

    def noted() -> tuple[str, str]:
        with duckdb.connect() as connection:
            note_lake_state(connection, lake, project)
            (row,) = connection.sql("select seeds, models from raw.project").fetchall()
            return row[0], row[1]

    for path in (seed, types, model):
        path.write_text("before")
    seeds, models = noted()
    for path in (types, model):
        path.write_text("after")
    assert noted() == (seeds, models)
    seed.write_text("after")
    assert noted()[0] != seeds
    assert noted()[1] == models
