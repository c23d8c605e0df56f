"""``email-stats trace``: the story of an id, read from the published tables only."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from helpers.faults import EMAIL_STATS, email_stats, the_error
from helpers.support import build_database, environment

from email_statistics import warehouse
from email_statistics.history import find_stories
from email_statistics.history.text import printable, text


@pytest.fixture
def published(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> duckdb.DuckDBPyConnection:
    """The sample, published where readers look; to be changed before it is read."""
    path = tmp_path / "email_stats.duckdb"
    shutil.copy(build_database(sample_warehouse), path)
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    return duckdb.connect(path)


def _one(query: str) -> str:
    value: str = warehouse.sql(query).item(0, 0)
    return value


def story_of(identifier: str) -> str:
    """The text of the only story of an id."""
    (story,) = find_stories(identifier)
    return text(story)


def test_an_order_tells_who_is_credited_and_why_every_other_touch_is_not(
    published: duckdb.DuckDBPyConnection,
) -> None:
    published.close()
    order = _one(
        "select conversion_id from marts.attribution_ledger where conversion_type = 'order' "
        "group by 1 having count(distinct reason) >= 3 order by 1 limit 1"
    )
    touches = warehouse.sql(
        "select * from marts.attribution_ledger where conversion_type = 'order' "
        "and conversion_id = $id",
        id=order,
    )
    lines = story_of(order).splitlines()
    assert lines[0] == f"Order {order}"
    for touch in touches.to_dicts():
        at = f"{touch['touch_at']:%Y-%m-%d %H:%M:%S.%f}+00:00"
        of_touch = [
            line
            for line in lines
            if line.strip().startswith(at) and f"  {touch['touch_type']} " in line
        ]
        assert any(touch["reason"] in line for line in of_touch)
    shown = [line.strip()[:32] for line in lines if re.match(r"\s+\d{4}-", line)]
    assert len(shown) > touches.height
    assert shown == sorted(shown)


def test_a_message_tells_what_each_event_counts_as(published: duckdb.DuckDBPyConnection) -> None:
    published.close()
    message = _one(
        "select message_id from core.fct_messages "
        "where first_hard_bounced_event_at is not null and is_delivered order by 1 limit 1"
    )
    assert "not counted as hard_bounced" in story_of(message)
    excluded = _one(
        "select message_id from core.fct_engagement_events where exclusion_reason = 'not_tracked' "
        "order by 1 limit 1"
    )
    assert "not counted: tracking was off (not_tracked)" in story_of(excluded)
    test_send = _one("select message_id from core.fct_messages where is_test order by 1 limit 1")
    assert "A test: it is in no number." in story_of(test_send)
    assert "not counted as sent: in a test send (test_send)" in story_of(test_send)


def test_a_contact_tells_of_all_its_messages_and_conversions(
    published: duckdb.DuckDBPyConnection,
) -> None:
    published.execute(
        "update core.build set settings = replace(settings, '\"UTC\"', '\"Asia/Tokyo\"')"
    )
    published.close()
    contact = _one(
        "select contact_id from core.fct_conversions where is_attributed "
        "group by 1 order by count(*) desc, 1 limit 1"
    )
    story = story_of(contact)
    messages = warehouse.sql(
        "select message_id from core.fct_messages where contact_id = $id", id=contact
    )
    assert all(message in story for message in messages.to_series())
    assert "Credited to message" in story
    assert "+09:00" in story and "+00:00" not in story


def test_what_is_quarantined_or_a_duplicate_says_so(published: duckdb.DuckDBPyConnection) -> None:
    published.close()
    story = story_of("ord_dirt_broken")
    assert "Nothing of it counts" in story
    assert "invalid_amount" in story and "(no time)" in story
    duplicate = _one(
        "select order_id from core.fct_order_events where verdict = 'duplicate' order by 1 limit 1"
    )
    assert "a duplicate: counts once" in story_of(duplicate)


def test_an_id_of_several_kinds_is_told_as_each(published: duckdb.DuckDBPyConnection) -> None:
    (contact,) = published.execute("select min(contact_id) from core.dim_contacts").fetchall()[0]
    published.execute("update core.fct_order_events set order_id = $id", {"id": contact})
    published.close()
    assert [story.subject for story in find_stories(contact)] == ["order", "contact"]


def test_text_from_the_data_cannot_steer_a_terminal(published: duckdb.DuckDBPyConnection) -> None:
    published.execute(
        "update core.dim_contacts set contact_id = 'a\x1b[2J\u202e' || chr(10) || 'b', "
        "full_name = chr(27) || ']0;x' || chr(7) "
        "where contact_id = (select min(contact_id) from core.dim_contacts)"
    )
    published.close()
    story = story_of("a\x1b[2J\u202e\nb")
    assert all(line.isprintable() for line in story.split("\n"))
    assert printable("a\x1b\u202eé") == "a\\x1b\\u202eé"


def test_an_unknown_id_is_one_sentence_and_exit_code_2(sample_warehouse: Path) -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("email-stats"), "trace", "no'body\x1b"],
        env=environment(Path(), sample_warehouse),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("Error: No message, order, contact or campaign")
    assert "'no'body\\x1b'" in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_contact_is_found_by_each_address_that_it_had(
    published: duckdb.DuckDBPyConnection,
) -> None:
    published.close()
    chain = [story.id for story in find_stories(" ADA.chain.3@gmail.com")]
    assert chain == ["ct_chain_3"]
    # Merged away: messages alone know its address.
    assert [story.id for story in find_stories("ada.chain.1@gmail.com")] == ["ct_chain_3"]
    assert [story.id for story in find_stories("twins.1@gmx.de")] == [
        *("ct_twin_1", "ct_twin_2"),
        "email:twins.1@gmx.de",
    ]


def test_a_contact_known_by_its_address_alone_says_so(
    published: duckdb.DuckDBPyConnection,
) -> None:
    published.close()
    ids = ["email:gina.guest.1@gmail.com"]
    assert [story.id for story in find_stories("Gina.Guest.1@gmail.com")] == ids
    story = story_of(ids[0])
    assert "Known by address alone, gina.guest.1@gmail.com." in story
    assert "Credited to message msg_edge_address_of_none" in story


def test_a_contact_that_was_merged_says_into_which(published: duckdb.DuckDBPyConnection) -> None:
    published.close()
    story = story_of("ct_chain_1")
    assert "Merged into ct_chain_3." in story
    assert re.search(r'"[^"]+" msg_edge_chain_1, event ', story)


def test_a_campaign_has_its_days_and_their_counts(published: duckdb.DuckDBPyConnection) -> None:
    published.close()
    campaign = "src_campaign_026"
    (story,) = find_stories(campaign)
    total = warehouse.sql(
        "select sent, orders from marts.email_performance where email_source_id = $id", id=campaign
    ).row(0, named=True)
    assert f"{total['sent']:,} sent" in text(story).splitlines()[2]
    days = story.timeline.filter(kind="day")["detail"]
    assert sum(int(number) for number in re.findall(r"(\d+) sent", " ".join(days))) == total["sent"]
    assert total["orders"] > 0
    what = story.timeline["what"].to_list()
    assert what[0] == "created" and {"scheduled", "first_sent", "last_sent"} <= set(what)


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_id_is_wrong_usage(sample_warehouse: Path, blank: str) -> None:
    run = email_stats("trace", blank, lake=Path(), warehouse=sample_warehouse)
    assert (run.returncode, run.stdout) == (2, "")
    assert "The id can't be blank" in the_error(run)


def test_an_argument_that_is_not_utf_8_is_wrong_usage(sample_warehouse: Path) -> None:
    run = subprocess.run(
        [*EMAIL_STATS, "trace", b"\xff\xfe"],
        env=environment(Path(), sample_warehouse),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert "isn't UTF-8" in the_error(run)


@pytest.mark.parametrize(
    "lacks",
    [
        "drop table core.fct_order_events",
        "alter table core.fct_messages drop column send_events",
        "alter table core.fct_attribution_touches drop column touch_type",
    ],
)
def test_a_warehouse_of_another_version_is_one_sentence(
    published: duckdb.DuckDBPyConnection, tmp_path: Path, lacks: str
) -> None:
    ((message,),) = published.sql(
        "select message_id from core.fct_attribution_touches order by 1 limit 1"
    ).fetchall()
    published.execute(lacks)
    published.close()
    run = email_stats("trace", message, lake=Path(), warehouse=tmp_path / "email_stats.duckdb")
    assert run.returncode == 1
    assert "was built by another version of the project" in the_error(run)
    assert the_error(run).endswith("run `email-stats build`.")
