"""The decoders with which a replay decodes: those of the sources, or a script that was given in their stead."""

from collections.abc import Iterable
from pathlib import Path

from core.catalogue.configured import Configured, read_component
from core.catalogue.registry import Catalogue
from core.errors import ConfigurationError, TidegateError
from core.groovy.sidecars import needs_groovy
from core.worker.redecode import DECODER
from core.worker.replay_job import ReplaySource


def job_source(source: Configured) -> ReplaySource:
    """A source as a replay's process is told of it."""
    deduplicator = source.slots.get("deduplicator")
    return ReplaySource(
        id=source.id,
        decoder=dict(source.slots["decoder"].table),
        deduplicator=dict(deduplicator.table) if deduplicator is not None else None,
    )


def needs_sidecar(sources: Iterable[Configured]) -> bool:
    """Whether any of their decoders, or deduplicators, runs in Groovy's sidecar."""
    used = (source.slots.get(key) for source in sources for key in ("decoder", "deduplicator"))
    return any(needs_groovy(each) for each in used if each is not None)


def with_script(source: Configured, script: str, catalogue: Catalogue) -> Configured:
    """The source with a decoder that runs `script`: its own, where that takes such scripts, else the first of the
    catalogue that does. TidegateError or ConfigurationError where none can."""
    own = source.slots["decoder"]
    suffix = Path(script).suffix
    table: dict[str, object] = {**own.table, "script": script}
    if not own.component.script_suffix or own.component.script_suffix != suffix:
        table = {"type": _type_for(suffix, catalogue), "script": script}
    decoder, faults = read_component(catalogue, DECODER, table, f"event_sources/{source.id}/decoder")
    if decoder is None:
        raise ConfigurationError(faults)
    return Configured(
        source.component,
        source.settings,
        {**source.slots, "decoder": decoder},
        source.lists,
        source.table,
        source.path,
    )


def _type_for(suffix: str, catalogue: Catalogue) -> str:
    types = [each.type for each in catalogue if each.role == "decoder" and each.script_suffix == suffix]
    if not types:
        known = sorted({each.script_suffix for each in catalogue if each.role == "decoder" and each.script_suffix})
        raise TidegateError(f"no decoder runs {suffix} scripts: give one that ends in {' or '.join(known)}")
    return types[0]
