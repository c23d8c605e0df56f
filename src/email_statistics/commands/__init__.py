"""The commands of ``email-stats``, one module each."""
