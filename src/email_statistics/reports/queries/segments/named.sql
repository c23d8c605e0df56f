-- One row per contact of a segment, the latest first: what put the contact into it, and when that was last.
select
    contact_id,
    full_name,
    email,
    case segment
        when 'hygiene'
            then
                concat_ws(
                    ', ',
                    case when hard_bounced > 0 then 'hard_bounced' end,
                    case when complained > 0 then 'complained' end,
                    case when failed > 0 then 'failed' end
                )
        when 'unsubscribed'
            then
                concat_ws(
                    ', ',
                    case when unsubscribed > 0 then 'unsubscribed' end,
                    case when is_do_not_disturb then 'do_not_disturb' end
                )
        when 're_engagement'
            then if(last_opened_at is null or last_clicked_at >= last_opened_at, 'clicked', 'opened')
        else 'not_engaged'
    end as reason,
    case segment
        when 'hygiene' then greatest(last_hard_bounced_at, last_complained_at, last_failed_at)
        when 'unsubscribed' then last_unsubscribed_at
        when 're_engagement' then greatest(last_opened_at, last_clicked_at)
        else last_delivered_at
    end as last_at,
    is_do_not_disturb,
    unsubscribed > 0 as is_unsubscribed
from marts.contact_engagement
where segment = $segment
order by last_at desc nulls last, contact_id asc
