"""HTTP Socket Interaction Handler Factory: every HTTP/1.1 request with a body is one payload (RFC 9110, RFC 9112)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal, cast

from core.catalogue.authenticating import Authenticator
from core.catalogue.component import Component, SiteWhereName, Slot
from core.catalogue.composition import Parts
from core.catalogue.handling import Intake
from core.catalogue.settings import Settings, setting
from core.catalogue.shared_settings import idle_limit, write_limit
from core.catalogue.units import Duration, Size
from core.wire.forwarded import ForwardedField
from core.wire.http_answer import TEXT
from core.wire.networks import Networks, network_fault

if TYPE_CHECKING:
    from core.wire.http_handler import HttpHandler

CONTENT_TYPE = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(;[ !-~]*)?"


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
    content_types: Annotated[
        tuple[str, ...] | None,
        setting(
            "Content types",
            "which types of content are served, others are answered 415; * at the end is a wildcard; none given: all",
            folded=True,
        ),
    ] = None
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
    success_content_type: Annotated[
        str,
        setting(
            "Success type",
            "the content type of that answer",
            pattern=CONTENT_TYPE,
            pattern_help="is no content type, such as application/json",
            folded=True,
        ),
    ] = TEXT
    decompress: Annotated[
        bool,
        setting(
            "Decompress",
            "gzip, deflate and zstd are undone before the decoder; false: it gets the body as it was sent",
            folded=True,
        ),
    ] = True
    trusted_proxies: Annotated[
        tuple[str, ...],
        setting(
            "Trusted proxies",
            "addresses or networks whose word is taken for a device's address, such as 10.0.0.0/8",
            check=network_fault,
            folded=True,
        ),
    ] = ()
    forwarded: Annotated[
        ForwardedField,
        setting(
            "Forwarded field",
            "the one that the trusted proxies write; another would be the device's own word",
            folded=True,
        ),
    ] = "x-forwarded-for"
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
    max_target: Annotated[
        Size,
        setting(
            "Most target", "bytes of path and query; more is answered 414", least="64 B", most="1 MiB", folded=True
        ),
    ] = Size("8 KiB")
    max_fields: Annotated[
        int,
        setting("Most fields", "lines of a head; more is answered 431", least=1, most=10_000, folded=True),
    ] = 100
    max_body: Annotated[
        Size,
        setting(
            "Most body", "bytes of a body, decompressed; more is answered 413", least="1 B", most="256 MiB", folded=True
        ),
    ] = Size("1 MiB")
    authentication_failures: Annotated[
        int,
        setting(
            "Failed authentications",
            "of one address in a minute, by each worker's count; then it is answered 429; 0 is no limit",
            least=0,
            most=1_000_000,
            folded=True,
        ),
    ] = 10
    max_requests: Annotated[
        int,
        setting(
            "Most requests",
            "of one connection, which is closed after its last answer",
            least=1,
            most=1_000_000_000,
            folded=True,
        ),
    ] = 10_000
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
    body_rate: Annotated[
        Size,
        setting(
            "Body rate",
            "bytes a second that a body must come at, after 5 s; slower is answered 408",
            least="0 B",
            most="1 GiB",
            folded=True,
        ),
    ] = Size("64 B")
    idle_timeout: Annotated[
        Duration, idle_limit("a connection without a request is closed after it", least="100 ms", most="1 d")
    ] = Duration("60 s")
    write_timeout: Annotated[Duration, write_limit()] = Duration("30 s")


def make(settings: HttpSettings, intake: Intake, parts: Parts) -> "HttpHandler":
    """The handler of one worker."""
    # Only workers speak HTTP: engine, commands and console come up 25 ms sooner without.
    from core.wire.gate import Gate
    from core.wire.http_handler import HttpHandler
    from core.wire.http_shared import HttpRules
    from core.wire.http_syntax import HeadLimits

    authenticators = cast("Sequence[Authenticator]", parts.get("authentication", ()))
    gate = Gate(authenticators, settings.authentication_failures) if authenticators else None
    rules = HttpRules(
        paths=settings.paths,
        methods=frozenset(method.upper() for method in settings.methods),
        reject_failures=settings.on_failure == "reject",
        success_status=settings.success_status,
        success_body=settings.success_body.encode(),
        success_content_type=settings.success_content_type,
        content_types=settings.content_types,
        decompress=settings.decompress,
        trusted_proxies=Networks(settings.trusted_proxies),
        forwarded=settings.forwarded,
        limits=HeadLimits(settings.max_head, settings.max_target, settings.max_fields),
        max_body=settings.max_body,
        max_requests=settings.max_requests,
        body_rate=settings.body_rate,
        head_timeout=settings.head_timeout,
        body_timeout=settings.body_timeout,
        idle_timeout=settings.idle_timeout,
        write_timeout=settings.write_timeout,
    )
    return HttpHandler(rules, intake, gate)


COMPONENT = Component(
    role="interaction_handler",
    type="http",
    title="HTTP Socket Interaction Handler Factory",
    summary="every HTTP request is one payload, answered when it is on disk",
    settings=HttpSettings,
    make=make,
    slots=(Slot("authentication", "authentication", "Authentication", required=False, many=True),),
    sitewhere=SiteWhereName("http-interaction-handler-factory"),
)
