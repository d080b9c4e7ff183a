"""What goes wrong in a history: each fault is chosen, done, and undone after a while."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from custom_components.biometric_enroll.protocol.words import topic_of
from emulator import Command, Fault
from tests.simulation.coverage import STAGES
from tests.simulation.flash import Moment
from tests.simulation.home_assistant import PARTY
from tests.simulation.network import Block, Notice
from tests.simulation.packets import Message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.simulation.history import Installation
    from tests.simulation.reader import SimulatedReader
    from tests.simulation.steering import Strike

    type Happens = Callable[[Installation, Strike], Awaitable[None]]

_NOISE = (Fault.GARBAGE, Fault.BAD_CHECKSUM, Fault.TRUNCATED, Fault.SPLIT)
_LOSS = (Fault.REQUEST_LOST, Fault.ANSWER_LOST)
#: What a reader asks its sensor for at a stage, in histories that are steered to it.
_AT_STAGE: dict[str, tuple[Command | None, ...]] = {
    "touch": (Command.IMG_2_TZ, Command.SEARCH),
    "processing": (Command.IMG_2_TZ, Command.SEARCH, Command.REG_MODEL, Command.STORE),
}
_TELLING = (Command.STORE, Command.DELET_CHAR, Command.SEARCH, Command.IMG_2_TZ, Command.REG_MODEL)


async def _write_something(world: Installation, strike: Strike, reader: SimulatedReader) -> None:
    """Give the flash of a reader reason to be written to, in a history that is steered."""
    if strike.column is not None and strike.column in {"idle", "touch", "nothing", "final"}:
        await world.housekeeper.switch(reader.reader_id)


#: What users do for the requests of a change.
_ASKED = {"delete": "delete", "adopt": "adopt", "settings": "compare"}

#: Seconds that a person needs to plug another sensor in.
_PLUGGED_S = (4.0, 8.0)


# The reader


async def power_cut(world: Installation, strike: Strike) -> None:
    """Take a reader's power."""
    reader = world.any_reader()
    await strike.ready(reader)
    if reader.powered:
        strike.now(reader)
        reader.power_off()


async def power_cut_at_the_sensor(world: Installation, strike: Strike) -> None:
    """Take a reader's power right after the sensor has done something that matters."""
    reader = world.any_reader()
    command: Command | None = world.rng.choice(_TELLING)
    nth = world.rng.randint(1, 2)
    if strike.column is not None:
        command, nth = world.rng.choice(_AT_STAGE.get(strike.column, (None,))), 1
    await strike.ready(reader)
    reader.cut_after(command, nth, strike.once(reader))
    reader.line.stir()


async def power_cut_at_the_flash(world: Installation, strike: Strike) -> None:
    """Take a reader's power around a write to its flash."""
    reader, moment = world.any_reader(), world.rng.choice(list(Moment))
    await strike.ready(reader)
    reader.cut_at_write(world.rng.randint(1, 3), moment, strike.once(reader))
    await _write_something(world, strike, reader)


async def power_cut_when_locked_out(world: Installation, strike: Strike) -> None:
    """Take a reader's power once identification is off; then come those who are known."""
    reader_id = world.any_reader_id()
    reader, truth = world.readers[reader_id], world.promises.truth_of(reader_id)
    await asyncio.sleep(world.rng.uniform(0, 20))
    if truth.identification:
        await world.housekeeper.switch(reader_id)
    await strike.ready(reader)
    strike.now(reader)
    reader.power_off()
    await asyncio.sleep(0.5)
    reader.power_on()
    await asyncio.sleep(world.rng.uniform(4, 8))
    for _ in range(2):
        await world.touch(reader_id)
        await asyncio.sleep(2)


async def flash_refuses(world: Installation, strike: Strike) -> None:
    """Let every write to a reader's flash fail for a while."""
    reader = world.any_reader()
    await strike.ready(reader)
    reader.flash.refuses, reader.flash.refused = True, strike.once(reader)
    world.promises.truth(reader.device).refused = True
    await asyncio.sleep(world.rng.uniform(0.5, 10))
    await _write_something(world, strike, reader)
    reader.flash.refuses = False


async def flash_erased(world: Installation, strike: Strike) -> None:
    """Erase a reader's flash while it has no power."""
    reader = world.any_reader()
    await strike.ready(reader)
    strike.now(reader)
    reader.power_off()
    reader.erase_flash()
    world.promises.truth(reader.device).flash_erased(reader.templates)
    await asyncio.sleep(world.rng.uniform(15, 25))
    for reader_id in world.readers:
        await world.touch(reader_id)


async def sensor_silent(world: Installation, strike: Strike) -> None:
    """Let a sensor say nothing for a while."""
    reader = world.any_reader()
    await strike.ready(reader)
    reader.line.silenced = strike.once(reader)
    reader.line.silence(world.rng.uniform(0.5, 12))


async def sensor_noisy(world: Installation, strike: Strike) -> None:
    """Let some answers of a sensor be damaged or lost."""
    reader = world.any_reader()
    await strike.ready(reader)
    reader.line.distorted = strike.once(reader)
    for _ in range(world.rng.randint(1, 3)):
        fault = world.rng.choice(_NOISE + _LOSS)
        command = world.rng.choice((None, *_TELLING))
        after = world.rng.randint(0, 3)
        if strike.column is not None:
            command, after = None, 0
        reader.fault(fault, world.rng.randint(1, 4), after=after, command=command)


async def sensor_late(world: Installation, strike: Strike) -> None:
    """Let one answer of a sensor come later than it is waited for."""
    reader = world.any_reader()
    await strike.ready(reader)
    reader.line.delayed = strike.once(reader)
    reader.line.delay = world.rng.uniform(0.5, 4)
    reader.line.stir()


async def sensor_restarts(world: Installation, strike: Strike) -> None:
    """Interrupt the sensor's supply."""
    reader = world.any_reader()
    await strike.ready(reader)
    if reader.powered:
        strike.now(reader)
        reader.cycle_sensor()


async def sensor_swapped(world: Installation, strike: Strike) -> None:
    """Put another sensor in for a while, on which others are enrolled."""
    reader = world.any_reader()
    if reader in world.swapped:
        return
    world.swapped.append(reader)
    await strike.ready(reader)
    strike.now(reader)
    own = world.own_sensors[reader] = reader.swap_sensor(world.foreign_sensor(reader))
    reader.line.silence(world.rng.uniform(*_PLUGGED_S))
    await asyncio.sleep(world.rng.uniform(1, 30))
    if reader.owns(own):
        # Else somebody has accepted the other one meanwhile.
        reader.swap_sensor(own)
        reader.line.silence(world.rng.uniform(*_PLUGGED_S))
    world.swapped.remove(reader)


async def sensor_replaced(world: Installation, strike: Strike) -> None:
    """Put another sensor in for good; only if that is not accepted, the own one comes back."""
    reader_id = world.any_reader_id()
    reader = world.readers[reader_id]
    if reader in world.swapped:
        return
    world.swapped.append(reader)
    await strike.ready(reader)
    strike.now(reader)
    own = world.own_sensors[reader] = reader.swap_sensor(world.foreign_sensor(reader))
    reader.line.silence(world.rng.uniform(*_PLUGGED_S))
    await asyncio.sleep(world.rng.uniform(5, 20))
    await world.housekeeper.accept(reader_id)
    await asyncio.sleep(world.rng.uniform(0, 10))
    if reader.owns(own):
        reader.swap_sensor(own)
        reader.line.silence(world.rng.uniform(*_PLUGGED_S))
    world.swapped.remove(reader)


async def template_vanishes(world: Installation, strike: Strike) -> None:
    """Have somebody take a template out of a sensor while the reader has no power."""
    reader = world.any_reader()
    await strike.ready(reader)
    if reader in world.swapped or not reader.templates:
        return
    strike.now(reader)
    reader.power_off()
    slot = world.rng.choice(sorted(reader.templates))
    del reader.sensor.templates[slot]
    world.promises.truth(reader.device).vanished(slot, reader.memory.get(slot))


async def template_appears(world: Installation, strike: Strike) -> None:
    """Have somebody store a template where the reader would, and take the reader's power."""
    reader = world.any_reader()
    await strike.ready(reader)
    # In a slot whose template has vanished nobody could tell one from the other.
    taken = {*reader.templates, *reader.memory}
    slot = min(set(range(len(taken) + 1)) - taken)
    if reader.app is not None and reader.app.scanner.running:
        slot = reader.app.scanner.snapshot["slot"]
    if reader in world.swapped or slot in taken:
        return
    strike.now(reader)
    world.store(reader, slot)
    await asyncio.sleep(world.rng.uniform(0, 8))
    reader.power_off()


# The broker and the network


async def broker_restarts(world: Installation, strike: Strike) -> None:
    """Kill or stop the broker, and start it again."""
    await strike.ready()
    if not world.broker.running:
        return
    strike.now()
    if world.rng.random() < 1 / 2:
        world.broker.kill()
    else:
        world.broker.stop()
    await asyncio.sleep(world.rng.uniform(0.1, 20))
    world.broker.start(forget=world.rng.random() < 1 / 3)


async def broker_stalls(world: Installation, strike: Strike) -> None:
    """Let the broker do nothing for a while."""
    await strike.ready()
    if world.broker.running:
        strike.now()
    world.broker.stall(world.rng.uniform(0.5, 25))


async def connection_cut(world: Installation, strike: Strike) -> None:
    """Cut somebody's connection; not everybody may notice."""
    notice = world.rng.choice((Notice.BOTH, Notice.CLIENT, Notice.BROKER, Notice.NOBODY))
    party = world.any_party()
    await strike.ready(world.all_readers.get(party))
    if world.network.connected(party):
        strike.now(*world.at(party))
    world.network.cut(party, notice)


async def network_stalls(world: Installation, strike: Strike) -> None:
    """Hold back what somebody says and is told."""
    party = world.any_party()
    await strike.ready(world.all_readers.get(party))
    strike.now(*world.at(party))
    world.network.stall(party, world.rng.uniform(0.5, 20))


async def network_blocked(world: Installation, strike: Strike) -> None:
    """Cut somebody off for a while."""
    party = world.any_party()
    await strike.ready(world.all_readers.get(party))
    strike.now(*world.at(party))
    world.network.cut(party, world.rng.choice((Notice.BOTH, Notice.NOBODY)))
    world.network.block(party, world.rng.choice(list(Block)))
    await asyncio.sleep(world.rng.uniform(1, 20))
    await world.touch(world.any_reader_id())
    await asyncio.sleep(world.rng.uniform(1, 6))
    if world.rng.random() < 1 / 3:
        world.any_reader().power_off()
        # So long that the uptime may be again what it was at that touch.
        await asyncio.sleep(world.rng.choice((0, world.rng.uniform(0, 40))))
    world.network.unblock(party)
    # Maybe before that older touch is delivered.
    await asyncio.sleep(world.rng.uniform(0, 12))
    await world.touch(world.any_reader_id())


async def touch_of_another_life(world: Installation, strike: Strike) -> None:
    """Let a touch be told only after a power cut, at the uptime at which it was made before."""
    reader_id = world.any_reader_id()
    reader = world.readers[reader_id]
    await strike.ready(reader)
    strike.now(reader)
    world.network.cut(reader.device, Notice.BOTH)
    world.network.block(reader.device, Block.REFUSED)
    await world.touch(reader_id)
    uptime_s = reader.uptime_s
    await asyncio.sleep(5)
    reader.power_off()
    await asyncio.sleep(1)
    reader.power_on()
    await asyncio.sleep(max(0, uptime_s - world.rng.uniform(0, 6)))
    world.network.unblock(reader.device)


async def touch_retained(world: Installation, strike: Strike) -> None:
    """Let the broker retain a touch, as a bridge may do, while Home Assistant is not there."""
    if not world.home.running:
        return
    world.home.stop(kill=False)
    await world.touch(world.any_reader_id())
    await asyncio.sleep(world.rng.uniform(2, 8))
    if strike.column is None or strike.column in STAGES:
        await strike.ready()
    strike.now()
    world.broker.retain_newest("fingerprint")
    await world.home.start()


async def network_slow(world: Installation, strike: Strike) -> None:
    """Let everything take long for a while."""
    await strike.ready()
    strike.now()
    usual, world.network.between = world.network.between, (0.05, world.rng.uniform(0.3, 2.5))
    await asyncio.sleep(world.rng.uniform(2, 20))
    world.network.between = usual


async def answer_stalls(world: Installation, strike: Strike) -> None:
    """Hold back the answer to a hello, and what happens at the reader right behind it."""
    reader_id = world.any_reader_id()

    def hello_is_said() -> None:
        world.later(0.02, stall)

    def stall() -> None:
        strike.now(world.readers[reader_id])
        world.network.stall(PARTY, world.rng.uniform(6, 9))

    if strike.column in STAGES:
        await strike.ready(world.readers[reader_id])
    world.when_published.append(hello_is_said)
    world.home.reload(reader_id)
    await asyncio.sleep(world.rng.uniform(0, 0.5))
    await world.touch(reader_id)


async def start_not_answered(world: Installation, strike: Strike) -> None:
    """Hold back what is said about an enrollment that was asked for, until nobody waits for it."""
    reader_id = world.any_reader_id()

    def stall() -> None:
        strike.now(world.readers[reader_id])
        world.network.stall(PARTY, world.rng.uniform(9, 15))

    if strike.column in STAGES:
        await strike.ready(world.readers[reader_id])
    world.when_started.append(lambda: world.later(0.02, stall))
    await world.enroll(reader_id)
    world.when_started.clear()


async def will_comes_late(world: Installation, strike: Strike) -> None:
    """Tell Home Assistant of the end of a session that was over long ago, when all is quiet."""
    reader_id = world.any_reader_id()
    await asyncio.sleep(40)
    await strike.ready(world.readers[reader_id])
    strike.now(world.readers[reader_id])
    will = Message(topic_of(reader_id, "status"), b'{"v":1,"online":false}', 1)
    world.trace.note("broker", "tells a late will of %s", reader_id)
    world.broker.tell(PARTY, will)
    # Or the history could be over before anybody has heard that.
    await asyncio.sleep(1)


async def message_repeated(world: Installation, strike: Strike) -> None:
    """Let old messages come once more."""
    await strike.ready()
    for _ in range(world.rng.randint(1, 4)):
        message = world.broker.replay(world.rng, PARTY)
        if message is not None:
            strike.now()
            world.trace.note("broker", "repeats %s", message)
        await asyncio.sleep(world.rng.uniform(0, 2))


# Home Assistant


async def home_assistant_restarts(world: Installation, strike: Strike) -> None:
    """Stop Home Assistant, or kill it, and start it again."""
    await strike.ready()
    if not world.home.running:
        return
    strike.now()
    world.home.stop(kill=world.rng.random() < 1 / 2)
    # It takes longer than a touch is live.
    await asyncio.sleep(world.rng.uniform(6, 30))
    await world.home.start()


async def home_assistant_killed_when_told(world: Installation, strike: Strike) -> None:
    """Kill Home Assistant right after it has told something, and maybe saved that."""

    def is_told() -> None:
        strike.now()
        if world.rng.random() < 1 / 3:
            # Nobody hears any more what it says; what it saves meanwhile stays.
            world.network.cut(PARTY, Notice.NOBODY)
            world.later(world.rng.uniform(0.02, 2), world.kill_home)
        else:
            world.later(world.rng.uniform(0, 0.02), world.kill_home)

    await strike.ready()
    world.when_told.append(is_told)
    await asyncio.sleep(world.rng.uniform(10, 30))
    world.when_told.clear()
    await world.home.start()


async def home_assistant_killed_when_it_asks(world: Installation, strike: Strike) -> None:
    """Kill Home Assistant right after it has asked for an enrollment."""
    soon = world.rng.choice((0, world.rng.uniform(0, 0.02)))
    reader_id = world.any_reader_id()

    def kill() -> None:
        strike.now(world.readers[reader_id])
        world.kill_home()

    if strike.column in STAGES:
        await strike.ready(world.readers[reader_id])
    world.when_started.append(lambda: world.later(soon, kill))
    await world.enroll(reader_id)
    await asyncio.sleep(world.rng.uniform(3, 20))
    world.when_started.clear()
    await world.home.start()


async def change_goes_wrong(world: Installation, strike: Strike) -> None:
    """Have something changed, and let something happen in the middle of that."""
    reader_id, rng = world.any_reader_id(), world.rng
    reader = world.readers[reader_id]
    kinds: tuple[Callable[[], object], ...] = (
        world.kill_home,
        lambda: world.network.stall(PARTY, rng.uniform(8, 15)),
        lambda: reader.cut_after(Command.DELET_CHAR),
        lambda: reader.cut_at_write(rng.randint(1, 2), rng.choice(list(Moment))),
        lambda: reader.fault(rng.choice(_LOSS), rng.randint(1, 3), command=Command.DELET_CHAR),
        # So often the reader asks before it gives up.
        lambda: reader.fault(Fault.REQUEST_LOST, 3, command=Command.DELET_CHAR),
        lambda: reader.line.silence(rng.uniform(0.5, 12)),
    )
    # By then somebody may be enrolled.
    await asyncio.sleep(rng.uniform(0, 15))
    happens, soon = rng.choice(kinds), rng.choice((0.0, rng.uniform(0, 0.3)))

    def happen() -> None:
        strike.now(reader)
        happens()

    if strike.column in STAGES:
        await strike.ready(reader)
    world.when_changing.append(lambda: world.later(soon, happen))
    asked = rng.choice(("adopt", "adopt", "delete", "delete", "delete", "switch", "compare"))
    if strike.column in _ASKED:
        asked = _ASKED[strike.column]
    await getattr(world.housekeeper, asked)(reader_id)
    await asyncio.sleep(rng.uniform(3, 20))
    world.when_changing.clear()
    await world.home.start()


async def change_broken_off(world: Installation, strike: Strike) -> None:
    """Have something changed by somebody who does not wait, and kill Home Assistant soon."""
    reader = world.any_reader()
    await world.housekeeper.change_mind(reader.reader_id)
    await asyncio.sleep(world.rng.uniform(0, 2))
    await strike.ready(reader)
    if world.home.running:
        strike.now(reader)
    world.kill_home()
    await asyncio.sleep(world.rng.uniform(3, 20))
    await world.home.start()


async def named_on_another_sensor(world: Installation, strike: Strike) -> None:
    """Have a template named while its reader, without flash, gets another sensor for a while."""
    reader = world.any_reader()
    if reader in world.swapped:
        return
    world.swapped.append(reader)
    await strike.ready(reader)
    strike.now(reader)
    reader.power_off()
    reader.erase_flash()
    world.promises.truth(reader.device).flash_erased(reader.templates)
    own = world.own_sensors[reader] = reader.swap_sensor(world.foreign_sensor(reader))
    world.promises.truth(reader.device).orphans |= set(reader.templates)
    world.later(world.rng.uniform(0, 4), reader.power_on)
    await world.housekeeper.adopt(reader.reader_id)
    await asyncio.sleep(world.rng.uniform(5, 15))
    reader.swap_sensor(own)
    reader.line.silence(world.rng.uniform(*_PLUGGED_S))
    world.swapped.remove(reader)


async def entry_reloaded(world: Installation, strike: Strike) -> None:
    """Reload one reader's entry."""
    reader = world.any_reader()
    await strike.ready(reader)
    if world.home.running:
        strike.now(reader)
    world.home.reload(reader.reader_id)


async def backup_restored(world: Installation, strike: Strike) -> None:
    """Make a backup, and some time later put it in the place of all that was saved since."""
    world.home.disk.back_up()
    await asyncio.sleep(world.rng.uniform(1, 15))
    await strike.ready()
    if not world.home.running:
        return
    strike.now()
    world.home.stop(kill=True)
    world.promises.forgetful = True
    world.home.disk.restore(world.rng)
    await asyncio.sleep(world.rng.uniform(6, 20))
    await world.home.start()


# People


async def cancel_pressed(world: Installation, strike: Strike) -> None:
    """Press the button."""
    reader = world.any_reader()
    await strike.ready(reader)
    strike.now(reader)
    await world.users.cancel(reader.reader_id)


async def button_pressed(world: Installation, strike: Strike) -> None:
    """Press a button that is about the reader itself; it may have just been touched."""
    reader_id = world.any_reader_id()
    if world.rng.random() < 1 / 2:
        await world.touch(reader_id)
    await strike.ready(world.readers[reader_id])
    strike.now(world.readers[reader_id])
    await world.users.press(reader_id, world.rng.choice(("identify", "restart", "restart")))


async def both_pressed(world: Installation, strike: Strike) -> None:
    """Let a second user enroll somebody on the same reader, at the same time."""
    reader = world.any_reader()
    await strike.ready(reader)
    strike.now(reader)
    await world.enroll(reader.reader_id)


async def stranger_joins(world: Installation, strike: Strike) -> None:
    """Give power to another reader that was given the same reader id."""
    await strike.ready()
    strike.now()
    await world.stranger(world.rng.uniform(3, 30))


FAULTS: tuple[tuple[int, Happens], ...] = (
    (4, power_cut),
    (5, power_cut_at_the_sensor),
    (5, power_cut_at_the_flash),
    (3, power_cut_when_locked_out),
    (2, flash_refuses),
    (3, flash_erased),
    (2, sensor_silent),
    (3, sensor_noisy),
    (2, sensor_late),
    (2, sensor_restarts),
    (4, sensor_swapped),
    (2, sensor_replaced),
    (2, template_vanishes),
    (3, template_appears),
    (6, broker_restarts),
    (4, broker_stalls),
    (6, connection_cut),
    (5, network_stalls),
    (4, network_blocked),
    (2, touch_of_another_life),
    (2, touch_retained),
    (2, network_slow),
    (3, answer_stalls),
    (3, start_not_answered),
    (6, message_repeated),
    (2, will_comes_late),
    (8, home_assistant_restarts),
    (6, home_assistant_killed_when_told),
    (3, home_assistant_killed_when_it_asks),
    (12, change_goes_wrong),
    (3, named_on_another_sensor),
    (3, change_broken_off),
    (2, entry_reloaded),
    (2, backup_restored),
    (3, cancel_pressed),
    (3, button_pressed),
    (2, both_pressed),
    (2, stranger_joins),
)
"""Each with how often it is chosen, compared to the others."""

FAULTS_BY_NAME: dict[str, Happens] = {happens.__name__: happens for _, happens in FAULTS}
FAULT_NAMES = tuple(FAULTS_BY_NAME)
