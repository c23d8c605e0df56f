-- One row per message: every flag and time that doesn't depend on orders or goals; fct_messages adds those. Apart
-- because attribution reads it. A flag is NULL where it isn't measured, its time where it isn't true.
with

messages as (
    select * from {{ affected('int_messages_measured') }}
),

engagement as (
    select * from {{ affected('int_messages_engaged') }}
),

dispatched as (
    select
        messages.*,
        coalesce(engagement.opens, 0) as counted_opens,
        coalesce(engagement.clicks, 0) as counted_clicks,
        coalesce(engagement.machine_events > 0 and engagement.other_events = 0, false) as is_opened_by_machines_only,
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
        -- The earliest event that shows that the message left.
        coalesce(
            messages.first_sent_event_at,
            least(
                -- A service that takes an email and then suppresses it hasn't sent it.
                case
                    when messages.first_skipped_event_at is null and messages.first_failed_event_at is null
                        then messages.first_accepted_event_at
                end,
                messages.first_deferred_event_at,
                messages.first_rejected_event_at,
                messages.first_delivered_event_at,
                messages.first_soft_bounced_event_at,
                messages.first_hard_bounced_event_at,
                engagement.first_engaged_at
            )
        ) as dispatched_at
    from messages
    left join engagement on messages.message_id = engagement.message_id
),

delivered as (
    select
        *,
        dispatched_at is not null as is_dispatched,
        -- Whatever bounced in between: the recipient did something, or no hard bounce came after the last delivery.
        first_engaged_at is not null
        or (
            first_delivered_event_at is not null
            and (last_hard_bounced_event_at is null or last_hard_bounced_event_at <= last_delivered_event_at)
        ) as is_delivered_at_last
    from dispatched
),

bounced as (
    select
        *,
        first_hard_bounced_event_at is not null and not is_delivered_at_last as is_hard_bounced_at_last,
        first_soft_bounced_event_at is not null
        and not is_delivered_at_last
        and first_hard_bounced_event_at is null as is_soft_bounced_at_last,
        is_delivered_at_last
        or first_soft_bounced_event_at is not null
        or first_hard_bounced_event_at is not null as is_delivered_or_bounced
    from delivered
),

flagged as (
    select
        *,
        is_dispatched as is_sent,
        first_failed_event_at is not null and not is_dispatched as is_failed,
        first_skipped_event_at is not null and first_failed_event_at is null and not is_dispatched as is_skipped,
        first_skipped_event_at is null and first_failed_event_at is null and not is_dispatched as is_pending,
        {{ where_measured('first_accepted_event_at is not null', ['acceptance']) }} as is_accepted,
        {{ where_measured('first_rejected_event_at is not null and not is_delivered_or_bounced', ['acceptance']) }}
            as is_rejected,
        {{ where_measured('first_deferred_event_at is not null and not is_delivered_or_bounced', ['delivery']) }}
            as is_deferred,
        {{ where_measured('is_delivered_at_last', ['delivery']) }} as is_delivered,
        {{ where_measured('is_delivered_at_last and first_delivered_event_at is null', ['delivery']) }}
            as is_delivered_inferred,
        {{ where_measured('is_hard_bounced_at_last', ['delivery']) }} as is_hard_bounced,
        {{ where_measured('is_soft_bounced_at_last', ['delivery']) }} as is_soft_bounced,
        {{ where_measured('is_hard_bounced_at_last or is_soft_bounced_at_last', ['delivery']) }} as is_bounced,
        {{ where_measured('first_opened_at is not null', ['open']) }} as is_opened,
        {{ where_measured('first_pixel_opened_at is not null', ['open']) }} as is_pixel_opened,
        {{ where_measured('is_opened_by_machines_only', ['open']) }} as is_machine_opened,
        {{ where_measured('first_clicked_at is not null', ['click']) }} as is_clicked,
        {{ where_measured('first_replied_at is not null', ['reply']) }} as is_replied,
        {{ where_measured('first_unsubscribed_at is not null', ['unsubscribe']) }} as is_unsubscribed,
        {{ where_measured('first_complained_at is not null', ['complaint']) }} as is_complained,
        coalesce(dispatched_at, first_send_event_at) as booked_at
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
        variant,
        case
            when is_hard_bounced then hard_bounced_reason
            when is_soft_bounced then soft_bounced_reason
            when is_failed then failed_reason
            when is_skipped then skipped_reason
        end as reason,
        {%- for family in families() %}
        {{ family }}_availability,
        {%- endfor %}
        {{ where_measured('counted_opens', ['open']) }} as opens,
        {{ where_measured('counted_clicks', ['click']) }} as clicks,
        send_events,
        is_test,
        is_winner_rollout,
        is_sent,
        is_failed,
        is_skipped,
        is_pending,
        is_accepted,
        is_rejected,
        is_deferred,
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
        {{ reporting_date('booked_at') }} as booked_date,
        booked_at,
        dispatched_at as sent_at,
        case when is_failed then first_failed_event_at end as failed_at,
        case when is_skipped then first_skipped_event_at end as skipped_at,
        case when is_accepted then first_accepted_event_at end as accepted_at,
        case when is_rejected then first_rejected_event_at end as rejected_at,
        case when is_deferred then first_deferred_event_at end as deferred_at,
        case when is_delivered then coalesce(first_delivered_event_at, first_engaged_at) end as delivered_at,
        case when is_hard_bounced then first_hard_bounced_event_at end as hard_bounced_at,
        case when is_soft_bounced then first_soft_bounced_event_at end as soft_bounced_at,
        case
            when is_hard_bounced then first_hard_bounced_event_at
            when is_soft_bounced then first_soft_bounced_event_at
        end as bounced_at,
        case when is_opened then first_opened_at end as opened_at,
        case when is_pixel_opened then first_pixel_opened_at end as pixel_opened_at,
        case when is_clicked then first_clicked_at end as clicked_at,
        case when is_replied then first_replied_at end as replied_at,
        case when is_unsubscribed then first_unsubscribed_at end as unsubscribed_at,
        case when is_complained then first_complained_at end as complained_at,
        case when is_opened then last_opened_at end as last_opened_at,
        case when is_clicked then last_clicked_at end as last_clicked_at,
        first_send_event_at,
        first_skipped_event_at,
        first_failed_event_at,
        first_sent_event_at,
        first_accepted_event_at,
        first_deferred_event_at,
        first_rejected_event_at,
        first_delivered_event_at,
        last_delivered_event_at,
        first_soft_bounced_event_at,
        first_hard_bounced_event_at,
        last_hard_bounced_event_at,
        domain_settings_valid_from,
        greatest(last_send_event_at, last_engaged_at) as last_updated_at
    from flagged
)

select * from final
