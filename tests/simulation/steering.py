"""When faults strike: each records it, and in a steered history waits for its combination first."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulation.coverage import ACTIVITIES, REQUESTS
from tests.simulation.impossible import IMPOSSIBLE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from tests.simulation.installation import Installation
    from tests.simulation.reader import SimulatedReader

    type Fault = Callable[[Installation, Strike], Coroutine[Any, Any, None]]
    type WeightedFaults = tuple[tuple[int, Fault], ...]

#: Every Nth history is steered, unless it is calm.
STEERED_EVERY = 8
#: Longest that a steered fault waits for its combination, in seconds; then it strikes anyway.
_WAITS_S = 60.0
#: Seconds between two attempts to bring a combination about.
_AGAIN_S = 4.0
#: Seconds for which an enrollment counts as just ended.
_FINAL_S = 2.0


class Target(NamedTuple):
    """The combination of a steered history: a fault, and an activity or a request."""

    fault: str
    column: str


def target(seed: int, faults: Sequence[str]) -> Target | None:
    """Return what the history of a seed is steered to; None if it is not steered.

    Consecutive seeds go through all possible combinations in turn.
    """
    if seed % STEERED_EVERY:
        return None
    targets = [
        Target(fault, column)
        for column in (*ACTIVITIES, *REQUESTS)
        for fault in faults
        if (fault, column) not in IMPOSSIBLE
    ]
    return targets[seed // STEERED_EVERY % len(targets)]


class Situations:
    """What each reader does and is requested to do at any time; faults can wait for it."""

    def __init__(self, world: Installation) -> None:
        self._world = world
        self._loop = asyncio.get_running_loop()
        self._ended_at: dict[str, float] = {}
        """When an enrollment ended last, by hardware id."""
        self._said: dict[str, list[str]] = {}
        """The newest messages of Home Assistant, by reader id."""
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    # --- notifications --------------------------------------------------------------------

    def ended(self, device: str) -> None:
        """Record the end of an enrollment."""
        self._ended_at[device] = self._loop.time()

    def published(self, topic: str, message: str) -> None:
        """Record a message of Home Assistant."""
        said = self._said.setdefault(topic.split("/")[1], [])
        said.append(message)
        del said[:-8]
        self.look()

    def look(self) -> None:
        """Check, after a change, the conditions that `until` waits for."""
        for fits, future in self._waiting:
            if not future.done() and fits():
                future.set_result(None)

    async def until(self, fits: Callable[[], bool], seconds: float) -> bool:
        """Wait until `fits` returns True, and return whether it did so in time."""
        if fits():
            return True
        waiting = fits, self._loop.create_future()
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(seconds):
                await waiting[1]
        except TimeoutError:
            return False
        finally:
            self._waiting.remove(waiting)
        return True

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self._loop.time()

    # --- queries ----------------------------------------------------------------------------

    def activity(self, reader: SimulatedReader) -> str:
        """Return what a reader does now, a word of ACTIVITIES."""
        app = reader.app
        if not reader.powered:
            return "off"
        if app is None:
            return "starting"
        if app.scanner.running:
            stage: str = app.scanner.snapshot["stage"]
            return "final" if stage not in ACTIVITIES else stage
        if self._loop.time() - self._ended_at.get(reader.device, -_FINAL_S) < _FINAL_S:
            return "final"
        if not app.scanner._ready:
            return "starting"
        return "touch" if reader.being_touched else "idle"

    def request(self, reader: SimulatedReader) -> str:
        """Return what Home Assistant waits for at a reader now, a word of REQUESTS."""
        client = self._world.home.client(reader.reader_id)
        if client is None:
            return "nothing"
        waiting = client._connection._channel._waiting
        found = "nothing"
        for message in self._said.get(reader.reader_id, ()) if waiting else ():
            said = json.loads(message)
            if said["request"] in waiting:
                word = said.get("command") or said.get("action")
                if word in REQUESTS and (found == "nothing" or word != "hello"):
                    found = word
        return found


class Strike:
    """One fault of a history, from when it is chosen until it has struck."""

    def __init__(self, world: Installation, fault: str, column: str | None = None) -> None:
        self.column = column
        """The activity or request that it waits for; None: none."""
        self._world = world
        self._fault = fault
        self._bringing: asyncio.Task[None] | None = None

    async def ready(self, reader: SimulatedReader | None = None) -> None:
        """Wait for the combination that this history is steered to, and bring it about.

        At one reader; None: at any.
        """
        if self.column is None:
            return
        world, column = self._world, self.column
        reader = reader or world.any_reader()
        see = world.situations.activity if column in ACTIVITIES else world.situations.request
        world.trace.note("fault", "%s waits for %s", self._fault, column)
        over = asyncio.Event()
        # Not cancelled at the end: a cancelled caller looks like a stop of Home Assistant.
        bringing = asyncio.create_task(_bring_about(world, reader, column, over))
        try:
            await world.situations.until(lambda: see(reader) == column, _WAITS_S)
        finally:
            over.set()
            self._bringing = bringing

    async def ready_at_any(self) -> SimulatedReader:
        """Choose a reader, wait for the combination there, and return the reader."""
        reader = self._world.any_reader()
        await self.ready(reader)
        return reader

    def now(self, *readers: SimulatedReader) -> None:
        """Record that it strikes these readers now, or all."""
        world = self._world
        struck = readers or tuple(world.readers.values())
        where = [(world.situations.activity(one), world.situations.request(one)) for one in struck]
        world.coverage.note(self._fault, where)
        world.trace.note("fault", "%s strikes %s", self._fault, where)

    def once(self, *readers: SimulatedReader) -> Callable[[], None]:
        """Return a function that records, when first called, that it strikes."""
        struck = False

        def strike() -> None:
            nonlocal struck
            if not struck:
                struck = True
                self.now(*readers)

        return strike


async def _bring_about(
    world: Installation, reader: SimulatedReader, column: str, over: asyncio.Event
) -> None:
    """Repeat what leads to an activity of a reader, or to a request to it."""
    reader_id = reader.reader_id
    acts: dict[str, Callable[[str], Awaitable[object]]] = {
        "off": lambda _: _now(reader.power_off),
        "starting": lambda _: _now(reader.power_off, reader.power_on),
        "touch": world.touch,
        "hello": world.users.update,
        "cancel": lambda one: _cancel(world, one),
        "delete": lambda one: _with_a_template(world, one, world.admin.delete),
        "adopt": world.admin.adopt,
        "accept_sensor": world.admin.accept,
        "settings": world.admin.compare,
        "list": lambda one: _now(lambda: world.home.reload(one)),
        "restart": lambda one: world.users.press(one, "restart"),
    }
    if column in {"idle", "nothing"}:
        return
    act = acts.get(column, world.enroll)
    while not over.is_set():
        await act(reader_id)
        await asyncio.sleep(world.rng.uniform(1, _AGAIN_S))


async def _now(*works: Callable[[], object]) -> None:
    for work in works:
        work()


async def _cancel(world: Installation, reader_id: str) -> None:
    if await world.enroll(reader_id):
        await asyncio.sleep(world.rng.uniform(0, 2))
        await world.users.cancel(reader_id)


async def _with_a_template(
    world: Installation, reader_id: str, change: Callable[[str], Awaitable[None]]
) -> None:
    if not world.readers[reader_id].memory and await world.enroll(reader_id):
        person = world.people[reader_id]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(30):
                await person.over.wait()
        await asyncio.sleep(1)
    await change(reader_id)
