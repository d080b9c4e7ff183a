def test_each_command_of_the_firmware_has_its_name() -> None:
    """The light's may be missing: a reader does without one."""
    numbers = {name: value for name, value in vars(sensor_commands).items() if name.isupper()}
    for name, number in numbers.items():
        if name.startswith("LED"):
            continue
        told = sensor_command(number).removesuffix(f" ({number:02X})")
        assert told.upper() == name.replace("_", ""), number
