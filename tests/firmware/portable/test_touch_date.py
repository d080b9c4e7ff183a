"""What a blocked program makes of a touch."""

from tests.firmware.portable.test_scanner import enrolled, touch
from tests.firmware.portable.world import World


def test_a_touch_is_never_dated_later_than_the_finger_can_have_been_there() -> None:
    """Looking up a name blocks everything; what the sensor said before is read after it."""
    world = enrolled("anna")
    asked: list[int] = []

    def user(world: World, name: str) -> None:
        if name == "gen_img" and world.sensor.finger:
            asked.append(world.now)
            if len(asked) == 1:
                world.now += 30_000

    world.user = user
    touch(world, "anna")
    assert world.touches[0][0] == "identified"
    # By the protocol's bound on its age, HA opens the door 30 s late.
    assert world.touches[0][1] <= asked[0]
