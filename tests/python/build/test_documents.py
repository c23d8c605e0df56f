"""The documents: what they point to is there; the tests' markers say what a test uses."""

import re
from pathlib import Path

import pytest
from helpers.support import PROJECT_ROOT

from email_statistics.reports.run.registry import read_registry

DOCUMENTS = [*sorted(PROJECT_ROOT.glob("*.md")), PROJECT_ROOT / "models" / "overview.md"]
CODE = [
    path
    for folder in ("macros", "models", "notebooks", "src", "tests")
    for path in sorted((PROJECT_ROOT / folder).rglob("*"))
    if path.suffix in {".css", ".ipynb", ".j2", ".js", ".md", ".py", ".sql", ".yml"}
]
SETTINGS = [
    *sorted(PROJECT_ROOT.glob("*.yml")), *sorted((PROJECT_ROOT / "seeds").glob("*.yml")),
    PROJECT_ROOT / "Makefile", PROJECT_ROOT / "pyproject.toml",
]  # fmt: skip
# A path from the project's root; one with a placeholder counts as far as the placeholder.
NAMED_PATH = re.compile(
    r"(?<![\w./…-])(?:macros|models|notebooks|seeds|src|tests)/(?:[\w.-]*\w/?)+"
)
MARKERS = {"unit", "build", "browser"}


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text_of(document))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_path_that_is_named_is_there() -> None:
    """In documents, comments and code; tests of Python name made-up files too."""
    files = [*DOCUMENTS, *SETTINGS, *(path for path in CODE if path.suffix != ".py")]
    files += sorted((PROJECT_ROOT / "src").rglob("*.py"))
    named = {
        (str(file.relative_to(PROJECT_ROOT)), path)
        for file in files
        for path in NAMED_PATH.findall(text_of(file))
    }
    assert len(named) > 50
    assert {(file, path) for file, path in named if not (PROJECT_ROOT / path).exists()} == set()


def test_every_definition_that_is_cited_is_a_section_of_the_overview() -> None:
    sections = set(
        re.findall(r"^##? (.+)$", text_of(PROJECT_ROOT / "models" / "overview.md"), re.M)
    )
    cited = {
        (str(path.relative_to(PROJECT_ROOT)), re.sub(r"\s+(?:#|--)?\s*", " ", section))
        for path in CODE
        for citation in re.findall(r"\(overview: ([A-Z][^)]*)\)", text_of(path))
        for section in ([citation] if citation in sections else citation.split(", "))
    }
    assert {(path, section) for path, section in cited if section not in sections} == set()


def test_the_readme_lists_every_report() -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", text_of(PROJECT_ROOT / "README.md"), re.M))
    assert set(read_registry().reports) <= listed


def test_every_test_has_one_marker(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        assert len(MARKERS & {mark.name for mark in item.iter_markers()}) == 1, item.nodeid


def test_a_test_that_reads_a_build_is_no_unit_test(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        if isinstance(item, pytest.Function) and "sample_build" in item.fixturenames:
            assert item.get_closest_marker("unit") is None, item.nodeid
