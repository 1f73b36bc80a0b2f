"""A connection's state: what scripts remember from one request of a connection to the next."""

from typing import Any

import msgspec

from core.catalogue.received import Received

MOST_STATE = 4096
"""Bytes of JSON that it may have, for it is kept with every request."""


def encode_state(received: Received) -> tuple[bytes | None, str | None]:
    """The connection's state for the journal, or why it cannot be kept."""
    return state_json(received.state)


def state_json(remembered: dict[str, Any]) -> tuple[bytes | None, str | None]:
    """A state as JSON, or why it cannot be that."""
    try:
        state = msgspec.json.encode(remembered)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        return None, f"the connection's state is not JSON: {error}"
    if len(state) > MOST_STATE:
        return None, f"the connection's state is {len(state)} bytes; {MOST_STATE} are allowed"
    return state, None
