-- One row a user agent that is a machine's: it matches a known prefetcher or scanner.
{{ config(materialized='incremental', unique_key='user_agent') }}
with

user_agents as (
    select distinct user_agent
    from {{ ref('stg_engagement_events') }}
    where
        verdict = 'accepted'
        and event_type in ('opened', 'clicked')
        and {{ 'batch_number = ' ~ batch().number if is_incremental() else 'true' }}
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
