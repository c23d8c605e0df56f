-- One row per experiment and contact that was assigned to one of its arms, with what came of it in the days after the
-- assignment (overview: Experiments). Outcomes add up over an arm's contacts; contacts don't over experiments.
with

assigned as (
    select * from {{ ref('int_experiments_assigned') }}
),

conversions as (
    select
        assigned.experiment_id,
        assigned.contact_id,
        count(*) as conversions,
        count(*) filter (where conversions.conversion_type = 'order') as orders,
        count(*) filter (where conversions.conversion_type = 'order' and conversions.revenue is null)
            as orders_without_rate,
        {{ cents('sum(conversions.revenue)') }} as revenue
    from assigned
    inner join {{ ref('fct_conversions') }} as conversions
        on
            assigned.contact_id = conversions.contact_id
            and conversions.converted_at between assigned.assigned_at and assigned.window_ends_at
    group by assigned.experiment_id, assigned.contact_id
),

-- A holdout's control contacts that got the email, or any, after all.
emailed as (
    select distinct
        assigned.experiment_id,
        assigned.contact_id
    from assigned
    inner join {{ ref('fct_messages') }} as messages
        on
            assigned.contact_id = messages.contact_id
            and messages.sent_at between assigned.assigned_at and assigned.window_ends_at
    where
        assigned.experiment_type = 'holdout'
        and assigned.is_control
        and not messages.is_test
        and coalesce(
            messages.email_source_id = assigned.email_source_id, messages.email_source_type <> 'transactional'
        )
),

-- The message whose opens and clicks count in an A/B test of one email; it is found by its first send, too, because
-- messages lie in the order of emails and times. By a variant a contact is assigned when it is sent.
chosen as (
    select
        experiment_id,
        contact_id,
        message_id,
        assigned_at as first_send_event_at
    from assigned
    where is_assigned_by_variant
    union all
    select
        assigned.experiment_id,
        assigned.contact_id,
        min_by(messages.message_id, (messages.first_send_event_at, messages.message_id)) as message_id,
        min(messages.first_send_event_at) as first_send_event_at
    from assigned
    inner join {{ ref('fct_messages') }} as messages
        on
            assigned.contact_id = messages.contact_id
            and assigned.email_source_id = messages.email_source_id
            and messages.first_send_event_at between assigned.assigned_at and assigned.window_ends_at
    where
        assigned.experiment_type = 'ab_test'
        and not assigned.is_assigned_by_variant
        and not messages.is_test
    group by assigned.experiment_id, assigned.contact_id
),

-- Opened or clicked by anyone but a machine.
engaged as (
    select distinct message_id
    from {{ ref('fct_engagement_events') }}
    where
        is_counted
        and event_type in ('opened', 'clicked')
        and actor <> 'machine'
        and message_id in (select chosen.message_id from chosen)
),

messages as (
    select
        chosen.experiment_id,
        chosen.contact_id,
        messages.message_id,
        messages.is_delivered,
        messages.is_opened,
        case when messages.open_availability = 'measured' then engaged.message_id is not null end as is_human_opened,
        messages.is_clicked,
        messages.is_unsubscribed,
        messages.is_complained,
        messages.first_send_event_at
    from chosen
    inner join {{ ref('fct_messages') }} as messages
        on chosen.message_id = messages.message_id and chosen.first_send_event_at = messages.first_send_event_at
    left join engaged on chosen.message_id = engaged.message_id
),

joined as (
    select
        assigned.experiment_id,
        assigned.contact_id,
        messages.message_id,
        assigned.arm,
        assigned.is_control,
        assigned.window_ends_at <= build.data_through_at as is_mature,
        assigned.arms > 1 or emailed.contact_id is not null as is_contaminated,
        coalesce(conversions.conversions, 0) as conversions,
        coalesce(conversions.orders, 0) as orders,
        coalesce(conversions.orders_without_rate, 0) as orders_without_rate,
        coalesce(conversions.revenue, 0) as revenue,
        {%- for outcome in experiment_message_outcomes() %}
        case
            when messages.message_id is not null then messages.is_{{ outcome }}
            when assigned.experiment_type = 'ab_test' and assigned.email_source_id is not null then false
        end as is_{{ outcome }},
        {%- endfor %}
        assigned.assigned_at,
        assigned.window_ends_at,
        messages.first_send_event_at
    from assigned
    cross join {{ ref('build') }} as build
    left join emailed
        on assigned.experiment_id = emailed.experiment_id and assigned.contact_id = emailed.contact_id
    left join conversions
        on assigned.experiment_id = conversions.experiment_id and assigned.contact_id = conversions.contact_id
    left join messages
        on assigned.experiment_id = messages.experiment_id and assigned.contact_id = messages.contact_id
),

-- What isn't mature isn't measured yet.
final as (
    select
        experiment_id,
        contact_id,
        message_id,
        arm,
        case when is_mature then orders end as orders,
        case when is_mature then orders_without_rate end as orders_without_rate,
        case when is_mature then revenue end as revenue,
        is_control,
        is_mature,
        is_contaminated,
        case when is_mature then orders > 0 end as is_ordered,
        case when is_mature then conversions > 0 end as is_converted,
        {%- for outcome in experiment_message_outcomes() %}
        case when is_mature then is_{{ outcome }} end as is_{{ outcome }},
        {%- endfor %}
        assigned_at,
        window_ends_at,
        first_send_event_at
    from joined
)

select * from final
