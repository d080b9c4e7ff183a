"""The names of a reader that can neither list nor delete what its sensor holds."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.home import async_fails

if TYPE_CHECKING:
    from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome


@pytest.mark.parametrize("by_slot", [True, False], ids=["by slot", "by id"])
async def test_a_reader_that_cannot_delete_is_not_asked(
    first_gen: FakeFirstGenerationReader, home: FirstGenerationHome, by_slot: bool
) -> None:
    answer = await home.enrolled()
    which: dict[str, Any] = {"template_id": answer["template_id"]}
    if by_slot:
        which = {"device_id": home.device_id, "slot": answer["slot"]}
    heard = list(first_gen.heard)
    assert await async_fails(home.delete(**which)) == "unsupported_changes"
    assert first_gen.heard == heard
    assert await home.named() == {answer["slot"]: "Anna"}


async def test_its_names_can_be_changed_and_forgotten(home: FirstGenerationHome) -> None:
    answer = await home.enrolled()
    await home.update(template_id=answer["template_id"], name="Ben")
    assert await home.named() == {answer["slot"]: "Ben"}
    await home.delete(template_id=answer["template_id"], force=True)
    assert await home.named() == {}
    assert await home.unnamed() == {}
    await home.restart()
    assert await home.named() == {}
