"""Signature (HMAC): the device signs the body with a shared secret (RFC 2104), as GitHub's and Stripe's webhooks do."""

import binascii
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from core.catalogue.authenticating import AuthenticationContext
from core.catalogue.component import Component
from core.catalogue.secrets import Secret
from core.catalogue.settings import Settings, setting
from core.catalogue.units import Duration
from core.wire.credentials import REALM, TOKEN, TOKEN_HELP, AuthenticationId, octets, secret_value

MOST_SIGNATURES = 16
"""Signatures of one request that are looked at; a sender that exchanges its secret sends two for a while."""
_PIECES = re.compile(r"(\{body\}|\{timestamp\})")
_FIELD = r"[A-Za-z0-9_-]{1,50}"
_FIELD_HELP = "is no field's name: write one such as t or v1"


class HmacSettings(Settings):
    """Settings of a signature."""

    id: AuthenticationId
    secret: Annotated[Secret, setting("Secret", "what the sender signs with")]
    header: Annotated[
        str,
        setting("Header", "where the signature stands: X-Hub-Signature-256", pattern=TOKEN, pattern_help=TOKEN_HELP),
    ]
    algorithm: Annotated[Literal["sha256", "sha512", "sha1"], setting("Algorithm", "which hash is signed with")] = (
        "sha256"
    )
    encoding: Annotated[Literal["hex", "base64"], setting("Encoding", "how the signature is written")] = "hex"
    prefix: Annotated[str, setting("Prefix", "what stands before the signature, such as sha256=")] = ""
    signed: Annotated[
        str,
        setting(
            "Signed",
            "what is signed: {body}, or {timestamp}.{body}",
            pattern=r"(?:[^{}]|\{timestamp\})*\{body\}(?:[^{}]|\{timestamp\})*",
            pattern_help="says not what is signed: write {body} once, and {timestamp} where it belongs",
        ),
    ] = "{body}"
    timestamp_header: Annotated[
        str | None,
        setting("Timestamp header", "a header with the time, in seconds", pattern=TOKEN, pattern_help=TOKEN_HELP),
    ] = None
    timestamp_field: Annotated[
        str | None,
        setting(
            "Timestamp field",
            "the time's name where the header is a list such as t=…,v1=…",
            pattern=_FIELD,
            pattern_help=_FIELD_HELP,
        ),
    ] = None
    signature_field: Annotated[
        str | None,
        setting(
            "Signature field",
            "the signature's name in such a list; any of several may be the good one",
            pattern=_FIELD,
            pattern_help=_FIELD_HELP,
        ),
    ] = None
    tolerance: Annotated[
        Duration,
        setting("Tolerance", "how far the time may be from this machine's", least="1 s", most="1 d", folded=True),
    ] = Duration("5 min")

    def problems(self) -> Iterable[tuple[str, str]]:
        timed = self.timestamp_header or self.timestamp_field
        if self.timestamp_header and self.timestamp_field:
            yield "timestamp_field", "is one place of the time too many: timestamp_header names one already"
        if self.timestamp_field and not self.signature_field:
            yield "timestamp_field", "needs signature_field, the signature's name in the same list"
        if "{timestamp}" in self.signed and not timed:
            yield "signed", "has a time: say in timestamp_header or timestamp_field where the sender writes it"
        if timed and "{timestamp}" not in self.signed:
            key = "timestamp_header" if self.timestamp_header else "timestamp_field"
            yield key, 'is not signed, so anybody could change it: write signed = "{timestamp}.{body}"'


class Hmac:
    """See `core.catalogue.authenticating.Authenticator`."""

    challenge = f"HMAC {REALM}"
    by_head = False
    needs_body = True

    def __init__(self, settings: HmacSettings, context: AuthenticationContext) -> None:
        self.name = settings.id
        self._settings = settings
        self._field = settings.header.lower()
        self._pieces = [piece for piece in _PIECES.split(settings.signed) if piece]
        self._secret = secret_value(settings.secret, context, "secret")
        self.hidden_fields = frozenset({self._field})

    def look(self, now: float) -> bool:
        return self._secret.look(now)

    def offered(self, fields: Mapping[str, str], facts: Mapping[str, object]) -> bool:
        return self._field in fields

    def refusal(self, fields: Mapping[str, str], body: bytes, facts: Mapping[str, object], now: float) -> str | None:
        header = self._settings.header
        listed = _listed(fields.get(self._field, ""))
        timestamp = self._timestamp(fields, listed)
        if timestamp is None:
            return f"there is no timestamp with the signature in {header}"
        signatures = self._signatures(fields.get(self._field, "").strip(), listed)
        if not signatures:
            return f"there is no {self._settings.encoding} signature in {header}"
        right, good = self._sign(timestamp, body), False
        for signature in signatures[:MOST_SIGNATURES]:
            good |= hmac.compare_digest(signature, right)
        if not good:
            return f"the signature in {header} is wrong"
        return self._late(timestamp, now)

    def _sign(self, timestamp: str, body: bytes) -> bytes:
        signing = hmac.new(self._secret.now, digestmod=self._settings.algorithm)
        for piece in self._pieces:
            signing.update(
                body if piece == "{body}" else octets(timestamp) if piece == "{timestamp}" else piece.encode()
            )
        return signing.digest()

    def _timestamp(self, fields: Mapping[str, str], listed: list[tuple[str, str]]) -> str | None:
        """The time as the sender wrote it; empty where none is signed, None where it is missing or no number."""
        settings = self._settings
        if settings.timestamp_header:
            found = [fields.get(settings.timestamp_header.lower(), "").strip()]
        elif settings.timestamp_field:
            found = [value for name, value in listed if name == settings.timestamp_field]
        else:
            return ""
        return found[0] if len(found) == 1 and re.fullmatch(r"[0-9]{1,15}", found[0]) else None

    def _signatures(self, value: str, listed: list[tuple[str, str]]) -> list[bytes]:
        name, prefix = self._settings.signature_field, self._settings.prefix
        texts = [value] if name is None else [given for key, given in listed if key == name]
        read = [self._read(text[len(prefix) :]) for text in texts if text.startswith(prefix)]
        return [signature for signature in read if signature]

    def _read(self, text: str) -> bytes | None:
        try:
            if self._settings.encoding == "hex":
                return binascii.unhexlify(octets(text))
            return binascii.a2b_base64(octets(text), strict_mode=True)
        except binascii.Error:
            return None

    def _late(self, timestamp: str, now: float) -> str | None:
        if not timestamp:
            return None
        away = abs(now - int(timestamp))
        tolerance = self._settings.tolerance
        return None if away <= tolerance else f"the signature's time is {away:.0f} s away, more than {tolerance}"


def _listed(value: str) -> list[tuple[str, str]]:
    """`t=1,v1=ab` as pairs."""
    pairs = (part.partition("=") for part in value.split(","))
    return [(name.strip(), given.strip()) for name, equals, given in pairs if equals]


COMPONENT = Component(
    role="authentication",
    type="hmac",
    title="Signature (HMAC)",
    summary="the body signed with a shared secret, as webhooks do",
    settings=HmacSettings,
    make=Hmac,
)
