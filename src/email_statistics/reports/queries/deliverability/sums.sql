-- One row per week, one per mailbox provider and one of all (without either), of the period's weeks. A
-- count is NULL where it is measured for none of the messages; the availability lists what the rows have.
select
    mailbox_provider,
    list_sort(list_distinct(list(delivery_availability))) as delivery_availability,
    list_sort(list_distinct(list(acceptance_availability))) as acceptance_availability,
    list_sort(list_distinct(list(reply_availability))) as reply_availability,
    list_sort(list_distinct(list(unsubscribe_availability))) as unsubscribe_availability,
    list_sort(list_distinct(list(complaint_availability))) as complaint_availability,
    list_sort(list_distinct(list(open_availability))) as open_availability,
    list_sort(list_distinct(list(click_availability))) as click_availability,
    cast(sum(sent) as bigint) as sent,
    cast(sum(sent_reported) as bigint) as sent_reported,
    cast(sum(delivered) as bigint) as delivered,
    cast(sum(delivered_open_tracked) as bigint) as delivered_open_tracked,
    cast(sum(soft_bounced) as bigint) as soft_bounced,
    cast(sum(hard_bounced) as bigint) as hard_bounced,
    cast(sum(bounced) as bigint) as bounced,
    cast(sum(opened) as bigint) as opened,
    cast(sum(opened_reported) as bigint) as opened_reported,
    cast(sum(machine_opened) as bigint) as machine_opened,
    cast(sum(unsubscribed) as bigint) as unsubscribed,
    cast(sum(unsubscribed_reported) as bigint) as unsubscribed_reported,
    cast(sum(delivered_unsubscribe_reported) as bigint) as delivered_unsubscribe_reported,
    cast(sum(complained) as bigint) as complained,
    cast(sum(complained_reported) as bigint) as complained_reported,
    cast(sum(delivered_complaint_reported) as bigint) as delivered_complaint_reported,
    week
from marts.deliverability_weekly
where week between $start and $end
group by cube(mailbox_provider, week)
having count(*) > 0 and grouping(mailbox_provider, week) > 0
order by week asc, sent desc, mailbox_provider asc
