"""A simulated installation: readers, network, broker, Home Assistant, and the people who use it."""

from __future__ import annotations

import asyncio
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from emulator import EmulatedSensor, Finger, Quality
from emulator.fingers import Capture
from emulator.templates import features, merge
from tests.simulation.broker_behavior import BrokerBehavior
from tests.simulation.coverage import Coverage
from tests.simulation.faults import FAULT_NAMES
from tests.simulation.fingerprint_admin import NAMELESS, FingerprintAdmin
from tests.simulation.home_assistant import HomeAssistant
from tests.simulation.home_assistant_run import PARTY
from tests.simulation.home_observer import HomeObserver
from tests.simulation.network import Network
from tests.simulation.odd_sensors import is_clear, keeps_mark, odd_sensor, usual_sensor
from tests.simulation.people import NAMES, STRANGER, PersonAtReader, Users
from tests.simulation.promises import Promises
from tests.simulation.reader import SimulatedReader
from tests.simulation.reader_observer import ReaderObserver
from tests.simulation.replaying_broker import ReplayingBroker
from tests.simulation.second_home import SecondHome
from tests.simulation.steering import Situations, target
from tests.simulation.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable

#: Hardware id of another reader under the id of one that is set up.
STRANGER_DEVICE = "stranger"
#: Share of the histories with hours in which nobody comes, …
_LONG = 1 / 200
#: … and of the calm ones: there everything has to be live, however clocks drift.
_CALM_LONG = 1 / 12
#: Share of the histories with more readers, and more people at each.
_CROWDED = 1 / 6
#: Share of the histories in which the sensors are odd.
_ODD = 1 / 3
#: Seconds within which a working reader has identified a finger after it was lifted.
SEEN_WITHIN_S = 3.0


class Installation:
    """All parts of one history."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)  # noqa: S311 - it has to be the same each time
        self.trace = Trace()
        self.promises = Promises(self.trace)
        self.coverage = Coverage()
        self.situations = Situations(self)
        self.target = target(seed, FAULT_NAMES)
        """The combination that the history is steered to, if any."""
        self.calm = self.promises.calm = self.rng.random() < 1 / 8
        self.network = Network(self.rng)
        behavior = BrokerBehavior() if self.calm else BrokerBehavior.random(self.rng)
        self.broker = ReplayingBroker(self.network, behavior, self.rng)
        self.readers: dict[str, SimulatedReader] = {}
        """Those that are set up, by reader id."""
        self.all_readers: dict[str, SimulatedReader] = {}
        """By hardware id."""
        self.people: dict[str, PersonAtReader] = {}
        self.swapped: list[SimulatedReader] = []
        """Those whose sensor is being swapped."""
        self.own_sensors: dict[SimulatedReader, EmulatedSensor] = {}
        """The sensors that were taken out of readers."""
        self.second_home: SecondHome | None = None
        """Another Home Assistant; None if there was none in this history."""
        self.told_of_second_home: set[str] = set()
        """The ids of the readers of which users are told that one speaks to them."""
        self._loop = asyncio.get_running_loop()
        self.healing = False
        """Whether everything is being repaired: no fault takes effect any more."""
        self.long = self.rng.random() < (_CALM_LONG if self.calm else _LONG)
        self._odd = self.rng.random() < _ODD
        self.crowded = self.rng.random() < _CROWDED
        weights = (24, 10, 3, 2) if self.crowded else (5, 1, 0, 0)
        [readers] = self.rng.choices((1, 2, 3, 4), weights)
        for number in range(readers):
            self._add_reader(f"reader{number}", f"device{number}")
        self.promises.devices = {
            reader_id: reader.device for reader_id, reader in self.readers.items()
        }
        self.home_events = HomeObserver(self)
        self.home = HomeAssistant(self.network, self.rng, self.home_events, self.promises.devices)
        self.users = Users(self.home, self.rng, self.trace, self.promises)
        self.admin = FingerprintAdmin(self.home, self.readers, self.rng, self.trace, self.promises)

    def _add_reader(self, reader_id: str, device: str) -> None:
        observer = ReaderObserver(self, device)
        reader = self._make_reader(reader_id, device, observer)
        # Only what was there before can be adopted.
        filled = self.rng.random() < 1 / 2 or (self.target and self.target.column == "adopt")
        if filled and is_clear(reader.sensor.profile):
            self._fill(reader)
        self.readers[reader_id] = reader
        self.people[reader_id] = observer.person = PersonAtReader(reader, self.rng, self.trace)

    def _make_reader(
        self, reader_id: str, device: str, observer: ReaderObserver
    ) -> SimulatedReader:
        reader = SimulatedReader(
            reader_id,
            device,
            rng=self.rng,
            open_connection=lambda _host, _port: self.network.open(device),
            observer=observer,
            model=odd_sensor(self.rng) if self._odd else usual_sensor(self.rng),
        )
        # Quartz, up to 100 parts in a million off.
        self.trace.note(device, "has the sensor %s", reader.sensor.profile.name)
        reader.drift = 1 + self.rng.uniform(-1e-4, 1e-4)
        self.all_readers[device] = reader
        return reader

    def _fill(self, reader: SimulatedReader) -> None:
        """Store templates of some people on a sensor that no reader has used yet."""
        for slot in self.rng.sample(range(6), self.rng.choice((1, 2, 5))):
            self.store(reader, slot)

    def store(self, reader: SimulatedReader, slot: int) -> None:
        """Store somebody's template on a sensor without the reader."""
        reader.sensor.templates[slot] = _template(reader, self.rng.choice(NAMELESS))
        self.promises.truth(reader.device).orphans.add(slot)

    # What faults choose from

    def any_reader(self) -> SimulatedReader:
        """Choose a reader that is set up."""
        return self.readers[self.any_reader_id()]

    def any_reader_id(self) -> str:
        """Choose the id of one."""
        return self.rng.choice(list(self.readers))

    def any_party(self) -> str:
        """Choose Home Assistant or a reader: a party with a connection to the broker."""
        return self.rng.choice((PARTY, *(reader.device for reader in self.readers.values())))

    def at(self, party: str) -> tuple[SimulatedReader, ...]:
        """Return the readers that a party's connection concerns."""
        return (self.all_readers[party],) if party != PARTY else tuple(self.readers.values())

    def foreign_sensor(self, reader: SimulatedReader) -> EmulatedSensor:
        """Make a sensor that holds other people in the slots that are taken on the reader's."""
        other = EmulatedSensor(reader.sensor.profile)
        for slot in reader.sensor.templates:
            other.templates[slot] = _template(reader, self.rng.choice((*NAMES, STRANGER)))
        return other

    def may_swap(self, reader: SimulatedReader) -> bool:
        """Return whether the sensor of a reader may be swapped now: one that it can tell apart."""
        profile = reader.sensor.profile
        return reader not in self.swapped and keeps_mark(profile) and is_clear(profile)

    def power_again(self, reader: SimulatedReader) -> None:
        """Switch a reader on again after a while."""
        if not self.healing and reader in self.readers.values():
            self._loop.call_later(self.rng.uniform(0.3, 20), reader.power_on)

    def kill_home(self) -> None:
        """Kill Home Assistant, unless everything is already being repaired."""
        if not self.healing:
            self.home.stop(kill=True)

    async def enroll(self, reader_id: str) -> bool:
        """Enroll somebody; return whether that was accepted."""
        person = self.people[reader_id]
        return await self.users.enroll(reader_id, person, self.rng.choice(NAMES))

    async def touch(self, reader_id: str) -> None:
        """Let somebody touch a reader, most often one who was enrolled here."""
        person, truth = self.people[reader_id], self.promises.truth_of(reader_id)
        known = person.enrollee if self.rng.random() < 2 / 3 else None
        reader, placed_at = self.readers[reader_id], self._loop.time()
        idle = reader.app is not None and not reader.app.scanner.running
        # Before the reader has seen that the sensor is empty, it is the touch before, or no touch.
        idle = idle and reader.seen.empty
        finger = await person.touch(known or self.rng.choice((*NAMES, *NAMELESS, STRANGER)))
        if self.calm and idle and finger is not None and truth.identification:
            lifted_at = self._loop.time()
            check = partial(truth.check_seen, finger.name, placed_at, lifted_at)
            self.later(SEEN_WITHIN_S, check)

    async def stranger(self, seconds: float) -> None:
        """Run another reader under the id of one that is set up, for a while."""
        device = STRANGER_DEVICE
        if device in self.all_readers:
            return
        reader = self._make_reader(self.any_reader_id(), device, ReaderObserver(self, device))
        reader.power_on()
        await asyncio.sleep(seconds / 2)
        reader.place(Finger(STRANGER))
        await asyncio.sleep(seconds / 2)
        reader.power_off()

    async def run_second_home(self, times: int) -> None:
        """Run another Home Assistant that asks each reader so many times."""
        if self.second_home is None:
            self.promises.shared = True
            self.second_home = SecondHome(self.network, self.rng, self.readers)
            await self.second_home.run(times)

    def later(self, seconds: float, work: Callable[[], object]) -> None:
        """Call a function after so many seconds."""
        self._loop.call_later(seconds, work)


def _template(reader: SimulatedReader, name: str) -> bytes:
    """Make the template of a person's finger, as the sensor of a reader would."""
    reader.know(name)
    profile = reader.sensor.profile
    scan = features(Capture(Finger(name), 0, Quality.OK), profile.feature_size)
    template = merge([scan], profile.template_size)
    assert template is not None
    return template
