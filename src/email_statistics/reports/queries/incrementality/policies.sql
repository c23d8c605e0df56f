-- One row per attribution policy: what it credits beside what the email caused; that of this build first.
select
    calibration.attribution_policy,
    calibration.status,
    calibration.treated_contacts,
    calibration.credited_revenue,
    calibration.incremental_revenue,
    calibration.incremental_revenue_low,
    calibration.incremental_revenue_high,
    calibration.incremental_share,
    calibration.incremental_share_low,
    calibration.incremental_share_high,
    policies.label,
    policies.window_in_words,
    policies.is_active
from marts.attribution_calibration as calibration
inner join core.dim_attribution_policies as policies
    on calibration.attribution_policy = policies.attribution_policy
where calibration.experiment_id = $id
order by policies.is_active desc, calibration.credited_revenue desc, calibration.attribution_policy asc
