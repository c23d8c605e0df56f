"""Names, domains, reasons and user agents that the sample draws from. All of them are invented."""

from __future__ import annotations

from typing import NamedTuple

PROVIDERS = (
    ("gmail.com", 38.0),
    ("outlook.com", 10.0),
    ("hotmail.com", 8.0),
    ("yahoo.com", 9.0),
    ("icloud.com", 13.0),
    ("gmx.de", 5.0),
    ("googlemail.com", 2.0),
    ("northwind.example", 6.0),
    ("rivertown-clinic.example", 5.0),
    ("acme.example", 4.0),
)
GOOGLE = ("gmail.com", "googlemail.com")
YAHOO = ("yahoo.com",)
APPLE = ("icloud.com",)
COMPANIES = ("northwind.example", "rivertown-clinic.example", "acme.example")


class NameGroup(NamedTuple):
    """Given and family names of one script, each with its ASCII form for an e-mail address."""

    weight: float
    given: tuple[tuple[str, str], ...]
    family: tuple[tuple[str, str], ...]
    pattern: str


def _same(names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, name.lower()) for name in names.split())


NAME_GROUPS = (
    NameGroup(
        80.0,
        _same(
            "Ada Ben Clara Daniel Elena Felix Grace Hugo Iris Jonas Karen Liam Mara Noah Olivia"
            " Paul Quinn Rosa Sam Tess Umar Vera Will Xenia Yusuf Zoe"
        ),
        _same(
            "Lovelace Archer Bennett Calder Draper Ellison Fletcher Garner Holloway Ingram Jarvis"
            " Keller Lindqvist Marlow Norwood Okafor Prescott Quill Ramsey Sutton Thorne Underhill"
            " Vance Whitlock Yardley Zeller"
        ),
        "{given} {family}",
    ),
    NameGroup(
        8.0,
        (
            ("Jürgen", "juergen"),
            ("Zoë", "zoe"),
            ("Søren", "soeren"),
            ("François", "francois"),
            ("Łucja", "lucja"),
        ),
        (
            ("Müller", "mueller"),
            ("Großmann", "grossmann"),
            ("Åkerström", "akerstroem"),
            ("Peña", "pena"),
            ("Dvořák", "dvorak"),
        ),
        "{given} {family}",
    ),
    NameGroup(
        5.0,
        _same("Siobhan Aine Declan Maeve"),
        (("O'Brien", "obrien"), ("D'Angelo", "dangelo"), ("N'Dour", "ndour")),
        "{given} {family}",
    ),
    NameGroup(
        3.0,
        (("美咲", "misaki"), ("健太", "kenta"), ("小雨", "xiaoyu"), ("明", "ming")),
        (("佐藤", "sato"), ("高橋", "takahashi"), ("王", "wang"), ("李", "li")),
        "{family}{given}",
    ),
    NameGroup(
        3.0,
        (("ليلى", "layla"), ("يوسف", "yusuf"), ("נועה", "noa")),
        (("حداد", "haddad"), ("منصور", "mansour"), ("כהן", "cohen")),
        "{given} {family}",
    ),
    NameGroup(
        1.0,
        (("Maria Magdalena Theodora Konstantina Aleksandra", "maria.magdalena"),),
        (("von Hohenberg-Wittelsbach y Fernández de Córdoba", "vonhohenberg"),),
        "{given} {family}",
    ),
)

# Why a mail server, or the sender itself, didn't take a message.
HARD_BOUNCE_REASONS = (
    "550 5.1.1 User unknown",
    "550 5.4.1 Recipient address rejected: Access denied",
    "550 5.2.1 Mailbox disabled",
    "553 5.1.2 Recipient domain not found",
)
SOFT_BOUNCE_REASONS = (
    "452 4.2.2 Mailbox full",
    "421 4.7.0 Too many connections, try again later",
    "451 4.3.0 Temporary server problem",
    "450 4.2.1 Greylisted, try again later",
)
REJECT_REASONS = ("554 5.7.1 Message blocked as spam", "550 5.7.26 Unauthenticated email")
DO_NOT_DISTURB = "Contact is set to Do Not Disturb (DND)"
SKIP_REASONS = (
    "Internal problem during send",
    "Duplicate e-mail address in this send",
    "Suppressed after an earlier hard bounce",
)
FAIL_REASONS = (
    "Invalid email address",
    "Sending domain is not configured",
    "Template could not be rendered",
)

APPLE_PREFETCH = "Mozilla/5.0"
GOOGLE_PROXY = (
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
)
YAHOO_PROXY = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/137.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/137.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0",
)
MAIL_CLIENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.11.0",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.18827; Pro)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Mobile/15E148",
)
SCANNERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) BarracudaCentral/1.0"
    " (link scanner; barracudacentral.org)",
    "Mozilla/5.0 (compatible; Proofpoint URL Defense/2.0)",
)
USER_AGENTS = (
    APPLE_PREFETCH,
    GOOGLE_PROXY,
    YAHOO_PROXY,
    *BROWSERS,
    *MAIL_CLIENTS,
    *SCANNERS,
)
