"""The view of one enrollment for a dialog, which survives reloads of the config entry."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import callback

from .client.enrollment import REASONS
from .protocol.messages import IDLE
from .protocol.words import Rejection, Stage

if TYPE_CHECKING:
    from collections.abc import Collection

    from homeassistant.core import CALLBACK_TYPE

    from .coordinator import BiometricEnrollConfigEntry, ReaderCoordinator
    from .protocol.messages import Snapshot

STARTING = "starting"
"""The reader has accepted the enrollment, and not sent a snapshot yet."""
AWAY = "away"
"""The reader is unavailable; the enrollment may go on."""
OTHER = "other"
"""The reader's word for a reason is of a later firmware."""
OVERTAKEN = "overtaken"
"""Its end was not seen, and another enrollment was requested since."""


@dataclass(frozen=True, slots=True)
class View:
    """What a dialog shows of an enrollment."""

    stage: str
    """A stage, if the scan is repeated with the last rejection or `OTHER`; or a constant above."""
    step: int
    total: int
    progress: int
    """Captured scans in percent, rounded."""
    ending: str | None = None
    """How it ended: a final stage, the reason of a failure, or a constant above; None: not yet."""
    word: str = ""
    """The reader's word for what is shown as `OTHER`."""


class Watch:
    """Follows one enrollment across reloads of its reader's config entry, until `stop`."""

    def __init__(self, entry: BiometricEnrollConfigEntry, template_id: str) -> None:
        """Initialize, and follow the enrollment of this template id."""
        self._entry = entry
        self._template_id = template_id
        self._snapshot: Snapshot = IDLE
        self._overtaken = False
        self._news = asyncio.Event()
        self._coordinator: ReaderCoordinator | None = None
        self._leave: list[CALLBACK_TYPE] = []
        self._stop = entry.async_on_state_change(self._attach)
        self._attach()

    def stop(self) -> None:
        """Stop following."""
        self._stop()
        self._detach()

    @property
    def view(self) -> View:
        """Return the current view."""
        snapshot = self._snapshot
        shown = (snapshot.step, snapshot.total, snapshot.progress)
        if snapshot.final:
            ending, word = str(snapshot.stage), ""
            if snapshot.reason is not None:
                ending, word = _known(snapshot.reason, REASONS)
            return View(snapshot.stage, *shown, ending=ending, word=word)
        if self._overtaken:
            return View(snapshot.stage, *shown, ending=OVERTAKEN)
        if self._coordinator is None or not self._coordinator.data.available:
            return View(AWAY, *shown)
        if snapshot is IDLE:
            return View(STARTING, *shown)
        stage, word = _stage(snapshot)
        return View(stage, *shown, word=word)

    async def async_changed(self, view: View) -> None:
        """Wait until the view differs from `view`."""
        while self.view == view:
            self._news.clear()
            await self._news.wait()

    @callback
    def _attach(self) -> None:
        """Listen to the current coordinator: after a reload it is another object."""
        self._detach()
        if self._entry.state is ConfigEntryState.LOADED:
            coordinator = self._entry.runtime_data
            self._coordinator = coordinator
            self._leave.append(coordinator.async_add_listener(self._look))
            self._look()
        self._news.set()

    def _detach(self) -> None:
        self._coordinator = None
        while self._leave:
            self._leave.pop()()

    @callback
    def _look(self) -> None:
        """Note the newest snapshot; called on each change, so the final one is not missed."""
        coordinator = self._coordinator
        if coordinator is None:
            return
        snapshot = coordinator.data.snapshot
        if snapshot.template_id == self._template_id:
            self._snapshot = snapshot
        asked_for = coordinator.registry.enrollment(coordinator.device)
        self._overtaken = asked_for is None or asked_for.template_id != self._template_id
        self._news.set()


def _known(word: str, known: Collection[str]) -> tuple[str, str]:
    """Return a known word and an empty text; or `OTHER` and the word."""
    return (word, "") if word in known else (OTHER, word)


def _stage(snapshot: Snapshot) -> tuple[str, str]:
    """Return the stage, with the last rejection if the scan under way is repeated.

    Also returns the reader's word for that, if it is not known.
    """
    repeated = len(snapshot.captured) < snapshot.step and snapshot.attempts > 1
    if repeated and snapshot.rejected_last and snapshot.stage is not Stage.PROCESSING:
        last, word = _known(snapshot.rejected_last, Rejection)
        return f"{snapshot.stage}_{last}", word
    return snapshot.stage, ""
