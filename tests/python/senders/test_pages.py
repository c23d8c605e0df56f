"""The senders' pages as files are what their modules say, and name what a user needs."""

from pathlib import Path

import pytest

from email_statistics.senders import catalog, describing
from email_statistics.senders.profile import read_profile


def test_the_pages_are_current() -> None:
    written = {path.name: path.read_text("utf-8") for path in describing.PAGES.iterdir()}
    assert written == describing.pages(), "run: python -m email_statistics.senders.describing"


@pytest.mark.parametrize("name", catalog.NAMES)
def test_a_page_says_what_to_switch_on_how_to_load_and_what_is_not_measured(name: str) -> None:
    page = describing.page(name)
    parts = [part.splitlines() for part in page.split("\n## ")[1:]]
    titles = {lines[0] for lines in parts}
    assert titles >= {"What to switch on", "Load", "What isn't measured", "How it is read"}
    assert all(any(line.strip() for line in lines[1:]) for lines in parts)
    assert f"email-stats load {name} " in page


@pytest.mark.parametrize("name", catalog.NAMES)
def test_the_profile_on_a_page_is_valid(name: str, tmp_path: Path) -> None:
    profile = describing.page(name).partition("```yaml\n")[2].partition("```")[0]
    path = tmp_path / "senders.yml"
    path.write_text(profile, encoding="utf-8")
    assert read_profile(path, name).is_named
