-- One row per email domain of a known public mailbox provider.
with

final as (
    select
        domain,
        mailbox_provider
    from {{ ref('mailbox_providers') }}
)

select * from final
