"""Answers that come late, and commands that get lost."""

from fpreader.sensor import Sensor, SensorError
from tests.firmware.portable.test_sensor import SILENCE, Line, ack, run


def test_a_late_answer_to_the_image_is_not_taken_for_the_features() -> None:
    """GenImg is slow and said twice; Img2Tz is lost; buffer 1 still has who was here before."""
    line = Line(
        SILENCE,  # GenImg
        ack(0),  # GenImg once more: the answer to the first comes now
        ack(0),  # the command after it is lost; this is the answer to the second GenImg
        SILENCE,
        SILENCE,
        SILENCE,
    )

    async def touch() -> str:
        sensor = Sensor(line)
        assert await sensor.gen_img() == "finger"
        return await sensor.img2tz(1)

    try:
        word = run(touch())
    except SensorError:
        word = "nothing"
    assert word != "good"
