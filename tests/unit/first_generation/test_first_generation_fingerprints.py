"""The names of a reader that can neither list nor delete what its sensor holds."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.roster_actions import async_delete, async_fails, async_unnamed, async_update

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.first_generation.site import OldReader, Site


@pytest.mark.parametrize("by_slot", [True, False], ids=["by slot", "by id"])
async def test_a_reader_that_cannot_delete_is_not_asked(
    hass: HomeAssistant, old: OldReader, site: Site, by_slot: bool
) -> None:
    answer = await site.enrolled()
    which: dict[str, Any] = {"template_id": answer["template_id"]}
    if by_slot:
        which = {"device_id": site.device_id, "slot": answer["slot"]}
    heard = list(old.heard)
    assert await async_fails(async_delete(hass, **which)) == "firmware_too_old"
    assert old.heard == heard
    assert await site.names() == {answer["slot"]: "Anna"}


async def test_its_names_can_be_changed_and_forgotten(hass: HomeAssistant, site: Site) -> None:
    answer = await site.enrolled()
    await async_update(hass, template_id=answer["template_id"], name="Ben")
    assert await site.names() == {answer["slot"]: "Ben"}
    await async_delete(hass, template_id=answer["template_id"], force=True)
    assert await site.names() == {}
    assert await async_unnamed(hass) == {}
    await site.restart()
    assert await site.names() == {}
