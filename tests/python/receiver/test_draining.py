from pathlib import Path
from typing import Any

import pytest
from helpers.receiving import event, event_ids, post_to, spooled, write_profile

from email_statistics.errors import UsageError
from email_statistics.receiver import draining
from email_statistics.receiver.draining import drain
from email_statistics.receiver.endpoints import Endpoint
from email_statistics.receiver.spool import complete_files, spool_folder
from email_statistics.senders.loading.run import load


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake whose spool has nine requests in one file."""
    write_profile(tmp_path / "lake")

    async def talk(client: Any) -> None:
        for number in range(9):
            body = event(number)
            assert (await client.post("/sendgrid", content=body)).status_code == 200

    post_to(tmp_path / "lake", [Endpoint("sendgrid")], talk)
    return tmp_path / "lake"


def test_a_file_goes_once_it_is_loaded(lake: Path) -> None:
    assert drain(lake, lake / "senders.yml")
    assert len(event_ids(lake)) == 9
    assert not spooled(lake)


def test_a_file_that_was_loaded_before_a_crash_is_not_loaded_again(lake: Path) -> None:
    ((_, path),) = complete_files(spool_folder(lake))
    content = path.read_bytes()
    assert drain(lake, lake / "senders.yml")
    path.write_bytes(content)
    assert drain(lake, lake / "senders.yml")
    assert len(event_ids(lake)) == 9
    assert len(list(lake.glob("_loads/*.json"))) == 1
    assert not spooled(lake)


def test_a_request_that_breaks_its_load_keeps_no_other_from_the_lake(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(sender: str, inputs: list[Path], **settings: Any) -> object:
        if b"person4@example.com" in inputs[0].read_bytes():
            raise RuntimeError("person4@example.com")
        return load(sender, inputs, **settings)

    monkeypatch.setattr(draining, "load", breaks)
    assert not drain(lake, lake / "senders.yml")
    assert len(event_ids(lake)) == 8
    (left,) = spooled(lake)
    assert left["body"].encode() == event(4)
    words = capsys.readouterr().err
    assert "can't be loaded (RuntimeError)" in words
    assert "person4" not in words


def test_what_cannot_be_loaded_now_stays_whole(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuses(*_: object, **__: object) -> object:
        raise UsageError("The profile is wrong.")

    with monkeypatch.context() as patch:
        patch.setattr(draining, "load", refuses)
        assert not drain(lake, lake / "senders.yml")
    assert "Error: sendgrid: The profile is wrong." in capsys.readouterr().err
    assert len(spooled(lake)) == 9
    assert drain(lake, lake / "senders.yml")
    assert len(event_ids(lake)) == 9
