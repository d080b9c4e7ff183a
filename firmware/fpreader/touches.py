"""Looks for fingers while the reader has nothing else to do, and finds out whose they are."""

from fpreader.sensor import SensorError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from fpreader.light import Light
    from fpreader.memory import Memory
    from fpreader.sensor import Sensor
    from fpreader.templates import Templates

    class OnTouch(Protocol):
        """Takes a touch; see `fingerprint` in the protocol."""

        def __call__(  # noqa: PLR0913, PLR0917 - what the message says
            self,
            result: str,
            at_ms: int,
            slot: int | None,
            template_id: str | None,
            confidence: int | None,
            reason: str | None,
        ) -> None:
            """Take it."""


class Touches:
    """Reads touches of a sensor that was started, and hands each over to `on_touch`."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a touch needs, and whom it is told
        self,
        sensor: "Sensor",
        templates: "Templates",
        memory: "Memory",
        light: "Light",
        clock: "Callable[[], int]",
        on_touch: "OnTouch",
    ) -> None:
        self._sensor = sensor
        self._templates = templates
        self._memory = memory
        self._light = light
        self._clock = clock
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
                self._on_touch("unreadable", at_ms, None, None, None, image)
                return True
            found = None
            if not self._templates.changed:
                found = await self._sensor.search(1, 0, self._templates.capacity or 0)
            # After the search: a sensor can be swapped between any two commands.
            ours = await self._templates.is_ours()
        except SensorError:
            self._on_touch("unreadable", at_ms, None, None, None, "sensor_error")
            raise
        if found is None or not ours:
            self._on_touch("not_identified", at_ms, None, None, None, None)
            await self._light.show("not_identified")
        elif self._memory.identification:
            slot, score = found
            template_id = self._memory.template_id(slot)
            self._on_touch("identified", at_ms, slot, template_id, score, None)
        return ours != self._templates.changed
