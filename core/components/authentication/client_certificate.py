"""Client Certificate: what the source's TLS has verified already, narrowed to some subjects."""

import re
from collections.abc import Mapping
from typing import Annotated

from core.catalogue.authenticating import AuthenticationContext
from core.catalogue.component import Component
from core.catalogue.settings import Settings, setting
from core.wire.credentials import REALM, AuthenticationId

SUBJECT = "tls.subject"
"""The connection's fact: the subject of a client's certificate, where the source's TLS has verified it."""


class ClientCertificateSettings(Settings):
    """Settings of a client certificate."""

    id: AuthenticationId
    subject: Annotated[
        str,
        setting(
            "Subject",
            "which subjects may come in, as tls.subject has them; * stands for any text; the source's TLS must ask for "
            "client certificates",
            pattern=r"[^\x00-\x1f\x7f]{1,500}",
            pattern_help="is no pattern: write one such as CN=gateway-*,O=Harbour",
        ),
    ] = "*"


class ClientCertificate:
    """See `core.catalogue.authenticating.Authenticator`."""

    challenge = f"Certificate {REALM}"
    by_head = False
    needs_body = False
    hidden_fields = frozenset[str]()

    def __init__(self, settings: ClientCertificateSettings, context: AuthenticationContext) -> None:
        self.name = settings.id
        pattern = ".*".join(re.escape(part) for part in re.split(r"\*+", settings.subject))
        self._subject = re.compile(pattern, re.DOTALL)

    def look(self, now: float) -> bool:
        return False

    def offered(self, fields: Mapping[str, str], facts: Mapping[str, object]) -> bool:
        return bool(facts.get(SUBJECT))

    def refusal(self, fields: Mapping[str, str], body: bytes, facts: Mapping[str, object], now: float) -> str | None:
        subject = facts.get(SUBJECT)
        if isinstance(subject, str) and subject and self._subject.fullmatch(subject):
            return None
        return "the client certificate has another subject"


COMPONENT = Component(
    role="authentication",
    type="client_certificate",
    title="Client Certificate",
    summary="the certificate that a device shows when it connects with TLS",
    settings=ClientCertificateSettings,
    make=ClientCertificate,
)
