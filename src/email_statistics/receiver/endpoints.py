"""What each served sender must prove, from its section of the profile and the environment."""

import base64
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from email_statistics.errors import UsageError
from email_statistics.senders.profile import Profile, secret
from email_statistics.senders.signatures import SCHEMES, Verify, verifier


@dataclass(frozen=True)
class Endpoint:
    """One sender's part of the receiver.

    ``logins`` are the accepted values of the header Authorization, empty where it isn't asked for;
    ``topic_arns`` the accepted topics of Amazon SNS; ``public_url`` the URL that the sender posts
    to, where a proxy changes it.
    """

    sender: str
    verify: Verify | None = None
    logins: tuple[bytes, ...] = ()
    topic_arns: frozenset[str] = frozenset()
    public_url: str | None = None

    def admits(self, authorization: str) -> bool:
        """Whether the header Authorization is right, or none is asked for."""
        scheme, _, value = authorization.partition(" ")
        given = f"{scheme.lower()} {value.strip()}".encode("latin-1")
        return not self.logins or any(hmac.compare_digest(given, one) for one in self.logins)


def endpoints(profiles: Iterable[Profile]) -> dict[str, Endpoint]:
    """Return the endpoint of each sender that the profile names.

    Raises ``UsageError`` where there is none, or where one could be posted to by anybody: it names
    neither a signing key nor Basic nor a bearer token (for SNS: topics), or the environment lacks
    what it names.
    """
    found = {profile.sender: _endpoint(profile) for profile in profiles if profile.is_named}
    if not found:
        raise UsageError(
            "The profile names no sender, so there is nothing to receive: "
            "`email-stats load --example-profile SENDER` prints a section."
        )
    return found


def _endpoint(profile: Profile) -> Endpoint:
    sender = profile.sender
    if profile.topic_arns and sender != "ses":
        raise UsageError(f"topic_arns are of Amazon SNS, which delivers for ses, not for {sender}.")
    logins = []
    if basic := _secret(profile, "basic_auth"):
        if ":" not in basic:
            raise UsageError(
                f"The variable {profile.basic_auth} of {sender} must hold user:password."
            )
        logins.append(b"basic " + base64.b64encode(basic.encode()))
    if bearer := _secret(profile, "bearer"):
        logins.append(b"bearer " + bearer.encode())
    verify = _verify(profile, _secret(profile, "signing_key"))
    if not (verify or logins or profile.topic_arns):
        needed = (
            "signing_key, basic_auth or bearer" if sender in SCHEMES else "basic_auth or bearer"
        )
        raise UsageError(
            f"Anybody could post as {sender}: give its section of the profile "
            f"{'topic_arns, ' if sender == 'ses' else ''}{needed}."
        )
    return Endpoint(
        sender, verify, tuple(logins), frozenset(profile.topic_arns), profile.public_url
    )


def _secret(profile: Profile, setting: str) -> str | None:
    variable: str | None = getattr(profile, setting)
    value = secret(variable)
    if variable and not value:
        raise UsageError(
            f"The environment variable {variable}, {setting} of {profile.sender} in the profile, "
            "isn't set: set it, then start again."
        )
    return value


def _verify(profile: Profile, key: str | None) -> Verify | None:
    if key is None:
        return None
    if profile.sender not in SCHEMES:
        raise UsageError(
            f"{profile.sender} doesn't sign with a key of yours: give "
            f"{'topic_arns' if profile.sender == 'ses' else 'basic_auth or bearer'} in the "
            "profile, not signing_key."
        )
    try:
        return verifier(profile.sender, key)
    except ValueError as error:
        raise UsageError(
            f"The environment variable {profile.signing_key} holds no key of {profile.sender}: "
            "copy it again from there."
        ) from error
