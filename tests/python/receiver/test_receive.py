import contextlib
import json
import resource
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import uvicorn
from helpers import signing
from helpers.receiving import (
    BASIC,
    LOGIN,
    SECONDS,
    bodies,
    command,
    environment,
    event,
    event_ids,
    kill_at_random,
    running,
    spooled,
    write_profile,
)

from email_statistics.errors import EmailStatsError
from email_statistics.receiver.app import LARGEST_BODY
from email_statistics.receiver.endpoints import Endpoint
from email_statistics.receiver.server import receive

KILLS = 3


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    write_profile(tmp_path / "lake")
    return tmp_path / "lake"


def _refusal(lake: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    run = subprocess.run(
        command("receive", "--port", "0", *arguments),
        env=environment(lake) | variables,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert "Traceback" not in run.stderr
    return run.returncode, run.stderr


def test_it_does_not_start_where_anybody_could_post(lake: Path) -> None:
    assert _refusal(lake, TEST_LOGIN="") == (
        2,
        "Error: The environment variable TEST_LOGIN, basic_auth of sendgrid in the profile, isn't "
        "set: set it, then start again.\n",
    )
    (lake / "senders.yml").write_text("senders:\n  sendgrid: {}\n")
    code, sentence = _refusal(lake)
    assert code == 2
    assert "Anybody could post as sendgrid" in sentence
    (lake / "senders.yml").write_text("senders: {sendgrid: {signing_key: TEST_LOGIN}}\n")
    code, sentence = _refusal(lake)
    assert code == 2
    assert "TEST_LOGIN holds no key of sendgrid" in sentence
    assert ":".join(LOGIN) not in sentence


def test_it_does_not_start_without_profile_lake_or_port(lake: Path, sample_lake: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, sentence = _refusal(lake, "--port", port)
        assert (code, port in sentence) == (2, True)
    (lake / "senders.yml").unlink()
    code, sentence = _refusal(lake)
    assert (code, "There is no profile" in sentence) == (2, True)
    code, sentence = _refusal(lake, EMAIL_STATS_RAW="")
    assert code == 2
    assert "--lake" in sentence
    assert "EMAIL_STATS_RAW" in sentence
    code, sentence = _refusal(lake, "--lake", str(sample_lake))
    assert (code, "is the sample" in sentence) == (2, True)
    code, sentence = _refusal(lake, "--every", "soon")
    assert (code, "write 30s, 5m, 2h or 1d" in sentence) == (2, True)
    code, sentence = _refusal(lake, "--every", "0s")
    assert (code, "less than 1s" in sentence) == (2, True)
    assert not (sample_lake / "_spool").exists()


def test_a_lake_has_one_receiver(lake: Path) -> None:
    with running(lake) as receiver:
        code, sentence = _refusal(lake)
        assert code == 1
        assert f"process {receiver.process.pid}" in sentence


def test_what_is_in_flight_at_a_stop_is_answered_and_loaded(lake: Path) -> None:
    with running(lake, "--every", "1h") as receiver:
        assert receiver.post(event("early")) == 200
        with contextlib.closing(receiver.connect()) as slow:
            body = event("slow")
            slow.putrequest("POST", "/sendgrid")
            slow.putheader("Authorization", BASIC["Authorization"])
            slow.putheader("Content-Length", str(len(body)))
            slow.endheaders(body[:-1])
            time.sleep(0.5)
            code: list[int] = []
            stopping = threading.Thread(target=lambda: code.append(receiver.stop()))
            stopping.start()
            time.sleep(0.5)
            slow.send(body[-1:])
            assert slow.getresponse().status == 200
            stopping.join()
    assert code == [0]
    assert event_ids(lake) == ["sendgrid:delivered:event-early", "sendgrid:delivered:event-slow"]
    assert not spooled(lake)
    assert not [
        path
        for path in lake.rglob("*")
        if path.stat().st_mode & 0o077 and path.is_file() and path.name != "senders.yml"
    ]


def test_an_interval_without_events_writes_nothing(lake: Path) -> None:
    def files() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in lake.rglob("*")}

    with running(lake, "--every", "1s") as receiver:
        assert receiver.post(event(1)) == 200
        _wait_until_loaded(lake)
        before = files()
        time.sleep(2.5)
        assert files() == before
        assert receiver.stop() == 0
        assert files() == before


def _wait_until_loaded(lake: Path) -> None:
    until = time.monotonic() + SECONDS
    while spooled(lake):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_the_same_request_again_adds_no_event(lake: Path) -> None:
    with running(lake, "--every", "1s") as receiver:
        for _ in range(3):
            assert receiver.post(event(1)) == 200
            _wait_until_loaded(lake)
        assert receiver.stop() == 0
    assert set(event_ids(lake)) == {"sendgrid:delivered:event-1"}


def test_what_cannot_be_read_becomes_a_rejected_record(lake: Path) -> None:
    with running(lake) as receiver:
        for body in (b"no json", b"\xff\xfe", event(1)):
            assert receiver.post(body) == 200
        assert receiver.stop() == 0
    (entry,) = (json.loads(path.read_text()) for path in lake.glob("_loads/*.json"))
    assert (entry["records"], entry["records_with_rows"]) == (3, 1)
    assert entry["rejected"] == {"unreadable": 2}


def test_no_kill_loses_an_acknowledged_event(lake: Path) -> None:
    sent, acknowledged = kill_at_random(lake, KILLS, seed=1)
    found = event_ids(lake)
    assert acknowledged
    assert acknowledged <= set(found) <= sent
    # An event is in the lake as often as it was stored: once, for no client posts one again.
    assert len(found) == len(set(found))
    assert not spooled(lake)


def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(lake: Path) -> None:
    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    taken = set()
    with running(lake, "--every", "1h", limits=small_disk) as receiver:
        statuses = []
        for number in range(400):
            statuses.append(receiver.post(event(number)))
            if statuses[-1] == 200:
                taken.add(f"sendgrid:delivered:event-{number}")
        assert set(statuses) == {200, 503}
        assert receiver.post(b"x" * 50_000) == 503
        assert receiver.post(event("last")) == 200
        receiver.kill()
    with running(lake) as receiver:
        assert receiver.stop() == 0
    assert event_ids(lake) == sorted({*taken, "sendgrid:delivered:event-last"})


def test_two_hundred_connections_and_slow_ones_are_answered(lake: Path) -> None:
    with running(lake) as receiver, contextlib.ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", receiver.port)))
            for _ in range(50)
        ]
        for number, client in enumerate(slow):
            begun = f"POST /sendgrid HTTP/1.1\r\nHost: x\r\nAuthorization: {BASIC['Authorization']}"
            client.sendall(
                (begun + "\r\nContent-Length: 9000000\r\n\r\n{")[: 20 + 4 * number].encode()
            )
        quick = [stack.enter_context(contextlib.closing(receiver.connect())) for _ in range(200)]
        for number, connection in enumerate(quick):
            connection.request("POST", "/sendgrid", event(number), BASIC)
        assert [connection.getresponse().status for connection in quick] == [200] * 200
        for client in slow:
            client.close()
        assert receiver.stop() == 0
    assert len(event_ids(lake)) == 200


def test_headers_without_end_close_their_connection_alone(lake: Path) -> None:
    with running(lake) as receiver:
        with socket.create_connection(("127.0.0.1", receiver.port), timeout=SECONDS) as client:
            client.sendall(b"POST /sendgrid HTTP/1.1\r\nHost: x\r\n")
            with pytest.raises(OSError, match=r"reset|Broken pipe"):
                for _ in range(10_000):
                    client.sendall(b"X-Filler: " + b"x" * 10_000 + b"\r\n")
        assert receiver.post(event(1)) == 200
        assert receiver.post(event(2), BASIC | {"X-Filler": "x" * 30_000}) == 200


def test_many_bodies_of_10_mb_are_taken(lake: Path) -> None:
    body = json.dumps(
        [*json.loads(event(1)), {"event": "x", "filler": "y" * (LARGEST_BODY - 1000)}]
    ).encode()
    with running(lake) as receiver:
        statuses: list[int] = []
        clients = [
            threading.Thread(target=lambda: statuses.append(receiver.post(body))) for _ in range(20)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert statuses == [200] * 20
        assert receiver.post(body + b" " * 1000) == 413
    assert bodies(lake) == [body] * 20


def test_a_wrong_path_or_password_gets_nothing_in(lake: Path) -> None:
    wrong = {"Authorization": "Basic aG9vazp4"}
    with running(lake) as receiver:
        assert receiver.post(event(1), wrong) == 401
        assert receiver.post(event(1), {}) == 401
        assert receiver.post(event(1), signing.shopify(event(1)), "/shopify") == 404
        assert receiver.post(event(1), path="/../_spool/sendgrid") == 404
        assert receiver.post(event(1), path="/sendgrid/..%2fx") == 404
        assert receiver.stop() == 0
    assert not event_ids(lake)
    assert not list(lake.rglob("*.parquet"))


def test_the_log_has_no_body_address_or_key(lake: Path) -> None:
    secrets = ("person7@example.com", "event-7", LOGIN[1], BASIC["Authorization"][6:], "hidden")
    with running(lake, "--every", "1s") as receiver:
        assert receiver.post(event(7)) == 200
        assert receiver.post(b"no json of person7@example.com") == 200
        assert receiver.post(event(7), {"Authorization": "Basic hidden"}) == 401
        assert receiver.post(event(7), path="/hidden?key=hidden") == 404
        with socket.create_connection(("127.0.0.1", receiver.port)) as client:
            client.sendall(b"hidden person7@example.com\r\n\r\n")
            client.recv(1000)
        _wait_until_loaded(lake)
        assert receiver.stop() == 0
    log = receiver.log.read_text()
    assert "sendgrid: 2 records, 1 with rows, 0 ignored, 1 rejected." in log
    assert "sendgrid: 1 refused with status 401." in log
    assert not [secret for secret in secrets if secret in log]


def test_a_server_that_ends_by_itself_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: None)
    with pytest.raises(EmailStatsError, match="ended by itself"):
        receive(
            {"sendgrid": Endpoint("sendgrid")},
            lake=tmp_path / "lake",
            profile=tmp_path / "senders.yml",
            host="127.0.0.1",
            port=0,
            seconds=3600,
        )
