"""An export by mail: a signed link, over TLS, from a real server; refused before it is written."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from helpers.mail_server import HOST, PASSWORD, USER, Mailbox, mail_server, write_certificate

from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.exports import links
from email_statistics.exports.register import Register

Run = Callable[..., tuple[str, str]]
LOGIN = f"{USER}:{quote(PASSWORD, safe='')}"
LINK = re.compile(r"https://stats\.example/exports/download/(\S+)")


@pytest.fixture(autouse=True)
def _site(exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_STATS_BASE_URL", "https://stats.example/")


def text_of(mailbox: Mailbox, number: int = 0) -> str:
    return str(mailbox.messages[number].get_content())


def on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """``HOST`` is a server elsewhere, but that its address is this machine's."""
    import socket

    connect = socket.create_connection

    def connected(address: tuple[str, int], *rest: object) -> socket.socket:
        assert address[0] == HOST
        return connect(("localhost", address[1]), *rest)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(socket, "create_connection", connected)


def test_each_address_gets_the_link_by_tls_and_never_the_data(
    run: Run, exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(tmp_path, tls=True) as mailbox:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        monkeypatch.setenv("EMAIL_STATS_SMTP_URL", f"smtps://{LOGIN}@localhost:{mailbox.port}")
        addresses = ("--email", "jane@a.example", "--email", "joe@b.example")
        path, said = run("export", "campaigns", *addresses, "--requested-by", "Jane")
    assert "The link was sent to jane@a.example, joe@b.example." in said
    assert mailbox.recipients == [["jane@a.example"], ["joe@b.example"]]
    assert mailbox.were_encrypted == [True, True]
    for number in range(2):
        message = mailbox.messages[number]
        assert "Email marketing campaigns only, 1 Jun" in message["Subject"]
        assert message["From"] == "email-stats@stats.example"
        assert not message.is_multipart()
        assert "src_campaign" not in text_of(mailbox, number)
        (token,) = LINK.findall(text_of(mailbox, number))
        export_id = links.export_of(token)
        assert export_id is not None
        export = Register(exports).find(export_id, datetime.now(UTC))
        assert export is not None
        assert str(export.path) == path.strip()
        assert export.file_name not in text_of(mailbox, number)


def test_a_server_elsewhere_gets_nothing_before_starttls(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_this_machine(monkeypatch)
    with mail_server(tmp_path, starttls=True) as mailbox:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        monkeypatch.setenv("EMAIL_STATS_SMTP_URL", f"smtp://{LOGIN}@{HOST}:{mailbox.port}")
        monkeypatch.setenv("EMAIL_STATS_MAIL_FROM", "reports@brand.example")
        run("export", "bulk", "--email", "jane@a.example")
    assert mailbox.were_encrypted == [True]
    assert mailbox.messages[0]["From"] == "reports@brand.example"


def test_a_server_elsewhere_without_tls_is_given_no_mail(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_this_machine(monkeypatch)
    with mail_server(tmp_path) as mailbox:
        monkeypatch.setenv("EMAIL_STATS_SMTP_URL", f"smtp://{HOST}:{mailbox.port}")
        with pytest.raises(EmailStatsError, match="STARTTLS"):
            run("export", "bulk", "--email", "jane@a.example")
    assert mailbox.messages == []


def test_a_certificate_that_isnt_trusted_ends_it(
    run: Run, exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(tmp_path, tls=True) as mailbox:
        monkeypatch.setenv("SSL_CERT_FILE", str(another_certificate(tmp_path)))
        monkeypatch.setenv("EMAIL_STATS_SMTP_URL", f"smtps://{LOGIN}@localhost:{mailbox.port}")
        with pytest.raises(EmailStatsError, match=r"The export is done \(.*CERTIFICATE_VERIFY"):
            run("export", "bulk", "--email", "jane@a.example")
    assert mailbox.messages == []
    assert [one.status for one in Register(exports).exports(datetime.now(UTC))] == ["done"]


def another_certificate(folder: Path) -> Path:
    (folder / "another").mkdir()
    return write_certificate(folder / "another")


def test_a_server_on_this_machine_may_be_plain(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(tmp_path) as mailbox:
        monkeypatch.setenv("EMAIL_STATS_SMTP_URL", f"smtp://localhost:{mailbox.port}")
        run("export", "bulk", "--email", "jane@a.example")
    assert mailbox.were_encrypted == [False]


def test_an_address_that_is_refused_is_named_and_the_others_get_theirs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(tmp_path, refused="jane@a.example") as mailbox:
        monkeypatch.setenv("EMAIL_STATS_SMTP_URL", f"smtp://localhost:{mailbox.port}")
        with pytest.raises(EmailStatsError, match=r"sent to jane@a\.example: 550 no such user"):
            run("export", "bulk", "--email", "jane@a.example", "--email", "joe@b.example")
    assert mailbox.recipients == [["joe@b.example"]]


def test_a_connection_that_breaks_names_those_who_got_none(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [f"{name}@a.example" for name in ("jane", "joe", "jim")]
    with mail_server(tmp_path, broken_off="joe@a.example") as mailbox:
        monkeypatch.setenv("EMAIL_STATS_SMTP_URL", f"smtp://localhost:{mailbox.port}")
        said = r"no mail was sent to joe@a\.example, jim@a\.example: "
        with pytest.raises(EmailStatsError, match=said):
            run("export", "bulk", *(f"--email={address}" for address in addresses))
    assert mailbox.recipients == [["jane@a.example"]]


def test_a_server_that_isnt_there_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_STATS_SMTP_URL", "smtp://localhost:1")
    with pytest.raises(EmailStatsError, match=r"no mail was sent to jane@a\.example: .*refused"):
        run("export", "bulk", "--email", "jane@a.example")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "No mail server is set up, so nothing is exported: set EMAIL_STATS_SMTP_URL"),
        ({"SMTP_URL": "smtp://localhost", "BASE_URL": ""}, "set EMAIL_STATS_BASE_URL"),
        ({"SMTP_URL": "https://localhost"}, "isn't the URL of a mail server"),
        ({"SMTP_URL": "smtp://localhost:many"}, "isn't the URL of a mail server"),
        ({"SMTP_URL": "smtp://x", "BASE_URL": "http://stats.example"}, "must be https"),
        ({"SMTP_URL": "smtp://x", "BASE_URL": "stats.example"}, "give a URL such as"),
        ({"SMTP_URL": "smtp://x", "MAIL_FROM": "nobody"}, "EMAIL_STATS_MAIL_FROM can't be"),
    ],
)
def test_without_a_server_set_up_nothing_is_written(
    run: Run,
    exports: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    sentence: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"EMAIL_STATS_{name}", value)
    with pytest.raises(UsageError, match=sentence):
        run("export", "all", "--email", "jane@a.example")
    assert not exports.exists()


@pytest.mark.parametrize(
    "address", ["jane", "@a.example", "jane@", "jane@a.example\r\nBcc: x@y.example", "a@b@c", ""]
)
def test_what_is_no_address_is_refused(
    run: Run, exports: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("EMAIL_STATS_SMTP_URL", "smtp://localhost")
    with pytest.raises(UsageError, match="give an address"):
        run("export", "all", "--email", address)
    assert not exports.exists()


def test_a_file_that_out_keeps_has_no_link(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no link to send"):
        run("export", "all", "--email", "jane@a.example", "--out", tmp_path / "a.csv")


def test_the_password_of_the_server_is_never_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in (f"smtp://{LOGIN}@localhost:1", f"smtpz://{LOGIN}@localhost"):
        monkeypatch.setenv("EMAIL_STATS_SMTP_URL", url)
        with pytest.raises(EmailStatsError) as error:
            run("export", "bulk", "--email", "jane@a.example")
        assert quote(PASSWORD, safe="") not in str(error.value)
        assert PASSWORD not in str(error.value)


def test_a_link_that_is_altered_made_up_or_too_old_names_nothing(
    run: Run, exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("export", "bulk")
    (export,) = Register(exports).exports(datetime.now(UTC))
    base = links.base_url()
    assert base is not None
    token = links.link_to(export, base).rpartition("/")[2]
    assert links.export_of(token) == export.id
    for place in range(len(token) - 1):  # the last character has bits that say nothing
        altered = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert links.export_of(altered) is None
    assert links.export_of("") is None
    later = (datetime.now(UTC) + timedelta(days=30, seconds=2)).timestamp()
    monkeypatch.setattr(time, "time", lambda: later)
    assert links.export_of(token) is None
    monkeypatch.undo()
    monkeypatch.setenv("EMAIL_STATS_SECRET_KEY", "another key, of 32 characters or even more")
    assert links.export_of(token) is None
