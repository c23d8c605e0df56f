-- One row per mailbox provider and week (its Monday, by booked_at in the reporting time zone) of sent
-- messages, tests left out. Counts add up over weeks and providers, rates don't; NULL where a family is
-- measured for none of the messages.
with

messages as (
    select
        *,
        {{ email_domain('recipient_email') }} as recipient_domain,
        {{ week_of('booked_date') }} as week
    from {{ affected('fct_messages', week_of='booked_date') }}
    where is_sent and not is_test
),

providers as (
    select * from {{ ref('dim_mailbox_providers') }}
),

counted as (
    select
        coalesce(providers.mailbox_provider, messages.recipient_domain, 'unknown') as mailbox_provider,
        messages.week,
        {%- for family in families() if family != 'link_click' %}
        {{ group_availability('messages.' ~ family ~ '_availability') }} as {{ family }}_availability,
        {%- endfor %}
        {{ message_counts() }}
    from messages
    left join providers on messages.recipient_domain = providers.domain
    group by coalesce(providers.mailbox_provider, messages.recipient_domain, 'unknown'), messages.week
),

final as (
    select
        counted.mailbox_provider,
        {{ active_attribution_policy() }} as attribution_policy,
        {%- for family in families() if family != 'link_click' %}
        counted.{{ family }}_availability,
        {%- endfor %}
        counted.sent,
        {{ additive_metrics('counted', only_measured=true) }},
        {{ rates('counted', only_measured=true) }},
        counted.week
    from counted
)

select * from final
