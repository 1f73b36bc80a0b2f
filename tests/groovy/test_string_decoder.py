"""A Groovy script for text, from the device's bytes to the event."""

from collections.abc import Iterator

import pytest

from core.components.decoders.groovy_string import LOCATION_TEMPLATE
from core.groovy.build import Built
from tests.engine.stead import Stead
from tests.groovy.conftest import give_build

SOURCE = """
[[device_communication.event_sources]]
type = "socket"
id = "lora"
port = {port}
[device_communication.event_sources.interaction_handler]
type = "http"
[device_communication.event_sources.decoder]
type = "groovy_string"
script = "stringDecoder.groovy"
"""


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory, built: Built) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("string") / "home")
    give_build(stead.path, built)
    (stead.scripts / "stringDecoder.groovy").write_text(LOCATION_TEMPLATE)
    stead.write(SOURCE.format(port=stead.port))
    stead.serve()
    yield stead
    stead.end()


def test_a_line_of_text_becomes_a_position(stead: Stead) -> None:
    assert stead.post(b"LOC,278998,33.75,-84.39\n") == 200
    (event,) = stead.events()
    assert (event["hardwareId"], event["latitude"], event["longitude"]) == ("278998", 33.75, -84.39)


def test_text_is_utf_8_and_what_a_script_throws_is_the_reason(stead: Stead) -> None:
    assert stead.post("ungültig".encode()) == 422
    failed = stead.last_request("failed")
    assert "not LOC,<hardware id>,<latitude>,<longitude>: ungültig" in failed["reason"]
    assert failed["reason"].startswith("stringDecoder.groovy:8")
