"""The sensor's light, by which somebody finds the reader."""

from fpreader.sensor import SensorError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from fpreader.sensor import Sensor

_TWO_BUFFERS = 2
_BLINKS = 5
_BLINK_S = 0.3
#: AuraLed: flash, in cycles of half a second (the manual gives no unit), in blue, six times.
_FLASH = (2, 50, 2, 6)


class Light:
    """Blinks; `buffers` tells a sensor with a ring of light from one with a lamp."""

    def __init__(
        self,
        sensor: "Sensor",
        sleep: "Callable[[float], Awaitable[Any]]",
        buffers: int,
        may_blink: "Callable[[], bool]",
    ) -> None:
        """`may_blink` says whether nobody needs the sensor's time."""
        self._sensor = sensor
        self._sleep = sleep
        self._buffers = buffers
        self._may_blink = may_blink
        self._blinking = False

    async def identify(self) -> None:
        """Blink for about three seconds, where that may be."""
        if self._blinking or not self._may_blink():
            return
        self._blinking = True
        try:
            await self._blink()
        except SensorError:
            pass  # a light is not worth an error; that the sensor is gone shows elsewhere
        finally:
            self._blinking = False

    async def _blink(self) -> None:
        if self._buffers > _TWO_BUFFERS:
            await self._sensor.aura_led(*_FLASH)
            await self._sleep(2 * _BLINK_S * _BLINKS)
            return
        for _ in range(_BLINKS):
            for on in (True, False):
                if not self._may_blink():
                    return
                await self._sensor.light(on=on)
                await self._sleep(_BLINK_S)
