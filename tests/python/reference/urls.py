"""Which links can be tracked."""

import re

from reference.values import WHITE_SPACE, Row

_MERGE_FIELD = re.compile(r"(\{|%7b){2}|(\}|%7d){2}", re.IGNORECASE | re.ASCII)
_LABEL = r"[a-z0-9-]+"
_TRACKABLE = re.compile(
    rf"https?://{_LABEL}(\.{_LABEL})*(:[0-9]+)?([/?#][^{WHITE_SPACE}]*)?", re.IGNORECASE | re.ASCII
)


def link_reason(link: Row | None) -> str | None:
    """`trigger_link`, or `system_link` (preview, unsubscribe, affiliate); without a link the type
    is `standard` (overview: What is measured at all)."""
    link_type = link["link_type"] if link else None
    if link_type == "trigger":
        return "trigger_link"
    return None if link_type in (None, "standard") else "system_link"


def url_reason(url: str | None) -> str | None:
    """`unresolved_merge_field` (`{{` or `}}`, also percent-encoded), `not_http` (no URL, mailto,
    tel, anchors, relative, other schemes), or `malformed_url`: not
    `^https?://label(.label)*(:port)?([/?#]\\S*)?$` in either case, matched to the very end
    (overview: What is measured at all)."""
    if url and _MERGE_FIELD.search(url):
        return "unresolved_merge_field"
    if not url or not url.lower().startswith(("http://", "https://")):
        return "not_http"
    return None if _TRACKABLE.fullmatch(url) else "malformed_url"
