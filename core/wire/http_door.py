"""The door: who may come in, what a body is without its codings, whom a proxy forwards for."""

import time
from typing import Any

from core.catalogue.received import Peer, peer_at
from core.wire.forwarded import client_of
from core.wire.gate import Gate
from core.wire.http_content import uncoded
from core.wire.http_head import Head, Refusal
from core.wire.http_shared import HttpShared
from core.wire.http_syntax import BadHead

Facts = dict[str, Any]
"""What is known of a connection beside its peer, by metadata key: `tls.subject`."""


class Refused(Exception):
    """A request that does not reach the decoder."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.reason)


class HttpDoor:
    """Made once a worker. A refusal that is a function of the head alone stands in the head; this judges the rest."""

    def __init__(self, shared: HttpShared, gate: Gate | None) -> None:
        self._shared = shared
        self._rules = shared.rules
        self._gate = gate
        self._challenge = b""
        if gate is not None:
            self._challenge = b"".join(b"WWW-Authenticate: %b\r\n" % each.encode() for each in gate.challenges)

    @property
    def open(self) -> bool:
        """Nobody has to show who it is."""
        return self._gate is None

    def look(self, now: float) -> None:
        """Secrets whose files have changed hold from now on."""
        if self._gate is not None:
            self._gate.look(now)

    def peer_of(self, head: Head, peer: Peer) -> Peer:
        """The device behind a connection, where that is a trusted proxy's."""
        rules = self._rules
        if peer.remote[0] not in rules.trusted_proxies:
            return peer
        remote = client_of(head.headers, peer.remote, rules.trusted_proxies, rules.forwarded)
        return peer if remote == peer.remote else peer_at(remote, via=peer.where)

    def look_at_head(self, head: Head, peer: Peer, facts: Facts) -> None:
        """Refused where it is plain already that the body need not be read."""
        if self._gate is not None:
            self._authenticate(self._gate, head, peer, facts, None)

    def admit(self, head: Head, body: bytes, peer: Peer, facts: Facts) -> tuple[bytes, Facts | None]:
        """The payload of a whole request, and what is known of it beside its head; Refused where it may not come in."""
        extra: Facts | None = dict(facts) if facts else None
        if self._gate is not None:
            extra = {**(extra or {}), "auth.name": self._authenticate(self._gate, head, peer, facts, body)}
        if peer.via is not None:
            extra = {**(extra or {}), "remote.via": peer.via}
        if head.codings:
            try:
                body = uncoded(body, head.codings, self._rules.max_body)
            except BadHead as bad:
                raise Refused(Refusal(bad.status, bad.reason)) from None
        return body, extra

    def _authenticate(self, gate: Gate, head: Head, peer: Peer, facts: Facts, body: bytes | None) -> str | None:
        """Who it is; None where only the body will tell, which is not there yet. What the gate always says of a good
        head is remembered with it; bad ones are judged each time, for they are counted."""
        known = head.admitted
        if known is not None and known[0] == gate.generation:
            return known[1]
        host, now = peer.remote[0], self._shared.now
        if wait := gate.wait(host, now):
            raise Refused(
                Refusal(429, "too many failed authentications from this address", b"Retry-After: %d\r\n" % wait)
            )
        fields = head.fields()
        said = gate.judge_head(fields, facts, time.time())
        if said.needs_body and body is not None:
            said = gate.judge(fields, body, facts, time.time())
        if said.wrong:
            gate.failed(host, now)
        if said.reason is not None:
            raise Refused(Refusal(401, f"not authenticated: {said.reason}", self._challenge))
        if said.by_head and said.name is not None:
            head.admitted = (gate.generation, said.name)
        return said.name
