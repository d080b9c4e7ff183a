"""One history: an installation, people, faults; then everything works again, and all is checked."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from custom_components.biometric_enroll.protocol.words import FINAL_STAGES
from emulator import EmulatedSensor, Finger, Quality
from emulator.fingers import Capture
from emulator.templates import features, merge
from fpreader.memory import ENROLL
from tests.simulation import endings
from tests.simulation.console import consoles
from tests.simulation.coverage import Coverage
from tests.simulation.faults import FAULT_NAMES, FAULTS, FAULTS_BY_NAME
from tests.simulation.habits import BrokerHabits
from tests.simulation.home_assistant import PARTY, HomeAssistant
from tests.simulation.housekeeping import NAMELESS, Housekeeper
from tests.simulation.lean_loop import lean_waits
from tests.simulation.loop import run
from tests.simulation.network import Network
from tests.simulation.patience import quiet_line
from tests.simulation.people import NAMES, STRANGER, Hand, Users
from tests.simulation.promises import PROMPT_S, Promises, Violation
from tests.simulation.reader import SimulatedReader, Touch, short_pages
from tests.simulation.steering import Situations, Strike, target
from tests.simulation.tape import TapedBroker
from tests.simulation.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from custom_components.biometric_enroll.client.fingerprint_registry import (
        Enrollment,
        FingerprintRegistry,
        Place,
    )
    from custom_components.biometric_enroll.client.host import ReaderEvent
    from custom_components.biometric_enroll.client.state import ReaderState
    from fpreader.app import App
    from tests.simulation.home_assistant import Taken
    from tests.simulation.steering import Target
    from tests.simulation.truth import Truth

#: Words of the requests that change something beside enrolling.
_CHANGES = ('"delete"', '"adopt"', '"settings"')
#: Hardware id of another reader under the id of one that is set up.
STRANGER_DEVICE = "stranger"
#: Seconds in which things go wrong.
_TROUBLED_S = 40.0
#: Seconds after the last of it within which everything has to be well.
SETTLED_WITHIN_S = 400.0
_LOOK_EVERY_S = 2.0
#: How many of the histories have hours in which nobody comes.
_LONG = 1 / 200
#: Share of the histories with more readers, and more people at each.
_CROWDED = 1 / 6
#: Seconds after which a connection that is lost has been noticed by everybody.
_NOTICED_S = 180.0
#: Longest that somebody stays for an enrollment that does not end.
_STAYS_S = 30.0
#: Seconds from when a finger was taken off again until a reader that works knows whose it was.
_SEEN_WITHIN_S = 2.0


@dataclass(frozen=True)
class Verdict:
    """What came of a history."""

    seed: int
    violations: list[Violation]
    enrollments: int
    """How many were run by readers."""
    virtual_s: float
    """How long it lasted."""
    coverage: Coverage
    """Which faults struck when."""
    trace: str
    """What happened; empty where nothing was violated and nobody asked."""


class _Watcher:
    """Tells the promises and the trace what is true at one reader, and gives it power again."""

    def __init__(self, world: Installation, device: str) -> None:
        self._world = world
        self._device = device
        self.hand: Hand | None = None

    @property
    def _reader(self) -> SimulatedReader:
        return self._world.all_readers[self._device]

    @property
    def _truth(self) -> Truth:
        return self._world.promises.truth(self._device)

    def snapshot(self, snapshot: dict[str, Any]) -> None:
        """See the enrollment change."""
        self._note(
            "%s %s %s/%s %s", snapshot["template_id"], snapshot["stage"],
            len(snapshot["captured"]), snapshot["total"], snapshot["reason"] or "",
        )  # fmt: skip
        self._truth.snapshot(snapshot, self._reader.line.imaged)
        if self._world.calm and snapshot["template_id"] is not None:
            self._world.later(PROMPT_S, partial(self._check_shown, snapshot))
        if self.hand is not None:
            self.hand.see(snapshot)
        if snapshot["stage"] in FINAL_STAGES:
            self._world.situations.ended(self._device)
        self._world.situations.look()

    def _check_shown(self, snapshot: dict[str, Any]) -> None:
        """See whether it was shown in time, where nothing goes wrong and nothing newer came."""
        reader_id, app = self._reader.reader_id, self._reader.app
        newest = app is not None and app.scanner.snapshot["seq"] == snapshot["seq"]
        if newest and self._world.promises.is_behind(reader_id, snapshot):
            self._world.promises.violated(1, f"{snapshot['stage']} is not shown, for no reason")

    def touched(self, touch: Touch) -> None:
        """See a touch."""
        self._note("touch %s %s of %s", touch.touch, touch.result, touch.finger)
        self._truth.touched(touch)
        self._world.situations.look()

    def committed(self, slot: int, template_id: str) -> None:
        """See an id enter the map."""
        # While another sensor is there unnoticed, ids are those of the own one all the same.
        finger = self._reader.held_by(self._reader.own_sensor).get(slot)
        self._note("commits %s: %s in slot %s", template_id, finger, slot)
        self._truth.committed(slot, template_id, finger)

    def accepted(self) -> None:
        """See another sensor become the reader's own."""
        self._note("takes another sensor for its own")
        self._truth.accepted(self._reader.templates)

    def emptying(self, slot: int, template_id: str | None) -> None:
        """See the firmware ask for a slot to be emptied."""
        self._note("empties slot %s of %s", slot, template_id)
        self._truth.emptying(template_id)

    def emptied(self, slot: int, template_id: str | None) -> None:
        """See a slot lose its template."""
        reader, operation = self._reader, self._reader.flash.operation
        self._note("slot %s is empty", slot)
        enrolling = operation["slot"] if operation and operation["op"] == ENROLL else None
        self._truth.emptied(slot, template_id, enrolling)
        if not reader.owns(reader.sensor):
            self._world.promises.violated(2, f"slot {slot} of another sensor is emptied")

    def power(self, *, on: bool) -> None:
        """See power come and go."""
        self._note("power on" if on else "power off")
        if not on:
            self._truth.power_lost()
            self._world.power_again(self._reader)
        self._world.later(0, self._world.situations.look)

    def stopped(self, error: Exception | None) -> None:
        """See the firmware start anew."""
        self._note("starts anew: %r", error)
        if error is not None:
            self._world.promises.violated(8, f"the firmware has failed: {error!r}")

    def printed(self, line: str) -> None:
        """See what its console says."""
        self._note("prints %s", line)

    def _note(self, what: str, *args: object) -> None:
        self._world.trace.note(self._device, what, *args)


class Installation:
    """Everything in one history."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)  # noqa: S311 - it has to be the same each time
        self.trace = Trace()
        self.promises = Promises(self.trace)
        self.coverage = Coverage()
        self.situations = Situations(self)
        self._target = target(seed, FAULT_NAMES)
        self.calm = self.promises.calm = self.rng.random() < 1 / 8
        self.network = Network(self.rng)
        habits = BrokerHabits() if self.calm else BrokerHabits.random(self.rng)
        self.broker = TapedBroker(self.network, habits, self.rng)
        self.readers: dict[str, SimulatedReader] = {}
        """Those that are set up, by reader id."""
        self.all_readers: dict[str, SimulatedReader] = {}
        """By hardware id."""
        self.hands: dict[str, Hand] = {}
        self.swapped: list[SimulatedReader] = []
        """Those that somebody works at, to put another sensor in."""
        self.own_sensors: dict[SimulatedReader, EmulatedSensor] = {}
        """What was taken out of readers."""
        self.when_told: list[Callable[[], object]] = []
        """What faults have planned for the next moment that Home Assistant tells."""
        self.when_published: list[Callable[[], object]] = []
        """The same for the next message that it publishes."""
        self.when_started: list[Callable[[], object]] = []
        """The same for the next enrollment that it asks for."""
        self.when_changing: list[Callable[[], object]] = []
        """The same for the next change that it asks for."""
        self._loop = asyncio.get_running_loop()
        self._healing = False
        self._long = self.rng.random() < _LONG
        self._crowded = self.rng.random() < _CROWDED
        weights = (24, 10, 3, 2) if self._crowded else (5, 1, 0, 0)
        [readers] = self.rng.choices((1, 2, 3, 4), weights)
        for number in range(readers):
            self._add_reader(f"reader{number}", f"device{number}")
        self.promises.devices = {
            reader_id: reader.device for reader_id, reader in self.readers.items()
        }
        self.home = HomeAssistant(self.network, self.rng, self, self.promises.devices)
        self.users = Users(self.home, self.rng, self.trace, self.promises)
        self.housekeeper = Housekeeper(self.home, self.readers, self.rng, self.trace, self.promises)

    def _add_reader(self, reader_id: str, device: str) -> None:
        watcher = _Watcher(self, device)
        reader = self._make_reader(reader_id, device, watcher)
        # Only what was there before can be adopted.
        if self.rng.random() < 1 / 2 or (self._target and self._target.column == "adopt"):
            self._fill(reader)
        self.readers[reader_id] = reader
        self.hands[reader_id] = watcher.hand = Hand(reader, self.rng, self.trace)

    def _make_reader(self, reader_id: str, device: str, watcher: _Watcher) -> SimulatedReader:
        reader = SimulatedReader(
            reader_id,
            device,
            rng=self.rng,
            open_connection=lambda _host, _port: self.network.open(device),
            told=watcher,
            model=self.rng.choice(("R307", "R503")),
        )
        # Quartz, up to 100 parts in a million off.
        reader.drift = 1 + self.rng.uniform(-1e-4, 1e-4)
        self.all_readers[device] = reader
        return reader

    def _fill(self, reader: SimulatedReader) -> None:
        """Have people enrolled on a sensor before any reader knows it."""
        for slot in self.rng.sample(range(6), self.rng.choice((1, 2, 5))):
            self.store(reader, slot)

    def store(self, reader: SimulatedReader, slot: int) -> None:
        """Have somebody enrolled on a sensor by another way than its reader."""
        reader.sensor.templates[slot] = _template(reader, self.rng.choice(NAMELESS))
        self.promises.truth(reader.device).orphans.add(slot)

    # What faults choose from

    def any_reader(self) -> SimulatedReader:
        """Choose a reader that is set up."""
        return self.readers[self.any_reader_id()]

    def any_reader_id(self) -> str:
        """Choose one by its id."""
        return self.rng.choice(list(self.readers))

    def any_party(self) -> str:
        """Choose somebody with a connection to the broker."""
        return self.rng.choice((PARTY, *(reader.device for reader in self.readers.values())))

    def at(self, party: str) -> tuple[SimulatedReader, ...]:
        """Give the readers that a party's connection concerns."""
        return (self.all_readers[party],) if party != PARTY else tuple(self.readers.values())

    def foreign_sensor(self, reader: SimulatedReader) -> EmulatedSensor:
        """Make a sensor that holds others in the slots of those who are enrolled."""
        other = EmulatedSensor(reader.sensor.profile)
        for slot in reader.sensor.templates:
            other.templates[slot] = _template(reader, self.rng.choice((*NAMES, STRANGER)))
        return other

    def power_again(self, reader: SimulatedReader) -> None:
        """Give power again after a while."""
        if not self._healing and reader in self.readers.values():
            self._loop.call_later(self.rng.uniform(0.3, 20), reader.power_on)

    def kill_home(self) -> None:
        """Kill Home Assistant, unless everything is to work by now."""
        if not self._healing:
            self.home.stop(kill=True)

    async def enroll(self, reader_id: str) -> bool:
        """Have somebody enrolled; return whether that was accepted."""
        hand = self.hands[reader_id]
        return await self.users.enroll(reader_id, hand, self.rng.choice(NAMES))

    async def stranger(self, seconds: float) -> None:
        """Have another reader under the id of one that is set up, for a while."""
        device = STRANGER_DEVICE
        if device in self.all_readers:
            return
        reader = self._make_reader(self.any_reader_id(), device, _Watcher(self, device))
        reader.power_on()
        await asyncio.sleep(seconds / 2)
        reader.place(Finger(STRANGER))
        await asyncio.sleep(seconds / 2)
        reader.power_off()

    # What Home Assistant tells

    def state(self, reader_id: str, state: ReaderState, message: Taken | None) -> None:
        """See what entities show."""
        before = self.promises.shown.get(reader_id)
        self.promises.state(reader_id, state, message)
        if before is None or before.inventory is not state.inventory:
            reader = self.readers[reader_id]
            self.promises.listed(reader_id, state, reader.memory.values())
            held = reader.held_by(reader.own_sensor)
            self.promises.listed_fingers[reader_id] = held
        if before is None and self.home.registry is not None:
            self.promises.registry(self.home.registry)

    def names_changed(self, registry: FingerprintRegistry) -> None:
        """See the registry change."""
        self.promises.registry(registry)
        for reader in self.readers.values():
            self.promises.names_changed(reader.device, registry, reader.memory.values())

    def moment(self, reader_id: str, moment: ReaderEvent, message: Taken | None) -> None:
        """Hear what automations hear."""
        self.promises.moment(reader_id, moment, message)
        while self.when_told:
            self.when_told.pop()()

    def published(self, topic: str, message: str) -> None:
        """See Home Assistant publish something."""
        self.situations.published(topic, message)
        while self.when_changing and any(word in message for word in _CHANGES):
            self.when_changing.pop()()
        while self.when_published:
            self.when_published.pop()()
        while topic.endswith("enroll/request") and self.when_started:
            self.when_started.pop()()

    def later(self, seconds: float, work: Callable[[], object]) -> None:
        """Do something later."""
        self._loop.call_later(seconds, work)

    def saved(self, name: str, data: dict[str, Any]) -> None:
        """See a file reach the disk."""
        if name == "marks":
            self.promises.saved_delivery_log(data)
        else:
            self.promises.saved_registry(data)

    def meant(self, device: str, enrollment: Enrollment, asked: str) -> None:
        """See who is meant by an enrollment."""
        self.promises.meant(device, enrollment, asked)

    def named(self, place: Place, name: str) -> None:
        """See a template get its name."""
        memory = self.all_readers[place.device].memory.values()
        self.promises.naming(place.device, place.template_id, name, memory)

    def run(self, what: str) -> None:
        """See Home Assistant start and end."""
        self.promises.run(what)

    # The history

    async def live(self) -> None:
        """Let it all happen, mend everything, wait until it has settled, and check."""
        self.broker.start()
        for reader in self.readers.values():
            reader.power_on()
        await self.home.start()
        await asyncio.sleep(self.rng.uniform(2, 6))
        busy = [asyncio.create_task(self._use(reader_id)) for reader_id in self.readers]
        if not self.calm:
            if self._target is not None:
                busy.append(asyncio.create_task(self._steered_fault(self._target)))
            faults = self.rng.choice((1, 1, 2, 3, 5, 8) if self._crowded else (1, 1, 2, 3, 5))
            busy += [asyncio.create_task(self._fault()) for _ in range(faults)]
        await asyncio.gather(*busy)
        if self._long:
            await self._heal()
            await self._idle()
            self._healing = False
            await asyncio.gather(*(self._use(reader_id) for reader_id in self.readers))
        await self._heal()
        if await self._settle():
            self._check()

    async def _use(self, reader_id: str) -> None:
        """Have people enrolled, and come back now and then."""
        for _ in range(self.rng.choice((2, 3, 4, 5) if self._crowded else (1, 1, 2))):
            accepted = await self.enroll(reader_id)
            soon = self.rng.random()
            if soon < 1 / 8:
                await asyncio.sleep(self.rng.uniform(0, 6))
                await self.users.cancel(reader_id)
            if accepted and soon < 7 / 8:
                await self._until_over(reader_id)
            await asyncio.sleep(self.rng.uniform(0.1, 4))
        if self.rng.random() < 1 / 6:
            await self._walk_away(reader_id)
        for _ in range(self.rng.choice((0, 0, 1, 2, 3))):
            await self.housekeeper.do(reader_id)
            await asyncio.sleep(self.rng.uniform(0, 3))
        if self.rng.random() < 1 / 8:
            # Locked out, and let in again: whoever comes now has to be seen.
            await self.housekeeper.switch(reader_id)
            await self.housekeeper.switch(reader_id)
            await asyncio.sleep(_SEEN_WITHIN_S)
            await self.touch(reader_id)
        for _ in range(self.rng.choice((0, 1, 2, 4))):
            await self.touch(reader_id)
            await asyncio.sleep(self.rng.uniform(0.5, 6))

    async def _walk_away(self, reader_id: str) -> None:
        """Have somebody leave in the middle, and touch the reader as soon as that has ended."""
        await self.enroll(reader_id)
        await asyncio.sleep(self.rng.uniform(0, 5))
        self.hands[reader_id].person = None
        await self._until_over(reader_id)
        await self.touch(reader_id)

    async def _idle(self) -> None:
        """Let hours or days go by in which nobody comes."""
        self.trace.note("history", "nobody comes for long")
        # Whatever has not been noticed yet is noticed by then.
        await asyncio.sleep(_NOTICED_S)
        with quiet_line(self.broker):
            await asyncio.sleep(3600 * self.rng.choice((2, 6, 12, 24, 48)))
        self.trace.note("history", "people come again")

    async def _until_over(self, reader_id: str) -> None:
        """Stay until the enrollment that was accepted has ended, but not for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STAYS_S):
                await self.hands[reader_id].over.wait()

    async def touch(self, reader_id: str) -> None:
        """Have somebody touch a reader, one who was enrolled here more often than not."""
        hand, truth = self.hands[reader_id], self.promises.truth_of(reader_id)
        known = hand.person if self.rng.random() < 2 / 3 else None
        app, placed_at = self.readers[reader_id].app, self._loop.time()
        idle = app is not None and not app.scanner.running
        # The finger before has to be seen going, too.
        idle = idle and placed_at - hand.lifted_at > _SEEN_WITHIN_S
        finger = await hand.touch(known or self.rng.choice((*NAMES, *NAMELESS, STRANGER)))
        if self.calm and idle and finger is not None and truth.identification:
            self.later(_SEEN_WITHIN_S, partial(truth.check_seen, finger.name, placed_at))

    async def _fault(self) -> None:
        await asyncio.sleep(self.rng.uniform(0, _TROUBLED_S))
        weights = [weight for weight, _ in FAULTS]
        [(_, happens)] = self.rng.choices(FAULTS, weights)
        self.trace.note("fault", happens.__name__)
        await happens(self, Strike(self, happens.__name__))

    async def _steered_fault(self, wanted: Target) -> None:
        await asyncio.sleep(self.rng.uniform(0, _TROUBLED_S / 2))
        self.trace.note("fault", "%s, steered to %s", *wanted)
        await FAULTS_BY_NAME[wanted.fault](self, Strike(self, wanted.fault, wanted.column))

    async def _heal(self) -> None:
        """Let everything work again."""
        self.trace.note("history", "heals")
        self._healing = True
        self.broker.start()
        for hand in self.hands.values():
            hand.person = None
        for reader, sensor in self.own_sensors.items():
            if reader.sensor is not sensor is reader.own_sensor:
                reader.swap_sensor(sensor)
        for party in (PARTY, *self.all_readers):
            self.network.unblock(party)
        for reader in self.readers.values():
            reader.lift()
            reader.flash.refuses = False
            reader.sensor.faults.clear()
            reader.power_on()
        await self.home.start()
        if STRANGER_DEVICE in self.all_readers:
            # While another reader answered, ours may not have been listed. It is gone, and so is
            # the repair issue; whoever has seen to that looks at the readers.
            await asyncio.sleep(_LOOK_EVERY_S)
            for reader_id in self.readers:
                await self.users.update(reader_id)
            # What the answer makes Home Assistant ask for takes a moment.
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _settle(self) -> bool:
        """Wait until nothing is to come any more."""
        end = self._loop.time() + SETTLED_WITHIN_S
        while (unsettled := self._unsettled()) is not None:
            if self._loop.time() > end:
                self.promises.violated(4, f"{SETTLED_WITHIN_S:.0f} s later, {unsettled}")
                return False
            await asyncio.sleep(_LOOK_EVERY_S)
        return True

    def _unsettled(self) -> str | None:
        for reader_id, reader in self.readers.items():
            if not reader.powered:
                reader.power_on()
            if reader.app is None:
                return f"{reader_id} starts"
            found = self._unsettled_reader(reader_id, reader.app)
            if found is not None:
                return f"{reader_id}: {found}"
        return None

    def _unsettled_reader(self, reader_id: str, app: App) -> str | None:
        device = self.promises.devices[reader_id]
        templates = app.scanner.templates
        broken = templates["sensor_error"] is not None or templates["sensor_changed"]
        # With its flash, it has lost which sensor is its own; that is for the user to decide.
        if broken and not self.promises.truth(device).erased:
            return "its sensor does not work"
        if app.scanner._memory.operation is not None and not broken:
            return "a slot may have to be emptied"
        return endings.unsettled(
            self.promises, reader_id, app.scanner.snapshot, len(app.journal)
        ) or endings.unlisted(self.promises, reader_id, self.readers[reader_id])

    def _check(self) -> None:
        registry = self.home.registry
        assert registry is not None
        self.promises.registry(registry)
        for reader_id, reader in self.readers.items():
            endings.check(self.promises, reader_id, registry, self.users.accepted[reader_id])
            # A reader that has lost which sensor is its own may have taken another one for it, and
            # may not have seen yet that this one is gone again, or its own one back.
            noticed = reader.app and not reader.app.scanner.templates["sensor_changed"]
            if noticed and reader.owns(reader.sensor):
                self.promises.truth_of(reader_id).check_sensor(reader.memory, reader.templates)
                memory = reader.memory.values()
                endings.check_names(self.promises, reader_id, registry, memory)


def _template(reader: SimulatedReader, name: str) -> bytes:
    """Make the template of somebody's finger, as the sensor of a reader has it."""
    reader.know(name)
    profile = reader.sensor.profile
    scan = features(Capture(Finger(name), 0, Quality.OK), profile.feature_size)
    template = merge([scan], profile.template_size)
    assert template is not None
    return template


def live(seed: int, *, traced: bool = False) -> Verdict:
    """Live through the history of a seed."""
    worlds: list[Installation] = []

    async def main() -> None:
        worlds.append(Installation(seed))
        await worlds[0].live()

    failure: list[Violation] = []
    with consoles(), short_pages(), lean_waits():
        try:
            run(main())
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not have happened
            failure.append(Violation(8, f"{error!r}", 0.0))
    [world] = worlds
    violations = world.promises.violations + failure
    trace = str(world.trace) if traced or violations else ""
    return Verdict(
        seed,
        violations,
        world.promises.enrollments,
        world.situations.now,
        world.coverage,
        trace,
    )
