-- One row per attribution policy.
select
    attribution_policy as name,
    label,
    credit_rule,
    window_in_words,
    source_title,
    source_url,
    not_expressed,
    is_over_crediting
from core.dim_attribution_policies
order by attribution_policy
