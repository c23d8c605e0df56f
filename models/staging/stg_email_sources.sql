-- One row per raw row of email_sources, with its status.
{{ staged_entities('email_sources') }}
