"""Interactive notebooks: widgets over the published tables (``notebooks/explore``)."""
