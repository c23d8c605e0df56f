"""The live pages: forms of reports, Email Analytics, contacts, segments, exports, downloads."""

import html
import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from helpers.report_worlds import NAMES, hostile_copy
from helpers.serving import post
from httpx2 import Response
from starlette.testclient import TestClient

from email_statistics import warehouse
from email_statistics.errors import EmailStatsError
from email_statistics.exports import links
from email_statistics.exports.register import Register
from email_statistics.reports.ask.sources import TYPES
from email_statistics.reports.run import runner

SOURCE = "src_campaign_026"
OPENED = f"/analytics?source_type=campaign&source={SOURCE}&period=life&metric=opened"


def rows(page: Response) -> list[str]:
    """The names that a list of contacts shows."""
    return re.findall(r'<th scope="row"><a href="/contacts\?id=([^"]+)">', page.text)


def finished(client: TestClient, answer: Response) -> Response:
    """Wait for the page that a form asked for."""
    location = answer.headers["location"]
    until = time.monotonic() + 300
    while location.startswith("/jobs/"):
        page = client.get(location)
        if page.status_code == 200 and 'http-equiv="refresh"' not in page.text:
            return page
        assert time.monotonic() < until, page.text
        time.sleep(0.3)
        location = page.headers.get("location", location)
    return client.get(location)


def test_a_form_renders_a_page_once_for_the_same_days_and_data(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = "/reports/campaign_dashboard"
    page = finished(client, post(client, form, period="7", top_min_delivered="50"))
    assert "24 Jun \N{EN DASH} 30 Jun 2026" in page.text.replace(
        "24\N{EN DASH}30 Jun", "24 Jun \N{EN DASH} 30 Jun"
    )
    assert page.url.path.startswith("/recent/")
    assert f'<a href="{form}">Choose dates</a>' in page.text

    def run(*_: Any, **__: Any) -> None:
        raise AssertionError("it is there already")

    monkeypatch.setattr(runner, "run", run)
    again = post(client, form, period="own", start="2026-06-24", end="", top_min_delivered="50")
    assert again.status_code == 303
    same = post(client, form, period="7", top_min_delivered="50")
    assert same.headers["location"] == page.url.path


def test_what_the_site_has_is_not_rendered_again(client: TestClient) -> None:
    answer = post(client, "/reports/campaign_summary", period="life", email_source_id=SOURCE)
    assert answer.headers["location"] == (
        "/campaigns/summer-sale-20-off--src_campaign_026/index.html"
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"period": "own", "start": "2026-06-31"}, "give a date such as"),
        ({"period": "own", "start": "2026-06-30", "end": "2026-06-01"}, "is after the end"),
        ({"period": "own", "start": "<script>"}, "give a date such as"),
        ({"period": "forever"}, "There are no days"),
        ({"period": "7", "email_source_id": "' or 1=1 --"}, "no campaign has that id"),
        ({"period": "7", "email_source_id": "src_bulk_001"}, "give the id of a campaign"),
    ],
)
def test_what_cant_be_rendered_is_told_beside_the_form(
    client: TestClient, fields: dict[str, str], sentence: str
) -> None:
    answer = post(client, "/reports/campaign_summary", **fields)
    assert answer.status_code == 400
    assert sentence in html.unescape(answer.text)
    assert "<script>" not in answer.text
    assert 'name="period"' in answer.text


def test_a_rendering_that_fails_is_a_page_with_the_sentence(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: Any, **__: Any) -> None:
        raise EmailStatsError("The disk is full: free some <b>space</b>.")

    monkeypatch.setattr(runner, "run", run)
    page = finished(client, post(client, "/reports/campaign_dashboard", period="90"))
    assert "The disk is full: free some &lt;b&gt;space&lt;/b&gt;." in page.text

    def fault(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(runner, "run", fault)
    page = finished(client, post(client, "/reports/campaign_dashboard", period="90"))
    assert "the server&#39;s log says why" in page.text
    assert "secret" not in page.text
    assert "Traceback" not in page.text


def test_a_fault_of_ours_is_a_sentence_without_its_traceback(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault() -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("email_statistics.serve.live.segments", fault)
    answer = client.get("/segments")
    assert (answer.status_code, answer.text) == (
        500,
        "Something failed; the server's log says what.",
    )
    assert "content-security-policy" in answer.headers


def test_every_report_has_its_form(client: TestClient) -> None:
    names = re.findall(r'href="/reports/(\w+)"', client.get("/reports").text)
    assert {"campaign_summary", "attribution", "deliverability", "bulk_statistics"} <= set(names)
    for name in names:
        page = client.get(f"/reports/{name}").text
        of_days = name not in ("experiment", "incrementality")
        assert ('name="period"' in page) == of_days
        assert ('<option value="exp_' in page) != of_days
        assert "as_of" not in page
    assert "klaviyo, mailchimp" in client.get("/reports/attribution").text
    assert client.get("/reports/nope").status_code == 404
    assert post(client, "/reports/nope", form="/exports").status_code == 404


def test_email_analytics_lists_nobody_without_a_source_name(client: TestClient) -> None:
    page = client.get("/analytics?source_type=bulk&metric=opened").text
    assert "Source name is required" in page
    assert "src_bulk_001" in page
    assert "src_campaign_026" not in page
    assert "/contacts?" not in page
    assert '<a href="/analytics" aria-current="page">' in page


def test_metric_boxes_are_the_guides_with_the_numbers_of_the_mart(client: TestClient) -> None:
    page = client.get(f"/analytics?source={SOURCE}&period=life").text
    boxes = re.findall(r"<span>([^<]+)</span><strong>([^<]+)</strong>", page)
    names = [
        "sent",
        "delivered",
        "opened",
        "clicked",
        "complained",
        "bounced",
        "unsubscribed",
        "failed",
    ]
    mart = warehouse.sql(
        "select * from marts.email_performance where email_source_id = $id", id=SOURCE
    )
    assert [int(number) for _, number in boxes] == [mart[name].item() for name in names]
    assert boxes[0][0] == "Sent"


def test_a_list_has_everybody_behind_its_number_in_pages(client: TestClient) -> None:
    listed: list[str] = []
    number, pages = 1, 1
    while number <= pages:
        page = client.get(f"{OPENED}&per_page=50&page={number}")
        pages = int(re.findall(r"Page \d+ of (\d+)", page.text)[0])
        listed += rows(page)
        number += 1
    behind = warehouse.sql(
        "select contact_id from marts.message_outcomes "
        "where email_source_id = $id and outcome = 'opened'",
        id=SOURCE,
    )
    assert pages == 5
    assert sorted(listed) == sorted(behind["contact_id"])


def test_lists_that_cant_be_are_refused_in_a_sentence(client: TestClient) -> None:
    for query in ("per_page=1000", "page=0", "page=-1", "page=x", "page=99999999999999", "page=²"):
        assert client.get(f"{OPENED}&{query}").status_code == 400
    for query in (
        "metric=nope&source=x",
        "source_type=nope",
        "source=nope",
        "period=x&source=" + SOURCE,
    ):
        assert client.get(f"/analytics?{query}").status_code == 400


def test_an_email_that_wasnt_sent_says_so(client: TestClient) -> None:
    draft = warehouse.sql(
        "select email_source_id, email_source_type from core.dim_email_sources where status='draft'"
    ).row(0)
    page = client.get(f"/analytics?source={draft[0]}&source_type={draft[1]}&metric=sent").text
    assert f"Nothing went out from this {TYPES[draft[1]]} yet." in page
    assert "<strong>0</strong>" not in page


def test_days_without_a_send_say_when_it_went_out_and_lead_there(client: TestClient) -> None:
    old = "/analytics?source=src_campaign_004&metric=opened"
    page = client.get(f"{old}&period=7").text
    assert "Its emails are of 28 Nov 2025" in page
    assert "<strong>0</strong>" not in page
    (whole,) = re.findall(r'<a href="([^"]+)">Show its whole life</a>', page)
    assert rows(client.get(html.unescape(whole))) == rows(client.get(f"{old}&period=life")) != []


def test_a_contact_has_its_record(client: TestClient) -> None:
    page = client.get("/contacts?id=ct_0000029").text
    assert "ben.draper.29@gmail.com" in page
    assert "Grand opening follow-up" in page
    bought = warehouse.sql(
        "select contact_id from core.fct_messages where email_source_id = $id and is_ordered"
        " order by contact_id limit 1",
        id=SOURCE,
    ).item()
    record = client.get("/contacts", params={"id": bought}).text
    campaign = "/campaigns/summer-sale-20-off--src_campaign_026/index.html"
    assert f'<a href="{campaign}"><bdi>Summer sale: 20 % off</bdi></a> (campaign)' in record
    for wrong in ("nobody", "", "' or 1=1 --"):
        assert client.get("/contacts", params={"id": wrong}).status_code == 404


def test_segments_have_their_contacts_and_sizes(client: TestClient) -> None:
    sizes = dict(
        warehouse.sql(
            "select segment, count(*) from marts.contact_engagement group by segment"
        ).iter_rows()
    )
    index = client.get("/segments").text
    assert "opened or clicked in the last 30 days" in index
    assert "got 3 emails or more in the last 90 days and engaged with none" in index
    for name in ("re_engagement", "sunset", "hygiene", "unsubscribed"):
        assert f"{sizes[name]:,} contacts" in index
        page = client.get(f"/segments/list?name={name}&per_page=100")
        assert len(rows(page)) == min(100, sizes[name])
        assert f"<h1>{name.replace('re_', 're-').capitalize()}</h1>" in page.text
    assert "No: Do Not Disturb" in client.get("/segments/list?name=unsubscribed&per_page=100").text
    assert client.get("/segments/list?name=nope").status_code == 400
    assert client.get("/segments/list?metric=opened").status_code == 400


def test_hostile_names_are_text_on_every_page(
    client: TestClient, site: Path, sample_warehouse: Path, tmp_path: Path
) -> None:
    (tmp_path / "hostile").mkdir()
    hostile_copy(sample_warehouse, tmp_path / "hostile").replace(site / "email_stats.duckdb")
    for path in (OPENED, "/segments/list?name=hygiene&per_page=100", "/reports/campaign_summary"):
        page = client.get(path).text
        assert "<script>" not in page
        assert "<img" not in page
        assert "&lt;" in page
    form = client.get("/reports/campaign_summary").text
    for name in NAMES:
        assert name not in form or "<" not in name


def test_an_export_is_made_listed_and_downloaded(client: TestClient, site: Path) -> None:
    answer = post(
        client,
        "/exports",
        type="campaigns",
        period="own",
        start="2026-06-01",
        end="2026-06-30",
        format="parquet",
    )
    assert answer.headers["location"] == "/exports#recent"
    page = client.get("/exports").text
    assert "Email marketing campaigns only, 1 Jun" in page
    assert "<td>Email marketing campaigns only</td>" in page
    (url,) = re.findall(r'href="(/exports/[0-9a-f]{16})"', page)
    file = client.get(url)
    assert file.headers["content-disposition"].startswith('attachment; filename="campaigns-')
    assert file.headers["cache-control"] == "private, no-store"
    (path,) = (site / "exports").glob("campaigns_*.parquet")
    assert file.content == path.read_bytes()
    assert "campaigns_" not in file.headers["content-disposition"]
    assert pl.read_parquet(path)["sent"].sum() > 1000


def test_lists_are_exported_whole(client: TestClient, site: Path) -> None:
    fields = {"source": SOURCE, "metric": "opened", "period": "life", "format": "parquet"}
    post(client, "/exports/details", form=OPENED, **fields)
    post(
        client,
        "/exports/segment",
        form=f"/segments/list?{'metric=opened&source=' + SOURCE}&period=life",
        **fields,
    )
    post(
        client, "/exports/segment", form="/segments/list?name=sunset", name="sunset", format="xlsx"
    )
    (details,) = (site / "exports").glob("details_*.parquet")
    (segment,) = (site / "exports").glob("segment_*.parquet")
    assert pl.read_parquet(details).height == 241
    assert pl.read_parquet(segment)["contact_id"].n_unique() == pl.read_parquet(segment).height
    assert [path.suffix for path in (site / "exports").glob("segment_*.xlsx")] == [".xlsx"]


@pytest.mark.parametrize(
    ("path", "fields", "sentence"),
    [
        ("/exports", {"type": "everything"}, "There is no export type"),
        ("/exports", {"type": "all", "format": "exe"}, "There is no format"),
        ("/exports", {"type": "all", "period": "own", "start": "soon"}, "give a day as"),
        ("/exports", {"type": "all", "emails": "jane@a.example"}, "so no link can be sent"),
        ("/exports", {"type": "all", "emails": "jane"}, "give an address"),
        ("/exports/details", {"metric": "opened", "source": "nope"}, "No email has the id"),
        ("/exports/segment", {"name": "nope"}, "There is no segment"),
    ],
)
def test_an_export_that_cant_be_is_told_and_nothing_is_written(
    client: TestClient, site: Path, path: str, fields: dict[str, str], sentence: str
) -> None:
    answer = post(client, path, form="/exports", **fields)
    assert (answer.status_code, sentence in html.unescape(answer.text)) == (400, True)
    assert not [file for file in (site / "exports").iterdir() if "sqlite" not in file.name]


def test_a_link_downloads_one_export_without_sign_in_and_dies_with_it(
    client: TestClient, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_STATS_BASE_URL", "http://localhost")
    post(client, "/exports", type="bulk", period="30")
    (export,) = Register(site / "exports").exports(datetime.now(UTC))
    base = links.base_url()
    assert base is not None
    link = links.link_to(export, base)
    client.cookies.clear()
    assert client.get(link).content == export.path.read_bytes()
    token = link.rpartition("/")[2]
    for wrong in (token[1:], token + "A", token.replace(".", "", 1), export.id, "%2e%2e%2f"):
        assert client.get(f"/exports/download/{wrong}").status_code == 404
    Register(site / "exports").purge(export.expires_at + timedelta(seconds=1))
    answer = client.get(link)
    assert (answer.status_code, "This link isn&#39;t valid" in answer.text) == (404, True)


def test_what_isnt_a_live_export_of_ours_is_never_given(
    client: TestClient, site: Path, tmp_path: Path
) -> None:
    post(client, "/exports", type="bulk", period="30")
    (export,) = Register(site / "exports").exports(datetime.now(UTC))
    for wrong in ("register.sqlite", "..%2femail_stats.duckdb", export.file_name, "", "%00"):
        assert client.get(f"/exports/{wrong}").status_code == 404
    secret = tmp_path / "secret"
    secret.write_text("secret")
    export.path.unlink()
    assert client.get(f"/exports/{export.id}").status_code == 404
    export.path.symlink_to(secret)
    assert client.get(f"/exports/{export.id}").status_code == 404
    with Register(site / "exports").writing(
        file_name="x.csv",
        out=secret,
        description="kept by its user",
        export_type="all",
        requested_by="jane",
        parameters=json.loads("{}"),
        build={},
        now=datetime.now(UTC),
    ) as writing:
        assert client.get(f"/exports/{writing.export.id}").status_code == 404
        writing.export.unfinished.write_text("secret")
        mine = writing.complete(0)
    assert client.get(f"/exports/{mine.id}").status_code == 404
