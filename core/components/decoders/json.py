"""JSON Device Request Decoder: SiteWhere's own JSON, one request a payload."""

from core.catalogue.component import Component, SiteWhereName
from core.catalogue.settings import Settings


class JsonSettings(Settings):
    """The JSON device request decoder has no settings."""


def _make(*_: object) -> object:
    raise RuntimeError("being written")


COMPONENT = Component(
    role="decoder",
    type="json",
    title="JSON Device Request Decoder",
    summary="SiteWhere's own JSON, one request a payload",
    settings=JsonSettings,
    make=_make,
    sitewhere=SiteWhereName("json-device-request-decoder"),
)
