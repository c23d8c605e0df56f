"""What a load does whatever the sender: forms of files, accounts, ids, files in the lake."""

import base64
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from helpers.sender_payloads import (
    events_of,
    loaded,
    one_row,
    rows_of,
    sendgrid_event,
    written,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from email_statistics.cli import cli
from email_statistics.errors import UsageError
from email_statistics.paths import PROJECT_ROOT
from email_statistics.senders.loading.register import read_loads
from email_statistics.senders.writing import schemas

EVENTS = [
    sendgrid_event(1, event="processed", singlesend_id="spring", singlesend_name="Spring"),
    sendgrid_event(1, sg_event_id="event-1b"),
    sendgrid_event(2, event="open", useragent="Mozilla/5.0", sg_machine_open=True),
    sendgrid_event(3, event="click", url="https://example.com/?a=1&lid=9"),
    sendgrid_event(4, event="bounce", type="blocked", reason="421 later"),
]


def _zstd(data: bytes) -> bytes:
    stream = pa.BufferOutputStream()
    with pa.CompressedOutputStream(stream, "zstd") as compressed:
        compressed.write(data)
    return bytes(stream.getvalue())


def _spool(*bodies: str) -> str:
    lines = (
        {"received_at": "2026-03-02T09:00:00+00:00", "sender": "sendgrid", "body": body}
        for body in bodies
    )
    return "".join(json.dumps(line) + "\n" for line in lines)


_LINES = "".join(json.dumps(event) + "\n" for event in EVENTS)
FORMS = {
    "array": json.dumps(EVENTS),
    "pretty": json.dumps(EVENTS, indent=2),
    "lines": _LINES,
    "lines with CRLF": _LINES.replace("\n", "\r\n"),
    "lines without an end": _LINES.rstrip(),
    "concatenated": _LINES.replace("\n", ""),
    "byte order mark": "\ufeff" + _LINES,
    "page": json.dumps({"items": EVENTS, "paging": {}}),
    "array per line": "".join(json.dumps([event]) + "\n" for event in EVENTS),
    "two per line": _LINES.replace("\n", "", 1),
    "JSON in a JSON text": json.dumps(json.dumps(EVENTS)),
    "spool": _spool(json.dumps(EVENTS[:2]) + "\r\n", json.dumps(EVENTS[2:])),
    "gz": gzip.compress(_LINES.encode()),
    "two gz after another": gzip.compress(json.dumps(EVENTS[:2]).encode())
    + gzip.compress(json.dumps(EVENTS[2:]).encode()),
    "zst": _zstd(_LINES.encode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_file_gives_the_same_events(form: str, tmp_path: Path) -> None:
    result = loaded("sendgrid", written(tmp_path, FORMS[form]), lake=tmp_path / "lake")
    assert result.records == result.records_with_rows == len(EVENTS)
    loaded("sendgrid", written(tmp_path, EVENTS, "plain"), lake=tmp_path / "plain_lake")
    assert events_of(tmp_path / "lake") == events_of(tmp_path / "plain_lake")


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_order_split_and_copy_gives_the_same_set_of_events(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("split")
    copies = data.draw(st.permutations(EVENTS + data.draw(st.lists(st.sampled_from(EVENTS)))))
    cut = data.draw(st.integers(0, len(copies)))
    is_spool = data.draw(st.booleans())
    files = [
        written(folder, _spool(json.dumps(part)) if is_spool else json.dumps(part), f"{n}")
        for n, part in enumerate((copies[:cut], copies[cut:]))
    ]
    for file in files:
        loaded("sendgrid", file, lake=folder / "lake")
    loaded("sendgrid", written(folder, EVENTS, "plain"), lake=folder / "plain_lake")
    assert events_of(folder / "lake") == events_of(folder / "plain_lake")


def test_rows_have_the_contracts_columns_and_types(tmp_path: Path) -> None:
    result = loaded("sendgrid", written(tmp_path, EVENTS), lake=tmp_path / "lake")
    for file in result.files:
        if file.suffix == ".parquet":
            assert pq.read_schema(file).equals(schemas()[file.parent.parent.name])
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in (tmp_path / "lake").iterdir()} >= {
        *("contacts", "sending_domains", "email_sources", "send_events", "engagement_events")
    }


def test_what_an_event_names_has_its_row(tmp_path: Path) -> None:
    loaded(
        "sendgrid",
        written(tmp_path, [sendgrid_event(customer="c-1", singlesend_id="s", singlesend_name="S")]),
        lake=tmp_path / "lake",
        profile={
            "contact": "custom.customer",
            "domains": {"mail.example.com": {"open_tracking": False}},
        },
    )
    source = one_row(tmp_path / "lake", "email_sources")
    contact = one_row(tmp_path / "lake", "contacts")
    domain = one_row(tmp_path / "lake", "sending_domains")
    assert (source["email_source_id"], source["email_source_name"]) == ("sendgrid:s", "S")
    assert source["sending_domain"] == domain["sending_domain"] == "mail.example.com"
    assert (contact["contact_id"], contact["email"]) == ("c-1", "person1@example.com")
    assert domain["is_open_tracking_enabled"] is False
    assert domain["sending_service"] == "event_feed"
    assert {str(row["updated_at"]) for row in (source, contact, domain)} == {"2000-01-01 00:00:00"}


def test_a_profile_says_where_the_source_stands_and_what_it_is_by_default(tmp_path: Path) -> None:
    events = [sendgrid_event(1, category=["a", "b"], campaign="x"), sendgrid_event(2)]
    source = {"default": "news", "name": "News", "type": "bulk", "from": ["custom.campaign"]}
    loaded(
        "sendgrid", written(tmp_path, events), lake=tmp_path / "lake", profile={"source": source}
    )
    rows = rows_of(tmp_path / "lake", "email_sources")
    found = {
        row["email_source_id"]: (row["email_source_name"], row["email_source_type"]) for row in rows
    }
    assert found == {"sendgrid:x": ("x", "bulk"), "sendgrid:news": ("News", "bulk")}


def test_a_profile_says_which_field_has_the_variant_of_an_ab_test(tmp_path: Path) -> None:
    events = [sendgrid_event(1, subject_test="B"), sendgrid_event(2)]
    path = written(tmp_path, events)
    loaded("sendgrid", path, lake=tmp_path / "lake", profile={"variant": "custom.subject_test"})
    rows = rows_of(tmp_path / "lake", "send_events")
    assert {row["recipient_email"]: row["variant"] for row in rows} == {
        "person1@example.com": "B",
        "person2@example.com": None,
    }


def test_listed_parameters_are_stripped_and_the_event_stays_the_same(tmp_path: Path) -> None:
    urls = [
        "https://e.com/?lid=1&a=2",
        "https://e.com/?a=2&lid=1#x",
        "https://e.com/?lid=1",
        "https://e.com/?lids=1",
    ]
    events = [sendgrid_event(n, event="click", url=url) for n, url in enumerate(urls)]
    path = written(tmp_path, events)
    loaded("sendgrid", path, lake=tmp_path / "a", profile={"strip_parameters": ["lid"]})
    loaded("sendgrid", path, lake=tmp_path / "b")
    rows = rows_of(tmp_path / "a", "engagement_events")
    assert sorted(row["url"] for row in rows) == [
        "https://e.com/",
        "https://e.com/?a=2",
        "https://e.com/?a=2#x",
        "https://e.com/?lids=1",
    ]
    assert {row["event_id"] for row in rows} == {
        row["event_id"] for row in rows_of(tmp_path / "b", "engagement_events")
    }


HOSTILE: dict[str, str | bytes] = {
    "deep": json.dumps(sendgrid_event())[:-1] + ', "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "not closed": '{"event": "open", "email": "a@b.com"',
    "a quote too many": '{"event": "open"", "email": "a@b.com"}',
    "NaN": json.dumps(sendgrid_event())[:-1] + ', "x": NaN}',
    "infinity": json.dumps(sendgrid_event())[:-1] + ', "x": -Infinity}',
    "lone surrogate": json.dumps(sendgrid_event())[:-1] + ', "x": "\\ud800"}',
    "key twice": json.dumps(sendgrid_event())[:-1] + ', "event": "open"}',
    "no UTF-8": json.dumps(sendgrid_event()).encode()[:-1] + b', "x": "\xff"}',
    "no JSON": "hello, world",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_record_is_rejected_and_the_others_load(kind: str, tmp_path: Path) -> None:
    bad = HOSTILE[kind]
    good = [json.dumps(sendgrid_event(n)).encode() for n in (1, 2)]
    line = bad if isinstance(bad, bytes) else bad.encode()
    path = written(tmp_path, good[0] + b"\n" + line + b"\n" + good[1] + b"\n")
    result = loaded("sendgrid", path, lake=tmp_path / "lake")
    assert (result.records, result.records_with_rows) == (3, 2)
    assert result.rejected == {"unreadable": 1}


def test_a_record_that_is_too_long_is_rejected_and_the_others_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("email_statistics.senders.reading.json_text.LONGEST", 1 << 20)
    monkeypatch.setattr("email_statistics.senders.reading.files._BLOCK", 1 << 18)
    long = json.dumps(sendgrid_event(9, x="y" * (3 << 20)))
    good = [json.dumps(sendgrid_event(n)) for n in (1, 2)]
    for name, text in {
        "lines": "\n".join([good[0], long, good[1], ""]),
        "array": f"[{good[0]},{long},{good[1]}]",
    }.items():
        result = loaded("sendgrid", written(tmp_path, text, name), lake=tmp_path / f"{name}_lake")
        assert (result.records_with_rows, result.rejected) == (2, {"unreadable": 1}), name


@pytest.mark.parametrize("number", ["1" + "0" * 400, "1e400", "-5", '"soon"', "null", "[]"])
def test_a_time_that_is_none_is_rejected(number: str, tmp_path: Path) -> None:
    text = json.dumps(sendgrid_event()).replace("1772359201", number)
    assert loaded("sendgrid", written(tmp_path, text), lake=tmp_path / "lake").rejected == {
        "no_time": 1
    }


def test_a_file_that_is_cut_off_loads_up_to_the_cut_and_says_so(tmp_path: Path) -> None:
    lines = "".join(json.dumps(sendgrid_event(n)) + "\n" for n in range(5000)).encode()
    cut: dict[str, bytes] = {
        "plain": lines[:-50],
        "gz": gzip.compress(lines)[:-2000],
        "array": b"[" + lines.replace(b"\n", b",")[:-60],
    }
    for name, data in cut.items():
        result = loaded("sendgrid", written(tmp_path, data, name), lake=tmp_path / f"{name}_lake")
        assert result.records_with_rows > 4000
        assert result.rejected == {"unreadable": 1}
        assert any("cut off" in note for note in result.notes), name


def test_rejected_records_stand_whole_and_load_again_with_their_time(tmp_path: Path) -> None:
    event = sendgrid_event(sg_message_id="")
    result = loaded("sendgrid", written(tmp_path, [event]), lake=tmp_path / "lake")
    (kept,) = (tmp_path / "lake/_loads").glob("*.rejected.jsonl")
    assert result.rejected == {"no_message": 1}
    assert json.loads(json.loads(kept.read_text())["body"]) == event
    mended = written(
        tmp_path,
        kept.read_text().replace('\\"sg_message_id\\": \\"\\"', '\\"sg_message_id\\": \\"m\\"'),
        "mended",
    )
    loaded("sendgrid", mended, lake=tmp_path / "lake", loaded_at=None)
    assert str(one_row(tmp_path / "lake", "send_events")["loaded_at"]) == "2026-03-02 09:00:00"


def test_the_same_files_load_once_whatever_their_names(tmp_path: Path) -> None:
    first = loaded("sendgrid", written(tmp_path, EVENTS), lake=tmp_path / "lake")
    again = loaded("sendgrid", written(tmp_path, EVENTS, "copy"), lake=tmp_path / "lake")
    assert again.is_already_loaded and again.load_id == first.load_id and not again.files
    assert again.records == first.records
    (entry,) = read_loads(tmp_path / "lake")
    assert entry["rows"] == first.rows and entry["inputs"][0]["bytes"] > 0


def test_replace_removes_the_files_of_a_load_and_no_others(tmp_path: Path) -> None:
    path = written(tmp_path, EVENTS)
    other = loaded("sendgrid", written(tmp_path, [sendgrid_event(7)], "o"), lake=tmp_path / "lake")
    first = loaded("sendgrid", path, lake=tmp_path / "lake")
    profile = {"source": {"default": "news"}}
    second = loaded(
        "sendgrid", path, lake=tmp_path / "lake", profile=profile, replace=first.load_id
    )
    assert {entry["load_id"] for entry in read_loads(tmp_path / "lake")} == {
        other.load_id,
        second.load_id,
    }
    assert len(rows_of(tmp_path / "lake", "send_events")) == 4
    with pytest.raises(UsageError, match="has no load"):
        loaded("sendgrid", path, lake=tmp_path / "lake", replace="sendgrid-0")


def test_a_dry_run_counts_and_shows_and_writes_nothing(tmp_path: Path) -> None:
    result = loaded("sendgrid", written(tmp_path, EVENTS), lake=tmp_path / "lake", dry_run=True)
    assert result.rows["send_events"] == 3 and len(result.shown["send_events"]) == 3
    assert not (tmp_path / "lake").exists()


def test_the_sample_is_never_loaded_into(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is the sample"):
        loaded("sendgrid", written(tmp_path, EVENTS), lake=PROJECT_ROOT / "seeds/sample_lake")


def test_folders_are_walked_and_hidden_files_are_skipped(tmp_path: Path) -> None:
    for n, name in enumerate(("a/1.json", "b/2.json", "_c/3.json", "d/.4.json")):
        written(tmp_path / "in", [sendgrid_event(n)], name)
    assert loaded("sendgrid", tmp_path / "in", lake=tmp_path / "lake").records == 2


def _run(*arguments: str, **environment: str | None) -> tuple[int, str]:
    result = CliRunner().invoke(
        cli, ["load", *arguments], env={"EMAIL_STATS_RAW": None, **environment}
    )
    text = str(result.exception) if isinstance(result.exception, UsageError) else result.output
    code = (
        result.exception.exit_code if isinstance(result.exception, UsageError) else result.exit_code
    )
    return code, text


def test_the_command_accounts_for_every_record_and_strict_minds_the_rejected(
    tmp_path: Path,
) -> None:
    path = str(
        written(tmp_path, [*EVENTS, {"event": "unheard of"}, {"event": "group_resubscribe"}])
    )
    code, text = _run("sendgrid", path, "--lake", str(tmp_path / "lake"))
    assert code == 0
    for line in (
        "7 records read",
        "5 gave rows",
        "1 ignored: group_resubscribe",
        "1 rejected: unknown_event",
    ):
        assert line in text
    assert "Already loaded" in _run("sendgrid", path, "--lake", str(tmp_path / "lake"))[1]
    assert _run("sendgrid", path, "--lake", str(tmp_path / "other"), "--strict")[0] == 1


def test_exit_codes_of_wrong_usage_and_of_nothing_readable(tmp_path: Path) -> None:
    path, lake = str(written(tmp_path, EVENTS)), str(tmp_path / "lake")
    assert _run("sendgrid", path) == (
        2,
        "Which lake? Give --lake, or set EMAIL_STATS_RAW to its folder.",
    )
    assert _run("sengrid", path, "--lake", lake)[1].endswith("did you mean 'sendgrid'?")
    assert _run("sendgrid", str(tmp_path / "none"), "--lake", lake)[0] == 2
    assert _run("sendgrid", "--lake", lake)[0] == 2
    assert _run("sendgrid", path, "--lake", lake, "--loaded-at", "soon")[0] == 2
    assert _run("sendgrid", path, EMAIL_STATS_RAW=lake)[0] == 0
    assert _run("sendgrid", path, "--lake", path)[1] == f"{path} is a file: name a lake's folder."
    rows = pa.BufferOutputStream()
    pq.write_table(pa.table({"event": ["open"]}), rows)
    for name, content in (("text", b"no events here"), ("cut", bytes(rows.getvalue())[:-9])):
        garbage = str(written(tmp_path, content, name))
        assert _run("sendgrid", garbage, "--lake", lake)[0] == 1, name


def test_the_longest_body_that_is_no_text_is_rejected_and_the_others_are_loaded(
    tmp_path: Path,
) -> None:
    spooled = {"received_at": "2026-01-01T00:00:00Z", "sender": "sendgrid", "headers": {}}
    bodies: list[dict[str, str]] = [
        {"body": json.dumps(EVENTS)},
        {"body_base64": base64.b64encode(bytes(10 << 20)).decode()},
        {"body_base64": base64.b64encode(b"\xff" * (10 << 20)).decode()},
        {"body": json.dumps(EVENTS[:1])},
    ]
    lines = "\n".join(json.dumps(spooled | body) for body in bodies)
    result = loaded("sendgrid", written(tmp_path, lines), lake=tmp_path / "lake")
    assert result.rejected == {"unreadable": 2}
    assert result.records_with_rows == len(EVENTS) + 1


def test_standard_input_is_read(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    result = CliRunner().invoke(cli, ["load", "sendgrid", "-", "--lake", str(lake)], input=_LINES)
    assert result.exit_code == 0, result.output
    assert len(rows_of(lake, "send_events")) == 3
