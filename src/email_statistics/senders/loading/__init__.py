"""``load``: files of a sender's events become rows of the raw lake, every record accounted for."""
