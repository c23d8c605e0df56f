-- One row per link of an email, described by its latest row.
with

links as (
    select *
    from {{ ref('stg_links') }}
    where is_latest
),

tagged_sources as (
    select * from {{ ref('int_email_sources_tagged') }}
),

judged as (
    select
        links.*,
        {{ link_exclusion('links.link_type', 'links.url') }} as exclusion_reason
    from links
),

final as (
    select
        judged.link_id,
        judged.email_source_id,
        judged.url,
        case
            when judged.exclusion_reason is null then {{ tagged_url('judged.url', 'tagged_sources.utm_parameters') }}
            else judged.url
        end as tagged_url,
        judged.link_source,
        coalesce(judged.link_type, 'standard') as link_type,
        judged.exclusion_reason,
        judged.updated_at
    from judged
    left join tagged_sources on judged.email_source_id = tagged_sources.email_source_id
)

select * from final
