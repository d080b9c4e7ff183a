"""The benchmark beside Home Assistant's own MQTT sensors goes through whole enrollments."""

from typing import TYPE_CHECKING

from tests.e2e.bench_mqtt import SNAPSHOTS, Comparison, async_with_both

if TYPE_CHECKING:
    from demo.installation import Installation


async def test_both_show_every_snapshot_of_the_same_enrollments() -> None:
    shown: list[int] = []

    async def compare(_: Installation, comparison: Comparison) -> None:
        await comparison.async_block(enrollments=2)
        shown.extend(len(each.milliseconds) for each in (comparison.ours, comparison.theirs))

    await async_with_both(compare)
    assert shown == [2 * SNAPSHOTS, 2 * SNAPSHOTS]
