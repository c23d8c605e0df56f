-- One row per raw row of contacts, with its status.
{{ staged_entities('contacts') }}
