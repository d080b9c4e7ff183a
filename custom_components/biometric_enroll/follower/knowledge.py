"""What is known of one reader, and who is told when that changes.

The road: bytes of a topic (follower) → typed message (reader/decode) → frozen `ReaderState` (here)
→ entities. What happened, rather than is, goes through `Surroundings.happened`.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from ..reader.messages import IDLE, Snapshot
from ..reader.state import ReaderState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..reader.state import Subject
    from .marks import Marks
    from .roster import Roster
    from .surroundings import Cause, Surroundings


class Knowledge:
    """Keeps the state of one reader, and what belongs to it in the stores."""

    def __init__(
        self,
        reader_id: str,
        device: str,
        surroundings: Surroundings,
        roster: Roster,
        marks: Marks,
    ) -> None:
        """Take up what is known of the reader from earlier runs."""
        self.reader_id = reader_id
        self.device = device
        self.surroundings = surroundings
        self.roster = roster
        self.marks = marks
        self.mark = marks.of(device)
        self.state = self._remembered()

    def followed(self) -> Snapshot:
        """Return the newest snapshot of the enrollment that was asked for last."""
        enrollment = self.roster.enrollment(self.device)
        if enrollment is None or self.mark.snapshot.template_id != enrollment.template_id:
            return IDLE
        return self.mark.snapshot

    def _remembered(self) -> ReaderState:
        snapshot, enrollment = self.followed(), self.roster.enrollment(self.device)
        # While an enrollment is only meant, nobody knows whether it will start.
        subject = None if enrollment is None or snapshot is IDLE else enrollment.subject
        return ReaderState(snapshot=snapshot, subject=subject)

    async def async_forget(self, template_ids: Iterable[str]) -> None:
        """Forget the names of templates that this reader does not hold any more."""
        await self.roster.async_forget(self.device, template_ids)
        await self.marks.async_forget(self.device, template_ids)

    def update(self, cause: Cause = None, **changes: object) -> None:
        """Replace parts of the state, and show it."""
        # The names are checked when this runs, the types are the callers' word.
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        self.surroundings.state_changed(self.state, cause)

    def identified(self, subject: Subject) -> None:
        """Show who was identified, live."""
        # Through unknown, so that the same person twice in a row is two changes, not none.
        self.update(identified=None)
        self.update(identified=subject)
