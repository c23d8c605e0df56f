-- One row per raw row of experiment_assignments, with its status.
{{ staged_events('experiment_assignments') }}
