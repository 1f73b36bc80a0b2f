"""Replays with decoders that run in the JVM: a composite one with choices of several kinds, and a given script."""

from collections.abc import Iterator

import pytest

from core.control.replays import ReplayScript
from core.groovy.build import Built
from tests.engine.test_replay import replay, undo
from tests.groovy.test_composite import GROOVY, CompositeStead, envelope, pipelined, statuses

GIVEN = """
import com.sitewhere.rest.model.device.communication.DecodedDeviceRequest
import com.sitewhere.rest.model.device.event.request.DeviceMeasurementsCreateRequest

def made = new DeviceMeasurementsCreateRequest()
made.addOrReplaceMeasurement("bytes", payload.length as double)
events << new DecodedDeviceRequest(metadata["http.path"] as String, null, made)
"""


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory, built: Built) -> Iterator[CompositeStead]:
    stead = CompositeStead(tmp_path_factory.mktemp("replay") / "home", built)
    stead.serve()
    yield stead
    stead.end()


def test_a_composite_decoder_decodes_again_with_the_state_and_the_registrations(stead: CompositeStead) -> None:
    payloads = [envelope("g1", "gr", "1"), envelope("g1", "gr", "2"), envelope("p1", "py", "3")]
    assert statuses(stead.raw(pipelined(*payloads))) == [200, 200, 201]
    assert stead.send("late", "", "4") != 200
    stead.register("late", "py")
    assert stead.values("g1") == [{"value": 1, "count": 1}, {"value": 2, "count": 2}]
    value = 'new String(payload, "UTF-8") as double'
    (stead.scripts / "decode.groovy").write_text(GROOVY.replace(value, f"-({value})"))
    done = replay(stead, source="lora")
    assert (done.state, done.reason, done.done, done.mended, done.changed) == ("done", None, 4, 1, 3)
    assert stead.values("g1") == [{"value": -1, "count": 1}, {"value": -2, "count": 2}]
    assert stead.values("late") == [{"value": 4, "count": 1}]
    assert undo(stead, done.id).undone == 4
    assert stead.values("g1") == [{"value": 1, "count": 1}, {"value": 2, "count": 2}]
    assert stead.values("late") == []


def test_a_groovy_script_that_is_given_decodes_in_the_place_of_the_sources_decoder(stead: CompositeStead) -> None:
    assert stead.send("x", "py", "7") == 201
    id = stead.last()["id"]
    done = replay(stead, requests=[id], script=ReplayScript(name="given.groovy", text=GIVEN))
    assert (done.state, done.reason, done.changed) == ("done", None, 1)
    assert stead.values("/lora") == [{"bytes": len("x|py|7")}]
