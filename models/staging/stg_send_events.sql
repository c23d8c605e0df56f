-- One row per raw row of send_events, with its status.
{{ staged_events('send_events') }}
