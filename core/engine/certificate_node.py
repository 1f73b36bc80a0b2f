"""What an operator is told of a source's certificate: whose it is, and how long it is good for."""

import time
from collections.abc import Sequence
from typing import Any

from core.engine.worker_process import WorkerProcess
from core.model.dates import date_text
from core.model.text import plural

WARN_FROM_DAYS = 21
DAY = 24 * 3600


def certificate_detail(workers: Sequence[WorkerProcess]) -> dict[str, Any]:
    """`subject`, `not_after` (RFC 3339) and `days_left` (below 0 where it has expired) of what devices are shown."""
    facts = workers[0].certificate if workers else None
    if facts is None:
        return {}
    return {
        "subject": facts.subject,
        "not_after": date_text(facts.not_after * 1000),
        "days_left": int((facts.not_after - time.time()) // DAY),
    }


def certificate_reason(workers: Sequence[WorkerProcess]) -> str | None:
    """What is wrong with it, or will soon be."""
    for worker in workers:
        if worker.certificate_fault is not None:
            return f"the certificate was changed and cannot be used: {worker.certificate_fault}"
    facts = workers[0].certificate if workers else None
    if facts is None:
        return None
    left = facts.not_after - time.time()
    if left < 0:
        return f"the certificate has expired on {date_text(facts.not_after * 1000)[:10]}"
    if left < WARN_FROM_DAYS * DAY:
        return (
            f"the certificate expires in {plural(int(left // DAY), 'day')}"
            if left >= DAY
            else ("the certificate expires within a day")
        )
    return None
