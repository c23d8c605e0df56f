"""Real senders' events: how they become the raw lake."""
