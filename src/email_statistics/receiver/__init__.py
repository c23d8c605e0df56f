"""``email-stats receive``: takes the webhooks of senders and loads them into the lake."""
