"""The real firmware of a simulated reader; whoever observes it is told what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, override

from fpreader.app import App

if TYPE_CHECKING:
    from fpreader import touch_record
    from fpreader.config import Config
    from tests.simulation.board import SimulatedBoard
    from tests.simulation.reader import SimulatedReader


class Touch(NamedTuple):
    """A touch as the journal took it."""

    touch: str
    """Its id; that of an earlier one when it was only counted there."""
    result: str
    slot: int | None
    template_id: str | None
    finger: str | None
    """Whose image the sensor had, in truth."""
    at: float
    """When the sensor was asked, as the firmware says, in seconds of the loop."""
    seen_at: float
    """When the sensor had that image, in truth."""
    times: int
    """How many touches are counted under the id by now."""


class Observer(Protocol):
    """Is told what is true at the reader, at the moment at which it happens.

    May cut the power, and must not raise: the firmware would take that for a failure of its own.
    """

    def snapshot(self, snapshot: dict[str, Any]) -> None:
        """Hear the enrollment as the firmware has it: at its start, and after every change."""

    def touched(self, touch: Touch) -> None:
        """Hear of a touch that the journal took."""

    def committed(self, slot: int, template_id: str) -> None:
        """Hear that the map in flash has gained an id."""

    def accepted(self) -> None:
        """Hear that another sensor counts as its own from now on."""

    def emptying(self, slot: int, template_id: str | None) -> None:
        """Hear that it asks for a slot to be emptied, with the id that the slot has."""

    def emptied(self, slot: int, template_id: str | None) -> None:
        """Hear that the sensor has lost a template by that."""

    def power(self, *, on: bool) -> None:
        """Hear that power came or went."""

    def stopped(self, error: Exception | None) -> None:
        """Hear that the firmware ended and starts anew: it was asked to, or failed."""

    def printed(self, line: str) -> None:
        """Hear what the serial console says."""


class Firmware(App):
    """One life of the firmware, on the board of this life."""

    def __init__(self, reader: SimulatedReader, board: SimulatedBoard, config: Config) -> None:
        self._reader = reader
        self._simulated_board = board
        super().__init__(board, config)

    @override
    def on_message(self, topic: str, payload: bytes | None, *, retained: bool) -> None:
        super().on_message(topic, payload, retained=retained)
        if self.scanner.busy:
            # What was asked for begins with the next look at the sensor, or ends with it.
            self._reader.line.stir()

    @override
    def on_snapshot(self) -> None:
        self._simulated_board.power.check()
        self._reader.observer.snapshot(self.scanner.snapshot)
        super().on_snapshot()

    @override
    def on_touch(self, touch: touch_record.Touch) -> None:
        self._simulated_board.power.check()
        super().on_touch(touch)
        entry = self.journal._entries[-1]
        taken = Touch(
            bytes(entry[1:9]).hex(),
            touch.result,
            touch.slot,
            touch.template_id,
            self._reader.line.imaged,
            self._simulated_board.time_of(touch.at_ms),
            self._reader.line.imaged_at,
            entry[16] << 8 | entry[17],
        )
        self._reader.touched_at = self._simulated_board.now
        self._reader.observer.touched(taken)
