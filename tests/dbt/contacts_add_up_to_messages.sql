-- What contact_engagement counts adds up to what the sources' statistics count.
with

contacts as (
    select {{ summed_columns(contact_metrics()) }}
    from {{ ref('contact_engagement') }}
),

performance as (
    select {{ summed_columns(contact_metrics()) }}
    from {{ ref('email_performance') }}
)

select contacts.*
from contacts
cross join performance
where {{ columns_differ('contacts', 'performance', contact_metrics()) }}
