"""Groovy Event Deduplicator: a script of SiteWhere's says of each event whether it is a duplicate.

It sees the event alone, before the request is stored, and must return a Boolean. What it calls a duplicate is not
stored as an event; the request is, and its decode log says which event was left out.
"""

from typing import Annotated

from core.catalogue.component import Component, ScriptTemplate, SiteWhereName
from core.catalogue.settings import Settings, setting
from core.catalogue.shared_settings import IN_FOLDERS, script_path
from core.catalogue.units import Duration
from core.catalogue.worker_context import DecoderContext
from core.groovy.deduplicating import GroovyDeduplicating
from core.groovy.discovery import unavailable


class GroovyDeduplicatorSettings(Settings):
    """Settings of a Groovy deduplicator."""

    script: Annotated[
        str,
        script_path(f"{IN_FOLDERS}; it acts when saved", example="decodeOSS.groovy"),
    ]
    timeout: Annotated[
        Duration,
        setting("Time limit", "for one event; the request fails beyond it", least="10 ms", most="10 min", folded=True),
    ] = Duration("2 s")


def make(settings: GroovyDeduplicatorSettings, context: DecoderContext) -> GroovyDeduplicating:
    """The deduplicator of one worker."""
    return GroovyDeduplicating(context, settings.script, settings.timeout)


TEMPLATE = """\
// Says whether an event is a duplicate: true leaves it out. `request` is the decoded request, `request.request` what
// is to be created. Here: measurements that measure nothing.
def inner = request.request
logger.debug("event of {}", request.hardwareId)
return inner.hasProperty("measurements") && inner.measurements.isEmpty()
"""

COMPONENT = Component(
    role="deduplicator",
    type="groovy",
    title="Groovy Event Deduplicator",
    summary="a script says of each event whether it is a duplicate, and leaves it out",
    settings=GroovyDeduplicatorSettings,
    make=make,
    templates=(ScriptTemplate("deduplicate.groovy", "Leaves out measurements that are empty", TEMPLATE),),
    script_suffix=".groovy",
    needs=("groovy",),
    sitewhere=SiteWhereName("groovy-event-deduplicator", {"scriptPath": "script"}),
    unavailable=unavailable,
)
