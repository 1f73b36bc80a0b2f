"""The answer script: it says what a device hears of a request, once the decode has ended."""

from typing import Any, Final

import msgspec

from core.catalogue.component import ScriptTemplate
from core.catalogue.contracts import ANSWER
from core.catalogue.decoding import DecodeFailed
from core.catalogue.received import Decoded, Received
from core.catalogue.worker_context import DecoderContext, Script
from core.scripting.log import joined
from core.scripting.metadata import script_metadata
from core.scripting.python_script import MOST_ANSWER

ACCEPTED: Final = 200
REFUSED: Final = 400
"""What the answer to a failed request counts as: a refusal that the script chose."""
TIMEOUT: Final = 1.0
"""Seconds that one call may take."""


class AnsweredRequest:
    """What an answer script knows as `request`."""

    __slots__ = ("answer", "metadata", "payload")

    def __init__(self, received: Received, source: str) -> None:
        self.payload = received.payload
        """The frame, or the datagram."""
        self.metadata: dict[str, Any] = script_metadata(received, source)
        """As the decoder was given it."""
        self.answer = received.respond[0] if received.respond is not None else None
        """What the decoder's script has said already, by `respond`; None where it said nothing."""


class AnswerScript:
    """Decides what is answered, by a script's `answer(request, events, failure, state)`.

    It gives bytes or text, or None to leave it at what the decoder's script or the handler's setting says. A request
    whose answer fails has failed: the device hears nothing, sends again, and its events must not be there twice.
    """

    def __init__(self, name: str, context: DecoderContext) -> None:
        self._script: Script = context.script(name, ANSWER, TIMEOUT)
        self._context = context

    def __call__(self, received: Received, decoded: Decoded) -> Decoded:
        request = AnsweredRequest(received, self._context.source)
        events = decoded_events(decoded)
        reason: str | None = None
        try:
            said = self._script.call(received.kept, received.where, request, events, decoded.reason, received.state)
            data = _answer(said)
        except DecodeFailed as failed:
            data, reason = b"", str(failed)
        log, cut = joined((decoded.log, decoded.log_cut), self._context.take_log())
        if reason is not None:
            received.respond = None
            decoded = msgspec.structs.replace(decoded, reason=decoded.reason or reason, events=None)
        elif data is not None:
            received.respond = (data, ACCEPTED if decoded.reason is None else REFUSED)
        return msgspec.structs.replace(decoded, log=log, log_cut=cut)


def decoded_events(decoded: Decoded) -> list[dict[str, Any]]:
    """The events as JSON objects."""
    return msgspec.json.decode(decoded.events, type=list[dict[str, Any]]) if decoded.events else []


def _answer(said: object) -> bytes | None:
    if isinstance(said, str):
        said = said.encode()
    if said is None:
        return None
    if not isinstance(said, (bytes, bytearray)):
        raise DecodeFailed(f"answer gave {type(said).__name__}, not bytes, text or None")
    if len(said) > MOST_ANSWER:
        raise DecodeFailed(f"answer gave {len(said)} bytes; {MOST_ANSWER} are allowed")
    return bytes(said)


ANSWER_TEMPLATE: Final = ScriptTemplate(
    "answer.py",
    "Says what a device is answered, once its data is on disk",
    '''"""What a device is answered, once its frame is on disk: bytes, text, or None for nothing of its own."""


def answer(request, events, failure, state):
    # request.payload: the frame; request.metadata: what the decoder was given with it
    # events: what was decoded, as dictionaries; failure: why the decode failed, or None
    # state: what scripts remember of this connection
    if failure is not None:
        return None
    return f"ACK {len(events)}\\r\\n"
''',
)
