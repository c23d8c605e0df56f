-- One row a link of an email, as its latest row tells.
with

links as (
    select *
    from {{ ref('stg_links') }}
    where is_latest
),

final as (
    select
        link_id,
        email_source_id,
        url,
        link_source,
        coalesce(link_type, 'standard') as link_type,
        {{ link_exclusion('link_type', 'url') }} as exclusion_reason,
        updated_at
    from links
)

select * from final
