"""What holds of every report of notebooks/reports.yml, whatever it shows."""

import json
import re
from pathlib import Path

import pytest
from helpers.support import PROJECT_ROOT

from email_statistics.reports.pieces import script
from email_statistics.reports.run.registry import read_registry

NAMES = list(read_registry().reports)
NOTEBOOKS = sorted((PROJECT_ROOT / "notebooks" / "reports").glob("*.ipynb"))

Pages = tuple[dict[str, Path], dict[str, Path]]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_data_give_the_same_page(sample_pages: Pages, name: str) -> None:
    first, second = sample_pages
    assert first[name].read_bytes() == second[name].read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_its_title_and_one_script_and_is_small(sample_pages: Pages, name: str) -> None:
    page = sample_pages[0][name].read_text(encoding="utf-8")
    assert re.search(
        rf"<title>(.* \N{{MIDDLE DOT}} )?{read_registry().reports[name].title}</title>", page
    )
    assert page.count("<script") == page.count(f"<script>{script()}</script>") == 1
    assert len(page) < 8_000_000


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_its_zone_its_data_and_its_build(sample_pages: Pages, name: str) -> None:
    page = sample_pages[0][name].read_text(encoding="utf-8")
    for fact in ("Data through", "Days and times in", "Raw lake", "Built"):
        assert f"<dt>{fact}</dt>" in page


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_a_page_not_a_program(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    title, parameters, load_cell, *rest = notebook["cells"]
    assert "".join(title["source"]).startswith("# ")
    assert parameters["metadata"]["tags"] == ["parameters"]
    assert f"{path.stem}.load(" in "".join(load_cell["source"])
    assert "page = " in "".join(load_cell["source"])
    *rest, go_on, frames = rest
    assert "Go on from here" in "".join(go_on["source"])
    assert frames["source"] == ["page.frames()"]
    for cell in rest:
        source = "".join(cell["source"])
        assert cell["cell_type"] == "markdown" or re.fullmatch(r"page\.\w+\(\)", source)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
