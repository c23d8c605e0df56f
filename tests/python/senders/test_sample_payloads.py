"""Every sample payload of the shared folder gives the rows that are expected of it."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.sender_payloads import loaded, rows_of

from email_statistics.paths import PROJECT_ROOT

SAMPLES = PROJECT_ROOT.parent / "shared/data/senders"
# A message of a conversation gives an email its contact: a send event of its own.
DECIDED_OTHERWISE = {"highlevel/docs/OutboundMessage_4.json"}


def _expected() -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    for answers in sorted(SAMPLES.glob("*/_expected_rows.jsonl")):
        events = [json.loads(line) for line in answers.read_text("utf-8").splitlines()]
        for file in dict.fromkeys(event["file"] for event in events):
            if file not in DECIDED_OTHERWISE:
                yield answers.parent.name, file, [each for each in events if each["file"] == file]


def _row(table: str, **values: Any) -> tuple[Any, ...]:
    return (
        table,
        *(values.get(name) for name in ("type", "at", "key", "url", "ua", "machine")),
        values.get("recipient") if table != "engagement_events" else None,
        values.get("amount"),
        values.get("reason"),
    )


def _wanted(event: dict[str, Any]) -> tuple[Any, ...]:
    if event["outcome"] == "contact":
        return ("contacts", event["contact"], event["email"])
    return _row(**{**event, "key": event.get("message", event.get("order"))})


def _given(lake: Path) -> Iterator[tuple[Any, ...]]:
    for table in ("send_events", "engagement_events", "order_events"):
        for row in rows_of(lake, table):
            amount = row.get("amount")
            yield _row(
                table,
                type=row["event_type"],
                at=row["event_at"].isoformat(timespec="microseconds") + "Z",
                key=(row.get("message_id") or row["order_id"]).split(":", 1)[1],
                url=row.get("url"),
                ua=row.get("user_agent"),
                machine=row.get("is_machine"),
                recipient=row.get("recipient_email") or row.get("email"),
                amount=None if amount is None else str(amount),
                reason=row.get("reason"),
            )
    for row in rows_of(lake, "contacts"):
        if row["updated_at"].year != 2000:
            yield ("contacts", row["contact_id"], row["email"])


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared sample payloads aren't here")
@pytest.mark.parametrize(
    ("sender", "file", "events"), [pytest.param(*each, id=each[1]) for each in _expected()]
)
def test_a_sample_payload_gives_its_rows(
    sender: str, file: str, events: list[dict[str, Any]], tmp_path: Path
) -> None:
    result = loaded(sender, SAMPLES / file, lake=tmp_path)
    wanted = Counter(_wanted(event) for event in events if event["outcome"] in ("row", "contact"))
    assert Counter(_given(tmp_path)) == wanted
    assert sum(result.ignored.values()) == sum(each["outcome"] == "ignored" for each in events)
    assert result.rejected == dict(
        Counter(each["why"] for each in events if each["outcome"] == "rejected")
    )


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared sample payloads aren't here")
def test_avro_files_give_the_rows_of_the_same_json(tmp_path: Path) -> None:
    folder = SAMPLES / "braze/made_here"
    loaded("braze", *sorted(folder.glob("*.avro")), lake=tmp_path / "avro")
    loaded("braze", *sorted(folder.glob("*.jsonl")), lake=tmp_path / "json")
    for table in ("send_events", "engagement_events"):
        avro, lines = (rows_of(tmp_path / form, table) for form in ("avro", "json"))
        assert sorted(map(str, avro)) == sorted(map(str, lines))
