-- One row a contact whose statistics this batch may change: by a message that is or was the contact's own, by
-- what is known of the contact, or because a segment's last days moved on. Empty in a full refresh.
{% set recounted = ref('int_messages_recounted') %}
{% set messages = ref('fct_messages') %}
{% set contacts = ref('dim_contacts') %}
{% set build = ref('build') %}
with

{% if is_delta() -%}
moved as (
    select
        least(build.data_through_at, earlier_build.data_through_at) as moved_from,
        greatest(build.data_through_at, earlier_build.data_through_at) as moved_to
    from {{ build }} as build
    cross join {{ earlier(build) }} as earlier_build
),

-- Not a reference: the segments as this batch finds them.
earlier_contacts as (
    select *
    from {{ contacts.replace_path(schema='marts', identifier='contact_engagement') }}
    where segment not in ('hygiene', 'unsubscribed')
),

-- Whom the last days, moving on, leave in another segment: the first two segments don't depend on them, the
-- next on the contact's last open and click, the others on messages too.
passed_by as (
    select earlier_contacts.contact_id
    from earlier_contacts
    cross join moved
    where
        earlier_contacts.last_opened_at between moved.moved_from - interval {{ var('engaged_days') }} day
        and moved.moved_to - interval {{ var('engaged_days') }} day
        or earlier_contacts.last_clicked_at between moved.moved_from - interval {{ var('engaged_days') }} day
        and moved.moved_to - interval {{ var('engaged_days') }} day
    union distinct
    select messages.contact_id
    from {{ messages }} as messages
    inner join earlier_contacts on messages.contact_id = earlier_contacts.contact_id
    cross join moved
    where
        earlier_contacts.segment <> 're_engagement'
        and messages.delivered_at between moved.moved_from - interval {{ var('sunset_days') }} day
        and moved.moved_to - interval {{ var('sunset_days') }} day
),

final as (
    select contact_id
    from {{ recounted }}
    where contact_id is not null
    union distinct
    select messages.contact_id
    from {{ messages }} as messages
    where messages.message_id in (select recounted.message_id from {{ recounted }} as recounted)
    union distinct
    select contact_id
    from {{ changed(contacts, ['contact_id', 'full_name', 'email', 'is_do_not_disturb']) }}
    union distinct
    select contact_id
    from passed_by
)
{%- else -%}
final as (
    select cast(null as varchar) as contact_id
    where false
)
{%- endif %}

select * from final
