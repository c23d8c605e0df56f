-- One row per mailbox provider and week (its Monday, by booked_at in the reporting time zone) of sent
-- messages, tests left out. Counts add up over weeks and providers, rates don't; NULL where a family is
-- measured for none of the messages.
with

messages as (
    select
        *,
        {{ email_domain('recipient_email') }} as recipient_domain,
        {{ week_of('booked_date') }} as week
    from {{ affected('fct_messages', by=week_of('booked_date')) }}
    where is_sent and not is_test
),

providers as (
    select * from {{ ref('dim_mailbox_providers') }}
),

counted as (
    select
        coalesce(providers.mailbox_provider, messages.recipient_domain, 'unknown') as mailbox_provider,
        messages.week,
        {{ group_availability('messages.delivery_availability') }} as delivery_availability,
        {{ group_availability('messages.open_availability') }} as open_availability,
        {{ group_availability('messages.click_availability') }} as click_availability,
        {{ message_counts() }}
    from messages
    left join providers on messages.recipient_domain = providers.domain
    group by coalesce(providers.mailbox_provider, messages.recipient_domain, 'unknown'), messages.week
),

final as (
    select
        counted.mailbox_provider,
        {{ active_attribution_policy() }} as attribution_policy,
        counted.delivery_availability,
        counted.open_availability,
        counted.click_availability,
        counted.sent,
        {{ additive_metrics('counted', only_measured=true) }},
        {{ rates('counted', only_measured=true) }},
        counted.week
    from counted
)

select * from final
