-- One row per raw row of sending_domains, with its status.
{{ staged_entities('sending_domains') }}
