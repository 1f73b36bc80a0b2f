"""Whatever a file holds: what comes of it parses, says what runs, and says what does not."""

from xml.sax.saxutils import quoteattr

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.catalogue.registry import catalogue
from core.config.document import Document
from core.config.tenant import read_tenant
from core.errors import TidegateError
from core.sitewhere.convert import convert
from core.sitewhere.names import TITLES
from core.sitewhere.report import report_text
from core.sitewhere.tenant_xml import read_tenant_xml
from tests.sitewhere.documents import document

CATALOGUE = catalogue()
UNAVAILABLE = {reason for component in CATALOGUE if (reason := component.unavailable())}
CHARACTERS = st.characters(
    exclude_categories=("Cs",), exclude_characters="".join(map(chr, range(0x20))) + "\ufffe\uffff"
)
VALUES = st.one_of(
    st.sampled_from(
        ["lora", "8484", "0", "5", "500", "true", "a.groovy", "../x.groovy", "${a}", "${b:1}", "${", "#{x}"]
    ),
    st.text(CHARACTERS, max_size=8),
    st.sampled_from(["a\nb", "\t", '"""', "'''", "\x7f", "\x85", "\u2028"]),
)
NAMES = st.sampled_from(["sourceId", "port", "numThreads", "scriptPath", "token", "ref", "password", "hostname", "x"])
SOURCES = [name for name in TITLES if name.endswith("-event-source")]
INNER = [name for name in TITLES if not name.endswith("-event-source")]


@st.composite
def elements(draw: st.DrawFn, names: list[str], depth: int = 0) -> str:
    name = draw(st.sampled_from(names))
    attributes = draw(st.dictionaries(NAMES, VALUES, max_size=4))
    given = "".join(f" {key}={_quoted(value)}" for key, value in attributes.items())
    inner = [*INNER, "choices", "event-decoder", "thing"]
    below = st.lists(elements(inner, depth + 1), max_size=4 if depth == 0 else 2) if depth < 3 else st.just([])
    prefix = draw(st.sampled_from(["sw"] * 9 + ["context"]))
    return f"<{prefix}:{name}{given}>{''.join(draw(below))}</{prefix}:{name}>"


def _quoted(value: str) -> str:
    return quoteattr(value, {"\n": "&#10;", "\t": "&#9;", "\x85": "&#x85;", "\u2028": "&#x2028;"})


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(elements([*SOURCES, *["socket-event-source"] * 6, "event-source"]), max_size=4),
    st.dictionaries(st.sampled_from("ab"), VALUES),
)
def test_any_sources_become_a_tenant_that_is_valid_and_a_report(found: list[str], properties: dict[str, str]) -> None:
    raw = document(f"<sw:event-sources>{''.join(found)}</sw:event-sources>")
    made = convert(raw, "default", "Default Tenant", CATALOGUE, properties, "sitewhere-tenant.xml")
    read = read_tenant(made.text, "tenant.toml", CATALOGUE, "default")
    assert [fault for fault in read.faults if fault.message not in UNAVAILABLE] == []
    carried = [line for line in made.lines if line.kind == "carried"]
    assert len(carried) == len(read.sources) + len(read.broken)
    commented = made.text.count("# Not carried over: ")
    foreign = sum(source.startswith("<context:") for source in found)
    assert len(carried) + commented + foreign == len(found)
    assert all(line.reason and line.subject for line in made.lines)
    assert Document(made.text).data["tenant"]["id"] == "default"
    report = report_text("default", "a.xml", "today", made.lines)
    assert all(line.isprintable() for line in report.split("\n"))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_sentence(raw: bytes) -> None:
    try:
        read_tenant_xml(raw)
    except TidegateError as error:
        assert str(error).isprintable()  # noqa: PT017 - there is nothing else to look at
    else:
        raise AssertionError("no bytes at random are a tenant configuration")
