-- One row per raw row of goal_events, with its status.
{{ staged_events('goal_events') }}
