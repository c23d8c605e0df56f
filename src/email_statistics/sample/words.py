"""The names, reasons and user agents of ``catalogue/words.yml``."""

from email_statistics.sample.tables import read_yaml

_WORDS = read_yaml("words")

PROVIDERS: dict[str, float] = _WORDS["providers"]
COMPANIES: list[str] = _WORDS["companies"]
NAMES: list[dict[str, str]] = _WORDS["names"]
REASONS: dict[str, list[str]] = _WORDS["reasons"]
EVERY_REASON = [reason for some in REASONS.values() for reason in some]
_AGENTS: dict[str, list[str]] = _WORDS["user_agents"]
USER_AGENTS = [agent for some in _AGENTS.values() for agent in some]
BROWSERS, MAIL_CLIENTS, SCANNERS = (
    _AGENTS[name] for name in ("browsers", "mail_clients", "scanners")
)
APPLE_PREFETCH, GOOGLE_PROXY, YAHOO_PROXY = USER_AGENTS[:3]
