"""Frames found in some bytes, for who sets a framing: found in a short-lived process, stored nowhere."""

import msgspec

from core.catalogue.registry import Catalogue
from core.config.home import Home
from core.control.frames import MOST_BYTES, FindFrames, FramesFound
from core.engine.apart import MOST_MEMORY, START_SECONDS, EndedApart, run_apart
from core.worker.finding import FindingJob
from core.worker.limits import LOAD_TIMEOUT

LOOKING_SECONDS = 10.0
"""What the framing itself may take over all of the bytes."""


async def find_frames(home: Home, catalogue: Catalogue, asked: FindFrames) -> FramesFound:
    """Where the framing finds frames; what stands in its way is the result's fault."""
    job = FindingJob(
        tenant=asked.tenant,
        packages=list(catalogue.packages),
        table=asked.framing,
        script_folders=[str(home.tenant_scripts(asked.tenant)), str(home.scripts)],
        data=asked.data[:MOST_BYTES],
        max_frame=asked.max_frame,
        oversize=asked.oversize,
        max_memory=MOST_MEMORY,
    )
    try:
        found = await run_apart("core.worker.finding", job, START_SECONDS + LOAD_TIMEOUT + LOOKING_SECONDS)
    except EndedApart as ended:
        return FramesFound(fault=str(ended))
    return msgspec.json.decode(found, type=FramesFound)
