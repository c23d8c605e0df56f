-- One row per campaign whose links are tagged: the UTM parameters that are added to them, in order. A row
-- of the seed for a campaign replaces the row for all campaigns with the same parameter.
with

campaigns as (
    select
        email_source_id,
        {{ slug('email_source_name') }} as email_source_slug
    from {{ ref('int_email_sources_latest') }}
    where
        email_source_type = 'campaign'
        and coalesce(is_utm_tracking_enabled, {{ var('utm_tracking_by_default') }})
),

parameters as (
    select * from {{ ref('utm_parameters') }}
),

chosen as (
    select
        campaigns.email_source_id,
        parameters.parameter,
        replace(parameters.value, '{email_source_name}', campaigns.email_source_slug) as value,
        parameters.sort_order,
        parameters.is_enabled,
        row_number() over (
            partition by campaigns.email_source_id, parameters.parameter
            order by parameters.email_source_id nulls last, parameters.sort_order, parameters.value
        ) as choice
    from campaigns
    inner join parameters
        on campaigns.email_source_id = parameters.email_source_id or parameters.email_source_id is null
),

final as (
    select
        email_source_id,
        {{ sorted_list({'parameter': 'parameter', 'value': 'value'}, ['sort_order', 'parameter']) }} as utm_parameters
    from chosen
    where choice = 1 and is_enabled and value <> ''
    group by email_source_id
)

select * from final
