"""Why something isn't measured, counted, credited or accepted: codes of the warehouse in words."""

NOT_MEASURED = {
    ("delivery", "not_reported"): "the sending service doesn't report delivery",
    (
        "acceptance",
        "not_reported",
    ): "the sending service doesn't report what it accepts and rejects",
    ("reply", "not_reported"): "the sending service doesn't report replies",
    ("unsubscribe", "not_reported"): "the sending service doesn't report unsubscribes",
    ("complaint", "not_reported"): "the sending service doesn't report complaints",
    ("open", "not_reported"): "the sending service doesn't report opens",
    ("open", "not_tracked"): "open tracking was off, or the sending domain isn't dedicated",
    ("click", "not_tracked"): "Track Clicks or the domain's click tracking was off",
    ("click", "not_supported"): "click tracking doesn't support A/B test and RSS campaigns",
    ("click", "not_reported"): "the sending service doesn't report clicks",
    ("link_click", "not_tracked"): "Track Clicks or the domain's click tracking was off",
    ("link_click", "not_supported"): "Click Performance is for standard campaigns only",
    ("link_click", "not_reported"): "the sending service doesn't report clicks",
}
"""Why a family of one source isn't measured, by family and status, as the end of a sentence."""

EXCLUSIONS = {
    "test_send": "in a test send",
    "not_reported": "the sending service doesn't report it",
    "not_tracked": "tracking was off",
    "not_supported": "not supported for this kind of email",
    "trigger_link": "on a trigger link",
    "system_link": "on a preview, unsubscribe or affiliate link",
    "unresolved_merge_field": "on a link with an unresolved merge field",
    "not_http": "on a link that is not http or https",
    "malformed_url": "on a malformed URL",
    "machine": "by a machine",
}
"""Why an open or click isn't counted, as the end of a sentence."""

UNATTRIBUTED = {
    "no_touch": "No touch before it",
    "outside_window": "Later than every touch's window",
    "contact_unknown": "Contact unknown",
    "contact_ambiguous": "Several contacts share this email address",
}
"""Why a conversion is credited to no email."""

TOUCHES = {
    "credited": "Credited",
    "superseded": "Not credited: another touch is",
    "machine": "Not credited: a machine's",
    "not_product_campaign": "Not credited: the email shows no products",
    "ineligible_source": "Not credited: emails of this type earn no credit",
    "outside_window": "Not credited: outside its window",
    "after_conversion": "Not credited: after the order",
}
"""What the active policy made of a touch (``marts.attribution_ledger``)."""

QUARANTINED = {
    "missing_key": "A required id, type or time is null or blank",
    "unknown_event_type": "The event type is none of the table's",
    "unknown_value": "A type, kind or service is none of the known ones",
    "invalid_timestamp": "A time can't be read, is before 2000, or more than a day after loaded_at",
    "invalid_amount": "An amount is missing, negative, no number, or has over two decimals",
    "invalid_currency": "A currency isn't three letters",
    "invalid_value": "A value can't be read as its column's type",
}
"""What is wrong with a raw row that is quarantined."""

BOUNCES = {
    "1": "Address",
    "2": "Mailbox",
    "3": "Mail system",
    "4": "Network and routing",
    "5": "Mail protocol",
    "6": "Content",
    "7": "Security or policy",
}
"""What the second number of an enhanced status code is about (RFC 3463)."""


def begun(words: str) -> str:
    """Write words that end a sentence where nothing stands before them."""
    return f"{words[:1].upper()}{words[1:]}"


def continued(words: str) -> str:
    """Write a sentence where it goes on from another."""
    return f"{words[:1].lower()}{words[1:]}"


def named(code: str) -> str:
    """Write a code, such as a status, for readers: ``hard_bounced`` as ``Hard bounced``."""
    return {"re_engagement": "Re-engagement"}.get(code) or begun(code.replace("_", " "))
