"""Email statistics warehouse: from raw send, engagement and order events to the guide's numbers."""
