"""The one password of a site, kept as its scrypt hash in a private file."""

import hashlib
import hmac
import json
import secrets
import stat
from pathlib import Path

from email_statistics.errors import UsageError
from email_statistics.storage import make_private_folder, write_private

_LEAST_CHARACTERS = 12
_MEMORY = 64 << 20
_COST = {"n": 1 << 15, "r": 8, "p": 1}


class Password:
    """A password that was set; it knows whether another one is the same."""

    def __init__(self, path: Path) -> None:
        """Read what ``set_password`` wrote.

        Raises ``UsageError`` where the file isn't there, isn't private or isn't such a file.
        """
        try:
            mode, text = path.stat().st_mode, path.read_text(encoding="utf-8")
            kept = json.loads(text)
            self._salt, self._hash = bytes.fromhex(kept["salt"]), bytes.fromhex(kept["hash"])
            self._cost = {name: int(kept[name]) for name in _COST}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"The password file {path} can't be read ({error}): make it by `email-stats serve "
                f"--set-password {path}`."
            ) from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(f"The password file {path} isn't private: run chmod 600 {path}.")
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]
        """What a session remembers, so that a new password ends it."""

    def is_right(self, given: str) -> bool:
        """Whether ``given`` is the password; takes a tenth of a second."""
        return hmac.compare_digest(_hashed(given, self._salt, self._cost), self._hash)


def set_password(path: Path, password: str) -> None:
    """Write the hash of a password. Raises ``UsageError`` where it is too short."""
    if len(password) < _LEAST_CHARACTERS:
        raise UsageError(
            f"The password is too short: give at least {_LEAST_CHARACTERS} characters."
        )
    salt = secrets.token_bytes(16)
    kept = {"salt": salt.hex(), "hash": _hashed(password, salt, _COST).hex(), **_COST}
    make_private_folder(path.parent)
    write_private(path, json.dumps(kept) + "\n")


def _hashed(password: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, maxmem=_MEMORY, **cost)
