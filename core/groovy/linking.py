"""The link to the sidecar that one component of a worker has."""

from pathlib import Path

from core.catalogue.worker_context import DecoderContext
from core.errors import TidegateError
from core.groovy.client import GroovyLink


def link_of(context: DecoderContext) -> GroovyLink:
    """A link of its own, so that what one script does holds up no other; TidegateError where there is no sidecar."""
    if context.groovy is None:
        raise TidegateError("Groovy does not run: see [groovy] in instance.toml")
    return GroovyLink(context.groovy, context.tenant, context.source, list(map(Path, context.script_folders)))
