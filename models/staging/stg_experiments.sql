-- One row per raw row of experiments, with its status.
{{ staged_entities('experiments') }}
