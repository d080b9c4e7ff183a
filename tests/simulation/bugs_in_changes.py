"""Mistakes about changes that users make: deletions, names and settings."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from custom_components.biometric_enroll.client import inventory
from custom_components.biometric_enroll.client.changes import Changes
from custom_components.biometric_enroll.client.connection import Connection
from custom_components.biometric_enroll.client.errors import (
    ReaderError,
    RefusedError,
    UnreachableError,
)
from custom_components.biometric_enroll.client.fingerprint_registry import FingerprintRegistry
from custom_components.biometric_enroll.client.inventory import InventoryUpdater
from custom_components.biometric_enroll.client.model import ReaderModel
from custom_components.biometric_enroll.client.state import Inventory, ReaderState, Unmatched
from custom_components.biometric_enroll.protocol import builder
from custom_components.biometric_enroll.protocol.words import Feature, Refusal, Topic
from fpreader import changes
from fpreader.memory import DELETE, Memory
from fpreader.templates import Templates
from tests.simulation.disk import File
from tests.simulation.planted_bug import bug, bug_value, nothing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from custom_components.biometric_enroll.protocol.messages import Hello, Page

# What is concluded from a list


def _named(updater: InventoryUpdater) -> set[str]:
    known = updater._model
    return {place.template_id for _, place in known.registry.on_reader(known.device)}


def _whole(named: set[str], revision: str, found: dict[int, str | None]) -> Inventory:
    return Inventory(revision, found, frozenset(named.difference(found.values())))


async def _list(updater: InventoryUpdater, *, one_revision: bool) -> Inventory | None:
    """Ask for all pages; None where their revisions differ although they must not."""
    found: dict[int, str | None] = {}
    named, revision, first = _named(updater), None, 0
    while True:
        page: Page = await updater._connection.async_ask(
            Topic.COMMAND,
            partial(builder.list_templates, first=first),
            partial(inventory._page, first),
        )
        if one_revision and revision not in {None, page.revision}:
            return None
        revision = page.revision
        found |= page.templates
        if page.next is None:
            return _whole(named, revision, found)
        first = page.next


@bug(3, "Pages of two revisions make one list, also such as two readers have answered",
     InventoryUpdater, "_async_whole_list")  # fmt: skip
async def two_revisions(_original: Any, self: InventoryUpdater) -> Inventory | None:
    return await _list(self, one_revision=False)


@bug(3, "A list that is not answered is an empty one",
     InventoryUpdater, "_async_whole_list")  # fmt: skip
async def silence_is_empty(original: Any, self: InventoryUpdater) -> Any:
    named, told = _named(self), self._model.state.templates
    try:
        return await original(self)
    except UnreachableError:
        return _whole(named, told.revision if told and told.revision else "", {})


@bug(3, "Whoever answers a list under the reader's id is the reader",
     InventoryUpdater, "_async_whole_list")  # fmt: skip
async def anybody_lists(_original: Any, self: InventoryUpdater) -> Inventory | None:
    return await _list(self, one_revision=True)


@bug(4, "A reader is listed once, and then not again",
     InventoryUpdater, "_outdated")  # fmt: skip
def listed_once(original: Any, self: InventoryUpdater) -> bool:
    return self._model.state.inventory is None and original(self)


# What is deleted


@bug(3, "A name is forgotten before the reader has answered",
     Changes, "async_delete")  # fmt: skip
async def forgotten_too_early(original: Any, self: Changes, slot: int, template_id: Any) -> None:
    await self._model.async_forget([template_id] if template_id else [])
    await original(self, slot, template_id)


@bug(3, "That there is nothing to delete any more is a no: the name stays",
     Changes, "async_delete")  # fmt: skip
async def not_found_is_no(original: Any, self: Changes, slot: int, template_id: Any) -> None:
    known = self._model
    ask = self._connection.async_ask

    async def asked(*request: Any) -> Any:
        try:
            return await ask(*request)
        except RefusedError as error:
            if error.refusal is not Refusal.NOT_FOUND:
                raise
            await known.registry.async_expect_deletion(known.device, template_id, expected=False)
            # Neither a refusal nor silence: both are looked into.
            raise ReaderError from None

    with patch.object(self._connection, "async_ask", asked):
        await original(self, slot, template_id)


@bug(3, "A delete is asked for before it is saved that it is",
     FingerprintRegistry, "async_save")  # fmt: skip
async def deletion_saved_too_late(original: Any, self: FingerprintRegistry) -> None:
    if any(found.deleting for found, _ in self.all()):
        asyncio.get_running_loop().create_task(original(self), eager_start=True)
    else:
        await original(self)


@bug(3, "A save ends with whoever waits for it, and nobody saves that again",
     File, "async_save", (FingerprintRegistry, "_async_saved", nothing))  # fmt: skip
async def save_broken_off(_original: Any, self: File, data: dict[str, Any]) -> None:
    self._data = data
    await self._write()


@bug(3, "A delete without an answer was not done",
     Changes, "async_delete")  # fmt: skip
async def silence_deletes_nothing(
    original: Any, self: Changes, slot: int, template_id: Any
) -> None:
    known = self._model
    try:
        await original(self, slot, template_id)
    except ReaderError:
        await known.registry.async_expect_deletion(known.device, template_id, expected=False)
        raise


@bug(3, "A name that was deleted is there again after a restart",
     FingerprintRegistry, "async_load")  # fmt: skip
async def deleted_comes_back(original: Any, self: FingerprintRegistry) -> None:
    await original(self)
    for device, enrollment in self._enrollments.items():
        self._enrollments[device] = replace(enrollment, named=False)


@bug(2, "The reader deletes what is in the slot, whoever it is",
     changes.Changes, "delete")  # fmt: skip
def deleted_by_slot(_original: Any, self: changes.Changes, slot: int, *rest: Any) -> str | None:
    template_id, done = self._memory.template_id(slot), rest[-1]
    return self._accept_unless(
        self._slot_refusal(slot), lambda: self._delete(slot, template_id), done
    )


@bug(3, "The reader does not note what it is about to delete",
     Memory, "keep_operation")  # fmt: skip
def delete_not_noted(original: Any, self: Memory, operation: dict[str, Any]) -> None:
    if operation["op"] != DELETE:
        original(self, operation)


@bug(3, "The reader does not go on after a restart with what it was about to delete",
     Templates, "_finish")  # fmt: skip
async def delete_not_ended(original: Any, self: Templates, operation: dict[str, Any]) -> None:
    if operation["op"] != DELETE:
        await original(self, operation)


@bug(3, "The reader forgets an id before its template is deleted",
     Templates, "delete")  # fmt: skip
async def id_forgotten_first(original: Any, self: Templates, slot: int, template_id: Any) -> Any:
    self.memory.forget(slot)
    return await original(self, slot, template_id)


# What is named, and which settings hold


@bug(2, "An id can be replaced by another one",
     changes.Changes, "adopt")  # fmt: skip
def id_replaced(
    _original: Any, self: changes.Changes, slot: int, template_id: str, _: str, done: Any
) -> str | None:
    return self._accept_unless(
        self._slot_refusal(slot), lambda: self._adopt(slot, template_id), done
    )


@bug(2, "An id is given to whatever is in the slot by now, not to what was listed there",
     changes.Changes, "adopt")  # fmt: skip
def adopted_by_slot(
    original: Any, self: changes.Changes, slot: int, template_id: str, _: str, done: Any
) -> Any:
    return original(self, slot, template_id, self.revision or "", done)


@bug(3, "A template is named because it was listed once",
     Changes, "_async_allowed")  # fmt: skip
@asynccontextmanager
async def named_by_an_old_list(
    original: Any, self: Changes, feature: Feature
) -> AsyncGenerator[Hello]:
    async with original(self, feature) as hello:
        listed = self._model.state.inventory
        if feature is Feature.LIST and listed is not None:
            told = replace(hello.templates, revision=listed.revision)
            hello = replace(hello, templates=told, changing=False)  # noqa: PLW2901 - the bug
        yield hello


@bug(3, "A list is not compared again with the names when those have changed",
     ReaderModel, "_compare")  # fmt: skip
def compared_once(original: Any, self: ReaderModel, state: ReaderState) -> Unmatched:
    if self._matched[:1] == (state.inventory,):
        return state.unmatched
    compared: Unmatched = original(self, state)
    return compared


bug_value("pending_untold", 3, "A reader does not tell that it is about to change something",
          changes.Changes, "pending", property(lambda _: False))  # fmt: skip


@bug(2, "The ids of the sensor before hold for the one that is accepted",
     Memory, "accept")  # fmt: skip
def ids_survive(_original: Any, self: Memory, mark: bytes) -> None:
    self._write(mark=mark, operation=None)


@bug(4, "What has become of a change without an answer is not asked for",
     Connection, "async_change")  # fmt: skip
async def change_forgotten(_original: Any, self: Connection, *request: Any) -> Any:
    return await Connection.async_ask(self, *request)


@bug(5, "That identification is off is not kept in flash",
     Memory, "keep_settings")  # fmt: skip
def settings_in_ram(_original: Any, self: Memory, identification: bool, _: str) -> None:
    self._kept["identification"] = identification


bug_value("never_off", 5, "The reader says that identification is off, and leaves it on",
          changes.Changes, "_keep_settings", lambda *_: None)  # fmt: skip


@bug(6, "Once identification was off, it stays so",
     Memory, "keep_settings")  # fmt: skip
def never_on_again(original: Any, self: Memory, identification: bool, led_color: str) -> None:
    if not identification:
        original(self, identification, led_color)
