-- One row per contact that has the email address $id, or that messages to it were sent to.
select contact_id
from core.dim_contacts
where lower(trim(email)) = lower(trim($id))
union distinct
select contact_id
from core.fct_messages
where lower(trim(recipient_email)) = lower(trim($id))
order by contact_id
