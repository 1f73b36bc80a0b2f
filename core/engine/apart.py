"""Runs scripts for a look at something: a short-lived process, a job on its stdin, the result on its stdout."""

import asyncio
import contextlib
import sys

import msgspec

from core.errors import TidegateError

START_SECONDS = 10.0
"""What it may take beside the scripts: starting Python."""
MOST_MEMORY = 512 << 20


class EndedApart(TidegateError):
    """It gave no result; the message says why."""


async def run_apart(module: str, job: msgspec.Struct, limit: float) -> bytes:
    """What `python -m module` says of the job within `limit` seconds; EndedApart where it says nothing."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(limit):
            output, _ = await process.communicate(msgspec.json.encode(job))
    except TimeoutError:
        raise EndedApart("ran longer than its time limit and could not be interrupted") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode != 0 or not output:
        raise EndedApart(f"the script ended its process (status {process.returncode})")
    return output
