"""What was already reported of each reader, so that a restart repeats and loses nothing."""

import logging
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from ..protocol import builder, parser
from ..protocol.fields import Fields, MalformedError
from ..protocol.messages import IDLE
from ..protocol.words import Stage
from .fingerprint_registry import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from ..protocol.messages import Snapshot
    from .host import Saved
    from .liveness import Clocks

_LOGGER = logging.getLogger(__name__)

_TOUCHES = 256
"""Size of a reader's journal, so that no touch in it can be taken for a new one."""


@dataclass(frozen=True, slots=True)
class Use:
    """How often and when a fingerprint was identified by one reader."""

    count: int
    last_at: str
    """Time in ISO format, UTC."""


@dataclass(slots=True)
class Delivered:
    """What was reported of one reader."""

    snapshot: Snapshot = IDLE
    touches: dict[str, None] = field(default_factory=dict)
    """Ids of the newest touches, oldest first."""
    uses: dict[str, Use] = field(default_factory=dict)
    """By template id. Here, not in the registry, so that one write saves a touch and its count."""
    live: dict[str, None] = field(default_factory=dict)
    """Ids of the newest live touches. Not saved: what was before a restart is never live again. Of
    their own, because strangers can tell late touches, of before a start, without end."""

    def count(self, template_id: str, at: datetime) -> None:
        """Count that a fingerprint was identified at a time."""
        time, before = at.isoformat(), self.uses.get(template_id)
        if before is None:
            self.uses[template_id] = Use(1, time)
        else:
            self.uses[template_id] = Use(before.count + 1, max(before.last_at, time))

    def has_touch(self, touch: str) -> bool:
        """Return whether a touch was reported."""
        return touch in self.touches or touch in self.live

    def add_touch(self, touch: str, *, live: bool) -> None:
        """Note that a touch was reported."""
        for reported in (self.touches, self.live) if live else (self.touches,):
            reported[touch] = None
            while len(reported) > _TOUCHES:
                del reported[next(iter(reported))]


class DeliveryLog:
    """What was reported of all readers, by hardware id."""

    def __init__(self, saved: Saved) -> None:
        """Initialize empty; `async_load` reads the saved log."""
        self._saved = saved
        self._delivery_log: dict[str, Delivered] = {}
        self.loaded: Clocks
        """When the saved log was read. What an earlier run reported after it had saved for the
        last time was a touch of before this moment."""

    async def async_load(self, clocks: Callable[[], Clocks]) -> None:
        """Read the saved log; `clocks` returns what the clocks show when that is done."""
        for device, stored in (await self._saved.async_load() or {}).items():
            try:
                snapshot = parser.snapshot(Fields(stored["snapshot"]))
            except MalformedError as err:
                # Most likely from a newer version. The reader sends it again.
                _LOGGER.warning("The last enrollment of %s cannot be read: %s", device, err)
                snapshot = IDLE
            self._delivery_log[device] = Delivered(
                snapshot,
                dict.fromkeys(stored["touches"]),
                {
                    template_id: Use(use["count"], use["last_at"])
                    for template_id, use in stored["uses"].items()
                },
            )
        self.loaded = clocks()

    @property
    def devices(self) -> list[str]:
        """Return the hardware ids of the readers in the log."""
        return list(self._delivery_log)

    def of(self, device: str) -> Delivered:
        """Return what was reported of a reader; the caller may change it, then `async_save`."""
        return self._delivery_log.setdefault(device, Delivered())

    def rename_device(self, old: str, new: str) -> None:
        """Move what was reported of a reader to its new hardware id; does not save."""
        if (delivered := self._delivery_log.pop(old, None)) is not None:
            # What was reported of the new reader itself takes precedence.
            uses = delivered.uses | self._delivery_log.setdefault(new, delivered).uses
            self._delivery_log[new].uses = uses

    async def async_forget(self, device: str, template_ids: Iterable[str]) -> None:
        """Remove the counts of templates that a reader no longer holds."""
        uses = self.of(device).uses
        if found := [template_id for template_id in template_ids if template_id in uses]:
            for template_id in found:
                del uses[template_id]
            await self.async_save()

    async def async_drop(self, devices: Iterable[str]) -> None:
        """Remove readers from the log."""
        if found := [device for device in devices if device in self._delivery_log]:
            for device in found:
                del self._delivery_log[device]
            await self.async_save()

    def completed(self) -> list[Place]:
        """Return the places of the templates of the newest completed enrollments."""
        return [
            Place(device, delivered.snapshot.slot, delivered.snapshot.template_id)
            for device, delivered in self._delivery_log.items()
            if delivered.snapshot.stage is Stage.COMPLETED
            and delivered.snapshot.slot is not None
            and delivered.snapshot.template_id is not None
        ]

    async def async_save(self) -> None:
        """Save the log; returns when it is on disk."""
        await self._saved.async_save(
            {
                device: {
                    "snapshot": builder.snapshot(delivered.snapshot),
                    "touches": list(delivered.touches),
                    "uses": {
                        template_id: asdict(use) for template_id, use in delivered.uses.items()
                    },
                }
                for device, delivered in self._delivery_log.items()
            }
        )
