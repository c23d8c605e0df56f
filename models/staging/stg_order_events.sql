-- One row per raw row of order_events, with its status.
{{ staged_events('order_events') }}
