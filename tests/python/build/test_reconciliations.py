"""Each reconciliation fails where it should: one deliberate break for each must be caught."""

from pathlib import Path

import duckdb
import pytest
from helpers.support import PROJECT_ROOT, SampleBuild, copy_database, steps_of

# The test, and a change of the built tables that it must catch.
BREAKS = {
    "raw_rows_are_accepted_duplicate_or_quarantined": [
        "update core.fct_raw_tables set raw_rows = raw_rows + 1 where raw_table = 'send_events'",
        "update core.fct_raw_tables set accepted_rows = null where raw_table = 'order_events'",
    ],
    "messages_are_known_or_orphans": [
        "delete from core.fct_messages "
        "where message_id = (select min(message_id) from core.fct_messages)",
        "update core.fct_raw_tables set orphan_rows = 0 where raw_table = 'send_events'",
    ],
    "named_messages_exist": [
        "update core.fct_engagement_events set message_id = message_id || 'x' "
        "where event_id = (select min(event_id) from core.fct_engagement_events)",
        "update core.fct_conversions set message_id = message_id || 'x' "
        "where conversion_id = "
        "(select min(conversion_id) from core.fct_conversions where is_attributed)",
        "update core.fct_attribution_credits set message_id = message_id || 'x' "
        "where conversion_id = (select min(conversion_id) from core.fct_attribution_credits)",
    ],
    "engagement_is_known_waiting_or_orphaned": [
        "delete from core.fct_engagement_events "
        "where event_id = (select min(event_id) from core.fct_engagement_events)",
        "update core.fct_raw_tables set orphan_rows = orphan_rows + 1 "
        "where raw_table = 'engagement_events'",
    ],
    "recipients_are_sent_failed_skipped_or_pending": [
        "update marts.email_performance_daily set pending = pending + 1 "
        "where email_source_id = (select min(email_source_id) from marts.email_performance_daily)",
        "update marts.email_performance_daily set failed = null",
    ],
    "orders_are_attributed_or_unattributed": [
        "delete from core.fct_conversions where conversion_id = "
        "(select min(conversion_id) from core.fct_conversions where conversion_type = 'order')",
        "update core.fct_conversions set original_revenue = original_revenue + 0.01 "
        "where conversion_id = "
        "(select min(conversion_id) from core.fct_conversions where currency = 'USD')",
        "update core.fct_conversions set is_attributed = null where conversion_id = "
        "(select min(conversion_id) from core.fct_conversions where currency = 'USD')",
    ],
    "every_uncredited_conversion_has_a_reason": [
        "update core.fct_conversions set unattributed_reason = null where not is_attributed",
        "update core.fct_conversions set touch_at = converted_at - interval '5 days 1 microsecond' "
        "where is_attributed",
    ],
    "credited_conversions_agree_across_tables": [
        "update core.fct_messages set revenue = revenue + 0.01 where is_ordered",
        "update marts.email_activity_hourly set orders = null",
        "delete from marts.email_performance_daily where orders > 0",
    ],
    "hours_add_up_to_totals": [
        "update marts.email_activity_hourly set opened = opened + 1",
        "update marts.email_activity_hourly set delivered = null where delivered > 0",
        "delete from marts.email_activity_hourly",
    ],
    "days_add_up_to_totals": [
        "update marts.email_performance set opens = opens + 1 where opens > 0",
        "delete from marts.email_performance_daily where sent > 0",
    ],
    "link_clicks_add_up_over_contacts": [
        "update marts.link_clicks set clicks = clicks + 1",
        "delete from marts.link_clicks "
        "where contact_id = (select min(contact_id) from marts.link_clicks)",
        "update marts.link_performance set total_clicks = null where total_clicks > 0",
    ],
    "messages_add_up_to_performance": [
        "update core.fct_messages set is_opened = false where message_id = "
        "(select min(message_id) from core.fct_messages where is_opened and not is_test)",
        "update marts.email_performance set hard_bounced = 0",
        "delete from marts.email_performance where sent > 0",
    ],
    "every_flag_of_a_message_is_an_outcome": [
        "delete from core.dim_contacts where contact_id = "
        "(select min(contact_id) from core.fct_messages where is_opened and not is_test)",
    ],
    "contacts_add_up_to_messages": [
        "delete from marts.contact_engagement where contact_id = "
        "(select min(contact_id) from marts.contact_engagement where delivered > 0)",
        "update marts.contact_engagement set revenue = revenue + 0.01 where revenue > 0",
    ],
    "weeks_add_up_to_totals": [
        "update marts.deliverability_weekly set opened = null where opened > 0",
        "delete from marts.deliverability_weekly where week = "
        "(select min(week) from marts.deliverability_weekly)",
    ],
    "policies_account_for_every_order": [
        "delete from core.fct_attribution_credits where conversion_id = (select min(conversion_id) "
        "from core.fct_attribution_credits where revenue > 0 and attribution_policy = 'aesthetix')",
        "update marts.attribution_reconciliation "
        "set attributed_revenue = attributed_revenue + 0.01 "
        "where attribution_policy = 'hubspot_linear' and attributed_revenue > 0",
        "update marts.attribution_reconciliation set credited_original_revenue = "
        "credited_original_revenue - 0.01 "
        "where attribution_policy = 'braze' and credited_revenue > 0",
        "update marts.attribution_reconciliation set no_touch_orders = null",
        "delete from marts.attribution_reconciliation where attribution_policy = 'mailpoet'",
    ],
    "shares_add_up_to_the_conversion": [
        "update core.fct_attribution_credits set revenue = revenue + 0.01 "
        "where attribution_policy = 'hubspot_linear' and share < 1",
        "update core.fct_attribution_credits set original_refunded = original_refunded + 0.01 "
        "where attribution_policy = 'aesthetix'",
        "delete from core.fct_attribution_credits where share < 1 and message_id = "
        "(select min(message_id) from core.fct_attribution_credits where share < 1)",
        "update core.fct_attribution_credits set share = 0.5 where is_over_crediting",
    ],
    "the_active_policy_credits_as_its_ledger_says": [
        "update core.fct_attribution_touches set reason = 'superseded' where reason = 'credited'",
        "update core.fct_attribution_touches set touch_at = touch_at - interval '1 microsecond'",
        "delete from core.fct_unattributed_conversions where attribution_policy = 'aesthetix' "
        "and unattributed_reason = 'no_touch'",
        "update core.fct_attribution_credits set message_id = message_id || 'x' "
        "where attribution_policy = 'aesthetix'",
    ],
    "orphans_add_up_over_sources": [
        "update core.fct_orphans set orphan_rows = orphan_rows + 1",
        "delete from core.fct_orphans",
    ],
    "every_source_has_every_check": [
        "delete from marts.email_diagnostics where check_name = 'orphans'",
        "delete from marts.email_diagnostics where email_source_id = "
        "(select min(email_source_id) from marts.email_diagnostics) and check_name = 'orphans'",
    ],
    "every_finding_has_its_words": [
        "update steps.seeds.diagnostics set text = 'Of {message} messages.' "
        "where check_name = 'orphans'",
        "update steps.seeds.diagnostics set text = '{sent} {sent} {sent} {sent} {sent} {sent}' "
        "where check_name = 'orphans'",
        "update steps.seeds.diagnostics set affected = 'message' where check_name = 'orphans'",
        "update steps.seeds.diagnostics set check_name = 'orphan' where check_name = 'orphans'",
    ],
    "every_reason_is_explained": [
        "delete from core.dim_reasons where kind = 'exclusion' and reason = 'not_http'",
        "delete from core.dim_reasons where kind = 'ledger' and reason = 'superseded'",
        "update core.fct_quarantined_events set reason = 'unlike' where raw_table = 'links'",
        "update marts.email_performance set open_availability = 'unknown'",
        "update core.fct_unattributed_conversions set unattributed_reason = 'unlike'",
    ],
    "ambiguous_conversions_have_candidates": [
        "delete from core.fct_conversion_candidates",
        "update core.fct_conversions set unattributed_reason = 'no_touch' "
        "where unattributed_reason = 'contact_ambiguous'",
    ],
    "link_clicks_add_up_to_campaign_clicks": [
        "update marts.link_performance set total_clicks = total_clicks + 1 where total_clicks > 0",
        "delete from marts.link_performance where total_clicks > 0",
    ],
}


def compiled(build: SampleBuild, name: str) -> str:
    folder = build.warehouse.parent / "target" / "compiled" / "email_statistics" / "tests" / "dbt"
    return (folder / f"{name}.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def breakable(
    sample_build: SampleBuild, tmp_path_factory: pytest.TempPathFactory
) -> duckdb.DuckDBPyConnection:
    """A copy of the build (same file name, so that views find it) without keys in the way."""
    copy = tmp_path_factory.mktemp("broken") / sample_build.database.name
    copy_database(sample_build.database, copy)
    connection = duckdb.connect(copy)
    connection.execute(f"attach '{steps_of(copy)}' as steps")
    return connection


@pytest.mark.parametrize(
    ("name", "change"), [(name, change) for name, changes in BREAKS.items() for change in changes]
)
def test_a_break_is_caught(
    name: str, change: str, sample_build: SampleBuild, breakable: duckdb.DuckDBPyConnection
) -> None:
    query = compiled(sample_build, name)
    assert breakable.sql(query).fetchall() == []
    breakable.execute("begin")
    try:
        breakable.execute(change)
        assert breakable.sql(query).fetchall() != []
    finally:
        breakable.execute("rollback")


@pytest.mark.parametrize(
    "change",
    [
        "is_pending = true where is_sent",
        "is_failed = false where is_failed",
        "open_availability = 'unknown'",
        "link_click_availability = null",
        "booked_at = null",
    ],
)
def test_a_row_that_cannot_be_is_refused(change: str, breakable: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.ConstraintException, match="fct_messages"):
        breakable.execute(f"update core.fct_messages set {change}")


def test_every_reconciliation_has_a_break() -> None:
    names = {path.stem for path in Path(PROJECT_ROOT / "tests" / "dbt").glob("*.sql")}
    assert names == set(BREAKS)
