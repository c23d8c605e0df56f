-- One row: a message, its source and its contact.
select
    messages.contact_id,
    messages.recipient_email,
    messages.send_events,
    messages.is_test,
    messages.email_source_id,
    sources.email_source_type,
    sources.email_source_name
from core.fct_messages as messages
inner join core.dim_email_sources as sources on messages.email_source_id = sources.email_source_id
where messages.message_id = $id
