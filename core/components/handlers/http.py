"""HTTP Socket Interaction Handler Factory: every HTTP/1.1 request with a body is one payload (RFC 9110, RFC 9112)."""

from typing import Annotated, Literal

from core.catalogue.behaviour import Intake
from core.catalogue.component import Component, SiteWhereName
from core.catalogue.settings import Settings, setting
from core.catalogue.units import Duration, Size
from core.wire.http_handler import HttpHandler
from core.wire.http_shared import HttpRules


class HttpSettings(Settings):
    """Settings of the HTTP interaction handler."""

    paths: Annotated[
        tuple[str, ...] | None,
        setting(
            "Paths",
            "which paths are served, others are answered 404; * at the end is a wildcard; none given: all",
        ),
    ] = None
    methods: Annotated[
        tuple[str, ...],
        setting(
            "Methods",
            "which methods are served, others are answered 405; a GET is decoded with an empty payload",
        ),
    ] = ("POST", "PUT", "PATCH")
    on_failure: Annotated[
        Literal["reject", "accept"],
        setting(
            "On failure",
            "what a device hears when its payload cannot be decoded: 422, or the success answer",
        ),
    ] = "reject"
    success_status: Annotated[
        int, setting("Success status", "answered when the request is on disk", least=200, most=299)
    ] = 200
    success_body: Annotated[str, setting("Success body", "the text of that answer")] = "Information received."
    max_head: Annotated[
        Size,
        setting(
            "Most head",
            "bytes of request line and headers; more is answered 431",
            least="1 KiB",
            most="1 MiB",
            folded=True,
        ),
    ] = Size("32 KiB")
    max_body: Annotated[
        Size,
        setting("Most body", "bytes of a body; more is answered 413", least="1 B", most="256 MiB", folded=True),
    ] = Size("1 MiB")
    head_timeout: Annotated[
        Duration,
        setting(
            "Head time limit",
            "from the first byte of a head to its last; more is answered 408",
            least="100 ms",
            most="10 min",
            folded=True,
        ),
    ] = Duration("10 s")
    body_timeout: Annotated[
        Duration,
        setting(
            "Body time limit",
            "from the end of the head to the last byte of the body; more is answered 408",
            least="100 ms",
            most="1 h",
            folded=True,
        ),
    ] = Duration("30 s")
    idle_timeout: Annotated[
        Duration,
        setting(
            "Idle time limit",
            "a connection without a request is closed after it",
            least="100 ms",
            most="1 d",
            folded=True,
        ),
    ] = Duration("60 s")
    write_timeout: Annotated[
        Duration,
        setting(
            "Write time limit",
            "how long a device may take to accept its answer",
            least="100 ms",
            most="10 min",
            folded=True,
        ),
    ] = Duration("30 s")


def make(settings: HttpSettings, intake: Intake) -> HttpHandler:
    """The handler of one worker."""
    rules = HttpRules(
        paths=settings.paths,
        methods=frozenset(method.upper() for method in settings.methods),
        reject_failures=settings.on_failure == "reject",
        success_status=settings.success_status,
        success_body=settings.success_body.encode(),
        max_head=settings.max_head,
        max_body=settings.max_body,
        head_timeout=settings.head_timeout,
        body_timeout=settings.body_timeout,
        idle_timeout=settings.idle_timeout,
        write_timeout=settings.write_timeout,
    )
    return HttpHandler(rules, intake)


COMPONENT = Component(
    role="interaction_handler",
    type="http",
    title="HTTP Socket Interaction Handler Factory",
    summary="every HTTP request is one payload, answered when it is on disk",
    settings=HttpSettings,
    make=make,
    sitewhere=SiteWhereName("http-interaction-handler-factory"),
)
