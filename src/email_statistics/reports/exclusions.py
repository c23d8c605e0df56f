"""Why an open or click isn't counted, in words (spec: What is measured at all)."""

EXCLUSIONS = {
    "test_send": "in a test send",
    "not_reported": "the outside SMTP service doesn't report it",
    "not_tracked": "tracking was off",
    "not_supported": "not supported for this kind of email",
    "trigger_link": "on a trigger link",
    "system_link": "on a preview, unsubscribe or affiliate link",
    "unresolved_merge_field": "on a link with an unresolved merge field",
    "not_http": "on a link that is not http or https",
    "malformed_url": "on a malformed URL",
    "machine": "by a machine",
}
"""Each reason as the end of a sentence; of many at once macros/diagnostics.sql tells in SQL."""


def begun(words: str) -> str:
    """Write words of ``EXCLUSIONS`` where nothing stands before them."""
    return f"{words[0].upper()}{words[1:]}"
