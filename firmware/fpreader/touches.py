"""Looks for fingers while the reader has nothing else to do, and finds out whose they are.

A touch is one resting finger, however often the sensor blinks. It is looked at until it is
identified, four times or for a second at most, and then told once: the best of what was seen.
"""

from fpreader.finger_presence import UNDECIDED_MS, FingerPresence
from fpreader.sensor_connection import CodeError
from fpreader.touch_record import Touch

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable

    from fpreader.board import Board
    from fpreader.light import Light
    from fpreader.templates import Templates

#: How often, and for how long after the first time, a finger that is not identified is looked at.
MOST_LOOKS = 4
LOOKS_MS = 1000
#: At least so long after the begin of one look the next one is begun: a finger has to settle.
LOOK_EVERY_MS = 250
#: A finger that was seen for so long without a break may be light or dirt.
ALWAYS_MS = 10000


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
        self._presence = FingerPresence(resting=None)
        self._since = self._clock()  # when the finger that rests was first seen
        self._best: Touch | None = None  # what was seen of a touch that is not told yet
        self._looks = 0
        self._first_look_at = 0  # when that was over
        self._looked_at = 0  # when the last one was begun
        self._told: set[int] | None = set()
        """The slots that were told since the sensor was seen empty; None stands for all."""
        self._was_seen_empty = False
        """Whether it was, since the reader has started; else who rests there may have been told."""

    @property
    def always_finger(self) -> bool:
        """Whether the sensor has seen a finger for so long that it may be none."""
        return bool(self._presence.resting) and self._clock() - self._since >= ALWAYS_MS

    @property
    def hurry_ms(self) -> "int | None":
        """After how many milliseconds to poll again, where that is soon; None: it does not matter.

        The next image is to tell whether the finger is gone, or whose it is.
        """
        if self._best is not None:
            return max(UNDECIDED_MS, LOOK_EVERY_MS - (self._clock() - self._looked_at))
        return UNDECIDED_MS if self._presence.undecided else None

    async def poll(self) -> bool:
        """Look for a finger; False when the sensor has to be started again."""
        # Not when it is answered: while something blocks, the answer waits, and nobody is there.
        asked_at = self._clock()
        try:
            image = await self._sensor.gen_img()
        except CodeError:
            if self._is_over():
                await self.finish()
            return True  # neither a finger nor none
        self._looked_at = asked_at
        rested = self._presence.resting
        self.saw(image)
        if image == "no_finger":
            if self._presence.resting is False or self._is_over():
                await self.finish()
            return True
        if not rested:
            self._looks = 0
            self._best = Touch("unreadable", asked_at, reason="sensor_error")
            return await self._look(image, asked_at)
        if self._best is not None:
            return await self._look(image, self._best.at_ms)
        if self.always_finger:
            return await self._look_again(image, asked_at)
        return True

    def saw(self, image: str) -> None:
        """Take what GenImg said, also while something else had it said."""
        rested = self._presence.resting
        self._presence.judge(image, self._clock())
        if self._presence.resting is False:
            self._was_seen_empty = True
            if self._told is None or self._told:
                self._told = set()
        elif self._presence.resting and not rested:
            self._since = self._clock()

    def hold(self) -> None:
        """Let who rests on the sensor now be no touch, however long: it was scanned before."""
        if self._presence.resting:
            self._told = None

    def tell(self) -> "Touch | None":
        """Tell the touch that is being looked at, if any; give it."""
        best, self._best = self._best, None
        if best is None:
            return None
        if best.slot is not None:
            if self._told is not None:
                self._told.add(best.slot)
            if not (self._was_seen_empty and self._memory.identification):
                return None
        self._on_touch(best)
        return best

    async def finish(self) -> None:
        """Tell the touch that is being looked at, if any, and show what came of it."""
        told = self.tell()
        if told is not None:
            await self._light.show(told.result)

    # --- one look -------------------------------------------------------------------

    def _is_over(self) -> bool:
        """Whether what is being looked at was looked at long enough."""
        if self._best is None or not self._looks:
            return False
        lasted_ms = self._clock() - self._first_look_at
        return self._looks >= MOST_LOOKS or lasted_ms >= LOOKS_MS

    async def _look(self, image: str, at_ms: int) -> bool:
        """Look at the finger of a touch that is not told yet; False as with poll."""
        try:
            seen, fine = await self._identify(image, at_ms)
        except CodeError:
            seen, fine = Touch("unreadable", at_ms, reason="sensor_error"), True
        if not self._looks:
            self._first_look_at = self._clock()
        self._looks += 1
        if self._best is None or _rank(seen) > _rank(self._best):
            self._best = seen
        if seen.result == "identified" or not fine or self._is_over():
            await self.finish()
        return fine

    async def _look_again(self, image: str, at_ms: int) -> bool:
        """Look whether a known finger lies on top of what is always seen; False as with poll.

        Not one that was told since the sensor was seen empty: that may be its print in the light.
        """
        try:
            seen, fine = await self._identify(image, at_ms)
        except CodeError:
            return True
        if seen.slot is not None and self._told is not None and seen.slot not in self._told:
            self._best = seen
            await self.finish()
        return fine

    async def _identify(self, image: str, at_ms: int) -> "tuple[Touch, bool]":
        """Find out whose finger an image shows, and whether the sensor is still the same."""
        if image == "finger":
            image = await self._sensor.img2tz(1)
        if image != "good":
            return Touch("unreadable", at_ms, reason=image), True
        found = None
        if not self._templates.changed:
            found = await self._sensor.search(1, 0, self._templates.capacity or 0)
        # After the search: a sensor can be swapped between any two commands.
        ours = await self._templates.is_ours()
        fine = ours != self._templates.changed
        if found is None or not ours:
            return Touch("not_identified", at_ms), fine
        slot, score = found
        finger = slot, self._memory.template_id(slot), score
        return Touch("identified", at_ms, finger=finger), fine


def _rank(touch: Touch) -> int:
    """Order what can be seen of one finger: the higher, the more it tells."""
    if touch.result == "unreadable":
        return int(touch.reason != "sensor_error")
    return 2 + (touch.result == "identified")
