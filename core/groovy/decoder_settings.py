"""Settings that the decoders with a Groovy script share."""

from typing import Annotated

from core.catalogue.settings import Settings, setting
from core.catalogue.shared_settings import IN_FOLDERS, script_path
from core.catalogue.units import Duration


class GroovyDecoderSettings(Settings):
    """Settings of a Groovy decoder."""

    script: Annotated[
        str,
        script_path(f"{IN_FOLDERS}; it acts when saved", example="decodeOSS.groovy"),
    ]
    timeout: Annotated[
        Duration,
        setting("Time limit", "of one decode; one that runs longer fails", least="10 ms", most="10 min", folded=True),
    ] = Duration("2 s")
    max_events: Annotated[
        int,
        setting("Most events", "of one request; a decode that gives more fails", least=1, most=1_000_000, folded=True),
    ] = 10000
