"""The key that signs links and sessions, shared by ``export`` and ``serve``."""

import os
import secrets
import stat
from pathlib import Path

from email_statistics.errors import UsageError
from email_statistics.paths import PROJECT_ROOT
from email_statistics.storage import make_private_folder, write_private_new

VARIABLE = "EMAIL_STATS_SECRET_KEY"
_LEAST_CHARACTERS = 32


def site_key() -> str:
    """Return ``EMAIL_STATS_SECRET_KEY``, else the key in ``var/secrets/site.key``, made once.

    Raises ``UsageError`` where it is too short to be a secret, or others may read its file.
    """
    key = os.environ.get(VARIABLE)
    if key is None:
        return _kept_key(PROJECT_ROOT / "var" / "secrets" / "site.key")
    if len(key) < _LEAST_CHARACTERS:
        raise UsageError(
            f"{VARIABLE} is too short: give at least {_LEAST_CHARACTERS} random characters, or "
            "unset it, and one is made and kept in var/secrets/site.key."
        )
    return key


def _kept_key(path: Path) -> str:
    make_private_folder(path.parent)
    if not path.exists():
        write_private_new(path, secrets.token_urlsafe(_LEAST_CHARACTERS))
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            f"{path} isn't private: remove it (links that it signed end) or chmod 600."
        )
    key = path.read_text(encoding="utf-8").strip()
    if len(key) < _LEAST_CHARACTERS:
        raise UsageError(f"{path} holds no key: remove it, and a new one is made.")
    return key
