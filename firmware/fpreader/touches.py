"""Looks for fingers while the reader has nothing else to do, and finds out whose they are."""

from fpreader.sensor import SensorError
from fpreader.touch_record import Touch

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable

    from fpreader.board import Board
    from fpreader.light import Light
    from fpreader.templates import Templates


class Touches:
    """Reads touches of a sensor that was started, and hands each over to `on_touch`."""

    def __init__(
        self,
        board: "Board",
        templates: "Templates",
        light: "Light",
        on_touch: "Callable[[Touch], None]",
    ) -> None:
        self._clock = board.clock
        self._templates = templates
        self._sensor = templates.sensor
        self._memory = templates.memory
        self._light = light
        self._on_touch = on_touch
        self.resting = False
        """Whether the finger of the last touch or scan may still be there."""

    async def poll(self) -> bool:
        """Look for a finger; False when the sensor has to be started again."""
        # Not when it is answered: while something blocks, the answer waits, and nobody is there.
        asked_at = self._clock()
        image = await self._sensor.gen_img()
        if image == "no_finger":
            self.resting = False
        elif not self.resting:
            self.resting = True
            return await self._touch(image, asked_at)
        return True

    async def _touch(self, image: str, at_ms: int) -> bool:
        """Find out whose finger it is, and hand that over; False as with poll."""
        try:
            if image == "finger":
                image = await self._sensor.img2tz(1)
            if image != "good":
                self._on_touch(Touch("unreadable", at_ms, reason=image))
                return True
            found = None
            if not self._templates.changed:
                found = await self._sensor.search(1, 0, self._templates.capacity or 0)
            # After the search: a sensor can be swapped between any two commands.
            ours = await self._templates.is_ours()
        except SensorError:
            self._on_touch(Touch("unreadable", at_ms, reason="sensor_error"))
            raise
        if found is None or not ours:
            self._on_touch(Touch("not_identified", at_ms))
            await self._light.show("not_identified")
        elif self._memory.identification:
            slot, score = found
            finger = slot, self._memory.template_id(slot), score
            self._on_touch(Touch("identified", at_ms, finger=finger))
        return ours != self._templates.changed
