"""Rendered pages: those of the site and nothing else, whatever the path; new data are told."""

import json
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest
from helpers.serving import token_of
from starlette.testclient import TestClient

CAMPAIGN = "campaigns/summer-sale-20-off--src_campaign_026/index.html"


def test_each_page_is_given_as_it_lies_there_with_the_live_menu(
    client: TestClient, site: Path
) -> None:
    written = json.loads((site / "reports" / ".site.json").read_text())
    assert {"index.html", "dashboard/index.html", CAMPAIGN} <= set(written)
    for path in written:
        answer = client.get(f"/{path}")
        assert answer.status_code == 200
        for url in ("/reports", "/segments", "/exports"):
            assert f'<a href="{url}">' in answer.text
        title = (site / "reports" / path).read_text().partition("<title>")[2].partition("<")[0]
        assert f"<title>{title}</title>" in answer.text
    assert client.get("/").text == client.get("/index.html").text


@pytest.mark.parametrize(
    "path",
    [
        "../email_stats.duckdb", "..%2femail_stats.duckdb", "%2e%2e/email_stats.duckdb",
        "dashboard/../../email_stats.duckdb", "/etc/passwd", "//etc/passwd", "....//etc/passwd",
        ".site.json", ".lock", "renderings", "renderings/", "dashboard", "dashboard/",
        "index.html/", "index.html%00", "index.html%00.html", "INDEX.HTML",
        "dashboard//index.html", "dashboard%5cindex.html",  "%00", "~",
        "static/site.css/..", "static/../../email_stats.duckdb", "\N{FULLWIDTH FULL STOP}./x",
        "exports/../exports/register.sqlite", "register.sqlite", "exports/register.sqlite",
        "file:///etc/passwd", "x" * 5000,
    ],
)  # fmt: skip
def test_nothing_else_is_given_whatever_the_path(client: TestClient, site: Path, path: str) -> None:
    from httpx2 import URL

    raw = f"/{quote(path, safe='/%:.~')}".encode()
    answer = client.get(URL(scheme="http", host="localhost", raw_path=raw))
    assert answer.status_code == 404, answer.text[:200]
    assert "root:" not in answer.text


def test_files_of_renderings_are_no_pages(client: TestClient, site: Path) -> None:
    files = [path for path in (site / "reports").rglob("*") if path.is_file()]
    written = json.loads((site / "reports" / ".site.json").read_text())
    others = {path.relative_to(site / "reports").as_posix() for path in files} - set(written)
    assert any(path.endswith("notebook.ipynb") for path in others)
    for path in others:
        assert client.get(f"/{path}").status_code == 404, path


def test_a_page_runs_its_own_script_and_no_other(client: TestClient) -> None:
    answer = client.get(f"/{CAMPAIGN}")
    policy = answer.headers["content-security-policy"]
    script = policy.partition("script-src ")[2].partition(";")[0]
    assert script.startswith("'sha256-")
    assert script in answer.text
    assert "unsafe-inline" not in script
    assert "form-action 'none'" in policy


def test_a_page_is_sent_again_only_once_it_has_changed(client: TestClient, site: Path) -> None:
    first = client.get(f"/{CAMPAIGN}")
    again = client.get(f"/{CAMPAIGN}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["content-encoding"] == "gzip"
    plain = client.get(f"/{CAMPAIGN}", headers={"Accept-Encoding": "identity"})
    assert plain.text == first.text
    file = site / "reports" / CAMPAIGN
    file.write_text(file.read_text().replace("</h1>", " (new)</h1>", 1))
    changed = client.get(f"/{CAMPAIGN}", headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, "(new)</h1>" in changed.text) == (200, True)


def test_a_page_of_an_earlier_build_says_so_at_the_next_request(
    client: TestClient, site: Path
) -> None:
    assert "New data were published" not in client.get(f"/{CAMPAIGN}").text
    etag = client.get(f"/{CAMPAIGN}").headers["etag"]
    publish(site, "update core.build set built_at = built_at + interval 1 day")
    answer = client.get(f"/{CAMPAIGN}", headers={"If-None-Match": etag})
    assert (answer.status_code, "New data were published" in answer.text) == (200, True)


def publish(site: Path, *statements: str) -> None:
    """Publish the warehouse again, changed: another file takes its place."""
    new, published = site / "new.duckdb", site / "email_stats.duckdb"
    new.write_bytes(published.read_bytes())
    with duckdb.connect(new) as connection:
        for statement in statements:
            connection.execute(statement)
    new.replace(published)


def test_a_new_publication_shows_at_the_next_request(client: TestClient, site: Path) -> None:
    contact = "/contacts?id=ct_0000029"
    assert "Ben Draper" in client.get(contact).text
    publish(
        site,
        "update core.dim_contacts set full_name = 'Somebody' where contact_id = 'ct_0000029'",
        "update marts.contact_engagement set full_name = 'Somebody' "
        "where contact_id = 'ct_0000029'",
    )
    assert "Somebody" in client.get(contact).text


def test_a_page_about_an_email_leads_to_its_contacts_and_its_form(client: TestClient) -> None:
    text = client.get(f"/{CAMPAIGN}").text
    form = "/reports/campaign_summary?email_source_id=src_campaign_026"
    contacts = "/analytics?source_type=campaign&amp;source=src_campaign_026&amp;period=life"
    assert f'href="{form}"' in text
    assert f'href="{contacts}"' in text
    assert '<option value="src_campaign_026" selected>' in client.get(form).text
    assert (
        "<h2><bdi>Summer sale: 20 % off</bdi></h2>"
        in client.get(contacts.replace("&amp;", "&")).text
    )
    assert "email-stats serve" not in text
    assert 'href="/reports/campaign_dashboard"' in client.get("/dashboard/index.html").text
    assert 'href="/reports/home"' in client.get("/").text


def test_a_page_that_was_asked_for_has_the_ways_of_its_email(
    client: TestClient, site: Path
) -> None:
    """As a form leaves it: the rendering of the campaign, with days of its own."""
    reports = site / "reports"
    (run,) = (
        file
        for file in (reports / "renderings" / "campaign_summary").glob("*/run.json")
        if "src_campaign_026" in file.read_text()
    )
    asked_for = json.loads(run.read_text()) | {"is_scheduled": False}
    run.write_text(json.dumps(asked_for))
    path = f"recent/campaign_summary-{run.parent.name}".lower() + "/index.html"
    (reports / path).parent.mkdir(parents=True)
    (reports / path).write_text((reports / CAMPAIGN).read_text())
    written = json.loads((reports / ".site.json").read_text())
    (reports / ".site.json").write_text(json.dumps([*written, path]))
    text = client.get(f"/{path}").text
    assert 'href="/reports/campaign_summary?email_source_id=src_campaign_026"' in text
    assert "Contacts behind the numbers" in text


def test_without_rendered_pages_the_first_one_says_what_to_do(
    client: TestClient, site: Path
) -> None:
    (site / "reports" / ".site.json").unlink()
    answer = client.get("/")
    assert (answer.status_code, "email-stats report" in answer.text) == (200, True)
    assert token_of(client.get("/reports/campaign_dashboard"))


def test_without_published_data_a_page_says_what_to_do(client: TestClient, site: Path) -> None:
    (site / "email_stats.duckdb").unlink()
    answer = client.get("/analytics")
    assert (answer.status_code, "run `email-stats build`" in answer.text) == (503, True)
    assert client.get(f"/{CAMPAIGN}").status_code == 200
