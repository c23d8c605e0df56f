{# What is a metric: the one list. dim_metrics renders it; email_performance_daily's counts are named
   by it, email_performance's sums and rates are formed from it, and notebooks take their labels,
   definitions and verdicts from dim_metrics.

   kind       count (adds up over days and sources), money (adds up), distinct (doesn't), rate or
              average (a ratio of summed counts)
   family     what must be measured for it: delivery, opens, clicks; none: always known
   benchmark  with its direction: at_least or below (guide: Summary page) #}
{% macro metric(kind, unit, family, metric, label, definition, numerator=none, denominator=none, benchmark=none, direction=none) %}
    {% do return({
        'kind': kind, 'unit': unit, 'family': family, 'metric': metric, 'label': label, 'definition': definition,
        'numerator': numerator, 'denominator': denominator, 'benchmark': benchmark, 'benchmark_direction': direction,
    }) %}
{% endmacro %}


{% macro metrics() %}
    {% do return([
        metric('count', 'messages', none, 'recipients', 'Recipients', 'Messages targeted by the send, whatever became of them.'),
        metric('count', 'messages', none, 'sent', 'Sent', "Dispatched to the recipient's mail server."),
        metric('count', 'messages', none, 'failed', 'Failed', 'A send error occurred before any delivery attempt.'),
        metric('count', 'messages', none, 'skipped', 'Skipped', 'Ready but not sent to a contact: an internal issue, or the contact is set to Do Not Disturb.'),
        metric('count', 'messages', none, 'pending', 'Pending', 'Targeted, and neither sent, failed nor skipped so far.'),
        metric('count', 'messages', none, 'total_attempts', 'Total attempts', 'Sent and failed together.'),
        metric('count', 'messages', 'delivery', 'accepted', 'Accepted', 'Accepted by the mail server at the moment of handoff.'),
        metric('count', 'messages', 'delivery', 'rejected', 'Rejected', 'Rejected by the mail server at the moment of handoff.'),
        metric('count', 'messages', 'delivery', 'delivered', 'Delivered', "Accepted by the recipient's mail server, or shown so by what the recipient did."),
        metric('count', 'messages', 'delivery', 'delivered_inferred', 'Delivered (inferred)', 'Delivered by what the recipient did alone: no delivered event came.'),
        metric('count', 'messages', 'delivery', 'soft_bounced', 'Soft bounced', 'A temporary delivery failure that was not mended: a full inbox, a server problem.'),
        metric('count', 'messages', 'delivery', 'hard_bounced', 'Hard bounced', 'A permanent delivery failure: an invalid address, a blocked domain.'),
        metric('count', 'messages', 'delivery', 'bounced', 'Bounced', "The recipient's mail server rejected the message: soft and hard bounces together."),
        metric('count', 'messages', 'opens', 'opened', 'Opened', 'Viewed at least once (unique opens). A click shows a view too.'),
        metric('count', 'messages', 'opens', 'pixel_opened', 'Opened (pixel)', 'Viewed at least once as the tracking pixel tells, clicks aside.'),
        metric('count', 'messages', 'opens', 'machine_opened', 'Opened by machines only', 'Opened or clicked by prefetchers and scanners, and by nobody else.'),
        metric('count', 'messages', 'clicks', 'clicked', 'Clicked', 'At least one tracked link was clicked (unique clicks).'),
        metric('count', 'messages', 'delivery', 'replied', 'Replied', 'The contact responded directly to the email.'),
        metric('count', 'messages', 'delivery', 'unsubscribed', 'Unsubscribed', 'The recipient opted out by the unsubscribe link.'),
        metric('count', 'messages', 'delivery', 'complained', 'Complained (spam)', 'The recipient marked the email as spam.'),
        metric('count', 'messages', none, 'converted', 'Converted', 'Credited with at least one conversion within the attribution window.'),
        metric('count', 'messages', none, 'ordered', 'Ordered', 'Credited with at least one order within the attribution window.'),
        metric('count', 'messages', 'delivery', 'sent_reported', 'Sent, delivery reported', 'Sent, counting only messages whose delivery is measured.'),
        metric('count', 'messages', 'opens', 'opened_reported', 'Opened, delivery reported', 'Opened, counting only messages whose delivery is measured too.'),
        metric('count', 'messages', 'clicks', 'clicked_reported', 'Clicked, delivery reported', 'Clicked, counting only messages whose delivery is measured too.'),
        metric('count', 'messages', 'delivery', 'converted_reported', 'Converted, delivery reported', 'Converted, counting only messages whose delivery is measured.'),
        metric('count', 'messages', 'opens', 'sent_open_tracked', 'Sent, opens tracked', 'Sent, counting only messages whose opens are measured.'),
        metric('count', 'messages', 'clicks', 'sent_click_tracked', 'Sent, clicks tracked', 'Sent, counting only messages whose clicks are measured.'),
        metric('count', 'messages', 'opens', 'delivered_open_tracked', 'Delivered, opens tracked', 'Delivered, counting only messages whose opens are measured.'),
        metric('count', 'messages', 'clicks', 'delivered_click_tracked', 'Delivered, clicks tracked', 'Delivered, counting only messages whose clicks are measured.'),
        metric('count', 'messages', 'clicks', 'opened_click_tracked', 'Opened, clicks tracked', 'Opened, counting only messages whose clicks are measured.'),
        metric('count', 'messages', 'clicks', 'opened_and_clicked', 'Opened and clicked', 'Opened and clicked, counting only messages for which both are measured.'),
        metric('count', 'messages', 'clicks', 'ordered_click_tracked', 'Ordered, clicks tracked', 'Ordered, counting only messages whose clicks are measured.'),
        metric('count', 'events', 'opens', 'opens', 'Total opens', 'Every counted open, also repeated ones.'),
        metric('count', 'events', 'clicks', 'clicks', 'Total clicks', 'Every counted click on every link, also repeated ones.'),
        metric('count', 'conversions', none, 'conversions', 'Conversions', 'Orders and goals credited to the email within the attribution window.'),
        metric('count', 'orders', none, 'orders', 'Orders', 'Orders credited to the email within the attribution window.'),
        metric('count', 'orders', none, 'orders_without_rate', 'Orders without a rate', 'Credited orders whose currency has no exchange rate: their money is in no sum.'),
        metric('money', 'reporting currency', none, 'revenue', 'Revenue', 'Total income of the orders credited to the email, before refunds.'),
        metric('money', 'reporting currency', none, 'net_revenue', 'Net revenue', 'Revenue less refunds.'),
        metric('distinct', 'contacts', none, 'recipient_contacts', 'Recipient contacts', 'Different contacts targeted. Does not add up over days or emails.'),
        metric('rate', 'fraction', 'delivery', 'delivered_rate', 'Delivered rate', 'Delivered / sent, of the messages whose delivery is measured.', 'delivered', 'sent_reported', 0.9, 'at_least'),
        metric('rate', 'fraction', 'opens', 'open_rate', 'Open rate', 'Opened / delivered, of the messages whose delivery and opens are measured.', 'opened_reported', 'delivered_open_tracked'),
        metric('rate', 'fraction', 'clicks', 'click_rate', 'Click rate', 'Clicked / delivered, of the messages whose delivery and clicks are measured.', 'clicked_reported', 'delivered_click_tracked'),
        metric('rate', 'fraction', 'clicks', 'clicks_per_unique_open', 'Clicks per unique open', 'Share of unique opens that resulted in at least one click.', 'opened_and_clicked', 'opened_click_tracked'),
        metric('rate', 'fraction', 'delivery', 'conversion_rate', 'Conversion rate', 'Converted / delivered.', 'converted_reported', 'delivered'),
        metric('rate', 'fraction', 'delivery', 'unsubscribe_rate', 'Unsubscribe rate', 'Unsubscribed / delivered. Under 1% is normal.', 'unsubscribed', 'delivered', 0.01, 'below'),
        metric('rate', 'fraction', 'delivery', 'complaint_rate', 'Complaint rate', 'Complained / delivered. As low as possible; 0.1% is a warning.', 'complained', 'delivered', 0.001, 'below'),
        metric('rate', 'fraction', 'delivery', 'hard_bounce_rate', 'Hard bounce rate', 'Hard bounced / sent, of the messages whose delivery is measured. Keep it below 2%.', 'hard_bounced', 'sent_reported', 0.02, 'below'),
        metric('rate', 'fraction', 'delivery', 'soft_bounce_rate', 'Soft bounce rate', 'Soft bounced / sent, of the messages whose delivery is measured.', 'soft_bounced', 'sent_reported'),
        metric('rate', 'fraction', 'delivery', 'bounce_rate', 'Bounce rate', 'Bounced / sent, of the messages whose delivery is measured.', 'bounced', 'sent_reported'),
        metric('rate', 'fraction', none, 'order_conversion_rate', 'Order conversion rate', 'Share of recipients who placed an order.', 'ordered', 'recipients'),
        metric('average', 'reporting currency', none, 'revenue_per_recipient', 'Revenue per recipient', 'Revenue / recipients.', 'revenue', 'recipients'),
        metric('average', 'reporting currency', none, 'average_order_value', 'Average order value', 'Revenue / orders.', 'revenue', 'orders'),
    ]) %}
{% endmacro %}


{# The one form of a rate or an average: a double, never rounded; NULL when the denominator is 0 or
   NULL, or the numerator isn't measured. #}
{% macro rate(numerator, denominator) -%}
    case when {{ denominator }} > 0 then cast({{ numerator }} as double) / cast({{ denominator }} as double) end
{%- endmacro %}


{# Every additive metric of these rows, summed: NULL where none of them was measured. #}
{% macro summed_metrics(relation) -%}
    {%- for metric in metrics() if metric.kind in ('count', 'money') %}
        {{ cents(sum_of(relation, metric)) if metric.kind == 'money' else 'cast(' ~ sum_of(relation, metric) ~ ' as bigint)' }}
            as {{ metric.metric }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro sum_of(relation, metric) -%}
    sum({{ relation }}.{{ metric.metric }})
{%- endmacro %}


{# Whether a metric is one of these families; every metric is where none are named. #}
{% macro is_of_family(metric, families) %}
    {% do return(families is none or metric.family in families) %}
{% endmacro %}


{# The names of the additive metrics, in order; of some families alone where they are named. #}
{% macro additive_metric_names(families=none) %}
    {% set names = [] %}
    {% for metric in metrics() if metric.kind in ('count', 'money') and is_of_family(metric, families) %}
        {% do names.append(metric.metric) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{# The additive metrics of a relation, of some families alone where they are named. #}
{% macro additive_metrics(relation, families=none) -%}
    {%- for name in additive_metric_names(families) %}
        {{ relation }}.{{ name }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# Every rate and average of a relation that has the additive metrics; of some families alone where they
   are named. #}
{% macro rates(relation, families=none) -%}
    {%- for metric in metrics() if metric.kind in ('rate', 'average') and is_of_family(metric, families) %}
        {{ rate(relation ~ '.' ~ metric.numerator, relation ~ '.' ~ metric.denominator) }} as {{ metric.metric }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
