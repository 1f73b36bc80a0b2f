"""Alternate Id Deduplicator: an event whose alternate id the tenant knows already is kept as a duplicate.

It acts in the index, where all of a tenant's events are known, and not in a worker: the device's answer waits for
nothing. A duplicate is kept with the id of the event that was there first (`duplicateOf`) and is left out of live
feeds of events. An alternate id is known for as long as an event with it is kept.
"""

from core.catalogue.component import Component, SiteWhereName
from core.catalogue.scriptless import NoSettings
from core.catalogue.worker_context import DecoderContext
from core.journal.rows import BY_ALTERNATE_ID


class AlternateIdDeduplicator:
    """See `core.catalogue.decoding.Deduplicator`."""

    mark = BY_ALTERNATE_ID

    def __init__(self, settings: NoSettings, context: DecoderContext) -> None:
        pass


COMPONENT = Component(
    role="deduplicator",
    type="alternate_id",
    title="Alternate Id Deduplicator",
    summary="a second event with the same alternate id is kept as a duplicate",
    settings=NoSettings,
    make=AlternateIdDeduplicator,
    sitewhere=SiteWhereName("alternate-id-deduplicator"),
)
