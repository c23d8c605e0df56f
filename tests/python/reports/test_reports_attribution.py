"""The attribution report: its numbers, its notebook, its page, on every kind of data."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from helpers.browser import visit
from helpers.notebooks import execute
from helpers.report_worlds import NAMES, copy, loaded
from helpers.support import PROJECT_ROOT
from playwright.sync_api import Browser

from email_statistics import warehouse
from email_statistics.errors import UsageError
from email_statistics.reports.pages.attribution import Attribution
from email_statistics.reports.run.html import to_html
from email_statistics.warehouse import WarehouseError

NOTEBOOK = PROJECT_ROOT / "notebooks" / "reports" / "attribution.ipynb"
ALL = {"start_date": "2000-01-01"}
EVERY = "klaviyo, mailchimp, mailpoet, braze, hubspot_first, hubspot_linear, hubspot_u_shaped"


def load(path: Path, monkeypatch: pytest.MonkeyPatch, **parameters: Any) -> Attribution:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(path))
    page: Attribution = loaded("attribution", **parameters)
    return page


def pieces(page: Attribution) -> str:
    """All of the page's pieces, in order."""
    return "".join(
        piece.markup
        for piece in (
            page.header(),
            page.revenue_by_campaign(),
            page.window_curve(),
            page.opens_and_clicks(),
            page.changes_hands(),
            page.unattributed_by_reason(),
            page.order_story(),
            page.policies_in_words(),
            page.definitions(),
        )
    )


@pytest.fixture(scope="module")
def hostile(sample_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with hostile names for emails, policies and orders."""
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in NAMES)
    return copy(
        sample_warehouse,
        tmp_path_factory.mktemp("hostile_attribution"),
        f"update core.dim_email_sources set email_source_name = list_extract([{names}], "
        f"1 + cast(hash(email_source_id) % {len(NAMES)} as integer))",
        "update core.dim_attribution_policies set label = '<script>alert(4)</script>', "
        "source_title = '<img src=x onerror=alert(5)>', source_url = 'javascript:alert(6)' "
        "where attribution_policy = 'klaviyo'",
        "update core.fct_conversions set currency = '<b>', channel = '<i>'",
    )


@pytest.fixture(scope="module")
def pages(
    sample_warehouse: Path, hostile: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The page of the sample, of an empty period and of hostile names."""
    folder = tmp_path_factory.mktemp("attribution_pages")
    made = {}
    for name, published, parameters in (
        ("sample", sample_warehouse, {}),
        ("empty", sample_warehouse, {"start_date": "2020-01-01", "end_date": "2020-01-31"}),
        ("hostile", hostile, {"last_days": 400, "policies": EVERY}),
    ):
        execute(NOTEBOOK, folder / f"{name}.ipynb", published, **parameters)
        made[name] = folder / f"{name}.html"
        to_html(folder / f"{name}.ipynb", made[name])
    return made


def test_over_all_time_it_has_the_published_numbers(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, **ALL, policies=EVERY)
    performance = dict(
        warehouse.sql(
            "select email_source_id, revenue from marts.email_performance where revenue > 0"
        ).rows()
    )
    by_source = {
        row["email_source_id"]: row["aesthetix"]
        for row in page.by_source.iter_rows(named=True)
        if row["aesthetix"]
    }
    assert by_source == performance
    reconciled = warehouse.sql(
        "select attribution_policy, sum(credited_revenue) as credited, sum(total_revenue) as total "
        "from marts.attribution_reconciliation group by 1"
    )
    for row in reconciled.iter_rows(named=True):
        assert page.by_source[row["attribution_policy"]].sum() == row["credited"]
        assert page.orders["revenue"] == row["total"]


def test_the_curve_at_the_policys_window_is_what_it_credits(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, **ALL)
    curve = page.curve
    assert curve["at"].to_list() == list(range(1, 61))
    assert curve["revenue"][4] == page.orders["attributed_revenue"]
    assert curve["orders"][4] == page.orders["attributed"]
    assert curve["marginal"].sum() == curve["revenue"][-1]
    assert (curve["marginal"] >= 0).all()


def test_what_changes_hands_balances(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, **ALL, policies="hubspot_u_shaped")
    assert page.moved["net"].sum() == Decimal(0)
    assert page.moved["gained"].sum() == page.moved["lost"].sum() > 0
    nobody = page.moved.filter(page.moved["name"].is_null())
    left = warehouse.sql(
        "select sum(total_revenue - attributed_revenue) as left_over, attribution_policy "
        "from marts.attribution_reconciliation "
        "where attribution_policy in ('aesthetix', 'hubspot_u_shaped') group by 2 order by 2"
    )["left_over"]
    assert nobody["net"].item() == left[1] - left[0]


WITHOUT_RATES = tuple(
    f"update core.{table} set revenue = null, net_revenue = null"
    for table in ("fct_conversions", "fct_attribution_credits")
)


def test_orders_without_a_rate_change_hands_too_and_their_money_is_unknown(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ALL | {"policies": "hubspot_u_shaped"}
    known = load(sample_warehouse, monkeypatch, **given).moved
    page = load(copy(sample_warehouse, tmp_path, *WITHOUT_RATES), monkeypatch, **given)
    unknown = page.moved
    assert unknown["orders"].sum() == known["orders"].sum() > 0
    assert sorted(unknown["name"].fill_null("")) == sorted(known["name"].fill_null(""))
    assert unknown["orders_without_rate"].to_list() == unknown["orders"].to_list()
    for column in ("lost", "gained", "net"):
        assert unknown[column].null_count() == unknown.height
    assert "no exchange rate" in page.changes_hands().markup
    assert "Nothing changes hands" not in page.changes_hands().markup


def test_revenue_of_orders_without_a_rate_is_unknown_and_never_0(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(copy(sample_warehouse, tmp_path, *WITHOUT_RATES), monkeypatch, **ALL, policies="")
    orders = f"{page.orders['orders']:,}"
    lead = page.header().markup
    assert f"unknown revenue ({orders} of {orders} orders left out: no exchange rate)" in lead
    assert "credits unknown revenue of it" in lead
    assert "Revenue by attribution window: not known." in page.window_curve().markup
    assert "unknown revenue" in page.opens_and_clicks().markup
    assert "unknown revenue" in page.unattributed_by_reason().markup
    story = page.order_story().markup
    whole = pieces(page).replace(story, "")  # which tells the order's own currency
    assert re.findall(r"\b0\.00\b", re.sub(r"<(style|svg).*?</\1>", "", whole, flags=re.S)) == []


def test_kinds_and_reasons_add_up_to_all_orders(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, **ALL, policies="")
    assert page.kinds["orders"].sum() == page.orders["attributed"]
    assert page.kinds["revenue"].sum() == page.orders["attributed_revenue"]
    assert page.unattributed["orders"].sum() + page.orders["attributed"] == page.orders["orders"]
    assert "Give policies to compare" in page.changes_hands().markup


def test_one_order_is_told_touch_by_touch(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(sample_warehouse))
    order = warehouse.sql(
        "select conversion_id from marts.attribution_ledger where conversion_type = 'order' "
        "group by 1 order by count(distinct reason) desc, 1 limit 1"
    ).item()
    page = load(sample_warehouse, monkeypatch, conversion_id=order)
    told = page.order_story().markup
    assert order in told
    assert told.count("<tr>") == page.story.height + 1
    assert "Not credited: outside its window" in told or "another touch is" in told


def test_an_over_crediting_policy_says_so(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = load(sample_warehouse, monkeypatch, **ALL, policies="braze")
    assert "Braze, over-crediting" in page.revenue_by_campaign().markup
    assert "adds up to more than the orders" in page.revenue_by_campaign().markup


def test_wrong_parameters_end_with_a_sentence(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="did you mean 'klaviyo'"):
        load(sample_warehouse, monkeypatch, policies="klavyo")
    with pytest.raises(UsageError, match="no paid order has that id"):
        load(sample_warehouse, monkeypatch, conversion_id="nothing")


def test_a_database_without_any_row_makes_a_page_that_says_so(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = ["conversions", "attribution_credits", "unattributed_conversions"]
    path = copy(
        sample_warehouse,
        tmp_path,
        *(f"delete from core.fct_{table}" for table in [*tables, "attribution_touches"]),
    )
    page = pieces(load(path, monkeypatch))
    assert "No order was placed in these days." in page
    assert page.count("<strong>No order was placed in these days.") == 5


def test_what_comes_from_data_is_escaped(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = load(hostile, monkeypatch, **ALL, policies="klaviyo")
    text = re.sub(r"<style>.*?</style>", "", pieces(page), flags=re.DOTALL)
    assert "<script" not in text and "<img" not in text and "<b>" not in text
    assert 'href="javascript' not in text


@pytest.mark.parametrize("name", ["sample", "empty", "hostile"])
def test_a_page_fits_its_window_and_asks_for_nothing(
    pages: dict[str, Path], browser: Browser, name: str
) -> None:
    for width in (1280, 390):
        with visit(browser, pages[name], width=width) as seen:
            assert seen.overflow() == 0
            seen.again("dark")
            assert seen.overflow() == 0
            assert set(seen.requests) == {pages[name].as_uri()}
            assert seen.complaints == []


@pytest.mark.parametrize(
    "lacks",
    [
        "drop table core.fct_attribution_credits",
        "alter table core.fct_conversions drop column last_touch_at",
        "alter table core.build drop column data_through_at",
        "update core.build set settings = '{}'",
    ],
)
def test_a_warehouse_of_another_version_is_one_sentence(
    sample_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    path = copy(sample_warehouse, tmp_path, lacks)
    with pytest.raises(WarehouseError, match="built by another version of the project") as error:
        load(path, monkeypatch)
    assert str(error.value).endswith("run `email-stats build`.")
    assert "\n" not in str(error.value)


def test_a_table_that_the_warehouse_lacks_is_one_sentence(
    sample_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_WAREHOUSE", str(sample_warehouse))
    with pytest.raises(WarehouseError, match=r"has no table marts\.nothing: check the name"):
        warehouse.table("marts.nothing")
