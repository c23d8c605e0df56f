"""Why something isn't measured, counted, credited or accepted: codes of the warehouse in words.

The words are those of ``seeds/reasons.csv``, which the warehouse publishes as ``core.dim_reasons``.
"""

import csv

from email_statistics.paths import PROJECT_ROOT


def begun(words: str) -> str:
    """Write words that end a sentence where nothing stands before them."""
    return f"{words[:1].upper()}{words[1:]}"


def continued(words: str) -> str:
    """Write a sentence where it goes on from another."""
    return f"{words[:1].lower()}{words[1:]}"


def _read_reasons() -> dict[str, dict[str, tuple[str, str]]]:
    """Return the label, and the sentence without its full stop, by kind and reason."""
    reasons: dict[str, dict[str, tuple[str, str]]] = {}
    with (PROJECT_ROOT / "seeds" / "reasons.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            words = (row["label"], row["sentence"].removesuffix("."))
            reasons.setdefault(row["kind"], {})[row["reason"]] = words
    return reasons


_REASONS = _read_reasons()
_NO_FAMILIES = ("exclusion", "quarantine", "unattributed", "ledger")

NOT_MEASURED = {
    (family, reason): continued(sentence)
    for family in _REASONS
    if family not in _NO_FAMILIES
    for reason, (_, sentence) in _REASONS[family].items()
}
"""Why a family of one source isn't measured, by family and status, as the end of a sentence."""

EXCLUSIONS = {reason: continued(label) for reason, (label, _) in _REASONS["exclusion"].items()}
"""Why an open or click isn't counted, as the end of a sentence."""

UNATTRIBUTED = {reason: label for reason, (label, _) in _REASONS["unattributed"].items()}
"""Why a conversion is credited to no email."""

TOUCHES = {
    reason: label if reason == "credited" else f"Not credited: {continued(label)}"
    for reason, (label, _) in _REASONS["ledger"].items()
}
"""What the active policy made of a touch (``marts.attribution_ledger``)."""

QUARANTINED_LABELS = {reason: label for reason, (label, _) in _REASONS["quarantine"].items()}
"""What the reason of a quarantined row is called."""

QUARANTINED = {reason: sentence for reason, (_, sentence) in _REASONS["quarantine"].items()}
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


_CHECKS = {
    "orphans": "Contacts missing",
    "quarantined": "Rejected records",
    "currency_without_rate": "Exchange rate missing",
    "ambiguous_contacts": "Duplicate contacts",
    "sample_ratio": "Contacts per arm",
    "contamination": "Arms mixed up",
    "maturity": "Days to go",
}


def check_named(code: str) -> str:
    """Write what a diagnostic, or a check of an experiment, looks at."""
    return _CHECKS.get(code) or named(code)


def named(code: str) -> str:
    """Write a code, such as a status, for readers: ``hard_bounced`` as ``Hard bounced``."""
    return {"re_engagement": "Re-engagement"}.get(code) or begun(code.replace("_", " "))
