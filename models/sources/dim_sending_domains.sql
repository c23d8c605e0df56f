-- One row per sending domain and moment from which its settings hold, until valid_to (not included).
with

sending_domains as (
    select *
    from {{ ref('stg_sending_domains') }}
    where is_latest
),

final as (
    select
        sending_domain,
        sending_service,
        webhook_event_types,
        coalesce(is_dedicated, false) as is_dedicated,
        coalesce(is_open_tracking_enabled, false) as is_open_tracking_enabled,
        coalesce(is_click_tracking_enabled, false) as is_click_tracking_enabled,
        coalesce(is_spf_verified, false) as is_spf_verified,
        coalesce(is_dkim_verified, false) as is_dkim_verified,
        coalesce(is_tracking_cname_verified, false) as is_tracking_cname_verified,
        row_number() over (partition by sending_domain order by valid_from) = 1 as is_first,
        valid_from,
        lead(valid_from) over (partition by sending_domain order by valid_from) as valid_to
    from sending_domains
)

select * from final
