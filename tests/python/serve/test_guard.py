"""Who gets to the live site: by which name, with which password, by which form."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.serving import post, token_of
from httpx2 import URL
from starlette.testclient import TestClient

from email_statistics.cli import cli
from email_statistics.errors import UsageError
from email_statistics.serve.guard import Attempts, local
from email_statistics.serve.passwords import Password, set_password
from email_statistics.serve.server import guard_of

Open = Callable[..., TestClient]
RIGHT = "correct horse battery"


@pytest.fixture
def password(tmp_path: Path) -> Password:
    set_password(tmp_path / "password", RIGHT)
    return Password(tmp_path / "password")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "localhost.evil.example", "evil.example:80", "", "127.0.0.1.evil.example",
        "localhost@evil.example", "[::1", "stats.example.evil.example", "169.254.169.254",
    ],
)  # fmt: skip
def test_a_request_for_another_host_is_refused(client: TestClient, host: str) -> None:
    for path in ("/", "/analytics", "/exports", "/sign-in", "/static/site.css"):
        answer = client.get(path, headers={"Host": host})
        assert (answer.status_code, answer.text) == (421, "This site isn't known by that name.")
        assert "set-cookie" not in answer.headers or "session" in answer.headers["set-cookie"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8020", "stats.example", "stats.example."])
def test_its_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/segments", headers={"Host": host}).status_code == 200


def test_two_hosts_in_one_request_are_refused(client: TestClient) -> None:
    headers = [("Host", "localhost"), ("Host", "evil.example")]
    assert client.get("/", headers=headers).status_code == 421


def test_every_answer_says_what_a_page_may_load(client: TestClient) -> None:
    for path in ("/", "/analytics", "/nope", "/static/site.css", "/sign-in"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert "script" not in client.get("/analytics").headers["content-security-policy"]


def test_nothing_is_shown_before_sign_in(open_site: Open, password: Password) -> None:
    client = open_site(password)
    for path in ("/", "/index.html", "/analytics?source=x", "/exports", "/exports/1", "/contacts"):
        answer = client.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?next=%2F")
    for raw in (b"/sign-in%3f", b"/exports/download/x%23/..", b"/static/a%2f..%2f..%2fexports"):
        url = URL(scheme="http", host="localhost", raw_path=raw)
        assert client.get(url).status_code == 303
    for path in ("/exports", "/exports/details", "/reports/campaign_summary", "/sign-out"):
        assert client.post(path, data={}).status_code == 403
    assert client.get("/healthz").text == "ok"
    assert 'href="/exports"' not in client.get("/sign-in").text


def test_signing_in_leads_to_where_one_wanted(open_site: Open, password: Password) -> None:
    client = open_site(password)
    before = client.cookies.get("session")
    wanted = client.get("/segments/list?name=hygiene").headers["location"]
    page = client.get(wanted)
    fields = {"token": token_of(page), "next": "/segments/list?name=hygiene", "name": "Jane"}
    wrong = client.post("/sign-in", data={**fields, "password": "wrong horse battery"})
    assert (wrong.status_code, "That isn&#39;t the password" in wrong.text) == (403, True)
    right = client.post("/sign-in", data={**fields, "password": RIGHT})
    assert (right.status_code, right.headers["location"]) == (303, "/segments/list?name=hygiene")
    assert client.cookies.get("session") != before
    assert client.get("/segments").status_code == 200
    post(client, "/exports", type="bulk", period="30")
    assert "<bdi>Jane</bdi>" in client.get("/exports").text
    assert post(client, "/sign-out", form="/exports").headers["location"] == "/sign-in"
    assert client.get("/segments").status_code == 303


def test_sign_in_never_leads_to_another_site(open_site: Open, password: Password) -> None:
    client = open_site(password)
    fields = {"token": token_of(client.get("/sign-in")), "password": RIGHT}
    answer = client.post("/sign-in", data={**fields, "next": "//evil.example/"})
    assert answer.headers["location"] == "/"
    for path in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "evil",
        "/a\r\nb",
        "",
    ):
        assert local(path) == "/"
    assert local("/analytics?metric=opened#contacts") == "/analytics?metric=opened#contacts"


def test_after_five_wrong_passwords_nobody_may_try_for_a_minute(
    open_site: Open, password: Password
) -> None:
    client = open_site(password)
    fields = {"token": token_of(client.get("/sign-in"))}
    for _ in range(5):
        answer = client.post("/sign-in", data={**fields, "password": "wrong horse battery"})
        assert answer.status_code == 403
    answer = client.post("/sign-in", data={**fields, "password": RIGHT})
    assert (answer.status_code, "wait a minute" in answer.text) == (429, True)


def test_tries_are_forgotten_after_their_time_or_the_right_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    attempts = Attempts(of_one=2, of_all=3)
    attempts.add("one")
    attempts.add("one")
    assert attempts.are_too_many("one")
    assert not attempts.are_too_many("other")
    attempts.add("other")
    assert attempts.are_too_many("a third")
    attempts.forget("one")
    assert not attempts.are_too_many("one")
    attempts.add("one")
    now = 61.0
    assert not attempts.are_too_many("other")


def test_a_new_password_ends_every_session(
    open_site: Open, password: Password, tmp_path: Path
) -> None:
    client = open_site(password)
    post(client, "/sign-in", password=RIGHT)
    assert client.get("/segments").status_code == 200
    set_password(tmp_path / "password", "another long password")
    other = open_site(Password(tmp_path / "password"))
    other.cookies = client.cookies
    assert other.get("/segments").status_code == 303


def test_a_session_that_is_altered_or_made_up_is_none(open_site: Open, password: Password) -> None:
    client = open_site(password)
    post(client, "/sign-in", password=RIGHT)
    cookie = client.cookies["session"]
    for wrong in (cookie[:-2] + "AA", "A" + cookie[1:], cookie.replace(".", "", 1), "x", ""):
        client.cookies.clear()
        assert client.get("/segments", headers={"Cookie": f"session={wrong}"}).status_code == 303
    assert client.get("/segments", headers={"Cookie": f"session={cookie}"}).status_code == 200


def test_a_session_ends_after_12_hours(
    open_site: Open, password: Password, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    client = open_site(password)
    post(client, "/sign-in", password=RIGHT)
    later = time.time() + 12 * 3600 + 2
    monkeypatch.setattr("time.time", lambda: later)
    assert client.get("/segments").status_code == 303


@pytest.mark.parametrize("path", ["/exports", "/exports/segment", "/reports/campaign_dashboard"])
def test_a_form_without_the_token_of_its_session_changes_nothing(
    open_site: Open, client: TestClient, path: str
) -> None:
    other = open_site()
    theirs = token_of(other.get("/exports"))
    client.get("/exports")
    for token in ({}, {"token": ""}, {"token": theirs}, {"token": "x" * 27}, {"token": "é"}):
        answer = client.post(path, data={"type": "all", "name": "hygiene", "period": "7", **token})
        assert (answer.status_code, "too old" in answer.text) == (403, True)
    assert "There is none yet" in client.get("/exports").text


def test_a_form_that_is_too_long_or_none_is_refused(client: TestClient) -> None:
    assert client.post("/exports", data={"token": "x" * 70_000}).status_code == 413
    assert client.post("/exports", json={"token": "x"}).status_code == 415
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/exports", content=b"token=\xff", headers=headers).status_code == 400


def test_cookies_are_private_and_over_tls_only_beyond_this_machine(open_site: Open) -> None:
    plain = open_site()
    assert "secure" not in plain.get("/segments").headers["set-cookie"].lower()
    secure = open_site(is_secure=True, base="https://stats.example")
    cookie = secure.get("/segments").headers["set-cookie"]
    assert cookie.startswith("__Host-session=")
    for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert "set-cookie" not in secure.get("/segments").headers


def test_beyond_this_machine_it_takes_a_password_and_a_name(
    site: Path, password: Password, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.7", "stats.example"):
        with pytest.raises(UsageError, match="Without a password only this machine"):
            guard_of(host, None)
    with pytest.raises(UsageError, match="Set EMAIL_STATS_BASE_URL"):
        guard_of("0.0.0.0", tmp_path / "password")
    monkeypatch.setenv("EMAIL_STATS_BASE_URL", "https://stats.example")
    guard = guard_of("0.0.0.0", tmp_path / "password")
    assert guard.is_secure
    assert guard.hosts == {"localhost", "127.0.0.1", "::1", "stats.example"}
    assert guard.password is not None
    assert guard_of("127.0.0.1", None).is_secure  # a proxy on this machine speaks TLS
    monkeypatch.delenv("EMAIL_STATS_BASE_URL")
    assert not guard_of("::1", None).is_secure


def test_a_password_is_kept_as_a_hash_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "password"
    result = CliRunner().invoke(
        cli, ["serve", "--set-password", str(path)], input=f"{RIGHT}\n{RIGHT}\n"
    )
    assert result.exit_code == 0, result.output
    assert RIGHT not in path.read_text() + result.output
    assert path.stat().st_mode & 0o777 == 0o600
    assert Password(path).is_right(RIGHT)
    assert not Password(path).is_right(RIGHT + " ")
    path.chmod(0o640)
    with pytest.raises(UsageError, match="isn't private"):
        Password(path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"salt": "zz"}'])
def test_what_is_no_password_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "password").write_text(text)
    with pytest.raises(UsageError, match="--set-password"):
        Password(tmp_path / "password")
    with pytest.raises(UsageError, match="at least 12 characters"):
        set_password(tmp_path / "password", "short")
