"""The real firmware of a simulated reader, with an observer that is notified of what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, override

from custom_components.biometric_enroll.protocol.words import FINAL_STAGES, TouchResult
from fpreader.app import App
from tests.simulation.newer_words import renewed

if TYPE_CHECKING:
    from fpreader import touch_record
    from fpreader.config import Config
    from tests.simulation.board import SimulatedBoard
    from tests.simulation.reader import SimulatedReader


class Touch(NamedTuple):
    """A touch as it was added to the journal."""

    touch: str
    """Its id; that of an earlier touch if it only increased the count of that one."""
    result: str
    slot: int | None
    template_id: str | None
    finger: str | None
    """Whose image the sensor took, in truth."""
    at: float
    """When the sensor was polled, according to the firmware, in seconds of the loop."""
    seen_at: float
    """When the sensor took that image, in truth."""
    times: int
    """Number of touches counted under the id so far."""
    wrong: str | None
    """What is wrong with it by what was heard from the sensor."""
    unread: bool
    """Whether the sensor gave no answer that could be used."""
    garbled: bool
    """Whether nobody can understand how it is told."""
    early: bool
    """Whether it was told as not identified while it could still be, at the next look."""


class Observer(Protocol):
    """Notified about what happens at the reader, at the time at which it happens.

    It may cut the power, but must not raise: the firmware would treat that as its own failure.
    """

    def snapshot(self, snapshot: dict[str, Any]) -> None:
        """Handle a new snapshot: at the start of the firmware, and after every change."""

    def touched(self, touch: Touch) -> None:
        """Handle a touch that was added to the journal."""

    def committed(self, slot: int, template_id: str) -> None:
        """Handle an id that was added to the map in flash."""

    def accepted(self) -> None:
        """Handle that another sensor was accepted as the reader's own."""

    def overwritten(self, slot: int) -> None:
        """Handle that a template was stored over one that is not of the same enrollment."""

    def emptying(self, slot: int, template_id: str | None) -> None:
        """Handle a request of the firmware to empty a slot, which has this id in flash."""

    def kept(self, template_id: str | None) -> None:
        """Handle that the sensor has refused to delete the template of an id."""

    def emptied(self, slot: int, template_id: str | None) -> None:
        """Handle that the sensor has deleted a template on that request."""

    def power(self, *, on: bool) -> None:
        """Handle that the power was switched on or off."""

    def stopped(self, error: Exception | None) -> None:
        """Handle that the firmware ended, as requested or with an error; it will be restarted."""

    def printed(self, line: str) -> None:
        """Handle a line that the firmware printed to its console."""


class Firmware(App):
    """One run of the firmware, on a board made for this run."""

    def __init__(self, reader: SimulatedReader, board: SimulatedBoard, config: Config) -> None:
        self._reader = reader
        self._simulated_board = board
        super().__init__(board, config)
        self._told = self.journal._message
        self.journal._message = self._tell  # type: ignore[method-assign] # to garble some
        touches = self.scanner._touches
        self._saw = touches.saw
        touches.saw = self._hear  # type: ignore[method-assign] # to know what was heard, and when

    def _hear(self, image: str) -> None:
        finger = self._reader.sensor.finger
        now_ms = self._simulated_board.clock()
        self._reader.seen.heard(image, None if finger is None else finger.name, now_ms)
        self._saw(image)

    def _tell(self, entry: bytearray) -> dict[str, Any]:
        message = self._told(entry)
        return message | {"count": "one"} if message["touch"] in self._reader.garbled else message

    @override
    def on_message(self, topic: str, payload: bytes | None, *, retained: bool) -> None:
        super().on_message(topic, payload, retained=retained)
        if self.scanner.busy:
            # A requested enrollment begins, or ends, with the next poll of the sensor.
            self._reader.sensor_line.notify_change()

    @override
    def _send(self, topic: str, payload: bytes) -> bool:
        return super()._send(topic, renewed(topic, payload) if self._reader.newer else payload)

    @override
    def on_snapshot(self) -> None:
        self._simulated_board.power.check()
        if self.scanner.snapshot["stage"] in FINAL_STAGES:
            self._reader.seen.enrolled()
        self._reader.observer.snapshot(self.scanner.snapshot)
        super().on_snapshot()

    @override
    def on_touch(self, touch: touch_record.Touch) -> None:
        self._simulated_board.power.check()
        super().on_touch(touch)
        entry = self.journal._entries[-1]
        if self._reader.garbles:
            self._reader.garbled.add(bytes(entry[1:9]).hex())
        seen, finger = self._reader.seen, self._reader.sensor_line.last_finger
        identified = touch.result == TouchResult.IDENTIFIED
        hurried = self.scanner.running or self._restart_at is not None
        early = not identified and not hurried and seen.is_early(self._simulated_board.clock())
        taken = Touch(
            bytes(entry[1:9]).hex(),
            touch.result,
            touch.slot,
            touch.template_id,
            finger,
            self._simulated_board.time_of(touch.at_ms),
            self._reader.sensor_line.last_image_at,
            entry[16] << 8 | entry[17],
            seen.judge(touch, finger),
            not hurried and touch.reason == "sensor_error",
            bytes(entry[1:9]).hex() in self._reader.garbled,
            early,
        )
        self._reader.touched_at = self._simulated_board.now
        self._reader.observer.touched(taken)
