"""The sample lake: the same everywhere, careful with folders, and rich in cases."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from email_statistics.sample import DEFAULT_SEED, SampleError, write_sample
from email_statistics.sample.lake import MARKER
from email_statistics.sample.tables import raw_tables

SMALL = 300


def files_of(lake: Path, table: str) -> list[str]:
    """The Parquet files of a raw table, as a reader of the raw contract finds them."""
    files = (lake / table).rglob("*.parquet")
    return sorted(str(file) for file in files if not file.name.startswith("_"))


def rows_of(lake: Path) -> dict[str, list[tuple[str | None, ...]]]:
    """All rows of a lake by table, as text, sorted."""
    rows = {}
    with duckdb.connect() as connection:
        for table in raw_tables():
            # A bound parameter would do for the files, but not in COLUMNS(*).
            relation = connection.sql(
                f"select columns(*)::varchar from read_parquet({files_of(lake, table)},"
                " union_by_name = true, hive_partitioning = false) order by all"
            )
            rows[table] = relation.fetchall()
    return rows


def snapshot(folder: Path) -> dict[str, bytes]:
    """The content of every file below a folder."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.fixture(scope="module")
def small_rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str | None, ...]]]:
    lake = tmp_path_factory.mktemp("small") / "lake"
    write_sample(lake, SMALL)
    return rows_of(lake)


def test_the_committed_sample_is_what_the_generator_writes(
    sample_lake: Path, tmp_path: Path
) -> None:
    summary = write_sample(tmp_path / "again")
    committed, again = rows_of(sample_lake), rows_of(tmp_path / "again")
    for table in raw_tables():
        assert committed[table] == again[table], f"{table}: write seeds/sample_lake again"
    assert summary.rows == {table: len(rows) for table, rows in again.items()}
    assert summary.size_bytes < 1_000_000


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_sample(tmp_path / name, SMALL)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_another_seed_gives_other_rows(
    small_rows: dict[str, list[tuple[str | None, ...]]], tmp_path: Path
) -> None:
    write_sample(tmp_path / "other", SMALL, DEFAULT_SEED + 1)
    other = rows_of(tmp_path / "other")
    for table in ("contacts", "send_events", "engagement_events"):
        assert small_rows[table] != other[table]


@pytest.mark.parametrize("chunk_messages", [1, 97])
def test_the_size_of_a_chunk_changes_no_row(
    small_rows: dict[str, list[tuple[str | None, ...]]], tmp_path: Path, chunk_messages: int
) -> None:
    messages = 40 if chunk_messages == 1 else SMALL
    write_sample(tmp_path / "chunks", messages, chunk_messages=chunk_messages)
    whole = small_rows
    if messages != SMALL:
        write_sample(tmp_path / "whole", messages)
        whole = rows_of(tmp_path / "whole")
    assert rows_of(tmp_path / "chunks") == whole


@pytest.mark.parametrize("messages", [1, 2, 6_000])
def test_any_size_has_its_messages_and_every_table(tmp_path: Path, messages: int) -> None:
    write_sample(tmp_path / "lake", messages, chunk_messages=4_000)
    assert all(files_of(tmp_path / "lake", table) for table in raw_tables())
    with duckdb.connect() as connection:
        sent = files_of(tmp_path / "lake", "send_events")
        found = connection.sql(
            f"select count(distinct message_id) from read_parquet({sent}, union_by_name = true)"
            " where regexp_matches(message_id, '^msg_[0-9]+$')"
        ).fetchall()
    assert messages * 0.998 <= found[0][0] <= messages  # the events of a few never came


def test_a_size_below_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="ask for 1 or more"):
        write_sample(tmp_path / "lake", 0)
    assert not (tmp_path / "lake").exists()


def test_an_earlier_sample_is_replaced_whole(tmp_path: Path) -> None:
    write_sample(tmp_path / "lake", SMALL, chunk_messages=100)
    write_sample(tmp_path / "lake", 50)
    write_sample(tmp_path / "new", 50)
    assert snapshot(tmp_path / "lake") == snapshot(tmp_path / "new")


def test_the_folder_of_a_killed_run_is_still_a_sample(tmp_path: Path) -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sample(tmp_path / "lake", SMALL, progress=stop, chunk_messages=100)
    write_sample(tmp_path / "lake", SMALL)
    write_sample(tmp_path / "new", SMALL)
    assert snapshot(tmp_path / "lake") == snapshot(tmp_path / "new")


@pytest.mark.parametrize("foreign", ["notes.txt", "orders/part-0.parquet", ".hidden", MARKER])
def test_a_folder_with_a_foreign_file_is_refused_and_untouched(
    tmp_path: Path, foreign: str
) -> None:
    lake = tmp_path / "lake"
    (lake / foreign).parent.mkdir(parents=True)
    (lake / foreign).write_text("mine", encoding="utf-8")
    before = snapshot(lake)
    with pytest.raises(SampleError, match="which isn't part of a sample"):
        write_sample(lake, SMALL)
    assert snapshot(lake) == before


def test_a_foreign_file_beside_a_sample_is_refused_and_all_untouched(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    write_sample(lake, 50)
    (lake / "send_events" / "mine.parquet").write_bytes(b"mine")
    before = snapshot(lake)
    with pytest.raises(SampleError, match=r"send_events/mine\.parquet"):
        write_sample(lake, SMALL)
    assert snapshot(lake) == before


def test_a_link_in_the_folder_is_foreign_and_where_it_leads_is_untouched(tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_sample(other, 50)
    lake = tmp_path / "lake"
    lake.mkdir()
    (lake / "contacts").symlink_to(other / "contacts")
    before = snapshot(other)
    with pytest.raises(SampleError, match="contacts"):
        write_sample(lake, 50)
    assert snapshot(other) == before


def test_a_marker_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine", encoding="utf-8")
    write_sample(tmp_path / "lake", 50)
    marker = tmp_path / "lake" / MARKER
    content = json.loads(marker.read_text(encoding="utf-8"))
    content["files"].append("../precious.txt")
    marker.write_text(json.dumps(content), encoding="utf-8")
    write_sample(tmp_path / "lake", 50)
    assert precious.read_text(encoding="utf-8") == "mine"


def test_a_file_or_an_impossible_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(SampleError, match="not a folder"):
        write_sample(file, 50)
    with pytest.raises(SampleError, match="can't be written"):
        write_sample(file / "lake", 50)
    assert file.read_text(encoding="utf-8") == "mine"


# What the sample must show, as a condition on its raw tables. `clean` leaves the rows out that
# stand in a file of broken rows.
FEATURES = {
    "20 to 25 campaigns were sent, and three for experiments": """
        select count(distinct email_source_id) between 23 and 29 from clean_sends
        where email_source_id like 'src_campaign%' and email_source_id != 'src_campaign_lost'""",
    "12 campaigns in the last 30 days": """
        select count(*) >= 12 from (
            select email_source_id from clean_sends where email_source_id like 'src_campaign%'
            group by email_source_id having min(event_at) > timestamp '2026-06-01')""",
    "7 standard ones of them with 100 delivered, opens, clicks and orders": """
        select count(*) >= 7 from (
            select sends.email_source_id
            from clean_sends as sends
            inner join latest_sources as sources using (email_source_id)
            left join clean_engagement as engagement using (message_id)
            left join clean_orders as orders
                on orders.order_id = replace(sends.message_id, 'msg_', 'ord_')
                and orders.event_type = 'paid'
            where sources.email_source_type = 'campaign'
                and coalesce(sources.campaign_kind, 'standard') = 'standard'
                and sources.sending_domain in
                    ('mail.brightsmile.example', 'promo.brightsmile.example')
                and sources.email_source_name != 'Whitening week'
            group by sends.email_source_id
            having min(sends.event_at) > timestamp '2026-06-01'
                and count(distinct sends.message_id)
                    filter (sends.event_type = 'delivered') >= 100
                and count(*) filter (engagement.event_type = 'opened') > 0
                and count(*) filter (engagement.event_type = 'clicked') > 0
                and count(orders.order_id) > 0)""",
    "the newest of each type shows every outcome in its last 30 days": """
        select count(*) = 3 and min(messages) >= 250 and min(outcomes) = 13 from (
            select
                source.email_source_id,
                count(distinct message_id) as messages,
                count(distinct event_type) filter (event_type in
                    ('sent', 'accepted', 'rejected', 'delivered', 'soft_bounced', 'hard_bounced',
                    'skipped', 'failed', 'opened', 'clicked', 'replied', 'unsubscribed',
                    'complained')) as outcomes
            from (
                select email_source_id, message_id, event_type, event_at from clean_sends
                union all
                select sends.email_source_id, message_id, engagement.event_type, sends.event_at
                from clean_engagement as engagement
                inner join clean_sends as sends using (message_id)
            ) as story
            inner join (
                select max_by(email_source_id, first_sent_at) as email_source_id
                from (
                    select email_source_id, email_source_type, min(event_at) as first_sent_at
                    from clean_sends
                    inner join latest_sources using (email_source_id)
                    where event_type = 'sent'
                    group by email_source_id, email_source_type)
                group by email_source_type
            ) as source using (email_source_id)
            where event_at >= timestamp '2026-06-01'
            group by source.email_source_id)""",
    "two workflows of two or three actions": """
        select count(distinct workflow_id) = 2 and count(*) = 5 from latest_sources
        where email_source_type = 'workflow'""",
    "two or three bulk sends": """
        select count(*) = 3 from latest_sources where email_source_type = 'bulk'""",
    "drafts and one scheduled campaign": """
        select count(*) filter (status = 'draft') >= 2
            and count(*) filter (status = 'scheduled') = 1
        from latest_sources""",
    "A/B, RSS and standard campaigns, said and unsaid": """
        select count(distinct campaign_kind) = 3 and bool_or(campaign_kind is null)
        from latest_sources where email_source_type = 'campaign'""",
    "product elements and UTM on, off and unsaid": """
        select bool_or(has_product_element) and bool_or(not has_product_element)
            and bool_or(is_utm_tracking_enabled) and bool_or(not is_utm_tracking_enabled)
            and bool_or(is_utm_tracking_enabled is null)
        from latest_sources""",
    "Track Clicks switched on in time and too late": """
        select count(*) = 2 and count(*) filter (switched_on < starts_at) = 1 from (
            select min(updated_at) filter (is_click_tracking_enabled) as switched_on,
                max(scheduled_at) as starts_at
            from clean_sources where email_source_type = 'campaign'
            group by email_source_id having count(distinct is_click_tracking_enabled) = 2)""",
    "a name with markup, quotes and an emoji": """
        select count(*) > 0 from latest_sources
        where email_source_name like '%<b>%' and email_source_name like '%"%'
            and email_source_name like '%🎉%'""",
    "a workflow moves from outside SMTP to Aesthetix": """
        select count(distinct sends.email_source_id) = 3 from clean_sends as sends
        inner join latest_sources as sources using (email_source_id)
        inner join clean_domains as domains using (sending_domain)
        where sources.email_source_type = 'workflow' and domains.sending_service = 'external_smtp'
            and sends.event_type = 'delivered'
            and sends.event_at > timestamp '2025-12-10 08:00:00'""",
    "outside SMTP reports opens and clicks alone": """
        select count(*) filter (sends.event_type not in ('targeted', 'sent')) = 0
            and count(distinct engagement.event_type) = 2
        from clean_sends as sends
        inner join latest_sources as sources using (email_source_id)
        left join clean_engagement as engagement using (message_id)
        where sources.sending_domain = 'smtp.oldhost.example'""",
    "open tracking switched on in the fourth month": """
        select count(*) > 0 from clean_domains as before
        inner join clean_domains as after using (sending_domain)
        where not before.is_open_tracking_enabled and after.is_open_tracking_enabled
            and before.valid_from < after.valid_from and month(after.valid_from) = 10""",
    "a shared domain, one with DKIM unverified, one with click tracking off": """
        select bool_or(sending_service = 'aesthetix' and not is_dedicated)
            and bool_or(not is_dkim_verified) and bool_or(not is_click_tracking_enabled)
        from clean_domains""",
    "webhooks unknown, complete and incomplete": """
        select count(distinct webhook_event_types) = 3 and bool_or(webhook_event_types is null)
        from clean_domains""",
    "receipts through another service, whose feed knows addresses alone": """
        select count(distinct sends.message_id) >= 200 and count(sends.contact_id) = 0
            and count(distinct email_source_id) = 2 and bool_or(engagement.event_type = 'opened')
        from clean_sends as sends
        left join clean_engagement as engagement using (message_id)
        where message_id in (
            select message_id from clean_sends
            inner join latest_sources as sources using (email_source_id)
            inner join clean_domains as domains using (sending_domain)
            where domains.sending_service = 'event_feed'
                and sources.email_source_type = 'transactional')""",
    "messages to an address of one contact, of several and of none": """
        select bool_or(contacts = 1) and bool_or(contacts > 1) and bool_or(contacts is null)
        from clean_sends as sends
        left join (
            select lower(trim(email)) as email, count(*) as contacts
            from latest_contacts group by all
        ) as emails on lower(trim(sends.recipient_email)) = emails.email
        where sends.contact_id is null""",
    "deferred, then delivered": """
        select count(*) > 0 from outcomes where list_has_all(event_types, ['deferred', 'delivered'])
    """,
    "accepted, then suppressed": """
        select count(*) > 0 from outcomes where event_types = ['accepted', 'skipped']""",
    "a send event of a message that another one names the source of": """
        select count(*) > 0 from clean_sends as sends
        where email_source_id is null and message_id in (
            select message_id from clean_sends where email_source_id is not null)""",
    "a source whose domain has no settings": """
        select count(distinct email_source_id) = 1 from latest_sources
        anti join clean_domains using (sending_domain)""",
    "delivered, opens and clicks of a realistic size": """
        select count(delivered_at) / count(*) between 0.94 and 0.985
            and count(opened) / count(delivered_at) between 0.3 and 0.5
            and count(clicked) / count(delivered_at) between 0.04 and 0.1
        from outcomes
        inner join latest_sources as sources using (email_source_id)
        left join (
            select message_id, max(event_type) filter (event_type = 'opened') as opened,
                max(event_type) filter (event_type = 'clicked') as clicked
            from clean_engagement group by message_id
        ) as engagement using (message_id)
        where sources.sending_domain = 'mail.brightsmile.example'
            and list_contains(event_types, 'sent')
            and coalesce(campaign_kind, 'standard') = 'standard'""",
    "soft bounced, then delivered": """
        select count(*) > 5 from outcomes
        where list_has_all(event_types, ['soft_bounced', 'delivered'])""",
    "delivered, then hard bounced; and the other way round": """
        select count(*) filter (bounced_at > delivered_at) > 0
            and count(*) filter (bounced_at < delivered_at) > 0 from outcomes""",
    "rejected, skipped, failed and pending messages": """
        select count(*) filter (event_types = ['targeted']) > 0
            and count(*) filter (event_types = ['skipped', 'targeted']) > 20
            and count(*) filter (event_types = ['failed', 'targeted']) > 5
            and count(*) filter (list_contains(event_types, 'rejected')) > 5
        from outcomes""",
    "reasons of skips, failures and bounces, one of them Do Not Disturb": """
        select count(*) filter (reason is null and message_id not like 'msg_edge%') = 0
            and count(distinct reason) >= 10 and bool_or(reason like '%DND%')
        from clean_sends
        where event_type in ('skipped', 'failed', 'soft_bounced', 'hard_bounced')""",
    "many mailbox providers": """
        select count(distinct split_part(recipient_email, '@', 2)) >= 10 from clean_sends""",
    "opens that take minutes, days and 131 days": """
        select median(delay) between interval 30 minutes and interval 12 hours
            and count(*) filter (delay > interval 5 days) > 5
            and count(*) filter (delay > interval 130 days) = 2
        from (
            select first_opened_at - delivered_at as delay
            from outcomes inner join opens using (message_id))""",
    "repeated opens and clicks": """
        select count(*) filter (opens > 2) > 100 and count(*) filter (clicks > 1) > 20
        from (
            select count(*) filter (event_type = 'opened') as opens,
                count(*) filter (event_type = 'clicked') as clicks
            from clean_engagement group by message_id)""",
    "one contact makes 94 of 100 clicks": """
        select max(clicks) = 94 and sum(clicks) = 100 from (
            select count(*) as clicks from clean_engagement
            where message_id like 'msg_edge_vip%' and event_type = 'clicked'
            group by message_id)""",
    "engaged and sleeping contacts": """
        select count(*) filter (opened = 0) > 50 and count(*) filter (opened = sent) > 50 from (
            select contact_id, count(distinct message_id) as sent,
                count(distinct opens.message_id) as opened
            from clean_sends left join opens using (message_id)
            where event_at > timestamp '2026-04-01' and event_type = 'delivered'
                and message_id not like 'msg_exp_%'
            group by contact_id having count(distinct message_id) >= 3)""",
    "more mail is read by day than by night, more on Wednesday than on Sunday": """
        select count(*) filter (hour(event_at) between 12 and 18)
                > 2 * count(*) filter (hour(event_at) between 3 and 9)
            and count(*) filter (isodow(event_at) = 3) > count(*) filter (isodow(event_at) = 7)
        from clean_engagement where event_type = 'opened'""",
    "prefetches within a minute of delivery": """
        select count(*) > 100 from clean_engagement as engagement
        inner join outcomes using (message_id)
        where user_agent = 'Mozilla/5.0' and is_machine is null
            and engagement.event_at - outcomes.delivered_at < interval 1 minute""",
    "image proxies of two providers, scanners by name and real browsers": """
        select bool_or(user_agent like '%GoogleImageProxy)')
            and bool_or(user_agent like 'YahooMail%')
            and bool_or(user_agent like '%BarracudaCentral%')
            and bool_or(user_agent like '%Proofpoint%') and count(distinct user_agent) >= 12
        from clean_engagement""",
    "bursts of clicks within one second of the delivery": """
        select count(*) >= 5 from (
            select message_id from clean_engagement inner join outcomes using (message_id)
            where event_type = 'clicked' and is_machine is null
                and event_at - delivered_at <= interval 1 second
            group by message_id having count(distinct link_id) >= 3)""",
    "the sender says machine, human, or nothing": """
        select count(distinct is_machine) = 2 and bool_or(is_machine is null)
        from clean_engagement""",
    "every element and type of link": """
        select list_has_all(list(distinct link_source), ['text', 'button', 'image', 'social',
                'product'])
            and list_has_all(list(distinct coalesce(link_type, 'unsaid')), ['standard', 'trigger',
                'preview', 'unsubscribe', 'affiliate', 'unsaid'])
        from clean_links""",
    "every kind of URL": """
        select bool_and(exists (select * from clean_links where contains(url, kind)))
        from unnest(['mailto:', 'tel:', '#prices', '{{', '%7B%7B', 'exa mple', '..example',
            'whatsapp://', '?sort=', '#sun', 'utm_source=']) as kinds (kind)""",
    "a relative URL, and two links of a source with one URL": """
        select (select bool_or(url like '/%') from clean_links)
            and (select count(*) > 0 from (select 1 from clean_links
                group by email_source_id, url having count(*) > 1))""",
    "clicks by link, by URL, by both, by neither, and on a URL that no link has": """
        select bool_or(link_id is not null and clicks.url is null)
            and bool_or(link_id is null and clicks.url is not null)
            and bool_or(link_id is not null and clicks.url is not null)
            and bool_or(link_id is null and clicks.url is null)
            and bool_or(clicks.url is not null and links.url is null)
        from clean_engagement as clicks
        left join (select distinct url from clean_links) as links on links.url = clicks.url
        where event_type = 'clicked'""",
    "tests of several campaigns, opened and clicked": """
        select count(distinct email_source_id) >= 4
            and count(distinct engagement.event_type) = 2
        from clean_sends inner join clean_engagement as engagement using (message_id)
        where is_test""",
    "merges: chains, a cycle and a pointer to an unknown contact": """
        select count(*) filter (further.merged_into_contact_id is not null) > 1
            and count(*) filter (further.merged_into_contact_id = merged.contact_id) = 2
            and count(*) filter (further.contact_id is null) = 1
        from latest_contacts as merged
        left join latest_contacts as further
            on further.contact_id = merged.merged_into_contact_id
        where merged.merged_into_contact_id is not null""",
    "shared email addresses": """
        select count(*) > 5 from (
            select 1 from latest_contacts where email is not null
            group by lower(trim(email)) having count(*) > 1)""",
    "missing, blank and long names, apostrophes, umlauts and other scripts": """
        select bool_or(full_name is null) and bool_or(trim(full_name) = '')
            and bool_or(length(full_name) > 60) and bool_or(full_name like '%''%')
            and bool_or(full_name like '%ü%') and bool_or(regexp_matches(full_name, '\\p{Han}'))
            and bool_or(regexp_matches(full_name, '\\p{Arabic}'))
            and bool_or(full_name like '=%') and bool_or(full_name like chr(65279) || '%')
        from latest_contacts""",
    "Do Not Disturb, and contacts with a history": """
        select (select count(*) > 3 from latest_contacts where is_do_not_disturb)
            and (select count(*) > 20 from (select 1 from clean_contacts group by contact_id
                having count(*) > 1))""",
    "orders within and outside five days of the read": """
        select count(*) filter (delay < interval 5 days) > 50
            and count(*) filter (delay > interval 5 days) > 3
        from (
            select min(event_at) - any_value(first_opened_at) as delay from clean_orders
            inner join opens on message_id = replace(order_id, 'ord_', 'msg_')
            group by order_id)""",
    "orders by id, by email address in odd writing, by unknown contacts and by nobody": """
        select bool_or(email is null) and bool_or(contact_id is null and email = upper(email))
            and bool_or(contact_id is null and email like ' %')
            and bool_or(contact_id = 'ct_lost') and bool_or(contact_id is null and email is null)
            and bool_or(contact_id = 'ct_never_mailed')
            and bool_or(email = 'Gina.Guest.1@GMail.com')
        from clean_orders""",
    "refunds in part and in full, cancelled, unpaid, unplaced, in parts, worth nothing": """
        select bool_or(refunded = paid) and bool_or(refunded < paid) and bool_or(cancelled > 0)
            and bool_or(paid is null and placed > 0) and bool_or(paid > 0 and placed = 0)
            and bool_or(payments > 1) and bool_or(paid = 0)
        from (
            select sum(amount) filter (event_type = 'refunded') as refunded,
                sum(amount) filter (event_type = 'paid') as paid,
                count(*) filter (event_type = 'cancelled') as cancelled,
                count(*) filter (event_type = 'placed') as placed,
                count(distinct event_id) filter (event_type = 'paid') as payments
            from clean_orders group by order_id)""",
    "USD most of all, three currencies with monthly rates and one without": """
        select mode(currency) = 'USD' and (
            select list(distinct currency order by currency) = ['CAD', 'EUR', 'GBP']
                and count(distinct valid_from) >= 12
            from clean_rates)
            and bool_or(currency = 'JPY') and bool_or(currency = 'EUR')
            and bool_or(currency = 'GBP') and bool_or(currency = 'CAD')
        from clean_orders""",
    "decimal amounts in two channels": """
        select bool_or(amount % 1 != 0) and count(distinct channel) = 2 from clean_orders""",
    "goals of several kinds, some by email address alone": """
        select count(distinct goal_name) >= 4 and bool_or(contact_id is null) and count(*) > 30
        from clean_goals""",
    "late rows, and rows that arrive in another order": """
        select count(*) filter (loaded_at - event_at > interval 1 day) between 20 and 300
            and bool_or(loaded_at < lag_loaded_at)
        from (
            select event_at, loaded_at,
                lag(loaded_at) over (partition by message_id order by event_at) as lag_loaded_at
            from clean_sends)""",
    "the very row twice, and one event_id with other content": """
        select bool_or(copies > distinct_copies) and bool_or(distinct_copies > 1) from (
            select count(*) as copies, count(distinct sends) as distinct_copies
            from clean_sends as sends group by event_id)""",
    "orphans: no source, no contact, no send": """
        select (select bool_or(email_source_id = 'src_campaign_lost')
                and bool_or(contact_id = 'ct_lost') from clean_sends)
            and (select count(distinct message_id) >= 2 from clean_engagement
                anti join sends using (message_id))""",
    "types in odd case and with spaces": """
        select count(*) > 0 from engagement where event_type = '  Opened '""",
    "times with an offset, with Z and without": """
        select bool_or(event_at like '%+02:00') and bool_or(event_at like '%Z')
            and bool_or(event_at like '2026-06-12 09:00:00')
        from sends""",
    "a broken event and its corrected delivery in each table": """
        select count(*) = 2 and count(distinct event_at || loaded_at || event_type) = 2
        from engagement where event_id = 'eng_dirt_corrected'""",
    "columns that the contract doesn't know": """
        select count(*) filter (ip_country is not null) > 0 from engagement""",
    "less than one row in a hundred broken": """
        select count(*) filter (event_id like '%dirt%' or event_id is null) < 0.01 * count(*)
        from sends""",
}

VIEWS = """
    create view latest_sources as
    select * from clean_sources
    qualify row_number() over (partition by email_source_id order by updated_at desc) = 1;
    create view latest_contacts as
    select * from clean_contacts
    qualify row_number()
        over (partition by contact_id order by updated_at desc, loaded_at desc) = 1;
    create table outcomes as
    select message_id, any_value(email_source_id) as email_source_id,
        list_sort(list(distinct event_type)) as event_types,
        max(event_at) filter (event_type = 'delivered') as delivered_at,
        max(event_at) filter (event_type = 'hard_bounced') as bounced_at
    from clean_sends group by message_id;
    create table opens as
    select message_id, min(event_at) as first_opened_at from clean_engagement
    where event_type = 'opened' and user_agent != 'Mozilla/5.0' group by message_id;
"""
SHORT_NAMES = {
    "contacts": "contacts",
    "sending_domains": "domains",
    "email_sources": "sources",
    "links": "links",
    "exchange_rates": "rates",
    "send_events": "sends",
    "engagement_events": "engagement",
    "order_events": "orders",
    "goal_events": "goals",
}


@pytest.fixture(scope="module")
def sample(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables of a sample of default size: `<name>` as text, `clean_<name>` as they are."""
    lake = tmp_path_factory.mktemp("sample") / "lake"
    write_sample(lake)
    with duckdb.connect() as connection:
        for table, name in SHORT_NAMES.items():
            files = files_of(lake, table)
            clean = [file for file in files if not file.endswith("dirty.parquet")]
            for view, some in ((name, files), (f"clean_{name}", clean)):
                connection.execute(
                    f"create table {view} as select * from read_parquet({some},"
                    " union_by_name = true, hive_partitioning = false)"
                )
        connection.execute(VIEWS)
        yield connection


@pytest.mark.parametrize("feature", FEATURES)
def test_the_sample_has(sample: duckdb.DuckDBPyConnection, feature: str) -> None:
    assert sample.sql(FEATURES[feature]).fetchall() == [(True,)]


BLANK = "coalesce(trim({}), '') = ''"
BROKEN_EVENTS = {
    "sends": ["message_id", "email_source_id", "contact_id"],
    "engagement": ["message_id"],
    "orders": ["order_id"],
    "goals": [],
}


@pytest.mark.parametrize("events", BROKEN_EVENTS)
def test_each_table_of_events_has_every_kind_of_broken_row(
    sample: duckdb.DuckDBPyConnection, events: str
) -> None:
    keys = ["event_id", "event_type", "event_at", "loaded_at", *BROKEN_EVENTS[events]]
    kinds = [BLANK.format(key) for key in keys] + [
        f"lower(trim(event_type)) not in (select event_type from clean_{events})",
        "trim(event_at) != '' and try_cast(event_at as timestamptz) is null",
        "try_cast(event_at as timestamptz) < timestamptz '2000-01-01 00:00:00+00'",
        "try_cast(event_at as timestamptz) > try_cast(loaded_at as timestamptz) + interval 1 day",
    ]
    if events == "orders":
        charged = "lower(trim(event_type)) in ('paid', 'refunded') and "
        kinds += [
            charged + BLANK.format("amount"),
            charged + "try_cast(amount as double) < 0",
            charged + "regexp_matches(amount, '[.][0-9]{3}')",
            charged + BLANK.format("currency"),
            charged + "not regexp_matches(trim(currency), '^[A-Za-z]{3}$')",
            "event_type = 'placed' and amount is not null and try_cast(amount as double) is null",
        ]
    if events in ("sends", "engagement"):
        flag = "is_test" if events == "sends" else "is_machine"
        kinds.append(f"trim({flag}) != '' and try_cast({flag} as boolean) is null")
    counts = ", ".join(f"count(*) filter ({kind})" for kind in kinds)
    (found,) = sample.sql(f"select {counts} from {events}").fetchall()
    assert [kind for kind, count in zip(kinds, found, strict=True) if count == 0] == []


def test_a_writer_at_work_left_a_file_that_is_no_parquet(sample_lake: Path) -> None:
    at_work = sample_lake / "engagement_events" / "_temporary.parquet"
    with duckdb.connect() as connection, pytest.raises(duckdb.Error):
        connection.read_parquet(str(at_work))
