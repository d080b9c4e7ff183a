"""The names of the sensor's commands, which integration and firmware both have."""

from custom_components.biometric_enroll.protocol.words import sensor_command
from fpreader import sensor_commands


def test_each_command_of_the_firmware_has_its_name() -> None:
    """But for the lamp's: a reader does without one."""
    numbers = {name: value for name, value in vars(sensor_commands).items() if name.isupper()}
    for name in numbers.keys() - {"LED_ON", "LED_OFF"}:
        number = numbers[name]
        told = sensor_command(number).removesuffix(f" ({number:02X})")
        assert told.upper() == name.replace("_", "")
