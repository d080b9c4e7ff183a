"""Mistakes about what users change: what is deleted, what is named, which settings hold."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from custom_components.biometric_enroll.client import inventory
from custom_components.biometric_enroll.client.changes import Changes
from custom_components.biometric_enroll.client.connection import Connection
from custom_components.biometric_enroll.client.errors import (
    ReaderError,
    RefusedError,
    UnreachableError,
)
from custom_components.biometric_enroll.client.fingerprint_registry import FingerprintRegistry
from custom_components.biometric_enroll.client.inventory import Lister
from custom_components.biometric_enroll.client.state import Inventory
from custom_components.biometric_enroll.protocol import builder
from custom_components.biometric_enroll.protocol.words import Feature, Refusal, Topic
from fpreader import changes
from fpreader.memory import DELETE, Memory
from fpreader.templates import Templates
from tests.simulation.disk import File
from tests.simulation.planting import both, bug, nothing, put

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractContextManager

    from custom_components.biometric_enroll.protocol.messages import Hello, Page

# What is concluded from a list


def _named(lister: Lister) -> set[str]:
    known = lister._model
    return {place.template_id for _, place in known.registry.on_reader(known.device)}


async def _page(lister: Lister, first: int) -> Page:
    return await lister._connection.async_ask(
        Topic.COMMAND, partial(builder.list_templates, first=first), partial(inventory._page, first)
    )


def _whole(named: set[str], revision: str, found: dict[int, str | None]) -> Inventory:
    return Inventory(revision, found, frozenset(named.difference(found.values())))


@bug(3, "Pages of two revisions make one list, also such as two readers have answered")
def two_revisions() -> AbstractContextManager[object]:

    async def wrong(self: Lister) -> Inventory:
        found: dict[int, str | None] = {}
        named, first = _named(self), 0
        while True:
            page = await _page(self, first)
            found |= page.templates
            if page.next is None:
                return _whole(named, page.revision, found)
            first = page.next

    return put(Lister, "_async_whole_list", wrong)


@bug(3, "A list that is not answered is an empty one")
def silence_is_empty() -> AbstractContextManager[object]:
    right = Lister._async_whole_list

    async def wrong(self: Lister) -> Inventory | None:
        named, told = _named(self), self._model.state.templates
        try:
            return await right(self)
        except UnreachableError:
            return _whole(named, told.revision if told and told.revision else "", {})

    return put(Lister, "_async_whole_list", wrong)


@bug(3, "Whoever answers a list under the reader's id is the reader")
def anybody_lists() -> AbstractContextManager[object]:

    async def wrong(self: Lister) -> Inventory | None:
        found: dict[int, str | None] = {}
        named, revision, first = _named(self), None, 0
        while True:
            page = await _page(self, first)
            if revision not in {None, page.revision}:
                return None
            revision = page.revision
            found |= page.templates
            if page.next is None:
                return _whole(named, revision, found)
            first = page.next

    return put(Lister, "_async_whole_list", wrong)


@bug(4, "A reader is listed once, and then not again")
def listed_once() -> AbstractContextManager[object]:
    right = Lister._outdated

    def wrong(self: Lister) -> bool:
        return self._model.state.inventory is None and right(self)

    return put(Lister, "_outdated", wrong)


# What is deleted


@bug(3, "A name is forgotten before the reader has answered")
def forgotten_too_early() -> AbstractContextManager[object]:
    right = Changes.async_delete

    async def wrong(self: Changes, slot: int, template_id: str | None) -> None:
        await self._model.async_forget([template_id] if template_id else [])
        await right(self, slot, template_id)

    return put(Changes, "async_delete", wrong)


@bug(3, "That there is nothing to delete any more is a no: the name stays")
def not_found_is_no() -> AbstractContextManager[object]:
    right = Changes.async_delete

    async def wrong(self: Changes, slot: int, template_id: str | None) -> None:
        known = self._model
        ask = self._connection.async_ask

        async def asked(*request: Any) -> Any:
            try:
                return await ask(*request)
            except RefusedError as error:
                if error.refusal is not Refusal.NOT_FOUND:
                    raise
                await known.registry.async_expect_deletion(
                    known.device, template_id, expected=False
                )
                raise UnreachableError from None

        with put(self._connection, "async_ask", asked):
            await right(self, slot, template_id)

    return put(Changes, "async_delete", wrong)


@bug(3, "A delete is asked for before it is saved that it is")
def deletion_saved_too_late() -> AbstractContextManager[object]:
    right = FingerprintRegistry.async_save

    async def wrong(self: FingerprintRegistry) -> None:
        if any(found.deleting for found, _ in self.all()):
            asyncio.get_running_loop().create_task(right(self), eager_start=True)
        else:
            await right(self)

    return put(FingerprintRegistry, "async_save", wrong)


@bug(3, "A save ends with whoever waits for it, and nobody saves that again")
def save_broken_off() -> AbstractContextManager[object]:

    async def wrong(self: File, data: dict[str, Any]) -> None:
        self._data = data
        await self._write()

    # Each alone is mended by the other.
    return both(put(File, "async_save", wrong), put(FingerprintRegistry, "_async_saved", nothing))


@bug(3, "A delete without an answer was not done")
def silence_deletes_nothing() -> AbstractContextManager[object]:
    right = Changes.async_delete

    async def wrong(self: Changes, slot: int, template_id: str | None) -> None:
        known = self._model
        try:
            await right(self, slot, template_id)
        except ReaderError:
            await known.registry.async_expect_deletion(known.device, template_id, expected=False)
            raise

    return put(Changes, "async_delete", wrong)


@bug(3, "A name that was deleted is there again after a restart")
def deleted_comes_back() -> AbstractContextManager[object]:
    right = FingerprintRegistry.async_load

    async def wrong(self: FingerprintRegistry) -> None:
        await right(self)
        for device, enrollment in self._enrollments.items():
            self._enrollments[device] = replace(enrollment, named=False)

    return put(FingerprintRegistry, "async_load", wrong)


@bug(2, "The reader deletes what is in the slot, whoever it is")
def deleted_by_slot() -> AbstractContextManager[object]:

    def wrong(self: changes.Changes, slot: int, *rest: Any) -> str | None:
        template_id, done = self._memory.template_id(slot), rest[-1]
        work = lambda: self._delete(slot, template_id)  # noqa: E731 - as the real one
        return self._accept_unless(self._slot_refusal(slot), work, done)

    return put(changes.Changes, "delete", wrong)


@bug(3, "The reader does not note what it is about to delete")
def delete_not_noted() -> AbstractContextManager[object]:
    right = Memory.keep_operation

    def wrong(self: Memory, operation: dict[str, Any]) -> None:
        if operation["op"] != DELETE:
            right(self, operation)

    return put(Memory, "keep_operation", wrong)


@bug(3, "The reader does not go on after a restart with what it was about to delete")
def delete_not_ended() -> AbstractContextManager[object]:
    right = Templates._finish

    async def wrong(self: Templates, operation: dict[str, Any]) -> None:
        if operation["op"] != DELETE:
            await right(self, operation)

    return put(Templates, "_finish", wrong)


@bug(3, "The reader forgets an id before its template is deleted")
def id_forgotten_first() -> AbstractContextManager[object]:
    right = Templates.delete

    async def wrong(self: Templates, slot: int, template_id: str | None) -> bool:
        self.memory.forget(slot)
        return await right(self, slot, template_id)

    return put(Templates, "delete", wrong)


# What is named, and which settings hold


@bug(2, "An id can be replaced by another one")
def id_replaced() -> AbstractContextManager[object]:

    def wrong(self: changes.Changes, slot: int, template_id: str, _: str, done: Any) -> str | None:
        return self._accept_unless(
            self._slot_refusal(slot), lambda: self._adopt(slot, template_id), done
        )

    return put(changes.Changes, "adopt", wrong)


@bug(2, "An id is given to whatever is in the slot by now, not to what was listed there")
def adopted_by_slot() -> AbstractContextManager[object]:
    right = changes.Changes.adopt

    def wrong(self: changes.Changes, slot: int, template_id: str, _: str, done: Any) -> str | None:
        return right(self, slot, template_id, self.revision or "", done)

    return put(changes.Changes, "adopt", wrong)


@bug(3, "A template is named because it was listed once")
def named_by_an_old_list() -> AbstractContextManager[object]:
    right = Changes._async_allowed

    @asynccontextmanager
    async def wrong(self: Changes, feature: Feature) -> AsyncGenerator[Hello]:
        async with right(self, feature) as hello:
            listed = self._model.state.inventory
            if feature is Feature.LIST and listed is not None:
                told = replace(hello.templates, revision=listed.revision)
                hello = replace(hello, templates=told, changing=False)  # noqa: PLW2901 - the bug
            yield hello

    return put(Changes, "_async_allowed", wrong)


@bug(3, "A reader does not tell that it is about to change something")
def pending_untold() -> AbstractContextManager[object]:
    return put(changes.Changes, "pending", property(lambda _: False))


@bug(2, "The ids of the sensor before hold for the one that is accepted")
def ids_survive() -> AbstractContextManager[object]:

    def wrong(self: Memory, mark: bytes) -> None:
        self._write(mark=mark, operation=None)

    return put(Memory, "accept", wrong)


@bug(4, "What has become of a change without an answer is not asked for")
def change_forgotten() -> AbstractContextManager[object]:

    async def wrong(self: Connection, *request: Any) -> Any:
        return await Connection.async_ask(self, *request)

    return put(Connection, "async_change", wrong)


@bug(5, "That identification is off is not kept in flash")
def settings_in_ram() -> AbstractContextManager[object]:

    def wrong(self: Memory, identification: bool, _: str) -> None:
        self._kept["identification"] = identification

    return put(Memory, "keep_settings", wrong)


@bug(5, "The reader says that identification is off, and leaves it on")
def never_off() -> AbstractContextManager[object]:
    return put(changes.Changes, "_keep_settings", lambda *_: None)


@bug(6, "Once identification was off, it stays so")
def never_on_again() -> AbstractContextManager[object]:
    right = Memory.keep_settings

    def wrong(self: Memory, identification: bool, led_color: str) -> None:
        if not identification:
            right(self, identification, led_color)

    return put(Memory, "keep_settings", wrong)
