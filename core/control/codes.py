"""The error codes of the control protocol: JSON-RPC's own, then Tidegate's."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REFUSED = 1
"""What was asked cannot be done; the message says why."""
NOT_ALLOWED = 2
"""The caller's role does not allow it."""
CONFLICT = 3
"""Something newer is there; nothing was overwritten."""
FAULTY = 4
"""A configuration or a filter has faults; `data` is a list of `Fault`."""
NOT_FOUND = 5
MISFIT = 6
"""The two protocol numbers do not fit."""
