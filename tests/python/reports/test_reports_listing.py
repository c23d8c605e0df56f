"""Lists as a reader uses them in a browser: sorting, searching, paging, CSV, print."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import nbformat
import polars as pl
import pytest
from helpers.browser import Visit, visit
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Browser

from email_statistics.reports import pieces
from email_statistics.reports.ask.build import Build
from email_statistics.reports.ask.queries import Answer
from email_statistics.reports.pieces import Column, Html, Tab, empty, listing
from email_statistics.reports.run.html import to_html

BUILD = Build(
    built_at=datetime(2026, 3, 2, tzinfo=UTC),
    data_through_at=datetime(2026, 3, 1, tzinfo=UTC),
    project_version="1",
    raw_lake="lake",
    settings={"reporting_timezone": "Europe/Berlin", "reporting_currency": "EUR"},
)

COLUMNS = [
    Column("full_name", "Full name"),
    Column("clicks", "Clicks", "count", "not measured"),
    Column("revenue", "Revenue", "money"),
    Column("open_rate", "Open rate", "rate"),
    Column("clicked_at", "Clicked", "time"),
    Column("url", "URL", "link"),
]

RUN_BY_SPREADSHEETS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    "\N{NO-BREAK SPACE}=1",
    "\N{RIGHT-TO-LEFT MARK}=1",
    "\N{FULLWIDTH EQUALS SIGN}1",
    "\N{MINUS SIGN}1",
    "\x01=1",
    "\x7f\x9f=1",
    "\N{SOFT HYPHEN}=1",
    "\N{WORD JOINER} \N{ARABIC LETTER MARK}+1",
    "\N{TAG SPACE}@SUM(A1)",
    '=HYPERLINK("https://a.example","x")',
]


def row(number: int, name: str = "", clicks: int | None = None) -> dict[str, Any]:
    return {
        "full_name": name or f"Person {number}",
        "clicks": clicks,
        "revenue": Decimal(number) * 1000 + Decimal("0.50") if number % 2 else None,
        "open_rate": number / 300,
        # All in one second, and none after the one before.
        "clicked_at": datetime(2026, 2, 1, 23, 59, 59) - timedelta(microseconds=number),
        "url": f"https://a.example/?n={number}" if number % 3 else "javascript:alert(1)",
    }


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides={"clicks": pl.Int64, "revenue": pl.Decimal(18, 2)})


PEOPLE = frame([row(n, clicks=None if n == 7 else (n * 37) % 1300) for n in range(1, 131)])
QUERY = "select *\nfrom marts.people\nwhere name = 'O''Hara' and note = '</code><b>'"
# More than a table holds; the last ones have every form that a value can have.
MANY = frame(
    [row(n, clicks=n) for n in range(1, 2497)]
    + [
        row(2497, RUN_BY_SPREADSHEETS[0], None) | {"revenue": Decimal("0.00"), "open_rate": 0.0},
        row(2498, "<b>Zoë</b>", 12345) | {"revenue": Decimal("1234567.89"), "open_rate": 1.0},
        row(2499, "مرحبا", 0) | {"revenue": Decimal("-3.10"), "open_rate": 0.00012345},
        row(2500, "Last", 7) | {"revenue": None, "open_rate": None, "url": None},
    ]
)
ODD = frame(
    [row(n, name, n) for n, name in enumerate([*RUN_BY_SPREADSHEETS, "مرحبا", "Zoë"], start=1)]
)


def page_of(folder: Path, *pieces: Html) -> Path:
    """A page of these pieces, made like every report's."""
    cells = [new_markdown_cell("# Lists")]  # type: ignore[no-untyped-call]
    for piece in pieces:
        output = new_output("execute_result", {"text/html": piece.markup})  # type: ignore[no-untyped-call]
        cells.append(new_code_cell("", outputs=[output]))  # type: ignore[no-untyped-call]
    notebook = new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    nbformat.write(notebook, folder / "page.ipynb")  # type: ignore[no-untyped-call]
    to_html(folder / "page.ipynb", folder / "page.html")
    return folder / "page.html"


def test_a_page_says_once_that_there_is_nothing(tmp_path: Path) -> None:
    nothing, other = empty("Nothing here.", "Wait."), empty("Something else.", "Wait.")
    made = page_of(tmp_path, nothing, nothing, other, nothing).read_text("utf-8")
    assert made.count("Nothing here.") == 1
    assert made.count("Something else.") == 1


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    people = listing("People", "people", Answer(PEOPLE, PEOPLE.height, QUERY), COLUMNS, BUILD)
    odd = listing("Odd names", "odd", Answer(ODD, ODD.height, "select 1"), COLUMNS, BUILD)
    many = listing("Many", "many", Answer(MANY, MANY.height, "select 2"), COLUMNS, BUILD)
    tabs = pieces.tabs(
        "lists",
        "List",
        [Tab("People", people, "130"), Tab("Odd names", odd, "13"), Tab("Many", many, "2,500")],
    )
    return page_of(tmp_path_factory.mktemp("lists"), tabs)


@pytest.fixture
def seen(browser: Browser, page: Path) -> Iterator[Visit]:
    with visit(browser, page) as visited:
        yield visited
        assert visited.complaints == []
        assert [url for url in visited.requests if not url.startswith("blob:")] == [page.as_uri()]


def column(seen: Visit, number: int) -> list[str]:
    cells = seen.page.locator(f".es-list:visible tbody tr:visible > :nth-child({number})")
    return [text.strip() for text in cells.all_text_contents()]


def status(seen: Visit) -> str:
    return seen.page.locator(".es-list:visible [role=status]").inner_text()


def sort_by(seen: Visit, label: str) -> None:
    seen.page.locator(".es-list:visible").get_by_role("button", name=label).click()


def downloaded(seen: Visit, folder: Path) -> tuple[str, list[list[str]]]:
    with seen.page.expect_download() as event:
        seen.page.locator(".es-list:visible [data-part=csv]").click()
    event.value.save_as(folder / "list.csv")
    text = (folder / "list.csv").read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    return event.value.suggested_filename, list(csv.reader(io.StringIO(text[1:], newline="")))


def test_a_list_shows_20_rows_a_page_or_50_or_100(seen: Visit) -> None:
    assert status(seen) == "Rows 1 to 20 of 130"
    assert column(seen, 1) == [f"Person {n}" for n in range(1, 21)]
    seen.page.get_by_role("button", name="Next").first.click()
    assert status(seen) == "Rows 21 to 40 of 130"
    for size, last in (("50", "Rows 101 to 130 of 130"), ("100", "Rows 101 to 130 of 130")):
        seen.page.get_by_label("Rows per page").first.select_option(size)
        assert status(seen) == f"Rows 1 to {size} of 130"
        following = seen.page.get_by_role("button", name="Next").first
        while following.is_enabled():
            following.click()
        assert status(seen) == last
    seen.page.get_by_role("button", name="Previous").first.click()
    assert status(seen) == "Rows 1 to 100 of 130"


def test_it_sorts_by_value_and_what_is_not_measured_is_last_both_ways(seen: Visit) -> None:
    seen.page.get_by_label("Rows per page").first.select_option("100")
    clicks = [value for value in PEOPLE["clicks"] if value is not None]
    sort_by(seen, "Clicks")
    head = seen.page.locator(".es-list:visible th", has_text="Clicks")
    assert head.get_attribute("aria-sort") == "descending"
    assert column(seen, 2) == [f"{n:,}" for n in sorted(clicks, reverse=True)[:100]]
    seen.page.get_by_role("button", name="Next").first.click()
    assert column(seen, 2)[-1] == "not measured"
    sort_by(seen, "Clicks")
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(seen, 2) == [f"{n:,}" for n in sorted(clicks)[:100]]
    assert status(seen) == "Rows 1 to 100 of 130, sorted by Clicks, ascending"
    seen.page.get_by_role("button", name="Next").first.click()
    assert column(seen, 2)[-1] == "not measured"


@pytest.mark.parametrize(
    ("label", "first"),
    [("Full name", 1), ("Revenue (EUR)", 129), ("Open rate", 130), ("Clicked (Europe/Berlin)", 1)],
)
def test_every_kind_of_column_sorts(seen: Visit, label: str, first: int) -> None:
    sort_by(seen, label)
    assert column(seen, 1)[0] == f"Person {first}"


def test_it_sorts_from_the_keyboard(seen: Visit) -> None:
    seen.page.locator(".es-list:visible").get_by_role("button", name="Open rate").focus()
    seen.page.keyboard.press("Enter")
    assert column(seen, 1)[0] == "Person 130"


def test_it_finds_rows_that_have_all_the_words(seen: Visit) -> None:
    search = seen.page.get_by_label("Search").first
    search.fill("PERSON n=128")
    assert column(seen, 1) == ["Person 128"]
    assert status(seen) == "Rows 1 to 1 of 1, found among 130"
    search.fill("nobody")
    assert status(seen) == "None of 130 rows matches \u201cnobody\u201d"
    assert column(seen, 1) == []
    search.fill("")
    assert status(seen) == "Rows 1 to 20 of 130"


def test_a_search_needs_no_accents(seen: Visit) -> None:
    seen.page.get_by_text("Odd names").first.click()
    seen.page.locator(".es-list:visible [data-part=search]").fill("zoe")
    assert column(seen, 1) == ["Zoë"]


def test_the_csv_has_all_rows_found_in_their_order_as_plain_values(
    seen: Visit, tmp_path: Path
) -> None:
    sort_by(seen, "Open rate")
    name, rows = downloaded(seen, tmp_path)
    assert name == "people.csv"
    assert rows[0] == [
        "Full name",
        "Clicks",
        "Revenue (EUR)",
        "Open rate",
        "Clicked (Europe/Berlin)",
        "URL",
    ]
    expected = PEOPLE.sort("open_rate", descending=True)
    assert [cells[0] for cells in rows[1:]] == expected["full_name"].to_list()
    numbers = expected.select("clicks", "revenue", "open_rate").rows()
    assert [
        (
            int(cells[1]) if cells[1] else None,
            Decimal(cells[2]) if cells[2] else None,
            float(cells[3]),
        )
        for cells in rows[1:]
    ] == numbers
    times = [datetime.fromisoformat(cells[4]) for cells in rows[1:]]
    assert times == [value.replace(tzinfo=UTC) for value in expected["clicked_at"]]
    assert rows[1][4] == "2026-02-02T00:59:58.999870+01:00"
    assert [cells[5] for cells in rows[1:]] == expected["url"].to_list()
    seen.page.get_by_label("Search").first.fill("n=12")
    assert [cells[0] for cells in downloaded(seen, tmp_path)[1][1:]] == [
        f"Person {n}" for n in (128, 127, 125, 124, 122, 121)
    ]


def test_a_spreadsheet_runs_no_text_of_the_csv(seen: Visit, tmp_path: Path) -> None:
    seen.page.get_by_text("Odd names").first.click()
    rows = downloaded(seen, tmp_path)[1][1:]
    assert [cells[0] for cells in rows] == [
        # HTML has no carriage return: it is read as a line feed, which is defused, too.
        *(f"'{name}".replace("\r", "\n") for name in RUN_BY_SPREADSHEETS),
        "مرحبا",
        "Zoë",
    ]


def test_only_a_web_address_is_a_link(seen: Visit) -> None:
    cells = seen.page.locator(".es-list:visible tbody tr:visible > :nth-child(6)")
    assert cells.nth(0).locator("a").get_attribute("href") == "https://a.example/?n=1"
    assert cells.nth(2).inner_text() == "javascript:alert(1)"
    assert seen.page.locator("a[href^=javascript]").count() == 0


def test_a_list_shows_its_query(seen: Visit) -> None:
    query = seen.page.locator(".es-list:visible pre")
    assert not query.is_visible()
    seen.page.locator(".es-list:visible summary", has_text="SQL").click()
    assert query.is_visible()
    assert query.inner_text() == QUERY


def show_many(seen: Visit) -> None:
    seen.page.locator(".es-switch > label", has_text="Many").click()


def test_a_list_of_many_rows_is_whole_in_pages_search_and_sorting(seen: Visit) -> None:
    show_many(seen)
    assert status(seen) == "Rows 1 to 20 of 2,500"
    search = seen.page.locator(".es-list:visible [data-part=search]")
    search.fill("n=2495")
    seen.page.get_by_text("Rows 1 to 1 of 1, found among 2,500").wait_for()
    assert column(seen, 1) == ["Person 2495"]
    search.fill("")
    seen.page.get_by_text("Rows 1 to 20 of 2,500").wait_for()
    sort_by(seen, "Clicks")
    seen.page.get_by_text("sorted by Clicks, descending").wait_for()
    assert column(seen, 1)[:2] == ["<b>Zoë</b>", "Person 2496"]


def test_names_lead_to_contacts_where_the_live_site_says_so(
    browser: Browser, tmp_path: Path
) -> None:
    """Of the table and of the packed rest alike; a page that stands alone has no such links."""
    ids = pl.Series("id", [f"ct&{number}" for number in range(MANY.height)])
    columns = [replace(COLUMNS[0], contact="id"), COLUMNS[1]]
    people = MANY.with_columns(ids)
    made = page_of(
        tmp_path, listing("All", "all", Answer(people, MANY.height, "select 1"), columns, BUILD)
    )
    names = "[...document.querySelectorAll('.es-shown th a')].map(a => a.getAttribute('href'))"
    for live, found in (("", []), (' data-contacts="/contacts?id="', ["ct%260", "ct%262489"])):
        made.write_text(made.read_text().replace('"es es-list"', f'"es es-list"{live}', 1))
        with visit(browser, made) as seen:
            led = seen.page.evaluate(names)[:1]
            seen.page.locator("[type=search]").fill("Person 2490")
            seen.page.get_by_text("found among").wait_for()
            assert column(seen, 1) == ["Person 2490"]
            led += seen.page.evaluate(names)
            assert led == [f"/contacts?id={its_id}" for its_id in found]


def test_its_csv_has_every_row_defused(seen: Visit, tmp_path: Path) -> None:
    show_many(seen)
    name, rows = downloaded(seen, tmp_path)
    assert name == "many.csv"
    assert len(rows) == 1 + MANY.height
    assert rows[2497][:4] == ["'=1+1", "", "0.00", "0.0"]
    assert rows[2500][:4] == ["Last", "7", "", ""]
    times = [datetime.fromisoformat(cells[4]) for cells in rows[1:]]
    assert times == [value.replace(tzinfo=UTC) for value in MANY["clicked_at"]]


def test_a_row_of_the_rest_looks_like_a_row_of_the_table(
    seen: Visit, browser: Browser, tmp_path: Path
) -> None:
    """The script and the template write the same values alike."""
    last = MANY.tail(20)
    alone = listing("Alone", "alone", Answer(last, last.height, "select 3"), COLUMNS, BUILD)
    show_many(seen)
    seen.page.locator(".es-list:visible [data-part=size]").select_option("100")
    following = seen.page.locator(".es-list:visible [data-part=next]")
    for number in range(2, 26):
        following.click()
        seen.page.get_by_text(f"Page {number} of 25").wait_for()
    rows = seen.page.locator(".es-list:visible tbody tr:visible")
    packed = [" ".join(text.split()) for text in rows.all_inner_texts()[-20:]]
    with visit(browser, page_of(tmp_path, alone)) as other:
        of_table = other.page.locator("tbody tr").all_inner_texts()
        assert packed == [" ".join(text.split()) for text in of_table]
        hrefs = (
            "[...document.querySelectorAll('tr:is(.es-shown) td a')].map(a => a.href).slice(-20)"
        )
        links = [a.get_attribute("href") for a in other.page.locator("td a").all()]
    assert seen.page.evaluate(hrefs)[-len(links) :] == links


def test_a_link_shows_in_another_list_the_rows_with_its_address(
    browser: Browser, tmp_path: Path
) -> None:
    links = pl.DataFrame(
        {"url": ["https://a.example/", "https://a.example/more"], "is_visited": [True, False]}
    )
    clicks = pl.DataFrame({"name": ["Ann", "Bob"], "url": links["url"]})
    column_of = Column("url", "URL", "link", filters="clicks", is_visited="is_visited")
    first = listing("Links", "links", Answer(links, 2, "select 1"), [column_of], BUILD)
    columns = [Column("name", "Name"), Column("url", "URL", "link")]
    second = listing("Clicks", "clicks", Answer(clicks, 2, "select 2"), columns, BUILD)
    with visit(browser, page_of(tmp_path, first, second)) as visited:
        shown = visited.page.locator("#list-clicks tbody tr:visible th")
        visited.page.locator("#list-links a", has_text="a.example/").first.click()
        visited.page.get_by_text("found among 2").wait_for()
        assert shown.all_inner_texts() == ["Ann"]
        visited.page.get_by_role("button", name="Only https://a.example/: show all").click()
        visited.page.get_by_text("Rows 1 to 2 of 2", exact=True).last.wait_for()
        assert visited.page.locator("#list-links .es-out").count() == 1


def test_tabs_say_how_many_and_show_one_list_at_a_time(seen: Visit) -> None:
    tab = seen.page.get_by_role("radio", name="Odd names 13")
    seen.page.get_by_role("radio", name="People 130").focus()
    seen.page.keyboard.press("ArrowRight")
    assert tab.is_checked()
    assert seen.page.locator(".es-list:visible").count() == 1
    assert status(seen) == f"Rows 1 to {ODD.height} of {ODD.height}"


def test_a_list_of_one_page_has_a_search_and_no_choice_of_rows(
    browser: Browser, tmp_path: Path
) -> None:
    for height, controls in ((2, ["search"]), (20, ["search"]), (21, ["search", "size"])):
        answer = Answer(PEOPLE.head(height), height, QUERY)
        with visit(browser, page_of(tmp_path, listing("A", "a", answer, COLUMNS, BUILD))) as one:
            assert status(one) == f"Rows 1 to {min(height, 20)} of {height}"
            shown = one.page.locator("[data-part=search]:visible, [data-part=size]:visible")
            assert [part.get_attribute("data-part") for part in shown.all()] == controls
            assert one.page.locator("[data-part=csv]").is_visible()


def test_in_print_all_lists_are_whole_and_titled(seen: Visit) -> None:
    seen.page.get_by_label("Search").first.fill("nobody")
    seen.page.emulate_media(media="print")
    rows = seen.page.locator(".es-list tbody tr:visible").count()
    assert rows == PEOPLE.height + ODD.height + 1000
    assert seen.page.get_by_text("the first 1000 of 2500 rows").is_visible()
    assert seen.page.get_by_role("heading", name="Odd names: 13").is_visible()
    assert seen.page.locator("button[data-part]:visible, input[type=search]:visible").count() == 0


def test_in_print_a_list_keeps_its_order_whatever_was_shown(seen: Visit) -> None:
    list_ = seen.page.locator(".es-list:visible")
    list_.locator("[data-part=next]").click()
    list_.get_by_label("Search").fill("person 12")
    seen.page.emulate_media(media="print")
    names = seen.page.locator(".es-list").first.locator("tbody th").all_inner_texts()
    assert names == [f"Person {n}" for n in range(1, 131)]
    seen.page.emulate_media(media="screen")
    sort_by(seen, "Full name")
    sort_by(seen, "Full name")
    names = seen.page.locator(".es-list").first.locator("tbody th").all_text_contents()
    assert [name.strip() for name in names] == [f"Person {n}" for n in range(130, 0, -1)]


def test_without_script_a_list_is_a_whole_table(browser: Browser, page: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    without = context.new_page()
    without.goto(page.as_uri())
    assert without.locator(".es-list:visible tbody tr:visible").count() == 130
    assert without.locator("[data-part=controls]:visible").count() == 0
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_list_fits_its_window(browser: Browser, page: Path, width: int) -> None:
    with visit(browser, page, width=width) as visited:
        assert visited.overflow() == 0
        visited.page.get_by_text("Odd names").first.click()
        assert visited.overflow() == 0


def test_no_script_but_the_pages_own_can_run(browser: Browser, tmp_path: Path) -> None:
    hostile = Html("<script>document.title = 'ran'</script><img src=x onerror=\"alert(1)\">")
    path = page_of(tmp_path, hostile)
    with visit(browser, path) as visited:
        assert visited.page.title() == "Lists"
        assert all("Content Security Policy" in text for text in visited.complaints)
        assert visited.complaints
