"""Fingerprints in the dialog of a reader's options: listed, named, changed, deleted."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.data_entry_flow import FlowResultType

from tests.support.home import async_back_door, async_person
from tests.unit.dialog import Dialog

if TYPE_CHECKING:
    from tests.support.broker import FakeBroker
    from tests.support.home import Home
    from tests.support.reader import FakeReader

ANNA = "Anna (5), Left thumb"
SLOT_2 = "Slot 2, no name"


async def async_open(home: Home, label: str, *then: str) -> Dialog:
    """Open the dialog and choose a fingerprint, and what to do with it."""
    dialog = await Dialog.open(home.hass, home.entry, "fingerprints")
    await dialog.submit(fingerprint=dialog.offers("fingerprint")[label])
    for choice in then:
        await dialog.choose(choice)
    return dialog


async def async_listed(home: Home) -> list[str]:
    """Return the labels of the fingerprints in the dialog."""
    dialog = await Dialog.open(home.hass, home.entry, "fingerprints")
    return list(dialog.offers("fingerprint"))


# The list


async def test_the_list_shows_what_has_a_name_and_what_has_none(home: Home, anna: str) -> None:
    unnamed = ["Slot 1, no name", SLOT_2, "Slot 3, no name"]
    assert await async_listed(home) == [ANNA, *unnamed]


async def test_the_list_marks_what_is_missing_and_what_is_disabled(
    home: Home, reader: FakeReader, anna: str
) -> None:
    reader.lose(5)
    await home.settle()
    assert (await async_listed(home))[0] == f"{ANNA}, missing"
    await home.update(template_id=anna, finger=None, enabled=False)
    assert (await async_listed(home))[0] == "Anna (5), missing, disabled"


async def test_without_fingerprints_there_is_nothing_to_list(
    home: Home, broker: FakeBroker
) -> None:
    back_door = await async_back_door(home.hass, broker)
    assert (await Dialog.open(home.hass, back_door.entry)).menu == ["enroll", "reader"]


# Changing


async def test_a_fingerprint_is_changed_and_the_menu_comes_back(home: Home, anna: str) -> None:
    person = await async_person(home.hass)
    dialog = await async_open(home, ANNA)
    assert (dialog.step_id, dialog.menu) == ("fingerprint", ["edit", "delete", "init"])
    await dialog.choose("edit")
    assert dialog.suggested == {"name": "Anna", "finger": "left_thumb", "enabled": True}
    await dialog.submit(name="Ann", finger="right_thumb", person=person, enabled=False)
    assert dialog.step_id == "init"
    [changed] = await home.fingerprints()
    expected = {"name": "Ann", "finger": "right_thumb", "person": person, "enabled": False}
    assert expected.items() <= changed.items()


async def test_only_what_is_changed_in_the_form_changes(home: Home, anna: str) -> None:
    """A form that was open when somebody disabled a fingerprint does not enable it again."""
    dialog = await async_open(home, ANNA, "edit")
    await home.update(template_id=anna, enabled=False)
    await dialog.submit(name="Ann", finger="left_thumb", enabled=True)
    [changed] = await home.fingerprints()
    assert (changed["name"], changed["enabled"]) == ("Ann", False)


async def test_a_field_that_is_emptied_unlinks_and_an_empty_name_is_the_persons(
    home: Home, anna: str
) -> None:
    person = await async_person(home.hass)
    await home.update(template_id=anna, name="Somebody", person=person)
    dialog = await async_open(home, "Somebody (5), Left thumb", "edit")
    assert dialog.suggested["person"] == person
    await dialog.submit(person=person, enabled=True)
    dialog = await async_open(home, "Anna (5)", "edit")
    await dialog.submit(name="Anna", enabled=True)
    [changed] = await home.fingerprints()
    assert (changed["finger"], changed["person"]) == (None, None)


@pytest.mark.parametrize(
    ("entered", "error"),
    [
        ({}, "name_missing"),
        ({"name": "x" * 101}, "name_too_long"),
        ({"name": "unknown"}, "name_forbidden"),
    ],
)
async def test_what_cannot_be_its_name_is_an_error_in_the_form(
    home: Home, anna: str, entered: dict[str, Any], error: str
) -> None:
    dialog = await async_open(home, ANNA, "edit")
    await dialog.submit(finger="right_thumb", enabled=True, **entered)
    assert (dialog.step_id, dialog.error) == ("edit", error)
    # The entered values are kept.
    assert dialog.suggested["finger"] == "right_thumb"
    assert (await home.fingerprints())[0]["finger"] == "left_thumb"


@pytest.mark.usefixtures("impatient")
async def test_a_fingerprint_of_a_reader_that_is_away_is_renamed_all_the_same(
    home: Home, reader: FakeReader, anna: str
) -> None:
    reader.die()
    dialog = await async_open(home, ANNA, "edit")
    await dialog.submit(name="Ann", enabled=True)
    assert await home.named() == {5: "Ann"}


# Naming


async def test_a_template_without_a_name_is_given_one(home: Home, reader: FakeReader) -> None:
    dialog = await async_open(home, SLOT_2)
    assert (dialog.step_id, dialog.menu) == ("unnamed", ["edit", "delete", "init"])
    await dialog.choose("edit")
    assert dialog.suggested == {}
    await dialog.submit(name="Ben", finger="left_thumb", enabled=True)
    assert dialog.step_id == "init"
    assert await home.named() == {2: "Ben"}
    assert reader.stored[2] is not None


@pytest.mark.usefixtures("impatient")
async def test_a_reader_that_is_away_cannot_have_a_template_named(
    home: Home, reader: FakeReader
) -> None:
    dialog = await async_open(home, SLOT_2, "edit")
    reader.silent = True
    await dialog.submit(name="Ben", enabled=True)
    assert (dialog.step_id, dialog.error) == ("edit", "reader_unreachable")
    assert dialog.step["description_placeholders"]["reader"] == "Front door"
    assert await home.named() == {}


# Deleting


@pytest.mark.parametrize(("label", "slot"), [(ANNA, 5), (SLOT_2, 2)])
async def test_it_is_deleted_after_a_confirmation(
    home: Home, reader: FakeReader, anna: str, label: str, slot: int
) -> None:
    dialog = await async_open(home, label, "delete")
    assert dialog.step["description_placeholders"]["fingerprint"] == label
    assert slot in reader.stored
    await dialog.submit()
    assert dialog.step_id == "init"
    assert slot not in reader.stored
    assert label not in await async_listed(home)


@pytest.mark.usefixtures("impatient")
async def test_nothing_is_deleted_on_a_reader_that_is_away(
    home: Home, reader: FakeReader, anna: str
) -> None:
    dialog = await async_open(home, ANNA, "delete")
    reader.silent = True
    await dialog.submit()
    assert (dialog.step_id, dialog.error) == ("delete", "reader_unreachable")
    assert await home.named() == {5: "Anna"}


# What others do meanwhile


@pytest.mark.parametrize("what", ["edit", "delete"])
@pytest.mark.parametrize("when", ["before the form", "in the form"])
async def test_a_fingerprint_that_somebody_else_deleted_leads_back_to_the_list(
    home: Home, anna: str, what: str, when: str
) -> None:
    dialog = await async_open(home, ANNA)
    if when == "in the form":
        await dialog.choose(what)
    await home.delete(template_id=anna)
    if when == "in the form":
        fields = {"name": "Ann", "enabled": True} if what == "edit" else {}
        await dialog.submit(**fields)
    else:
        await dialog.choose(what)
    assert (dialog.step_id, dialog.error) == ("fingerprints", "no_such_fingerprint")
    assert ANNA not in dialog.offers("fingerprint")


async def test_what_came_into_the_slot_meanwhile_is_not_deleted(
    home: Home, reader: FakeReader
) -> None:
    dialog = await async_open(home, SLOT_2, "delete")
    reader.lose(2)
    reader.hold(2, "9f2c01ab44d0e1f7")
    await home.settle()
    await dialog.submit()
    assert (dialog.step_id, dialog.error) == ("fingerprints", "no_such_fingerprint")
    assert (await home.unnamed())[2] == "9f2c01ab44d0e1f7"


@pytest.mark.parametrize("what", ["edit", "delete"])
async def test_what_is_in_the_slot_of_a_sensor_that_was_accepted_meanwhile_is_not_meant(
    home: Home, reader: FakeReader, what: str
) -> None:
    """Its template has no id either, but is of another finger."""
    dialog = await async_open(home, SLOT_2, what)
    reader.templates = {**reader.templates, "sensor_changed": True}
    await home.look()
    await home.entry.runtime_data.changes.async_accept_sensor()
    await home.settle()
    await dialog.submit(**({"name": "Ben", "enabled": True} if what == "edit" else {}))
    assert (dialog.step_id, dialog.error) == ("fingerprints", "list_changed")
    assert await home.named() == {}
    assert reader.stored == {1: None, 2: None, 3: None}
    await dialog.submit(fingerprint=dialog.offers("fingerprint")[SLOT_2])
    await dialog.choose("delete")
    await dialog.submit()
    assert 2 not in reader.stored


async def test_what_was_named_meanwhile_is_changed_under_its_name(
    home: Home, reader: FakeReader
) -> None:
    reader.hold(2, "9f2c01ab44d0e1f7")
    await home.settle()
    dialog = await async_open(home, SLOT_2, "edit")
    await home.update(template_id="9f2c01ab44d0e1f7", name="Ben")
    await dialog.submit(name="Benjamin", enabled=True)
    assert await home.named() == {2: "Benjamin"}


async def test_when_the_last_one_was_deleted_there_is_nothing_left_to_choose(
    home: Home, reader: FakeReader
) -> None:
    dialog = await async_open(home, SLOT_2, "edit")
    for slot in (1, 2, 3):
        reader.lose(slot)
    await home.settle()
    await dialog.submit(name="Ben", enabled=True)
    assert dialog.step["type"] is FlowResultType.ABORT
    assert dialog.step["reason"] == "no_fingerprints"


async def test_a_form_can_be_submitted_after_a_reload(home: Home, anna: str) -> None:
    dialog = await async_open(home, ANNA, "edit")
    await home.restart()
    await dialog.submit(name="Ann", enabled=True)
    assert await home.named() == {5: "Ann"}


async def test_a_reader_that_is_not_loaded_any_more_ends_the_dialog(home: Home, anna: str) -> None:
    dialog = await async_open(home, ANNA, "delete")
    assert await home.unload()
    await dialog.submit()
    assert dialog.step["type"] is FlowResultType.ABORT
    assert dialog.step["reason"] == "not_loaded"
