"""The gate of a handler: any one of its authenticators lets a request in."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from core.catalogue.authenticating import Authenticator
from core.wire.failure_limit import FailureLimit

NO_CREDENTIALS = "no credentials"

Fields = Mapping[str, str]
Facts = Mapping[str, object]


class Admission(msgspec.Struct, frozen=True):
    """What the gate says of a request: who it is, why it may not come in, or, with neither, that its body is needed."""

    name: str | None = None
    """The authenticator that let it in: `auth.name`."""
    reason: str | None = None
    """Why it is answered 401, as the operator reads it; no secret is in it."""
    wrong: bool = False
    """Credentials were offered, and they were wrong: that is a failure of its address."""
    by_head: bool = False
    """The same head always gets this, as long as `Gate.generation` is the same: it may be remembered with the head."""

    @property
    def needs_body(self) -> bool:
        """It is the body that will tell: ask `Gate.judge` when it is there."""
        return self.name is None and self.reason is None


class Gate:
    """Judges requests, and keeps count of the addresses that guess.

    A caller asks `wait` first, for a count of seconds (429), then `judge_head`, and `judge` where the body is needed;
    what comes back with a reason is answered 401 with `challenges`, and told to `failed` where it is `wrong`.
    """

    def __init__(self, authenticators: Sequence[Authenticator], most_failures: int) -> None:
        self._all = tuple(authenticators)
        self._by_head = [each for each in authenticators if each.by_head]
        self._by_facts = [each for each in authenticators if not each.by_head and not each.needs_body]
        self._by_body = [each for each in authenticators if not each.by_head and each.needs_body]
        self._limit = FailureLimit(most_failures)
        self.challenges = tuple(dict.fromkeys(each.challenge for each in authenticators))
        """What WWW-Authenticate says, one a field or joined with commas."""
        self.hidden_fields = frozenset[str]().union(*(each.hidden_fields for each in authenticators))
        """Lower-case names of the header fields whose values are secrets here."""
        self.generation = 0
        """Another number when a secret is another."""

    def look(self, now: float) -> None:
        """Reads the secrets again whose files have changed; cheap to call. `now` is a clock that never goes back."""
        self.generation += sum(each.look(now) for each in self._all)

    def wait(self, address: str, now: float) -> int:
        """Seconds for which nothing that comes from this address is looked at; 0 where it is."""
        return self._limit.wait(address, now)

    def failed(self, address: str, now: float) -> None:
        """Something from this address was `wrong`."""
        self._limit.failed(address, now)

    def judge_head(self, fields: Fields, facts: Facts, now: float) -> Admission:
        """What can be said before the body is there. `now` is time.time()."""
        by_head = not self._by_facts
        name, reasons = _first(self._by_head, fields, b"", facts, now)
        if name is not None:
            return Admission(name, by_head=True)
        name, more = _first(self._by_facts, fields, b"", facts, now)
        if name is not None:
            return Admission(name)
        if any(each.offered(fields, facts) for each in self._by_body):
            return Admission(by_head=by_head)
        return _refused([*reasons, *more], by_head)

    def judge(self, fields: Fields, body: bytes, facts: Facts, now: float) -> Admission:
        """What is to be said of a whole request; `body` is as it was sent."""
        said = self.judge_head(fields, facts, now)
        if not said.needs_body:
            return said
        name, reasons = _first(self._by_body, fields, body, facts, now)
        return Admission(name) if name is not None else _refused(reasons, by_head=False)


def _first(
    authenticators: Iterable[Authenticator], fields: Fields, body: bytes, facts: Facts, now: float
) -> tuple[str | None, list[str]]:
    """The first that lets it in, and else what those say that were offered something."""
    reasons: list[str] = []
    for each in authenticators:
        if each.offered(fields, facts):
            reason = each.refusal(fields, body, facts, now)
            if reason is None:
                return each.name, []
            reasons.append(reason)
    return None, reasons


def _refused(reasons: list[str], by_head: bool) -> Admission:
    said = "; ".join(dict.fromkeys(reasons))
    return Admission(reason=said or NO_CREDENTIALS, wrong=bool(reasons), by_head=by_head)
