"""docs/reference.md lists exactly the events, attributes, options and responses."""

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.biometric_enroll.client.enrollment import REASONS
from custom_components.biometric_enroll.client.touches import STRANGER
from custom_components.biometric_enroll.const import EVENT_BIOMETRIC_ENROLL
from custom_components.biometric_enroll.legacy.client import UNPROVEN
from tests.support.home import async_person
from tests.support.markdown import ROOT
from tests.unit.test_entity_texts import TOUCH_REASONS
from tests.unit.translation_files import TEXTS

if TYPE_CHECKING:
    from tests.support.home import Home
    from tests.support.reader import FakeReader

_REFERENCE = (ROOT / "docs" / "reference.md").read_text()
_ROW = re.compile(r"^\| (?P<keys>`[^|]+`) \| (?P<of>[a-z, ]+) \| (?P<meaning>.+) \|$", re.MULTILINE)
_OF_HOME_ASSISTANT = {"event_type", "event_types", "friendly_name", "device_class"}


def _rows() -> list[re.Match[str]]:
    return list(_ROW.finditer(_REFERENCE.partition("## Events")[2]))


def _documented() -> dict[str, set[str]]:
    """Return the documented keys of events, by the kind of event."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in _rows():
        for of in row["of"].split(", "):
            found[of] |= set(re.findall("`(.+?)`", row["keys"]))
    return found


@pytest.mark.parametrize(
    ("of", "key"),
    [("enrollments", "enrollment_activity"), ("touches", "touch"), ("late touches", "late_touch")],
)
async def test_events_and_their_entities_have_what_is_documented(
    home: Home, reader: FakeReader, of: str, key: str
) -> None:
    events = async_capture_events(home.hass, EVENT_BIOMETRIC_ENROLL)
    template_id = await home.enrolled()
    if of != "enrollments":
        events.clear()
        reader.touch(template_id, age=60 if of == "late touches" else 0)
        await home.settle()

    documented = _documented()["everything"] | _documented()[of]
    assert events
    for event in events:
        assert event.data.keys() == documented
    shown = home.state("event", key).attributes
    assert shown.keys() - _OF_HOME_ASSISTANT == documented - {"type", "device_id", "reader_id"}
    assert events[-1].data["type"].removeprefix("late_") == shown["event_type"]


def test_all_reasons_are_documented() -> None:
    [row] = [row for row in _rows() if row["keys"] == "`reason`"]
    assert set(re.findall("`(.+?)`", row["meaning"])) == {
        *REASONS,
        *TOUCH_REASONS,
        STRANGER,
        UNPROVEN,
    }


def test_all_options_are_documented_by_the_names_that_their_form_shows() -> None:
    options = re.search(r"^## Options\n(.+?)^## ", _REFERENCE, re.MULTILINE | re.DOTALL)
    assert options
    documented = re.findall(r"^\| ([A-Z][^|]+) \|", options[1], re.MULTILINE)
    forms = TEXTS["options"]["step"]
    named = {*forms["reader"]["data"].values(), *forms["first_generation"]["data"].values()}
    assert sorted(documented) == sorted(named)


async def test_get_fingerprints_answers_what_is_documented(home: Home, reader: FakeReader) -> None:
    person = await async_person(home.hass)
    template_id = await home.enrolled()
    await home.update(template_id=template_id, person=person)
    reader.touch(template_id)
    reader.hold(9, None)
    await home.settle()

    [block] = re.findall("```json\n(.+?)```", _REFERENCE, re.DOTALL)
    documented = json.loads(block)
    answered = await home.listed(device_id=home.device_id)
    assert _shape(answered["people"][0].pop("fingerprints")) == _shape(answered["fingerprints"])
    documented["people"][0].pop("fingerprints")
    # There is no picture here.
    answered["people"][0]["picture"] = "/a/picture"
    assert _shape(answered) == _shape(documented)


def _shape(value: Any) -> Any:
    """Return keys and types of a JSON value; of a list, those of its first element."""
    if isinstance(value, dict):
        return {key: _shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_shape(each) for each in value[:1]]
    return type(value)
