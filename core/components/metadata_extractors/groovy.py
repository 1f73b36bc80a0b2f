"""Groovy Metadata Extractor (Binary): a script of SiteWhere's says whose a payload is, for a composite decoder.

It returns a `BinaryMessageMetadata`: the device's hardware id and the payload inside, which the chosen decoder gets.
There is no device registry to look the device up in, so it may also set `specificationToken`, a property that Tidegate
adds to that class; a script that does not leaves it to what the device registered as.
"""

from typing import Annotated

from core.catalogue.component import Component, ScriptTemplate, SiteWhereName
from core.catalogue.settings import Settings, setting
from core.catalogue.shared_settings import IN_FOLDERS, script_path
from core.catalogue.units import Duration
from core.catalogue.worker_context import DecoderContext
from core.groovy.discovery import unavailable
from core.groovy.extracting import GroovyExtracting


class GroovyExtractorSettings(Settings):
    """Settings of a Groovy metadata extractor."""

    script: Annotated[
        str,
        script_path(f"{IN_FOLDERS}; it acts when saved", example="decodeOSS.groovy"),
    ]
    timeout: Annotated[
        Duration,
        setting(
            "Time limit",
            "of the script alone; a request that takes it longer fails",
            least="10 ms",
            most="10 min",
            folded=True,
        ),
    ] = Duration("2 s")


def make(settings: GroovyExtractorSettings, context: DecoderContext) -> GroovyExtracting:
    """The extractor of one worker."""
    return GroovyExtracting(context, settings.script, settings.timeout)


TEMPLATE = """\
import com.sitewhere.device.communication.decoder.composite.BinaryMessageMetadata

// Says whose a payload is and what of it is to be decoded. Here: <hardware id>,<specification token>,<payload inside>.
def parts = new String(payload, "ISO-8859-1").split(",", 3)
if (parts.length != 3) {
    throw new RuntimeException("not <hardware id>,<specification token>,<payload>")
}
logger.debug("from device {}", parts[0])

def found = new BinaryMessageMetadata()
found.hardwareId = parts[0]
found.specificationToken = parts[1]  // without it, what the device registered as last
found.payload = parts[2].getBytes("ISO-8859-1")
return found
"""

COMPONENT = Component(
    role="metadata_extractor",
    type="groovy",
    title="Groovy Metadata Extractor (Binary)",
    summary="a script says whose a payload is, and what of it is to be decoded",
    settings=GroovyExtractorSettings,
    make=make,
    templates=(ScriptTemplate("extract.groovy", "Text in front: <hardware id>,<specification token>,…", TEMPLATE),),
    script_suffix=".groovy",
    needs=("groovy",),
    sitewhere=SiteWhereName("groovy-device-metadata-extractor", {"scriptPath": "script"}),
    unavailable=unavailable,
)
