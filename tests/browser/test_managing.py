"""An administrator edits and deletes fingerprints."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.steps import (
    button,
    choice,
    enrolled,
    fingerprints,
    last_identified,
    leave_template,
    title,
)
from tests.browser.visit import shoot

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.conftest import Welcome
    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _edit(card: Locator, what: str) -> None:
    await button(card, f"Edit {what}").click()
    await expect(title(card, "Edit fingerprint")).to_be_visible()


async def test_a_new_name_is_shown_in_every_browser_without_loading_it_again(
    house: CardHouse, visit: Visit, welcome: Welcome
) -> None:
    await enrolled(house, "Anna", "left_thumb")
    card, other = await visit.overview(), await (await welcome()).overview()
    await expect(fingerprints(other, "Anna")).to_have_count(1)

    await _edit(card, "Anna, Left thumb")
    await card.get_by_role("textbox", name="Name").fill("Annabel")
    await button(card, "Save").click()

    for each in (card, other):
        await expect(fingerprints(each, "Annabel")).to_contain_text(["Left thumb"])
        await expect(fingerprints(each, "Anna")).to_have_count(0)


async def test_a_fingerprint_is_given_to_a_person_and_another_finger(
    house: CardHouse, visit: Visit
) -> None:
    await enrolled(house, "Ben")
    card = await visit.overview()
    await _edit(card, "Ben, Not specified")
    await choice(card, "Ben").click()
    await choice(card, "Right ring finger").click()
    await shoot(visit.page, "edit")
    await button(card, "Save").click()

    await expect(fingerprints(card, "Ben")).to_contain_text(["Right ring finger"])
    (fingerprint,) = (await house.action("get_fingerprints"))["fingerprints"]
    assert fingerprint["person"] == "person.ben"
    assert fingerprint["finger"] == "right_ring_finger"


async def test_what_is_typed_is_kept_while_other_persons_are_selected(
    house: CardHouse, visit: Visit
) -> None:
    await enrolled(house, "Cleaner", "left_thumb")
    card = await visit.overview()
    await _edit(card, "Cleaner, Left thumb")
    name = card.get_by_role("textbox", name="Name")
    await name.fill("Window cleaner")
    await choice(card, "Ben").click()
    await choice(card, "Someone else").click()
    await expect(name).to_have_value("Window cleaner")
    # Without a name of its own it has the name of its person.
    await choice(card, "Ben").click()
    await name.fill("")
    await button(card, "Save").click()
    await expect(fingerprints(card, "Ben")).to_have_count(1)
    (fingerprint,) = (await house.action("get_fingerprints"))["fingerprints"]
    assert (fingerprint["name"], fingerprint["person"]) == ("Ben", "person.ben")


async def test_a_fingerprint_is_taken_from_a_person(house: CardHouse, visit: Visit) -> None:
    await enrolled(house, "Ben", "left_thumb", person="person.ben")
    card = await visit.overview()
    await _edit(card, "Ben, Left thumb")
    await choice(card, "Someone else").click()
    await card.get_by_role("textbox", name="Name").fill("Window cleaner")
    await button(card, "Save").click()

    await expect(fingerprints(card, "Window cleaner")).to_have_count(1)
    (fingerprint,) = (await house.action("get_fingerprints"))["fingerprints"]
    assert fingerprint["person"] is None


async def test_a_disabled_finger_is_marked_and_identifies_nobody(
    house: CardHouse, visit: Visit
) -> None:
    finger = await enrolled(house, "Dora", "left_thumb")
    card = await visit.overview()
    await _edit(card, "Dora, Left thumb")
    await card.get_by_role("checkbox", name="Enabled").uncheck()
    await button(card, "Save").click()
    await expect(fingerprints(card, "Dora")).to_contain_text(["Disabled"])
    await shoot(visit.page, "disabled")

    await house.touch(finger)
    await expect(card.get_by_text("Not recognized").first).to_be_visible()
    await expect(last_identified(card)).not_to_contain_text("Dora")


async def test_a_fingerprint_is_deleted_only_after_a_question(
    house: CardHouse, visit: Visit
) -> None:
    await enrolled(house, "Anna", "left_thumb")
    card = await visit.overview()
    await _edit(card, "Anna, Left thumb")
    await button(card, "Delete").click()
    await expect(title(card, "Delete this fingerprint?")).to_be_visible()
    await expect(card.get_by_text("Anna, Left thumb")).to_be_visible()
    await shoot(visit.page, "delete")
    await button(card, "Keep").click()
    assert await house.names() == ["Anna"]

    await button(card, "Delete").click()
    await button(card, "Delete").click()
    await expect(card.get_by_text("No finger is enrolled yet.")).to_be_visible()
    assert await house.names() == []
    with house.reader.sensor_line.hold() as sensor:
        assert not sensor.templates


async def test_a_template_without_a_name_is_listed_and_can_be_named(
    house: CardHouse, visit: Visit
) -> None:
    stranger = house.new_finger()
    await leave_template(house, stranger)
    card = await visit.overview()
    await expect(fingerprints(card, "Without a name")).to_contain_text(["Slot 0"])
    await button(card, "Edit Without a name, Slot 0").click()
    await expect(title(card, "Name this fingerprint")).to_be_visible()
    await card.get_by_role("textbox", name="Name").fill("Grandma")
    await button(card, "Save").click()

    await expect(fingerprints(card, "Grandma")).to_have_count(1)
    await house.touch(stranger)
    await expect(card.get_by_role("strong").get_by_text("Grandma")).to_be_visible()


async def test_a_refusal_is_explained_beside_the_field(house: CardHouse, visit: Visit) -> None:
    await enrolled(house, "Anna", "left_thumb")
    card = await visit.overview()
    await _edit(card, "Anna, Left thumb")
    await card.get_by_role("textbox", name="Name").fill("unknown")
    await button(card, "Save").click()

    await expect(card.get_by_role("alert")).to_contain_text("name")
    await shoot(visit.page, "refused")
    await expect(card.get_by_role("textbox", name="Name")).to_have_value("unknown")


async def test_a_finger_that_the_sensor_has_lost_is_marked_as_soon_as_that_is_known(
    house: CardHouse, visit: Visit
) -> None:
    await enrolled(house, "Anna", "left_thumb")
    card = await visit.overview()
    house.reader.kill()
    await expect(card.get_by_text("Offline", exact=True)).to_be_visible()
    with house.reader.sensor_line.hold() as sensor:
        sensor.templates.clear()
    house.reader.start()

    await expect(fingerprints(card, "Anna")).to_contain_text(["Missing on the sensor"])
