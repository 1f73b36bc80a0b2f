"""Trial decodes: a decoder run over some bytes in a short-lived process, stored nowhere."""

from collections.abc import Mapping
from typing import Any

import msgspec

from core.catalogue.configured import Configured, read_component
from core.catalogue.registry import Catalogue
from core.catalogue.units import Duration
from core.config.home import Home
from core.config.places import locate
from core.control.scripts import Trial, TryDecode
from core.engine.apart import MOST_MEMORY, START_SECONDS, EndedApart, run_apart
from core.errors import TidegateError
from core.groovy.sidecars import Sidecars, needs_groovy
from core.worker.limits import LOAD_TIMEOUT
from core.worker.trial import DECODER, Job

GROOVY_SECONDS = 30.0
"""What a sidecar that has to be compiled and started first may take besides."""
DEFAULT_TIMEOUT = Duration("2 s")
HTTP_DEFAULTS: dict[str, Any] = {
    "http.method": "POST",
    "http.target": "/",
    "http.path": "/",
    "http.query": {},
    "http.headers": {},
}


async def run_trial(
    home: Home, catalogue: Catalogue, sidecars: Sidecars, asked: TryDecode, data: Mapping[str, Any]
) -> Trial:
    """Runs the decoder that `data`, a parsed tenant.toml, gives the source. NotFound where it gives none."""
    table = dict(locate(data, f"event_sources/{asked.source}/decoder", catalogue).table)
    job = Job(
        tenant=asked.tenant,
        source=asked.source,
        packages=list(catalogue.packages),
        table=table,
        script_folders=[str(home.tenant_scripts(asked.tenant)), str(home.scripts)],
        journal=str(home.journal / asked.tenant),
        index=str(home.index_file),
        payload=asked.payload,
        metadata=HTTP_DEFAULTS | asked.metadata,
        max_memory=MOST_MEMORY,
    )
    decoder, _ = read_component(catalogue, DECODER, table, "decoder")
    limit = START_SECONDS + LOAD_TIMEOUT + (_seconds(decoder) if decoder else 0.0)  # its faults the trial tells
    if decoder is None or not needs_groovy(decoder):
        return await _in_process(job, limit)
    job.groovy = str(sidecars.acquire(asked.tenant))
    try:
        return await _in_process(job, limit + GROOVY_SECONDS)
    finally:
        sidecars.release(asked.tenant)


def _seconds(configured: Configured) -> float:
    """What a decoder may take at the most: its own time limit, and those of what is in its slots."""
    own: float = getattr(configured.settings, "timeout", DEFAULT_TIMEOUT)
    of_lists = (max(map(_seconds, listed), default=0.0) for listed in configured.lists.values())
    return own + sum(map(_seconds, configured.slots.values())) + sum(of_lists)


async def _in_process(job: Job, limit: float) -> Trial:
    try:
        output = await run_apart("core.worker.trial", job, limit)
    except EndedApart as ended:
        return Trial(outcome="failed", reason=str(ended))
    try:
        return msgspec.json.decode(output, type=Trial)
    except msgspec.MsgspecError as error:
        raise TidegateError(f"the trial's result cannot be read: {error}") from error
