-- One row per raw row of engagement_events, with its status.
{{ staged_events('engagement_events') }}
