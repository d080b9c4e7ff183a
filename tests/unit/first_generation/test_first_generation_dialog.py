"""The dialog of the options of a first-generation reader: it offers what such a reader can do."""

from typing import TYPE_CHECKING

from tests.unit.dialog import Dialog

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome


async def test_a_finger_is_enrolled_and_each_scan_is_seen(
    hass: HomeAssistant, home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    dialog = await Dialog.open(hass, home.entry)
    assert dialog.menu == ["enroll", "first_generation"]
    await dialog.choose("enroll")
    await dialog.submit(name="Anna")
    await dialog.until("place_finger 1/3")
    first_gen.scan()
    await dialog.until("lift_finger 1/3")
    first_gen.scan(times=first_gen.scans - 1)
    await dialog.until("completed")
    assert await home.named() == {1: "Anna"}


async def test_an_enrollment_is_cancelled(hass: HomeAssistant, home: FirstGenerationHome) -> None:
    await home.enroll()
    dialog = await Dialog.open(hass, home.entry, "cancel")
    await dialog.submit()
    assert (home.stage, dialog.step_id) == ("cancelled", "init")


async def test_the_reason_of_a_failed_enrollment_is_shown(
    hass: HomeAssistant, home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    dialog = await Dialog.open(hass, home.entry, "watch")
    assert dialog.said == ["place_finger 1/3"]
    first_gen.scan("anna", first_gen.scans - 1)
    first_gen.scan("ben")
    await dialog.until("mismatch")


async def test_a_fingerprint_is_renamed_but_deleting_is_not_offered(
    hass: HomeAssistant, home: FirstGenerationHome
) -> None:
    await home.enrolled()
    dialog = await Dialog.open(hass, home.entry, "fingerprints")
    await dialog.submit(fingerprint=dialog.offers("fingerprint")["Anna (1), Left thumb"])
    assert dialog.menu == ["edit", "init"]
    await dialog.choose("edit")
    await dialog.submit(name="Ann", enabled=True)
    assert await home.named() == {1: "Ann"}
