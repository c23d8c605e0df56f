-- One row per accepted engagement event of a known message, tests included. Events don't add up to
-- messages: a contact who opens ten times is ten rows here and one opened message.
with

engagement_events as (
    select *
    from {{ affected('stg_engagement_events') }}
    where row_status = 'accepted'
),

messages as (
    select *
    from {{ affected('int_messages_measured') }}
),

clicks as (
    select *
    from {{ affected('int_clicks_linked') }}
),

bursts as (
    select *
    from {{ affected('int_clicks_burst') }}
),

machine_user_agents as (
    select * from {{ ref('int_user_agents_matched') }}
),

joined as (
    select
        engagement_events.event_id,
        engagement_events.message_id,
        messages.email_source_id,
        messages.contact_id,
        clicks.link_id,
        engagement_events.event_type,
        clicks.link_key,
        case when engagement_events.event_type = 'clicked' then clicks.url else engagement_events.url end as url,
        clicks.link_type,
        engagement_events.user_agent,
        -- The sender's word wins.
        case
            when engagement_events.event_type not in ('opened', 'clicked') then null
            when engagement_events.is_machine then 'machine'
            when not engagement_events.is_machine then 'human'
            when machine_user_agents.user_agent is not null or bursts.event_id is not null then 'machine'
            else 'unknown'
        end as actor,
        case engagement_events.event_type
            when 'opened' then messages.open_availability
            when 'clicked' then messages.click_availability
            when 'replied' then messages.reply_availability
            when 'unsubscribed' then messages.unsubscribe_availability
            else messages.complaint_availability
        end as availability,
        messages.is_test,
        engagement_events.event_at
    from engagement_events
    inner join messages on engagement_events.message_id = messages.message_id
    left join clicks on engagement_events.event_id = clicks.event_id
    left join bursts on engagement_events.event_id = bursts.event_id
    left join machine_user_agents on engagement_events.user_agent = machine_user_agents.user_agent
),

judged as (
    select
        *,
        case
            when is_test then 'test_send'
            when availability <> 'measured' then availability
            when event_type = 'clicked' then {{ link_exclusion('link_type', 'url') }}
        end as exclusion_but_machine
    from joined
),

final as (
    select
        event_id,
        message_id,
        email_source_id,
        contact_id,
        link_id,
        event_type,
        link_key,
        url,
        user_agent,
        actor,
        {{ exclusion_reason('exclusion_but_machine', 'actor') }} as exclusion_reason,
        {{ exclusion_reason('exclusion_but_machine', 'actor') }} is null as is_counted,
        exclusion_but_machine is null as is_counted_but_for_machine,
        event_at
    from judged
)

select * from final
