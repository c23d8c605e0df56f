-- One row per raw row of exchange_rates, with its status.
{{ staged_entities('exchange_rates') }}
