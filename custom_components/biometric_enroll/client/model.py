"""The state of one reader, and its updates.

Path of data: bytes of a topic (client) → typed message (protocol/parser) → frozen `ReaderState`
(here) → entities. Events go through `Host.report` instead.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from ..protocol.messages import IDLE, Snapshot
from .state import ReaderState, Unmatched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .delivery_log import DeliveryLog
    from .fingerprint_registry import FingerprintRegistry
    from .host import Cause, Host
    from .state import Subject


class ReaderModel:
    """Holds the state of one reader, and gives access to the stores."""

    def __init__(
        self,
        reader_id: str,
        device: str,
        host: Host,
        registry: FingerprintRegistry,
        delivery_log: DeliveryLog,
    ) -> None:
        """Initialize with the saved state of the reader."""
        self.reader_id = reader_id
        self.device = device
        self.host = host
        self.registry = registry
        self.delivery_log = delivery_log
        self.delivered = delivery_log.of(device)
        self._matched: tuple[object, ...] = ()
        """The inputs of the newest comparison of list and names."""
        self.state = self._remembered()

    def followed(self) -> Snapshot:
        """Return the newest snapshot of the enrollment that was requested last."""
        enrollment = self.registry.enrollment(self.device)
        if enrollment is None or self.delivered.snapshot.template_id != enrollment.template_id:
            return IDLE
        return self.delivered.snapshot

    def _remembered(self) -> ReaderState:
        snapshot, enrollment = self.followed(), self.registry.enrollment(self.device)
        # Without a snapshot it is unknown whether the enrollment will start.
        subject = None if enrollment is None or snapshot is IDLE else enrollment.subject
        # While it was not followed, the enrollment may have begun, gone on or ended.
        doubtful = enrollment is not None and not snapshot.final
        return ReaderState(snapshot=snapshot, subject=subject, doubtful=doubtful)

    async def async_forget(self, template_ids: Iterable[str]) -> None:
        """Forget the names of templates that this reader no longer holds."""
        await self.registry.async_forget(self.device, template_ids)
        await self.delivery_log.async_forget(self.device, template_ids)

    def update(self, cause: Cause = None, **changes: object) -> None:
        """Replace fields of the state and publish it, also if only names have changed."""
        # Names are checked at run time; callers are responsible for the types.
        state = replace(self.state, **changes)  # type: ignore[arg-type]
        if (unmatched := self._compare(state)) is not state.unmatched:
            state = replace(state, unmatched=unmatched)
        self.state = state
        self.host.state_changed(self.state, cause)

    def _compare(self, state: ReaderState) -> Unmatched:
        """Compare the list with the names, if either has changed."""
        # While an enrollment is running, its template is neither named nor unnamed. After an older
        # backup its end may never be reported: then its template is unnamed like any other.
        running = self.followed().running
        pending = self.registry.enrollment(self.device) if running else None
        # A list of the previous sensor says nothing about the connected one.
        changed = state.templates is not None and state.templates.sensor_changed
        inventory = None if changed else state.inventory
        matched = (inventory, self.registry.changes, pending and pending.template_id)
        if matched == self._matched:
            return state.unmatched
        self._matched = matched
        if inventory is None:
            return Unmatched()
        named = self.registry.ids_on(self.device)
        known = named | {pending.template_id} if pending else named
        unnamed = {
            slot: template_id
            for slot, template_id in inventory.templates.items()
            if template_id not in known
        }
        return Unmatched(inventory.revision, unnamed, inventory.missing & named)

    def identified(self, subject: Subject) -> None:
        """Publish who was identified by a live touch."""
        # Through None, so that the same person twice in a row causes two state changes.
        self.update(identified=None)
        self.update(identified=subject)
