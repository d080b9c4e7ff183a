"""A sensor that is swapped while the reader starts."""

from tests.firmware.portable.test_scanner import enrolled
from tests.firmware.portable.world import World


def test_a_sensor_swapped_while_its_index_is_read_costs_no_id() -> None:
    for command in ("read_index", "read_sys_para"):
        assert _id_after_a_swap_at(command) == "0" * 16, command


def _id_after_a_swap_at(command: str) -> "str | None":
    """Swap the sensor at a command of the start, put ours back, and tell whose slot 0 is."""
    world = enrolled("anna")
    ours = dict(world.sensor.templates), world.sensor.notepad
    swapped: list[bool] = []

    def user(world: World, name: str) -> None:
        if name == command and not swapped:
            swapped.append(True)
            world.sensor.swap({})

    world.turn_on()
    world.user = user
    world.run(1000)
    world.user = lambda *_: None
    world.sensor.swap(*ours)
    world.turn_on()
    world.run(1000)
    return world.memory.template_id(0)
