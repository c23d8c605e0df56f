-- One row per user agent that is a machine's: it matches a known prefetcher or scanner.
with

user_agents as (
    select distinct user_agent
    from {{ affected('stg_engagement_events') }}
    where row_status = 'accepted' and event_type in ('opened', 'clicked')
),

machines as (
    select *
    from {{ ref('user_agents') }}
    where kind in ('prefetcher', 'scanner')
),

final as (
    select distinct user_agents.user_agent
    from user_agents
    inner join machines on lower(user_agents.user_agent) like machines.user_agent_pattern
)

select * from final
