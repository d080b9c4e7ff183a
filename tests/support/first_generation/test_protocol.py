"""The fixtures of the first-generation protocol, checked against the fake reader."""

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.first_generation.reader import PREFIX, STATUS, Settings
from tests.support.first_generation.scene import Scene
from tests.support.first_generation.sketch import POOR, Sketch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.first_generation.scene import Said

FIXTURES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "wire/first_generation.json").read_text()
)

# Events at a reader with three stored fingers ("carl" in slot 5), up to 93.3 s after it was
# switched on. Together they cause all messages that a reader can send.


def _good(scene: Scene) -> None:
    del scene.sensor.templates[5]
    scene.start()
    scene.touch("anna", "anna", "anna")
    scene.enroll("confirm")


def _poor(scene: Scene) -> None:
    scene.start()
    scene.touch("anna", quality=POOR)


def _known(scene: Scene) -> None:
    scene.start()
    scene.touch("carl")


def _mixed(scene: Scene) -> None:
    scene.start()
    scene.touch("anna", "anna" if scene.reader.sketch is Sketch.LATER else "ben", "ben")


def _full_flash(scene: Scene) -> None:
    scene.sensor.refuses_to_store = True
    _good(scene)


def _impossible_slot(scene: Scene) -> None:
    scene.start(128)


def _nobody_comes(scene: Scene) -> None:
    scene.start()
    scene.wait(60)


def _two_at_once(scene: Scene) -> None:
    scene.start()
    scene.start(6, "0000000000000000")


def _cancelled(scene: Scene) -> None:
    scene.start()
    scene.enroll("cancel")
    if scene.reader.sketch is Sketch.LATER:
        scene.enroll("cancel")


def _touched(scene: Scene) -> None:
    scene.wait(93.3)
    for mode in ("attendance", "registration"):
        scene.enable(mode)
        scene.touch("carl")
    scene.enable()
    scene.touch("stranger")
    scene.touch("carl", quality=POOR)


def _left_alone(scene: Scene) -> None:
    scene.wait(93.3)


def _asked(scene: Scene) -> None:
    scene.command("sensor_info")
    scene.command("clear_all")


def _busy(scene: Scene) -> None:
    scene.wait(90)
    scene.start()
    scene.wait(3.3)


STORIES: tuple[Callable[[Scene], None], ...] = (
    _good,
    _poor,
    _known,
    _mixed,
    _full_flash,
    _impossible_slot,
    _nobody_comes,
    _two_at_once,
    _cancelled,
    _touched,
    _left_alone,
    _asked,
    _busy,
)


def _scene(sketch: Sketch) -> Scene:
    scene = Scene(sketch, Settings(status_period=31))
    scene.sensor.templates |= {5: "carl", 7: "dora", 9: "emil"}
    return scene


def _sketches(fixture: dict[str, Any]) -> list[Sketch]:
    return list(Sketch) if fixture["sketch"] == "both" else [Sketch(fixture["sketch"])]


def _cases(sender: str) -> list[Any]:
    return [
        pytest.param(fixture, sketch, id=f"{sketch}: {fixture['meaning']}")
        for fixture in FIXTURES
        if fixture["from"] == sender
        for sketch in _sketches(fixture)
    ]


@cache
def _told(sketch: Sketch) -> list[Said]:
    """Return all messages of a sketch in all stories."""
    told = []
    for story in STORIES:
        scene = _scene(sketch)
        story(scene)
        told += scene.news()
    return told


@pytest.mark.parametrize(("fixture", "sketch"), _cases("reader"))
def test_the_reader_says_it_word_for_word(fixture: dict[str, Any], sketch: Sketch) -> None:
    assert (fixture["topic"].removeprefix(PREFIX), fixture["payload"]) in _told(sketch)


@pytest.mark.parametrize("sketch", list(Sketch))
def test_the_reader_says_nothing_else(sketch: Sketch) -> None:
    """Any message is like one of the fixtures, but for values such as slot and quality."""
    known = {
        _shape(fixture["topic"].removeprefix(PREFIX), fixture["payload"])
        for fixture in FIXTURES
        if fixture["from"] == "reader" and sketch in _sketches(fixture)
    }
    assert {_shape(*said) for said in _told(sketch)} == known


def _shape(suffix: str, message: dict[str, Any]) -> tuple[object, ...]:
    words = (message.get("status"), message.get("command"), message.get("step"))
    return suffix, *words, *sorted(message)


# Messages of Home Assistant, and their effects on the reader


def _enrolling(scene: Scene) -> None:
    scene.start()
    scene.touch("anna")


def _scanned(scene: Scene) -> None:
    scene.start()
    scene.touch("anna", "anna", "anna")


def _stored(scene: Scene) -> None:
    _scanned(scene)
    scene.enroll("confirm")


def _detecting(scene: Scene) -> None:
    scene.enable()


def _idle(_scene: Scene) -> None:
    pass


SENSOR_INFO = {"command": "sensor_info", "capacity": 127, "stored": 3}

UNDERSTOOD: dict[str, tuple[Callable[[Scene], None], Callable[[Scene], bool]]] = {
    "start an enrollment": (_idle, lambda scene: "started" in scene.statuses()),
    "cancel the enrollment": (_enrolling, lambda scene: scene.statuses() == ["cancelled"]),
    "cancel the enrollment, by its other name": (
        _enrolling,
        lambda scene: scene.statuses() == ["cancelled"],
    ),
    "store what was scanned": (_scanned, lambda scene: scene.sensor.templates[5] == "anna"),
    "be free for the next enrollment": (_stored, lambda scene: scene.reader.enrollment is None),
    "report touches": (_idle, lambda scene: _touch_mode(scene) == "attendance"),
    "report touches, in the other mode": (
        _idle,
        lambda scene: _touch_mode(scene) == "registration",
    ),
    "report touches, with the mode as a number": (
        _idle,
        lambda scene: _touch_mode(scene) == "attendance",
    ),
    "report no touches": (_detecting, lambda scene: _touch_mode(scene) is None),
    "tell capacity and count": (_idle, lambda scene: (STATUS, SENSOR_INFO) in scene.news()),
    "delete all templates": (_idle, lambda scene: not scene.sensor.templates),
}
"""By meaning: a preparation, and a condition that is true only after the message."""


def _touch_mode(scene: Scene) -> str | None:
    """Touch the sensor; return the mode that the reader reports, None if it reports nothing."""
    scene.news()
    scene.touch("carl")
    mode: str | None = scene.news()[0][1]["mode"] if scene.said else None
    return mode


@pytest.mark.parametrize(("fixture", "sketch"), _cases("home_assistant"))
def test_the_reader_understands_it(fixture: dict[str, Any], sketch: Sketch) -> None:
    before, understood = UNDERSTOOD[fixture["meaning"]]
    spoken_to, left_alone = _scene(sketch), _scene(sketch)
    for scene in (spoken_to, left_alone):
        before(scene)
        scene.news()
    spoken_to.send(fixture["topic"].removeprefix(PREFIX), fixture["payload"])
    assert understood(spoken_to)
    assert not understood(left_alone)
