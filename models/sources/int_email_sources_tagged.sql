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
        parameters.is_enabled
    from campaigns
    inner join parameters
        on campaigns.email_source_id = parameters.email_source_id or parameters.email_source_id is null
    qualify
        row_number() over (
            partition by campaigns.email_source_id, parameters.parameter
            order by parameters.email_source_id nulls last, parameters.sort_order, parameters.value
        ) = 1
),

final as (
    select
        email_source_id,
        -- DuckDB only: lists
        list(struct_pack(parameter := parameter, value := value) order by sort_order asc, parameter asc)
            as utm_parameters
    from chosen
    where is_enabled and value <> ''
    group by email_source_id
)

select * from final
