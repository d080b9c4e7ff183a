"""What is known of one reader, and who is told when that changes.

The road: bytes of a topic (client) → typed message (protocol/parser) → frozen `ReaderState` (here)
→ entities. What happened, rather than is, goes through `Host.happened`.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from ..protocol.messages import IDLE, Snapshot
from .state import ReaderState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .delivery_log import DeliveryLog
    from .fingerprint_registry import FingerprintRegistry
    from .host import Cause, Host
    from .state import Subject


class ReaderModel:
    """Keeps the state of one reader, and what belongs to it in the stores."""

    def __init__(
        self,
        reader_id: str,
        device: str,
        host: Host,
        registry: FingerprintRegistry,
        delivery_log: DeliveryLog,
    ) -> None:
        """Take up what is known of the reader from earlier runs."""
        self.reader_id = reader_id
        self.device = device
        self.host = host
        self.registry = registry
        self.delivery_log = delivery_log
        self.delivered = delivery_log.of(device)
        self.state = self._remembered()

    def followed(self) -> Snapshot:
        """Return the newest snapshot of the enrollment that was asked for last."""
        enrollment = self.registry.enrollment(self.device)
        if enrollment is None or self.delivered.snapshot.template_id != enrollment.template_id:
            return IDLE
        return self.delivered.snapshot

    def _remembered(self) -> ReaderState:
        snapshot, enrollment = self.followed(), self.registry.enrollment(self.device)
        # While an enrollment is only meant, nobody knows whether it will start.
        subject = None if enrollment is None or snapshot is IDLE else enrollment.subject
        return ReaderState(snapshot=snapshot, subject=subject)

    async def async_forget(self, template_ids: Iterable[str]) -> None:
        """Forget the names of templates that this reader does not hold any more."""
        await self.registry.async_forget(self.device, template_ids)
        await self.delivery_log.async_forget(self.device, template_ids)

    def update(self, cause: Cause = None, **changes: object) -> None:
        """Replace parts of the state, and show it."""
        # The names are checked when this runs, the types are the callers' word.
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        self.host.state_changed(self.state, cause)

    def identified(self, subject: Subject) -> None:
        """Show who was identified, live."""
        # Through unknown, so that the same person twice in a row is two changes, not none.
        self.update(identified=None)
        self.update(identified=subject)
