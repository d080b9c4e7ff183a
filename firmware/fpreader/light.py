"""The sensor's light: the steady colour that was chosen, and what shows instead for a while.

No touch and no enrollment fails by it, nor waits for more than one short command: where the sensor
leaves one unanswered, it is left alone until the steady colour is due again.
"""

from fpreader.sensor import LED_COLORS
from fpreader.sensor_connection import SensorError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fpreader.board import Board
    from fpreader.memory import Memory
    from fpreader.sensor import Sensor

#: The steady colour is set again so often: a sensor that was without power for a moment is dark,
#: and nothing else tells.
AGAIN_MS = 60000

_BLINKS = 5
_BLINK_S = 0.3
# Of AuraLed, with speeds of which the manual gives no unit; 50 is taken for half a second.
_BREATHE, _FLASH, _ON, _OFF = 1, 2, 3, 4
_RED, _BLUE, _PURPLE = 1, 2, 3  # what also an older R503 knows
#: What shows, as AuraLed's control, speed, colour and count (0: endless), and for how many
#: milliseconds before the steady colour; None: until something else shows.
_SHOWN: "dict[str, tuple[tuple[int, int, int, int], int | None]]" = {
    "identify": ((_FLASH, 50, _BLUE, 6), 3000),
    "place_finger": ((_BREATHE, 100, _PURPLE, 0), None),
    "captured": ((_ON, 0, _BLUE, 0), None),
    "rejected": ((_FLASH, 25, _RED, 0), None),
    "completed": ((_ON, 0, _BLUE, 0), 2000),
    "failed": ((_FLASH, 25, _RED, 0), 2000),
    "cancelled": ((_OFF, 0, _RED, 0), 0),
    "not_identified": ((_FLASH, 25, _RED, 0), 1000),
}


class Light:
    """Shows one thing at a time; what is said to it last counts.

    A light without colours blinks for `identify`, and does nothing else.
    """

    def __init__(
        self,
        board: "Board",
        sensor: "Sensor",
        memory: "Memory",
        is_colored: "Callable[[], bool]",
        may_blink: "Callable[[], bool]",
    ) -> None:
        """`is_colored` says whether it has colours, `may_blink` whether the sensor is free."""
        self._sensor = sensor
        self._memory = memory
        self._clock = board.clock
        self._sleep = board.sleep
        self._may_blink = may_blink
        self._blinking = False
        self._muted = False  # the sensor did not take the last command
        self._due: int | None = None
        """When the steady colour is to be set; None: not while what shows lasts."""
        self._is_colored = is_colored

    @property
    def colored(self) -> bool:
        """Whether it has a ring of light in colours, not just a lamp."""
        return self._is_colored()

    async def identify(self) -> None:
        """Blink for about three seconds, where that may be."""
        if self._blinking or not self._may_blink():
            return
        if self.colored:
            await self._send("identify")
            return
        self._blinking = True
        try:
            await self._blink()
        except SensorError:
            pass  # that the sensor is gone shows elsewhere
        finally:
            self._blinking = False

    async def set_color(self, color: str) -> None:
        """Show a steady colour, one of LED_COLORS. Raises SensorError where the sensor does not."""
        number = LED_COLORS.index(color)
        self._due = self._clock() + AGAIN_MS
        self._muted = True  # until the command was taken
        await self._sensor.aura_led(_ON if number else _OFF, 0, number or _RED, 0)
        self._muted = False

    async def restore(self) -> None:
        """Show the colour that is kept, whatever shows now."""
        if self.colored:
            try:
                await self.set_color(self._memory.led_color)
            except SensorError:
                pass  # tried again when it is due again

    async def refresh(self) -> None:
        """Show the colour that is kept if it is due; asked while the reader is idle."""
        if (
            self._due is not None
            and self._clock() >= self._due
            and not self._sensor.connection.out_of_sync
        ):
            await self.restore()

    async def show_snapshot(self, snapshot: "dict[str, Any]") -> None:
        """Show how an enrollment goes on; takes each snapshot."""
        stage = snapshot["stage"]
        if stage == "lift_finger":
            captured = len(snapshot["captured"]) == snapshot["step"]
            stage = "captured" if captured else "rejected"
        await self.show(stage)

    async def show(self, word: str) -> None:
        """Show this; a word for which there is nothing to show changes nothing."""
        # A sensor that owes an answer would first have to be waited for.
        if (
            self.colored
            and word in _SHOWN
            and not self._muted
            and not self._sensor.connection.out_of_sync
        ):
            await self._send(word)

    async def _send(self, word: str) -> None:
        command, lasts_ms = _SHOWN[word]
        # Before the command: what waits for the sensor behind this one may want another time.
        self._due = None if lasts_ms is None else self._clock() + lasts_ms
        try:
            await self._sensor.aura_led(*command, attempts=1)
        except SensorError:
            self._muted = True
            self._due = self._clock() + AGAIN_MS

    async def _blink(self) -> None:
        for _ in range(_BLINKS):
            for on in (True, False):
                if not self._may_blink():
                    return
                await self._sensor.light(on=on)
                await self._sleep(_BLINK_S)
