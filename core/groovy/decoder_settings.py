"""Settings that the decoders with a Groovy script share."""

from typing import Annotated

import msgspec

from core.catalogue.settings import Settings, setting
from core.catalogue.units import Duration


def script_path(what: str) -> msgspec.Meta:
    """Describes the setting that names a Groovy script."""
    return setting(
        "Script path",
        what,
        script=True,
        pattern=r"(?!/)(?!.*\.\.)[\w./-]+\.groovy",
        pattern_help="is no Groovy script in a scripts folder: write a name such as decodeOSS.groovy",
    )


class GroovyDecoderSettings(Settings):
    """Settings of a Groovy decoder."""

    script: Annotated[
        str,
        script_path("a file in the tenant's scripts folder, or in the one that all tenants share; it acts when saved"),
    ]
    timeout: Annotated[
        Duration,
        setting("Time limit", "of one decode; one that runs longer fails", least="10 ms", most="10 min", folded=True),
    ] = Duration("2 s")
    max_events: Annotated[
        int,
        setting("Most events", "of one request; a decode that gives more fails", least=1, most=1_000_000, folded=True),
    ] = 10000
