"""A sensor that is swapped while the reader starts."""

from tests.firmware.portable.scanner_harness import ScannerHarness
from tests.firmware.portable.test_scanner import enrolled


def test_a_sensor_swapped_while_its_index_is_read_costs_no_id() -> None:
    for command in ("read_index", "read_sys_para"):
        assert _id_after_a_swap_at(command) == "0" * 16, command


def _id_after_a_swap_at(command: str) -> "str | None":
    """Swap the sensor at a command of the start, put ours back, and tell whose slot 0 is."""
    reader = enrolled("anna")
    ours = dict(reader.sensor.templates), reader.sensor.notepad
    swapped: list[bool] = []

    def user(reader: ScannerHarness, name: str) -> None:
        if name == command and not swapped:
            swapped.append(True)
            reader.sensor.swap({})

    reader.turn_on()
    reader.user = user
    reader.run(1000)
    reader.user = lambda *_: None
    reader.sensor.swap(*ours)
    reader.turn_on()
    reader.run(1000)
    return reader.memory.template_id(0)
