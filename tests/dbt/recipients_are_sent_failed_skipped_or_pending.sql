-- recipients = sent + failed + skipped + pending, and total attempts = sent + failed.
select *
from {{ ref('email_performance_daily') }}
where
    recipients is distinct from sent + failed + skipped + pending
    or total_attempts is distinct from sent + failed
