-- One row a source with statistics and day of booked_at: the one place that counts messages. Every
-- column adds up over days and sources; NULL where not measured for any message of the row.
with

messages as (
    select *
    from {{ ref('fct_messages') }}
    where not is_test
),

-- Drafts and scheduled sends show nothing until they go out.
started as (
    select distinct email_source_id
    from messages
    where is_sent or is_failed or is_skipped
),

final as (
    select
        messages.email_source_id,
        count(*) as recipients,
        count(*) filter (where messages.is_sent) as sent,
        count(*) filter (where messages.is_failed) as failed,
        count(*) filter (where messages.is_skipped) as skipped,
        count(*) filter (where messages.is_pending) as pending,
        count(*) filter (where messages.is_sent or messages.is_failed) as total_attempts,
        {{ messages_where('messages.is_accepted') }} as accepted,
        {{ messages_where('messages.is_rejected') }} as rejected,
        {{ messages_where('messages.is_delivered') }} as delivered,
        {{ messages_where('messages.is_delivered_inferred') }} as delivered_inferred,
        {{ messages_where('messages.is_soft_bounced') }} as soft_bounced,
        {{ messages_where('messages.is_hard_bounced') }} as hard_bounced,
        {{ messages_where('messages.is_bounced') }} as bounced,
        {{ messages_where('messages.is_opened') }} as opened,
        {{ messages_where('messages.is_pixel_opened') }} as pixel_opened,
        {{ messages_where('messages.is_machine_opened') }} as machine_opened,
        {{ messages_where('messages.is_clicked') }} as clicked,
        {{ messages_where('messages.is_replied') }} as replied,
        {{ messages_where('messages.is_unsubscribed') }} as unsubscribed,
        {{ messages_where('messages.is_complained') }} as complained,
        count(*) filter (where messages.is_converted) as converted,
        count(*) filter (where messages.is_ordered) as ordered,
        {{ messages_where(where_measured('messages.is_sent', ['delivery'])) }} as sent_reported,
        {{ messages_where(where_measured('messages.is_opened', ['delivery', 'open'])) }} as opened_reported,
        {{ messages_where(where_measured('messages.is_clicked', ['delivery', 'click'])) }} as clicked_reported,
        {{ messages_where(where_measured('messages.is_converted', ['delivery'])) }} as converted_reported,
        {{ messages_where(where_measured('messages.is_delivered', ['delivery', 'open'])) }} as delivered_open_tracked,
        {{ messages_where(where_measured('messages.is_delivered', ['delivery', 'click'])) }} as delivered_click_tracked,
        {{ messages_where(where_measured('messages.is_opened', ['open', 'click'])) }} as opened_click_tracked,
        {{ messages_where(where_measured('messages.is_opened and messages.is_clicked', ['open', 'click'])) }}
            as opened_and_clicked,
        cast(sum(messages.opens) as bigint) as opens,
        cast(sum(messages.clicks) as bigint) as clicks,
        cast(sum(messages.conversions) as bigint) as conversions,
        cast(sum(messages.orders) as bigint) as orders,
        cast(sum(messages.orders_without_rate) as bigint) as orders_without_rate,
        {{ cents('sum(messages.revenue)') }} as revenue,
        {{ cents('sum(messages.net_revenue)') }} as net_revenue,
        messages.booked_date
    from messages
    inner join started on messages.email_source_id = started.email_source_id
    group by messages.email_source_id, messages.booked_date
)

select * from final
