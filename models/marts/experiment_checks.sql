-- One row per experiment and check of whether it can be read. Values don't add up.
with

experiments as (
    select * from {{ ref('dim_experiments') }}
),

arms as (
    select * from {{ ref('dim_experiment_arms') }}
),

shares as (
    select
        experiment_id,
        sum(contacts) as contacts,
        sum(contacts - mature_contacts) as immature_contacts,
        sample_ratio({{ sorted_list({'contacts': 'contacts', 'planned_weight': 'planned_weight'}, ['arm']) }})
            as sample_ratio_p,
        {{ joined_texts("arm || ' ' || " ~ number_in_words('contacts'), 'arm') }} as arm_list
    from arms
    group by experiment_id
),

unplanned as (
    select
        experiment_id,
        {{ joined_texts('arm', 'arm') }} as arm_list
    from arms
    where planned_weight = 0 and contacts > 0
    group by experiment_id
),

contacts as (
    select
        experiment_id,
        count(*) filter (where is_contaminated) as contaminated_contacts
    from {{ ref('fct_experiment_contacts') }}
    group by experiment_id
),

first_sends as (
    select
        experiment_id,
        arm,
        median({{ microseconds_of('first_send_event_at') }}) as first_send
    from {{ ref('fct_experiment_contacts') }}
    where first_send_event_at is not null
    group by experiment_id, arm
),

sends as (
    select
        experiment_id,
        case when count(*) > 1 then cast(max(first_send) - min(first_send) as double) / 3600000000 end as hours_apart
    from first_sends
    group by experiment_id
),

evidence as (
    select
        experiments.experiment_id,
        experiments.experiment_type,
        shares.contacts,
        cast(shares.immature_contacts as bigint) as immature_contacts,
        shares.sample_ratio_p,
        shares.arm_list,
        unplanned.arm_list as unplanned_list,
        coalesce(contacts.contaminated_contacts, 0) as contaminated_contacts,
        {{ rate('coalesce(contacts.contaminated_contacts, 0)', 'shares.contacts') }} as contaminated_share,
        sends.hours_apart
    from experiments
    inner join shares on experiments.experiment_id = shares.experiment_id
    left join unplanned on experiments.experiment_id = unplanned.experiment_id
    left join contacts on experiments.experiment_id = contacts.experiment_id
    left join sends on experiments.experiment_id = sends.experiment_id
),

judged as (
    select
        *,
        case
            when sample_ratio_p is null then 'info'
            when sample_ratio_p < {{ sample_ratio_fails_below() }} then 'fail'
            when sample_ratio_p < 0.01 then 'warn'
            else 'ok'
        end as sample_ratio_status,
        case
            when contaminated_share is null then 'info'
            when contaminated_share = 0 then 'ok'
            when contaminated_share < 0.01 then 'info'
            when contaminated_share < 0.05 then 'warn'
            else 'fail'
        end as contamination_status,
        case when immature_contacts > 0 then 'info' else 'ok' end as maturity_status,
        case
            when hours_apart is null then 'info'
            when hours_apart > 24 then 'fail'
            when hours_apart > 1 then 'warn'
            else 'ok'
        end as send_time_status
    from evidence
),

checks as (
    select
        experiment_id,
        'sample_ratio' as check_name,
        sample_ratio_status as status,
        case sample_ratio_status
            when 'ok' then 'Contacts are shared among the arms as planned: ' || arm_list || '.'
            when 'warn'
                then
                    'Contacts are hardly shared among the arms as planned: ' || arm_list
                    || '. Watch it: if the gap grows, something else than chance decides who is in which arm.'
            when 'info' then 'Nobody has been assigned yet.'
            else
                case
                    when unplanned_list is not null then 'Contacts are in arms that are not planned: ' || unplanned_list
                    else 'Contacts are not shared among the arms as planned: ' || arm_list
                end
                || '. Something else than chance decides who is in which arm, so this test cannot be read.'
                || ' Find out where contacts are lost or assigned otherwise, and run it again.'
        end as message,
        sample_ratio_p as value
    from judged
    union all
    select
        experiment_id,
        'contamination' as check_name,
        contamination_status as status,
        case contamination_status
            when 'ok' then 'Every contact got what its arm was meant to get.'
            else
                case
                    when contaminated_share is null then 'Nobody has been assigned yet.'
                    else
                        {{ number_in_words('contaminated_contacts') }} || ' of ' || {{ number_in_words('contacts') }}
                        || ' contacts got what another arm was meant to get. They still count in their own arm,'
                        || ' so the true difference is probably larger than the one shown.'
                end
                || case
                    when contamination_status = 'fail'
                        then ' That is too many to trust the result. Find out why, and run it again.'
                    else ''
                end
        end as message,
        contaminated_share as value
    from judged
    union all
    select
        experiment_id,
        'maturity' as check_name,
        maturity_status as status,
        case maturity_status
            when 'ok' then 'The days of every contact are over.'
            else
                {{ number_in_words('immature_contacts') }} || ' of ' || {{ number_in_words('contacts') }}
                || ' contacts still have days to go. They count once these are over.'
        end as message,
        cast(immature_contacts as double) as value
    from judged
    union all
    select
        experiment_id,
        'send_time' as check_name,
        send_time_status as status,
        case send_time_status
            when 'ok' then 'The arms were sent at the same time.'
            when 'info' then 'Fewer than two arms have been sent so far.'
            else
                'The arms were sent ' || {{ number_in_words('cast(round(hours_apart) as bigint)') }}
                || ' hours apart, so the time of day may explain a difference. Send all arms at once.'
        end as message,
        hours_apart as value
    from judged
    where experiment_type = 'ab_test'
),

final as (
    select
        experiment_id,
        check_name,
        status,
        message,
        value -- noqa: RF04
    from checks
)

select * from final
