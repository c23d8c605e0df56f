-- One row per raw row of links, with its status.
{{ staged_entities('links') }}
