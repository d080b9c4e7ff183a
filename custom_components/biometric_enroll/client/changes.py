"""Changes of the templates and settings of one reader of protocol version 1."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..protocol import builder, parser
from ..protocol.words import Feature, Refusal, Topic
from .errors import RefusedError, UnreachableError, UnsupportedError
from .fingerprint_registry import Place

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from ..protocol.messages import Hello
    from .connection import Connection
    from .host import Cause
    from .inventory import InventoryUpdater
    from .model import ReaderModel
    from .state import Inventory, Subject

    type Templates = Mapping[int, str | None]

CHECK_WITHIN = 5.0
"""Seconds in which a list may still show that a deletion without an answer was done."""


class Changes:
    """Changes one reader; every method raises `ReaderError` on failure."""

    def __init__(
        self, model: ReaderModel, connection: Connection, inventory_updater: InventoryUpdater
    ) -> None:
        """Initialize with the parts of the client of one reader."""
        self._model = model
        self._host = model.host
        self._connection = connection
        self._inventory_updater = inventory_updater

    async def async_delete(self, slot: int, template_id: str | None) -> None:
        """Delete the template in a slot and its name; returns when the sensor has deleted it.

        After an error the reader may still delete it: then the next list removes the name.
        """
        try:
            await self._async_delete(slot, template_id)
        except UnreachableError:
            if not await self._async_is_gone(slot, template_id):
                raise
        if template_id is not None:
            await self._model.async_forget([template_id])

    async def _async_is_gone(self, slot: int, template_id: str | None) -> bool:
        """Return whether a list shows that a deletion without an answer was done."""
        if self._model.state.available:
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_WITHIN):
                    return await self._inventory_updater.async_is_gone(slot, template_id)
        return False

    async def _async_delete(self, slot: int, template_id: str | None) -> None:
        model, listed = self._model, self._listed(slot, template_id)
        if template_id is None and listed is None:
            # Only a list identifies a template without an id.
            raise RefusedError(Refusal.NOT_FOUND)
        async with self._async_allowed(Feature.DELETE) as hello:
            before = await model.registry.async_expect_deletion(model.device, template_id)
            delete = partial(
                builder.delete,
                nonce=hello.nonce,
                slot=slot,
                template_id=template_id,
                revision=None if listed is None else listed.revision,
            )
            try:
                revision = await self._connection.async_change(
                    Topic.COMMAND, delete, parser.changed_revision
                )
            except RefusedError as err:
                # `not_found` is success: an earlier request may have deleted it. Without an id,
                # it is unknown whether that very template is gone.
                if err.refusal != Refusal.NOT_FOUND or template_id is None:
                    if not _unsure(err):
                        # A deletion that was requested before may still happen.
                        await model.registry.async_expect_deletion(
                            model.device, template_id, expected=before
                        )
                    raise
                revision = None
            # Only that template: after `not_found` the slot may hold another one.
            self._show_list(
                hello, revision, lambda templates: dict(templates.items() - {(slot, template_id)})
            )

    async def async_name(
        self, slot: int, template_id: str | None, subject: Subject, *, enabled: bool
    ) -> None:
        """Name an unnamed template of the list; assign an id if it has none.

        Only an existing template is named: the reader must report the revision of that list again,
        and no pending change. A template that has a name by now is refused.
        """
        model, listed = self._model, self._listed(slot, template_id)
        if listed is None or template_id in model.registry.unwanted(model.device):
            raise RefusedError(Refusal.NOT_FOUND)
        feature = Feature.ADOPT if template_id is None else Feature.LIST
        async with self._async_allowed(feature) as hello:
            if template_id is None:
                # The reader compares the revision.
                template_id = await self._async_adopt(hello, slot, listed.revision)
            elif (refusal := self._refusal(hello, template_id, listed)) is not None:
                raise RefusedError(refusal)
            place, now = Place(model.device, slot, template_id), self._host.utcnow()
            await model.registry.async_adopt(place, subject, now, enabled=enabled)

    def _refusal(self, hello: Hello, template_id: str, listed: Inventory) -> Refusal | None:
        """Return why a template with an id cannot be named, as a refusal of the reader."""
        templates = hello.templates
        if templates.sensor_changed:
            return Refusal.SENSOR_CHANGED
        if hello.changing or templates.revision is None:
            # With a sensor that does not work, `busy` could last forever.
            return Refusal.BUSY if templates.sensor_works else Refusal.SENSOR_ERROR
        # Another request may have named it while waiting for the reader.
        known = self._model.registry.get(template_id) is not None
        return Refusal.NOT_FOUND if known or templates.revision != listed.revision else None

    async def _async_adopt(self, hello: Hello, slot: int, revision: str) -> str:
        """Assign an id to a template that has none, and return the id."""
        template_id = self._host.new_id()
        adopt = partial(
            builder.adopt, nonce=hello.nonce, slot=slot, template_id=template_id, revision=revision
        )
        made = await self._connection.async_change(Topic.COMMAND, adopt, parser.changed_revision)
        self._show_list(hello, made, lambda templates: {**templates, slot: template_id})
        return template_id

    async def async_accept_sensor(self) -> None:
        """Accept the connected sensor as the reader's own."""
        async with self._async_allowed(Feature.ACCEPT_SENSOR) as hello:
            accept = partial(builder.accept_sensor, nonce=hello.nonce)
            await self._connection.async_change(Topic.COMMAND, accept, parser.nothing)

    async def async_set(
        self,
        cause: Cause = None,
        *,
        identification: bool | None = None,
        security_level: int | None = None,
        led_color: str | None = None,
    ) -> None:
        """Change the given settings, and update the state with all settings of the answer."""
        async with self._async_allowed(Feature.SETTINGS) as hello:
            change = partial(
                builder.settings,
                nonce=hello.nonce,
                identification=identification,
                security_level=security_level,
                led_color=led_color,
            )
            self._connection.others.expect_settings()
            settings = await self._connection.async_change(Topic.COMMAND, change, parser.settings)
        self._model.update(cause, settings=settings)

    def _listed(self, slot: int, template_id: str | None) -> Inventory | None:
        """Return the newest list if it has this template in this slot."""
        inventory = self._model.state.inventory
        if inventory is None or (slot, template_id) not in inventory.templates.items():
            return None
        return inventory

    def _show_list(
        self, hello: Hello, revision: str | None, changed: Callable[[Templates], Templates]
    ) -> None:
        """Apply a change to the list in the state, with its new revision.

        The new revision is used only if the list had the revision of the hello right before the
        change, and nothing else could change in between; otherwise the old one causes a new list.
        """
        if (inventory := self._model.state.inventory) is None:
            return
        idle = hello.enrollment is not None and not hello.enrollment.running
        quiet = idle and not hello.changing
        if revision is None or not quiet or inventory.revision != hello.templates.revision:
            revision = inventory.revision
        templates = changed(inventory.templates)
        self._model.update(inventory=replace(inventory, revision=revision, templates=templates))

    @asynccontextmanager
    async def _async_allowed(self, feature: Feature) -> AsyncGenerator[Hello]:
        """Send hello, check the feature, and keep the nonce valid. Raises `UnsupportedError`."""
        async with self._connection.async_greeted() as hello:
            if feature not in hello.identity.features:
                raise UnsupportedError(feature)
            yield hello


def _unsure(err: RefusedError) -> bool:
    """Return whether a deletion may still happen.

    The sensor stopped answering halfway, or another device under the same reader id answered: with
    a nonce this fresh, our reader does not answer `stale`. Or a later firmware knows why.
    """
    return err.refusal in {Refusal.SENSOR_ERROR, Refusal.STALE} or err.refusal not in Refusal
