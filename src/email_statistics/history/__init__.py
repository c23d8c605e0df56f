"""What happened to a message, an order, a contact or a campaign, and what each event counts as.

One query over the published tables (``timeline.sql``) serves ``email-stats trace``, which writes
it as text, and the explorer, which shows it as a table.
"""

from email_statistics.history.timeline import Story, contact, contact_timeline, find_stories

__all__ = ["Story", "contact", "contact_timeline", "find_stories"]
