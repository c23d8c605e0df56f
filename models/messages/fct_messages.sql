-- One row a message (one email to one contact from one source), tests included, orphans not. A flag
-- is NULL where it isn't measured; flags of messages add up, contacts behind them don't.
{{ config(
    materialized='incremental',
    unique_key='message_id',
    meta={'affected_by': 'int_messages_recounted'},
    pre_hook="{{ waits_for(['int_messages_recounted']) }}"
) }}
with

messages as (
    select *
    from {{ ref('int_messages_measured') }}
    where {{ is_affected(ref('int_messages_measured'), 'message_id') }}
),

engagement as (
    select *
    from {{ ref('int_messages_engaged') }}
    where {{ is_affected(ref('int_messages_engaged'), 'message_id') }}
),

conversions as (
    select
        message_id,
        count(*) as conversions,
        count(*) filter (where conversion_type = 'order') as orders,
        count(*) filter (where conversion_type = 'order' and revenue is null) as orders_without_rate,
        {{ cents('sum(revenue)') }} as revenue,
        {{ cents('sum(net_revenue)') }} as net_revenue,
        min(converted_at) as first_converted_at,
        min(converted_at) filter (where conversion_type = 'order') as first_ordered_at
    from {{ ref('fct_conversions') }}
    where is_attributed and {{ is_affected(ref('fct_conversions'), 'message_id') }}
    group by message_id
),

dispatched as (
    select
        messages.*,
        {{ dispatched_at('messages', 'engagement') }} as dispatched_at,
        engagement.opens,
        engagement.clicks,
        engagement.machine_events,
        engagement.other_events,
        engagement.first_engaged_at,
        engagement.last_engaged_at,
        engagement.first_opened_at,
        engagement.first_pixel_opened_at,
        engagement.first_clicked_at,
        engagement.first_replied_at,
        engagement.first_unsubscribed_at,
        engagement.first_complained_at,
        engagement.last_opened_at,
        engagement.last_clicked_at,
        conversions.conversions,
        conversions.orders,
        conversions.orders_without_rate,
        conversions.revenue,
        conversions.net_revenue,
        conversions.first_converted_at,
        conversions.first_ordered_at
    from messages
    left join engagement on messages.message_id = engagement.message_id
    left join conversions on messages.message_id = conversions.message_id
),

delivered as (
    select
        *,
        dispatched_at is not null as is_dispatched,
        {{ is_delivered_at_last('dispatched', 'dispatched') }} as is_delivered_at_last
    from dispatched
),

bounced as (
    select
        *,
        first_hard_bounced_at is not null and not is_delivered_at_last as is_hard_bounced_at_last,
        first_soft_bounced_at is not null
        and not is_delivered_at_last
        and first_hard_bounced_at is null as is_soft_bounced_at_last
    from delivered
),

flagged as (
    select
        message_id,
        email_source_id,
        contact_id,
        recipient_contact_id,
        email_source_type,
        recipient_email,
        hard_bounced_reason,
        soft_bounced_reason,
        failed_reason,
        skipped_reason,
        delivery_availability,
        open_availability,
        click_availability,
        link_click_availability,
        case when open_availability = 'measured' then coalesce(opens, 0) end as opens,
        case when click_availability = 'measured' then coalesce(clicks, 0) end as clicks,
        coalesce(conversions, 0) as conversions,
        coalesce(orders, 0) as orders,
        coalesce(orders_without_rate, 0) as orders_without_rate,
        coalesce(revenue, 0) as revenue,
        coalesce(net_revenue, 0) as net_revenue,
        is_test,
        is_dispatched as is_sent,
        first_failed_at is not null and not is_dispatched as is_failed,
        first_skipped_at is not null and first_failed_at is null and not is_dispatched as is_skipped,
        first_skipped_at is null and first_failed_at is null and not is_dispatched as is_pending,
        {{ where_measured('first_accepted_at is not null', ['delivery']) }} as is_accepted,
        {{ where_measured('first_rejected_at is not null and first_accepted_at is null', ['delivery']) }}
            as is_rejected,
        {{ where_measured('is_delivered_at_last', ['delivery']) }} as is_delivered,
        {{ where_measured('is_delivered_at_last and first_delivered_at is null', ['delivery']) }}
            as is_delivered_inferred,
        {{ where_measured('is_hard_bounced_at_last', ['delivery']) }} as is_hard_bounced,
        {{ where_measured('is_soft_bounced_at_last', ['delivery']) }} as is_soft_bounced,
        {{ where_measured('is_hard_bounced_at_last or is_soft_bounced_at_last', ['delivery']) }} as is_bounced,
        {{ where_measured('first_opened_at is not null', ['open']) }} as is_opened,
        {{ where_measured('first_pixel_opened_at is not null', ['open']) }} as is_pixel_opened,
        {{ where_measured('coalesce(machine_events > 0 and other_events = 0, false)', ['open']) }} as is_machine_opened,
        {{ where_measured('first_clicked_at is not null', ['click']) }} as is_clicked,
        {{ where_measured('first_replied_at is not null', ['delivery']) }} as is_replied,
        {{ where_measured('first_unsubscribed_at is not null', ['delivery']) }} as is_unsubscribed,
        {{ where_measured('first_complained_at is not null', ['delivery']) }} as is_complained,
        coalesce(conversions, 0) > 0 as is_converted,
        coalesce(orders, 0) > 0 as is_ordered,
        {{ reporting_date('coalesce(dispatched_at, first_event_at)') }} as booked_date,
        coalesce(dispatched_at, first_event_at) as booked_at,
        dispatched_at,
        first_failed_at,
        first_skipped_at,
        first_accepted_at,
        first_rejected_at,
        {{ delivered_at('bounced', 'bounced') }} as first_delivered_at,
        first_hard_bounced_at,
        first_soft_bounced_at,
        first_opened_at,
        first_pixel_opened_at,
        first_clicked_at,
        first_replied_at,
        first_unsubscribed_at,
        first_complained_at,
        first_converted_at,
        first_ordered_at,
        last_opened_at,
        last_clicked_at,
        domain_settings_valid_from,
        send_events,
        first_event_at as first_send_event_at,
        first_sent_at as first_sent_event_at,
        first_delivered_at as first_delivered_event_at,
        last_delivered_at as last_delivered_event_at,
        last_hard_bounced_at as last_hard_bounced_event_at,
        greatest(last_event_at, last_engaged_at) as last_updated_at
    from bounced
),

final as (
    select
        message_id,
        email_source_id,
        contact_id,
        recipient_contact_id,
        email_source_type,
        recipient_email,
        case
            when is_hard_bounced then hard_bounced_reason
            when is_soft_bounced then soft_bounced_reason
            when is_failed then failed_reason
            when is_skipped then skipped_reason
        end as reason,
        delivery_availability,
        open_availability,
        click_availability,
        link_click_availability,
        opens,
        clicks,
        conversions,
        orders,
        orders_without_rate,
        send_events,
        revenue,
        net_revenue,
        is_test,
        is_sent,
        is_failed,
        is_skipped,
        is_pending,
        is_accepted,
        is_rejected,
        is_delivered,
        is_delivered_inferred,
        is_hard_bounced,
        is_soft_bounced,
        is_bounced,
        is_opened,
        is_pixel_opened,
        is_machine_opened,
        is_clicked,
        is_replied,
        is_unsubscribed,
        is_complained,
        is_converted,
        is_ordered,
        booked_date,
        booked_at,
        case when is_sent then dispatched_at end as sent_at,
        case when is_failed then first_failed_at end as failed_at,
        case when is_skipped then first_skipped_at end as skipped_at,
        case when is_accepted then first_accepted_at end as accepted_at,
        case when is_rejected then first_rejected_at end as rejected_at,
        case when is_delivered then first_delivered_at end as delivered_at,
        case when is_hard_bounced then first_hard_bounced_at end as hard_bounced_at,
        case when is_soft_bounced then first_soft_bounced_at end as soft_bounced_at,
        case
            when is_hard_bounced then first_hard_bounced_at
            when is_soft_bounced then first_soft_bounced_at
        end as bounced_at,
        case when is_opened then first_opened_at end as opened_at,
        case when is_pixel_opened then first_pixel_opened_at end as pixel_opened_at,
        case when is_clicked then first_clicked_at end as clicked_at,
        case when is_replied then first_replied_at end as replied_at,
        case when is_unsubscribed then first_unsubscribed_at end as unsubscribed_at,
        case when is_complained then first_complained_at end as complained_at,
        first_converted_at as converted_at,
        first_ordered_at as ordered_at,
        case when is_opened then last_opened_at end as last_opened_at,
        case when is_clicked then last_clicked_at end as last_clicked_at,
        first_send_event_at,
        first_skipped_at as first_skipped_event_at,
        first_failed_at as first_failed_event_at,
        first_sent_event_at,
        first_accepted_at as first_accepted_event_at,
        first_rejected_at as first_rejected_event_at,
        first_delivered_event_at,
        last_delivered_event_at,
        first_soft_bounced_at as first_soft_bounced_event_at,
        first_hard_bounced_at as first_hard_bounced_event_at,
        last_hard_bounced_event_at,
        domain_settings_valid_from,
        last_updated_at
    from flagged
)

select * from final
