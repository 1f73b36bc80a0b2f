"""A signature of the body (HMAC, RFC 2104) in a header field, as webhooks send it."""

import base64
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.cli.simulator.credentials import TOKEN, Field, read_secret

STYLES: dict[str, dict[str, str]] = {
    "github": {"header": "X-Hub-Signature-256", "prefix": "{algorithm}="},
    "stripe": {
        "header": "Stripe-Signature",
        "signed": "{timestamp}.{body}",
        "timestamp_field": "t",
        "signature_field": "v1",
    },
}
"""What two well-known senders do, in the words of the `hmac` component's settings."""
CHOICES = {"algorithm": ("sha256", "sha512", "sha1"), "encoding": ("hex", "base64"), "style": tuple(STYLES)}
_PIECES = re.compile(r"(\{body\}|\{timestamp\})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How to sign; the words are those of the `hmac` component's settings. `age` puts the time so many seconds back."""

    secret: bytes
    header: str
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""
    signed: str = "{body}"
    timestamp_header: str | None = None
    timestamp_field: str | None = None
    signature_field: str | None = None
    age: int = 0

    @property
    def timed(self) -> bool:
        """Whether the same body is signed otherwise a second later."""
        return bool(self.timestamp_header or self.timestamp_field or "{timestamp}" in self.signed)

    def fields(self, body: bytes, now: float) -> list[Field]:
        """The header fields for a body as it is sent; `now` is time.time()."""
        timestamp = str(int(now) - self.age)
        signing = hmac.new(self.secret, digestmod=self.algorithm)
        for piece in _PIECES.split(self.signed):
            signing.update(
                body if piece == "{body}" else (timestamp if piece == "{timestamp}" else piece).encode(),
            )
        digest = signing.digest()
        value = self.prefix + (digest.hex() if self.encoding == "hex" else base64.b64encode(digest).decode())
        if self.signature_field:
            value = f"{self.signature_field}={value}"
        if self.timestamp_field:
            value = f"{self.timestamp_field}={timestamp},{value}"
        fields = [(self.header, value)]
        return fields if self.timestamp_header is None else [*fields, (self.timestamp_header, timestamp)]


def parse_signature(parts: Iterable[str]) -> Signature:
    """Of `KEY=VALUE`, each a setting; ValueError says what is wrong with which."""
    given: dict[str, str] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals or key not in _KEYS:
            raise ValueError(f"{key!r} is no part of a signature: write KEY=VALUE, where KEY is {', '.join(_KEYS)}")
        _check(key, value)
        given[key] = value
    if "secret" not in given:
        raise ValueError("there is nothing to sign with: write secret=env:NAME or secret=file:PATH")
    style = given.pop("style", None if "header" in given else "github")
    words = (STYLES[style] if style else {}) | given
    words["prefix"] = words.get("prefix", "").replace("{algorithm}", words.get("algorithm", "sha256"))
    if "header" not in words or "{body}" not in words.get("signed", "{body}"):
        raise ValueError("write the header's name as header=NAME, and {body} in what is signed")
    secret, age = read_secret(words.pop("secret")), int(words.pop("age", "0"))
    return Signature(secret=secret, age=age, **words)


_KEYS = ("secret", "style", *(key for key in Signature.__slots__ if key != "secret"))
_CHECKS = {"header": TOKEN, "timestamp_header": TOKEN, "age": r"-?\d{1,12}"}


def _check(key: str, value: str) -> None:
    if key in CHOICES and value not in CHOICES[key]:
        raise ValueError(f"{key}={value} is none of {', '.join(CHOICES[key])}")
    if not re.fullmatch(_CHECKS.get(key, r"[^\r\n\0]*"), value):
        raise ValueError(f"{key} cannot be {value!r}")
