"""What ``senders.yml`` may say, and what is said of a wrong line."""

from pathlib import Path

import pytest

from email_statistics.senders import catalog
from email_statistics.senders.describing import example_profile, page
from email_statistics.senders.profile import ProfileError, read_profile, read_profiles


def _profile(folder: Path, text: str) -> Path:
    path = folder / "senders.yml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", catalog.NAMES)
def test_the_example_profile_is_one(name: str, tmp_path: Path) -> None:
    profiles = read_profiles(_profile(tmp_path, example_profile(name)))
    assert list(profiles) == [name] and profiles[name].is_named


@pytest.mark.parametrize("name", catalog.NAMES)
def test_a_senders_page_says_what_to_do_and_what_is_not_measured(name: str) -> None:
    text = page(name)
    for part in ("## What to switch on", f"email-stats load {name} ", "## What isn't measured"):
        assert part in text


def test_without_a_profile_a_sender_has_the_defaults() -> None:
    profile = read_profile(None, "sendgrid")
    assert not profile.is_named and profile.source.type == "campaign" and profile.counts_orders


WRONG = {
    "senders:\n  sendgrd: {}\n": "line 2: there is no sender 'sendgrd': did you mean 'sendgrid'?",
    "senders:\n  sendgrid:\n    surce: {}\n": "line 3: unknown key 'surce': did you mean 'source'?",
    "senders:\n  sendgrid:\n    source:\n      from: [categry]\n": "line 4: sendgrid has no field 'categry': did you mean 'category'?",
    "senders:\n  ses:\n    variant: tag.variant\n": "line 3: ses has no field 'tag.variant': did you mean 'tags.variant'?",
    "senders:\n  sendgrid:\n    source: {type: letter}\n": "line 3: 'senders.sendgrid.source.type'",
    "senders:\n  sendgrid:\n    signing_key: MFkw/secret+key==\n": "line 3: 'senders.sendgrid.signing_key': write the name",
    "senders:\n  sendgrid:\n    strip_parameters: [lid, utm_source]\n": "line 3: 'senders.sendgrid.strip_parameters.1': utm_",
    "senders:\n  sendgrid:\n    domains:\n      a.b:\n        event_types: [opend]\n": "event_types.0': Input should be 'targeted', 'skipped', 'failed', 'accepted', 'sent', 'deferred', 'rejected', 'delivered', 'soft_bounced', 'hard_bounced', 'opened', 'clicked'",
    "senders:\n  table:\n    tables:\n      send_events: {columns: {event_at: {field: a, constant: b}}}\n": "line 4: 'senders.table.tables.send_events.columns.event_at': give either 'field' or 'constant'.",
    "senders:\n  table:\n    tables:\n      send_event: {columns: {a: b}}\n": "line 4: there is no table 'send_event': did you mean 'send_events'?",
    "orders: [shopfy]\n": "line 1: there is no sender 'shopfy': did you mean 'shopify'?",
    "senders: [\n": "is no YAML",
}


@pytest.mark.parametrize("text", WRONG)
def test_the_first_wrong_line_is_named_with_what_to_write(text: str, tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as raised:
        read_profiles(_profile(tmp_path, text))
    assert WRONG[text] in str(raised.value)
    assert "secret+key" not in str(raised.value)


def test_orders_names_the_systems_whose_orders_count(tmp_path: Path) -> None:
    path = _profile(tmp_path, "orders: [shopify]\nsenders:\n  klaviyo: {}\n")
    assert read_profile(path, "shopify").counts_orders
    assert not read_profile(path, "klaviyo").counts_orders
    assert not read_profile(path, "stripe").counts_orders
