-- One row per contact that survives all merges, also one without messages (0 throughout): what became of
-- the contact's messages, tests left out, and the segment. Counts add up over contacts; NULL where a
-- family is measured for none of the contact's messages.
with

contacts as (
    select *
    from {{ affected('dim_contacts') }}
),

build as (
    select * from {{ ref('build') }}
),

messages as (
    select *
    from {{ affected('fct_messages') }}
    where not is_test
),

counted as (
    select
        messages.contact_id,
        {{ message_counts() }},
        max(messages.sent_at) as last_sent_at,
        max(messages.failed_at) as last_failed_at,
        max(messages.skipped_at) as last_skipped_at,
        max(messages.delivered_at) as last_delivered_at,
        max(messages.soft_bounced_at) as last_soft_bounced_at,
        max(messages.hard_bounced_at) as last_hard_bounced_at,
        max(messages.last_opened_at) as last_opened_at,
        max(messages.last_clicked_at) as last_clicked_at,
        max(messages.replied_at) as last_replied_at,
        max(messages.unsubscribed_at) as last_unsubscribed_at,
        max(messages.complained_at) as last_complained_at,
        max(messages.ordered_at) as last_ordered_at,
        {{ sunset_counts('messages', 'build.data_through_at') }}
    from messages
    cross join build
    group by messages.contact_id
),

described as (
    select
        contacts.contact_id,
        contacts.full_name,
        contacts.email,
        {{ contact_counts('counted') }},
        counted.sunset_messages,
        counted.sunset_engaged_messages,
        contacts.is_do_not_disturb,
        counted.last_sent_at,
        counted.last_failed_at,
        counted.last_skipped_at,
        counted.last_delivered_at,
        counted.last_soft_bounced_at,
        counted.last_hard_bounced_at,
        counted.last_opened_at,
        counted.last_clicked_at,
        counted.last_replied_at,
        counted.last_unsubscribed_at,
        counted.last_complained_at,
        counted.last_ordered_at
    from contacts
    left join counted on contacts.contact_id = counted.contact_id
),

final as (
    select
        described.contact_id,
        {{ active_attribution_policy() }} as attribution_policy,
        described.full_name,
        described.email,
        {{ segment('described', 'build.data_through_at') }} as segment,
        described.sent,
        described.failed,
        described.skipped,
        described.delivered,
        described.soft_bounced,
        described.hard_bounced,
        described.opened,
        described.clicked,
        described.replied,
        described.unsubscribed,
        described.complained,
        described.ordered,
        described.opens,
        described.clicks,
        described.conversions,
        described.orders,
        described.revenue,
        described.net_revenue,
        described.is_do_not_disturb,
        described.last_sent_at,
        described.last_failed_at,
        described.last_skipped_at,
        described.last_delivered_at,
        described.last_soft_bounced_at,
        described.last_hard_bounced_at,
        described.last_opened_at,
        described.last_clicked_at,
        described.last_replied_at,
        described.last_unsubscribed_at,
        described.last_complained_at,
        described.last_ordered_at
    from described
    cross join build
)

select * from final
