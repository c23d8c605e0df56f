-- One row a message whose engagement this batch may change: a remeasured one, one that engagement events of
-- the batch belong to or belonged to, or one with a click on a link that changed. Empty in a full refresh.
{% set remeasured = ref('int_messages_remeasured') %}
{% set engagement_events = ref('stg_engagement_events') %}
{% set links = ref('dim_links') %}
with

{% if is_delta() -%}
changed_links as (
    select
        link_id,
        email_source_id,
        url
    from {{ changed(links, ['link_id', 'email_source_id', 'url', 'link_type']) }}
),

-- Not a reference: the table as this batch finds it.
earlier_clicks as (
    select *
    from {{ remeasured.replace_path(identifier='int_clicks_linked') }}
),

final as (
    select message_id
    from {{ remeasured }}
    union distinct
    select message_id
    from {{ engagement_events }}
    where batch_number = {{ batch().number }} and message_id is not null
    union distinct
    select message_id
    from earlier_clicks
    where raw_link_id in (select changed_links.link_id from changed_links)
    union distinct
    select earlier_clicks.message_id
    from earlier_clicks
    semi join changed_links
        on
            earlier_clicks.email_source_id = changed_links.email_source_id
            and earlier_clicks.raw_url = changed_links.url
)
{%- else -%}
final as (
    select cast(null as varchar) as message_id
    where false
)
{%- endif %}

select * from final
