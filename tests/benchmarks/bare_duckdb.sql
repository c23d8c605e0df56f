-- From accepted_<events> (views of cast, judged, de-duplicated rows) and ranked_<entities> to the core
-- tables, by the default settings. See bare_duckdb.py.
create schema core;


-- Contacts and their merges

create temp table contacts as
select * exclude (rank, quarantine_reason) from ranked_contacts where rank = 1 and quarantine_reason is null;

create temp table pointers as
select contact_id, merged_into_contact_id as target_id
from contacts
where merged_into_contact_id in (select contact_id from contacts);

create temp table straight as
with recursive followed as (
    select contact_id, target_id from pointers
    union
    select followed.contact_id, pointers.target_id
    from followed inner join pointers on followed.target_id = pointers.contact_id
)
select * from pointers
where contact_id not in (select contact_id from followed where contact_id = target_id);

create temp table survivors as
with recursive followed as (
    select contact_id, target_id from straight
    union all
    select followed.contact_id, straight.target_id
    from followed inner join straight on followed.target_id = straight.contact_id
)
select contacts.contact_id, coalesce(ends.target_id, contacts.contact_id) as survivor_id
from contacts
left join (
    select * from followed where target_id not in (select contact_id from straight)
) as ends on contacts.contact_id = ends.contact_id;

create table core.dim_contacts as
select
    contact_id,
    full_name,
    email,
    merged_contacts,
    coalesce(is_do_not_disturb, false) as is_do_not_disturb,
    false as is_from_email,
    created_at,
    updated_at
from contacts
inner join (
    select survivor_id, count(*) - 1 as merged_contacts from survivors group by survivor_id
) as merged on contacts.contact_id = merged.survivor_id;

-- Whose an address is: nobody's where several contacts have it.
create temp table emails as
select
    lower(contacts.email) as email,
    count(distinct survivors.survivor_id) as contacts,
    case when count(distinct survivors.survivor_id) = 1 then min(survivors.survivor_id) end as contact_id
from contacts
inner join survivors on contacts.contact_id = survivors.contact_id
where contacts.email is not null
group by lower(contacts.email);


-- Messages by their send events. Types are told apart by "case", which costs half of "filter".

create temp table sent as
select
    message_id,
    min_by(email_source_id, (event_at, event_id)) as email_source_id,
    min_by(contact_id, (event_at, event_id)) as contact_id,
    min_by(recipient_email, (event_at, event_id)) as recipient_email,
    count(*) as send_events,
    coalesce(bool_or(is_test), false) as is_test,
    min(event_at) as first_event_at,
    max(event_at) as last_event_at,
    min(case when event_type = 'skipped' then event_at end) as first_skipped_at,
    min(case when event_type = 'failed' then event_at end) as first_failed_at,
    min(case when event_type = 'sent' then event_at end) as first_sent_at,
    min(case when event_type = 'accepted' then event_at end) as first_accepted_at,
    min(case when event_type = 'deferred' then event_at end) as first_deferred_at,
    min(case when event_type = 'rejected' then event_at end) as first_rejected_at,
    min(case when event_type = 'delivered' then event_at end) as first_delivered_at,
    max(case when event_type = 'delivered' then event_at end) as last_delivered_at,
    min(case when event_type = 'soft_bounced' then event_at end) as first_soft_bounced_at,
    min(case when event_type = 'hard_bounced' then event_at end) as first_hard_bounced_at,
    max(case when event_type = 'hard_bounced' then event_at end) as last_hard_bounced_at
from accepted_send_events
group by message_id;

create temp table reasons as
select
    message_id,
    min_by(reason, (event_at, event_id)) filter (where event_type = 'hard_bounced') as hard_bounced_reason,
    min_by(reason, (event_at, event_id)) filter (where event_type = 'soft_bounced') as soft_bounced_reason,
    min_by(reason, (event_at, event_id)) filter (where event_type = 'failed') as failed_reason,
    min_by(reason, (event_at, event_id)) filter (where event_type = 'skipped') as skipped_reason
from accepted_send_events
where event_type in ('hard_bounced', 'soft_bounced', 'failed', 'skipped') and reason is not null
group by message_id;

create temp table variants as
select
    message_id,
    min_by(variant, (event_at, event_id)) as variant,
    coalesce(bool_or(is_winner_rollout), false) as is_winner_rollout
from accepted_send_events
where variant is not null or is_winner_rollout
group by message_id;


-- Sources, domains, links

create temp table email_sources as
select * exclude (rank, quarantine_reason) from ranked_email_sources where rank = 1 and quarantine_reason is null;

create temp table toggles as
with first_sends as (
    select email_source_id, min(first_event_at) as first_send_at
    from sent
    where not is_test and (contact_id is null or contact_id in (select contact_id from contacts))
    group by email_source_id
)
select
    history.email_source_id,
    coalesce(
        min_by(coalesce(is_click_tracking_enabled, false), rank) filter (where updated_at <= first_send_at),
        max_by(coalesce(is_click_tracking_enabled, false), rank)
    ) as is_click_tracking_enabled
from ranked_email_sources as history
left join first_sends on history.email_source_id = first_sends.email_source_id
where history.quarantine_reason is null
group by history.email_source_id;

create table core.dim_email_sources as
select
    email_sources.* replace (
        case when email_source_type = 'campaign' then coalesce(campaign_kind, 'standard') end as campaign_kind,
        coalesce(has_product_element, false) as has_product_element,
        toggles.is_click_tracking_enabled as is_click_tracking_enabled
    )
from email_sources
inner join toggles on email_sources.email_source_id = toggles.email_source_id;

alter table core.dim_email_sources drop column loaded_at;

create table core.dim_sending_domains as
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
from ranked_sending_domains
where rank = 1 and quarantine_reason is null;

create macro excluded(link_type, url) as case
    when link_type = 'trigger' then 'trigger_link'
    when link_type in ('preview', 'unsubscribe', 'affiliate') then 'system_link'
    when regexp_matches(url, '([{]|%7[Bb]){2}|([}]|%7[Dd]){2}') then 'unresolved_merge_field'
    when not coalesce(regexp_matches(url, '^[Hh][Tt][Tt][Pp][Ss]?://'), false) then 'not_http'
    when
        not regexp_full_match(
            url,
            '[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9-]+([.][A-Za-z0-9-]+)*(:[0-9]+)?([/?#][^\s\x0b\x1c-\x1f\x{85}\p{Z}]*)?'
        )
        then 'malformed_url'
end;

create table core.dim_links as
select
    link_id,
    email_source_id,
    url,
    link_source,
    coalesce(link_type, 'standard') as link_type,
    excluded(link_type, url) as exclusion_reason,
    updated_at
from ranked_links
where rank = 1 and quarantine_reason is null;


-- What is measured of a message

-- The event types that a list names; NULL where it names none.
create macro reported(event_types) as nullif(
    list_filter(list_transform(string_split(lower(event_types), ','), lambda each: trim(each)), lambda each: each <> ''), []
);

create macro service_availability(service, types, event_type) as case
    when service = 'external_smtp' or not list_contains(types, event_type) then 'not_reported'
    else 'measured'
end;

create macro tracking_availability(service, types, event_type, is_tracked) as case
    when service = 'external_smtp' then 'measured'
    when not list_contains(types, event_type) then 'not_reported'
    when is_tracked then 'measured'
    else 'not_tracked'
end;

create temp table messages as
with in_force as (
    select
        sent.* exclude (contact_id),
        sent.contact_id as recipient_contact_id,
        coalesce(survivors.survivor_id, emails.contact_id, 'email:' || lower(sent.recipient_email)) as contact_id,
        sources.email_source_type,
        sources.campaign_kind,
        sources.is_click_tracking_enabled as has_click_toggle,
        domains.valid_from as domain_settings_valid_from,
        coalesce(domains.sending_service, 'aesthetix') as sending_service,
        case when sending_service = 'event_feed' then reported(domains.webhook_event_types) end as reported_types,
        coalesce(
            domains.is_open_tracking_enabled and (domains.is_dedicated or sending_service = 'event_feed'), false
        ) as has_open_tracking,
        coalesce(
            domains.is_click_tracking_enabled and (domains.is_dedicated or sending_service = 'event_feed'), false
        ) as has_click_tracking
    from sent
    left join survivors on sent.contact_id = survivors.contact_id
    left join emails on case when sent.contact_id is null then lower(sent.recipient_email) end = emails.email
    inner join core.dim_email_sources as sources on sent.email_source_id = sources.email_source_id
    left join core.dim_sending_domains as domains
        on
            sources.sending_domain = domains.sending_domain
            and (sent.first_event_at >= domains.valid_from or domains.is_first)
            and (sent.first_event_at < domains.valid_to or domains.valid_to is null)
    where sent.contact_id is null or survivors.contact_id is not null
)
select
    * exclude (
        campaign_kind, has_click_toggle, sending_service, reported_types, has_open_tracking, has_click_tracking
    ),
    service_availability(sending_service, reported_types, 'delivered') as delivery_availability,
    service_availability(sending_service, reported_types, 'accepted') as acceptance_availability,
    service_availability(sending_service, reported_types, 'replied') as reply_availability,
    service_availability(sending_service, reported_types, 'unsubscribed') as unsubscribe_availability,
    service_availability(sending_service, reported_types, 'complained') as complaint_availability,
    tracking_availability(sending_service, reported_types, 'opened', has_open_tracking) as open_availability,
    case
        when campaign_kind in ('ab_test', 'rss') then 'not_supported'
        when email_source_type = 'campaign' and not has_click_toggle then 'not_tracked'
        else tracking_availability(sending_service, reported_types, 'clicked', has_click_tracking)
    end as click_availability,
    case when campaign_kind = 'standard' then click_availability else 'not_supported' end
        as link_click_availability
from in_force;

-- Contacts that the CRM doesn't know, by the address that messages were sent to.
insert into core.dim_contacts by name
select distinct contact_id, substr(contact_id, 7) as email, 0 as merged_contacts, false as is_do_not_disturb, true as is_from_email
from messages
where recipient_contact_id is null and contact_id like 'email:%';

create temp table orphans as
select message_id, coalesce(email_source_id, '(none named)') as email_source_id, send_events
from sent
where message_id not in (select message_id from messages);

create table core.fct_orphans as
select email_source_id, count(*) as orphan_messages, cast(sum(send_events) as bigint) as orphan_rows
from orphans
group by email_source_id;

drop table sent;


-- Engagement

create temp table engagement as select * from accepted_engagement_events;

create temp table clicks as
with links_by_url as (
    select email_source_id, url, min(link_id) as link_id
    from core.dim_links
    where url is not null
    group by email_source_id, url
),

found as (
    select
        engagement.event_id,
        engagement.message_id,
        engagement.event_at,
        engagement.url,
        engagement.link_id as raw_link_id,
        coalesce(links.link_id, links_by_url.link_id) as link_id
    from engagement
    inner join messages on engagement.message_id = messages.message_id
    left join core.dim_links as links on engagement.link_id = links.link_id
    left join links_by_url
        on messages.email_source_id = links_by_url.email_source_id and engagement.url = links_by_url.url
    where engagement.event_type = 'clicked'
)
select
    found.event_id,
    found.message_id,
    found.event_at,
    found.link_id,
    coalesce(found.link_id, found.url, found.raw_link_id) as link_key,
    coalesce(found.url, links.url) as url,
    coalesce(links.link_type, 'standard') as link_type
from found
left join core.dim_links as links on found.link_id = links.link_id;

-- Three different links within a second: no person does that.
create temp table bursts as
with candidates as (
    select clicks.*
    from clicks
    semi join (
        select message_id from clicks group by message_id having count(distinct link_key) >= 3
    ) as messages_of_three on clicks.message_id = messages_of_three.message_id
),

starts as (
    select starts.message_id, starts.event_at
    from (select distinct message_id, event_at from candidates) as starts
    inner join candidates
        on
            starts.message_id = candidates.message_id
            and candidates.event_at between starts.event_at and starts.event_at + interval 1 second
    group by starts.message_id, starts.event_at
    having count(distinct candidates.link_key) >= 3
)
select distinct candidates.event_id
from candidates
inner join starts
    on
        candidates.message_id = starts.message_id
        and candidates.event_at between starts.event_at and starts.event_at + interval 1 second;

create temp table machines as
select distinct seen.user_agent
from (select distinct user_agent from engagement where event_type in ('opened', 'clicked')) as seen
inner join user_agents on lower(seen.user_agent) like user_agents.user_agent_pattern
where user_agents.kind in ('prefetcher', 'scanner');

create table core.fct_engagement_events as
with joined as (
    select
        engagement.event_id,
        engagement.message_id,
        messages.email_source_id,
        messages.contact_id,
        clicks.link_id,
        engagement.event_type,
        clicks.link_key,
        case when engagement.event_type = 'clicked' then clicks.url else engagement.url end as url,
        engagement.user_agent,
        case
            when engagement.event_type not in ('opened', 'clicked') then null
            when engagement.is_machine then 'machine'
            when not engagement.is_machine then 'human'
            when machines.user_agent is not null or bursts.event_id is not null then 'machine'
            else 'unknown'
        end as actor,
        case engagement.event_type
            when 'opened' then messages.open_availability
            when 'clicked' then messages.click_availability
            when 'replied' then messages.reply_availability
            when 'unsubscribed' then messages.unsubscribe_availability
            else messages.complaint_availability
        end as availability,
        messages.is_test,
        clicks.link_type,
        engagement.event_at
    from engagement
    inner join messages on engagement.message_id = messages.message_id
    left join clicks on engagement.event_id = clicks.event_id
    left join bursts on engagement.event_id = bursts.event_id
    left join machines on engagement.user_agent = machines.user_agent
)
select
    * exclude (availability, is_test, link_type, event_at),
    case
        when is_test then 'test_send'
        when availability <> 'measured' then availability
        when event_type = 'clicked' then excluded(link_type, url)
    end as exclusion_reason,
    exclusion_reason is null as is_counted,
    exclusion_reason is null as is_counted_but_for_machine,
    event_at
from joined;

create temp table engaged as
select
    message_id,
    count(case when event_type = 'opened' and is_counted then 1 end) as opens,
    count(case when event_type = 'clicked' and is_counted then 1 end) as clicks,
    count(case when is_counted and actor = 'machine' then 1 end) as machine_events,
    count(case when is_counted and actor <> 'machine' then 1 end) as other_events,
    min(event_at) as first_engaged_at,
    max(event_at) as last_engaged_at,
    min(case when event_type in ('opened', 'clicked') and is_counted then event_at end) as first_opened_at,
    min(case when event_type = 'opened' and is_counted then event_at end) as first_pixel_opened_at,
    min(case when event_type = 'clicked' and is_counted then event_at end) as first_clicked_at,
    min(case when event_type = 'replied' then event_at end) as first_replied_at,
    min(case when event_type = 'unsubscribed' then event_at end) as first_unsubscribed_at,
    min(case when event_type = 'complained' then event_at end) as first_complained_at,
    max(case when event_type in ('opened', 'clicked') and is_counted then event_at end) as last_opened_at,
    max(case when event_type = 'clicked' and is_counted then event_at end) as last_clicked_at
from core.fct_engagement_events
group by message_id;


-- Conversions: orders in the reporting currency, goals, and the last touch of each

create temp table order_events as
select * replace (upper(currency) as currency) from accepted_order_events;

create temp table rates as
with latest as (
    select upper(currency) as currency, valid_from, rate
    from ranked_exchange_rates
    where rank = 1 and quarantine_reason is null
    qualify
        row_number() over (
            partition by upper(currency), valid_from order by updated_at desc, loaded_at desc, rate desc nulls last
        ) = 1
)
select * from latest where rate > 0;

create macro rate_of(code, asof_rate) as case when code = 'USD' then cast(1 as decimal(20, 12)) else asof_rate end;

create macro whole(amount) as cast(replace(cast(amount as varchar), '.', '') as hugeint);

create macro cents(amount) as try_cast(round(coalesce(amount, 0), 2) as decimal(18, 2));

-- A sum of the reporting currency in one of this rate, exact: there is no division of decimals.
create macro converted_back(amount, rate) as case
    when amount < 10000000000000000
        then
            cast((2 * whole(amount) + whole(rate)) // (2 * whole(rate)) as decimal(20, 0)) * cast(0.01 as decimal(3, 2))
end;

create temp table orders as
with placed as (
    select
        order_id,
        min_by(contact_id, (event_at, event_id)) as contact_id,
        min_by(email, (event_at, event_id)) as email,
        min_by(channel, (event_at, event_id)) as channel,
        min_by(currency, (event_at, event_id)) filter (where event_type = 'paid') as currency,
        coalesce(min(event_at) filter (where event_type = 'placed'), min(event_at)) as converted_at
    from order_events
    group by order_id
    having count(*) filter (where event_type = 'paid') > 0
),

payments as (
    select
        placed.order_id,
        placed.currency as order_currency,
        placed.converted_at,
        order_events.currency,
        order_events.event_type,
        order_events.amount
    from placed
    inner join order_events on placed.order_id = order_events.order_id
    where order_events.event_type in ('paid', 'refunded')
),

with_rates as (
    select
        payments.*,
        rate_of(payments.currency, event_rates.rate) as rate,
        rate_of(payments.order_currency, order_rates.rate) as order_rate
    from payments
    asof left join rates as event_rates
        on payments.currency = event_rates.currency and payments.converted_at >= event_rates.valid_from
    asof left join rates as order_rates
        on payments.order_currency = order_rates.currency and payments.converted_at >= order_rates.valid_from
),

summed as (
    select
        order_id,
        any_value(order_rate) as order_rate,
        count(*) = count(rate) as has_rates,
        not bool_or(currency <> order_currency and (rate is null or order_rate is null)) as has_original_rates,
        cents(sum(amount * rate) filter (where event_type = 'paid')) as revenue,
        cents(sum(amount * rate) filter (where event_type = 'refunded')) as refunded,
        coalesce(sum(amount) filter (where event_type = 'paid' and currency = order_currency), 0) as own_revenue,
        coalesce(sum(amount) filter (where event_type = 'refunded' and currency = order_currency), 0)
            as own_refunded,
        sum(amount * rate) filter (where event_type = 'paid' and currency <> order_currency) as other_revenue,
        sum(amount * rate) filter (where event_type = 'refunded' and currency <> order_currency)
            as other_refunded
    from with_rates
    group by order_id
)
select
    placed.*,
    case when has_rates then revenue end as revenue,
    case when has_rates then refunded end as refunded,
    case
        when has_original_rates
            then
                cents(
                    case
                        when other_revenue is null then own_revenue
                        else own_revenue + converted_back(other_revenue, order_rate)
                    end
                )
    end as original_revenue,
    case
        when has_original_rates
            then
                cents(
                    case
                        when other_refunded is null then own_refunded
                        else own_refunded + converted_back(other_refunded, order_rate)
                    end
                )
    end as original_refunded
from placed
inner join summed on placed.order_id = summed.order_id;

create temp table conversions as
with all_conversions as (
    select 'order' as conversion_type, order_id as conversion_id, null as goal_name, * exclude (order_id)
    from orders
    union all by name
    select
        'goal' as conversion_type,
        event_id as conversion_id,
        contact_id,
        email,
        goal_name,
        event_at as converted_at
    from accepted_goal_events
)
select
    all_conversions.* exclude (contact_id, email),
    coalesce(
        survivors.survivor_id, emails.contact_id, case when emails.email is null then from_email.contact_id end
    ) as contact_id,
    survivors.contact_id is null and coalesce(emails.contacts, 0) > 1 as is_ambiguous
from all_conversions
left join survivors on all_conversions.contact_id = survivors.contact_id
left join emails on lower(all_conversions.email) = emails.email
left join core.dim_contacts as from_email
    on from_email.is_from_email and lower(all_conversions.email) = from_email.email;

create macro dispatched_at(message, engaged) as coalesce(
    message.first_sent_at,
    least(
        case
            when message.first_skipped_at is null and message.first_failed_at is null then message.first_accepted_at
        end,
        message.first_deferred_at,
        message.first_rejected_at,
        message.first_delivered_at,
        message.first_soft_bounced_at,
        message.first_hard_bounced_at,
        engaged.first_engaged_at
    )
);

-- At one time a click wins, then the later send, then the greater id: one touch a contact and time.
create temp table touches as
select
    messages.contact_id,
    events.event_at as touch_at,
    max_by(
        struct_pack(
            message_id := events.message_id,
            email_source_id := events.email_source_id,
            touch_type := events.event_type
        ),
        (events.event_type = 'clicked', dispatched_at(messages, engaged), events.message_id, events.event_id)
    ) as touch
from messages
inner join core.fct_engagement_events as events on messages.message_id = events.message_id
left join engaged on messages.message_id = engaged.message_id
where
    messages.email_source_type = 'campaign'
    and messages.contact_id in (select contact_id from conversions)
    and events.is_counted
    and events.event_type in ('opened', 'clicked')
group by messages.contact_id, events.event_at;

create table core.fct_conversions as
with touched as (
    select
        conversions.*,
        touches.touch as last_touch,
        touches.touch_at as last_touch_at,
        case when conversions.converted_at - touches.touch_at <= interval 120 hour then touches.touch end as touch
    from conversions
    asof left join touches
        on conversions.contact_id = touches.contact_id and conversions.converted_at >= touches.touch_at
)
select
    conversion_type,
    conversion_id,
    contact_id,
    touch.message_id as message_id,
    touch.email_source_id as email_source_id,
    last_touch.message_id as last_touch_message_id,
    'aesthetix' as attribution_policy,
    channel,
    goal_name,
    currency,
    touch.touch_type as touch_type,
    case
        when touch is not null then null
        when is_ambiguous then 'contact_ambiguous'
        when contact_id is null then 'contact_unknown'
        when last_touch is not null then 'outside_window'
        else 'no_touch'
    end as unattributed_reason,
    revenue,
    refunded,
    cast(revenue - refunded as decimal(18, 2)) as net_revenue,
    original_revenue,
    original_refunded,
    cast(original_revenue - original_refunded as decimal(18, 2)) as original_net_revenue,
    touch is not null as is_attributed,
    converted_at,
    case when touch is not null then last_touch_at end as touch_at,
    last_touch_at
from touched;

create table core.fct_order_events as
select event_id, order_id, contact_id, event_type, channel, currency, 'accepted' as verdict, amount, event_at, loaded_at
from accepted_order_events
union all
select event_id, order_id, contact_id, event_type, channel, currency, 'duplicate' as verdict, amount, event_at, loaded_at
from order_events_suspects
where quarantine_reason is null and rank > 1;


-- What became of each message

create table core.fct_messages as
with credits as (
    select
        message_id,
        count(*) as conversions,
        count(*) filter (where conversion_type = 'order') as orders,
        count(*) filter (where conversion_type = 'order' and revenue is null) as orders_without_rate,
        cents(sum(revenue)) as revenue,
        cents(sum(net_revenue)) as net_revenue,
        min(converted_at) as converted_at,
        min(converted_at) filter (where conversion_type = 'order') as ordered_at
    from core.fct_conversions
    where is_attributed
    group by message_id
),

joined as (
    select
        messages.*,
        engaged.* exclude (message_id),
        credits.* exclude (message_id),
        reasons.* exclude (message_id),
        variants.variant,
        coalesce(variants.is_winner_rollout, false) as is_winner_rollout,
        delivery_availability = 'measured' as has_delivery,
        open_availability = 'measured' as has_opens,
        click_availability = 'measured' as has_clicks,
        dispatched_at(messages, engaged) as dispatched_at,
        first_engaged_at is not null
        or (
            first_delivered_at is not null
            and (last_hard_bounced_at is null or last_hard_bounced_at <= last_delivered_at)
        ) as was_delivered,
        was_delivered or first_soft_bounced_at is not null or first_hard_bounced_at is not null
            as was_delivered_or_bounced
    from messages
    left join engaged on messages.message_id = engaged.message_id
    left join credits on messages.message_id = credits.message_id
    left join reasons on messages.message_id = reasons.message_id
    left join variants on messages.message_id = variants.message_id
),

flagged as (
    select
        *,
        dispatched_at is not null as is_sent,
        first_failed_at is not null and not is_sent as is_failed,
        first_skipped_at is not null and first_failed_at is null and not is_sent as is_skipped,
        first_skipped_at is null and first_failed_at is null and not is_sent as is_pending,
        case when acceptance_availability = 'measured' then first_accepted_at is not null end as is_accepted,
        case
            when acceptance_availability = 'measured' then first_rejected_at is not null and not was_delivered_or_bounced
        end as is_rejected,
        case when has_delivery then first_deferred_at is not null and not was_delivered_or_bounced end as is_deferred,
        case when has_delivery then was_delivered end as is_delivered,
        case when has_delivery then was_delivered and first_delivered_at is null end as is_delivered_inferred,
        case when has_delivery then first_hard_bounced_at is not null and not was_delivered end as is_hard_bounced,
        case
            when has_delivery
                then first_soft_bounced_at is not null and not was_delivered and first_hard_bounced_at is null
        end as is_soft_bounced,
        is_hard_bounced or is_soft_bounced as is_bounced,
        case when has_opens then first_opened_at is not null end as is_opened,
        case when has_opens then first_pixel_opened_at is not null end as is_pixel_opened,
        case when has_opens then coalesce(machine_events > 0 and other_events = 0, false) end as is_machine_opened,
        case when has_clicks then first_clicked_at is not null end as is_clicked,
        case when reply_availability = 'measured' then first_replied_at is not null end as is_replied,
        case when unsubscribe_availability = 'measured' then first_unsubscribed_at is not null end as is_unsubscribed,
        case when complaint_availability = 'measured' then first_complained_at is not null end as is_complained,
        coalesce(dispatched_at, first_event_at) as booked_at
    from joined
)
select
    message_id,
    email_source_id,
    contact_id,
    recipient_contact_id,
    email_source_type,
    recipient_email,
    variant,
    case
        when is_hard_bounced then hard_bounced_reason
        when is_soft_bounced then soft_bounced_reason
        when is_failed then failed_reason
        when is_skipped then skipped_reason
    end as reason,
    delivery_availability,
    acceptance_availability,
    reply_availability,
    unsubscribe_availability,
    complaint_availability,
    open_availability,
    click_availability,
    link_click_availability,
    case when has_opens then coalesce(opens, 0) end as opens,
    case when has_clicks then coalesce(clicks, 0) end as clicks,
    coalesce(conversions, 0) as conversions,
    coalesce(orders, 0) as orders,
    coalesce(orders_without_rate, 0) as orders_without_rate,
    send_events,
    coalesce(revenue, 0) as revenue,
    coalesce(net_revenue, 0) as net_revenue,
    is_test,
    is_winner_rollout,
    is_sent,
    is_failed,
    is_skipped,
    is_pending,
    is_accepted,
    is_rejected,
    is_deferred,
    is_delivered,
    is_delivered_inferred,
    is_hard_bounced,
    is_soft_bounced,
    is_bounced,
    is_opened,
    is_pixel_opened,
    is_machine_opened,
    is_clicked,
    is_replied,
    is_unsubscribed,
    is_complained,
    conversions is not null as is_converted,
    coalesce(orders, 0) > 0 as is_ordered,
    cast(booked_at as date) as booked_date,
    booked_at,
    dispatched_at as sent_at,
    case when is_failed then first_failed_at end as failed_at,
    case when is_skipped then first_skipped_at end as skipped_at,
    case when is_accepted then first_accepted_at end as accepted_at,
    case when is_rejected then first_rejected_at end as rejected_at,
    case when is_deferred then first_deferred_at end as deferred_at,
    case when is_delivered then coalesce(first_delivered_at, first_engaged_at) end as delivered_at,
    case when is_hard_bounced then first_hard_bounced_at end as hard_bounced_at,
    case when is_soft_bounced then first_soft_bounced_at end as soft_bounced_at,
    coalesce(hard_bounced_at, soft_bounced_at) as bounced_at,
    case when is_opened then first_opened_at end as opened_at,
    case when is_pixel_opened then first_pixel_opened_at end as pixel_opened_at,
    case when is_clicked then first_clicked_at end as clicked_at,
    case when is_replied then first_replied_at end as replied_at,
    case when is_unsubscribed then first_unsubscribed_at end as unsubscribed_at,
    case when is_complained then first_complained_at end as complained_at,
    converted_at,
    ordered_at,
    case when is_opened then last_opened_at end as last_opened_at,
    case when is_clicked then last_clicked_at end as last_clicked_at,
    first_event_at as first_send_event_at,
    first_skipped_at as first_skipped_event_at,
    first_failed_at as first_failed_event_at,
    first_sent_at as first_sent_event_at,
    first_accepted_at as first_accepted_event_at,
    first_deferred_at as first_deferred_event_at,
    first_rejected_at as first_rejected_event_at,
    first_delivered_at as first_delivered_event_at,
    last_delivered_at as last_delivered_event_at,
    first_soft_bounced_at as first_soft_bounced_event_at,
    first_hard_bounced_at as first_hard_bounced_event_at,
    last_hard_bounced_at as last_hard_bounced_event_at,
    domain_settings_valid_from,
    greatest(last_event_at, last_engaged_at) as last_updated_at
from flagged;


-- What was judged otherwise

create table core.fct_quarantined_events as
select
    quarantined.event_id,
    coalesce(quarantined.email_source_id, messages.email_source_id) as email_source_id,
    quarantined.raw_table,
    quarantined.quarantine_reason as reason,
    quarantined.loaded_at
from quarantined
left join messages on quarantined.message_id = messages.message_id;

create table core.fct_raw_tables as
with orphaned as (
    select 'send_events' as raw_table, sum(send_events) as orphan_rows
    from orphans
    union all
    select 'engagement_events' as raw_table, count(*) as orphan_rows
    from engagement
    where
        message_id not in (select message_id from messages)
        and message_id not in (select message_id from orphans)
    union all
    select 'experiment_assignments' as raw_table, count(*) as orphan_rows
    from accepted_experiment_assignments
    where
        contact_id not in (select contact_id from contacts)
        or experiment_id not in (
            select experiment_id from ranked_experiments where quarantine_reason is null
        )
)
select
    counted.raw_table,
    counted.kind,
    counted.raw_rows,
    counted.raw_rows - counted.duplicate_rows - counted.quarantined_rows as accepted_rows,
    counted.duplicate_rows,
    counted.quarantined_rows,
    cast(coalesce(orphaned.orphan_rows, 0) as bigint) as orphan_rows
from counted
left join orphaned on counted.raw_table = orphaned.raw_table;
