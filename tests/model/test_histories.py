"""Registry, sensors and entities agree with the model after any history.

Two readers with the real firmware, five people, and a plain model of the expected state.
`BIOMETRIC_ENROLL_HISTORIES=2000 scripts/test model` runs so many histories, others each time.
"""

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from homeassistant.setup import async_setup_component
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from custom_components.biometric_enroll.const import DOMAIN
from emulator import Command
from tests.model import environment_operations as environment
from tests.model import fingerprint_operations as fingerprints
from tests.model.enrollment_operations import Cut, Enroll, Scans, Trouble
from tests.model.home_and_model import HomeAndModel
from tests.model.model import FINGERS, PEOPLE, SLOTS, Model
from tests.model.virtual_home import VirtualHome
from tests.simulation.flash import CutPoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker

type History = tuple[list[Any], list[list[Any]]]
"""The first enrollments, and the operations after them, in bursts that each settle."""

_CHOSEN = os.environ.get("BIOMETRIC_ENROLL_HISTORIES")
_PARTS = 4
"""Number of tests that share the histories, to run on several cores."""

_READER = st.integers(0, 1)
_FINGER = st.integers(0, len(FINGERS) - 1)
_WHICH = st.integers(0, 11)
_NAMES = st.sampled_from([*PEOPLE, "Anna Maria", "Ω"])


def _cuts(most: int, *commands: Command) -> st.SearchStrategy[Cut]:
    """Draw a power cut: short, or longer than any timeout for an answer."""
    return st.builds(
        Cut,
        nth=st.integers(1, most),
        what=st.sampled_from([*commands, *CutPoint]),
        lasts_s=st.sampled_from([1.0, 20.0]),
    )


_ENROLLMENTS = st.builds(
    Enroll, _READER, _FINGER, st.just(Scans.RIGHT), st.none() | st.integers(0, SLOTS - 1)
)
_TROUBLED = st.builds(
    Enroll,
    _READER,
    _FINGER,
    st.sampled_from(Scans),
    trouble=st.none() | st.tuples(st.integers(0, 2), st.sampled_from(Trouble)),
)
_CUT = st.builds(
    Enroll,
    _READER,
    _FINGER,
    st.just(Scans.RIGHT),
    cut=_cuts(
        4, Command.GEN_IMG, Command.IMG_2_TZ, Command.SEARCH, Command.REG_MODEL, Command.STORE
    ),
)
_DELETIONS = st.builds(
    fingerprints.Delete, _WHICH, st.booleans(), st.sampled_from([False, False, True])
)
_CUT_DELETIONS = st.builds(
    fingerprints.Delete, _WHICH, cut=_cuts(2, Command.DELET_CHAR, Command.READ_INDEX_TABLE)
)
_UPDATES = st.builds(
    fingerprints.Update,
    _WHICH,
    st.none() | _NAMES,
    st.none() | st.booleans(),
    st.none() | st.integers(0, 5),
)
_OTHERS = (
    st.builds(fingerprints.Adopt, _WHICH, _NAMES),
    st.builds(fingerprints.AcceptSensor, _READER),
    st.builds(fingerprints.ForgetGone, _READER),
    st.builds(fingerprints.SwitchIdentification, _READER, st.booleans()),
    st.builds(fingerprints.RemovePerson, _WHICH),
    st.builds(fingerprints.AddPerson, _WHICH),
    st.builds(environment.TouchReader, _READER, st.none() | _FINGER),
    st.builds(environment.StoreByOtherDevice, _READER, _FINGER, st.booleans()),
    st.builds(environment.EraseByOtherDevice, _READER, st.none() | _WHICH, st.booleans()),
    st.builds(environment.SwapSensor, _READER, st.booleans(), st.booleans()),
    st.builds(environment.Power, _READER, st.booleans()),
    st.builds(environment.Link, _READER, st.booleans()),
    st.builds(environment.HomeLink, st.booleans()),
    st.just(environment.RestartBroker()),
    st.just(environment.RestartHome()),
    st.just(environment.BackUp()),
    st.builds(environment.Restore, _WHICH),
    st.builds(environment.RemoveReader, _READER),
    st.just(environment.AddReaders()),
)
_OFTEN = (_ENROLLMENTS, _TROUBLED, _CUT, _DELETIONS, _CUT_DELETIONS, _UPDATES, _OTHERS[0])
# By number, since `one_of` ignores duplicates.
_OPERATIONS = st.sampled_from(range(2 * len(_OFTEN) + len(_OTHERS))).flatmap(
    lambda number: (*_OFTEN, *_OFTEN, *_OTHERS)[number]
)
# With first enrollments, or most operations would find no fingerprint.
_HISTORIES = st.tuples(
    st.lists(_ENROLLMENTS, min_size=2, max_size=4),
    st.lists(st.lists(_OPERATIONS, min_size=1, max_size=4), min_size=3, max_size=6),
)


@pytest.fixture
async def builder(
    hass: HomeAssistant, broker: FakeBroker, hass_storage: dict[str, Any]
) -> Callable[[int], VirtualHome]:
    """Return a function that makes a virtual home from a seed."""
    assert await async_setup_component(hass, "person", {})
    assert await async_setup_component(hass, DOMAIN, {})
    return partial(VirtualHome, hass, broker, hass_storage)


# A slot identifies the template that is there now, not an earlier one.
_GONE_FROM_THERE = (
    [Enroll(0, 0, Scans.RIGHT, 2)],
    [
        [environment.EraseByOtherDevice(0, None, at_once=True), Enroll(0, 2, Scans.RIGHT, 2)],
        [fingerprints.Delete(1, by_slot=True)],
    ],
)
# What was deleted does not come back.
_DELETED = ([Enroll(0, 0, Scans.RIGHT)], [[fingerprints.Delete(0), environment.RestartHome()]])


@pytest.mark.parametrize("history", [_GONE_FROM_THERE, _DELETED])
async def test_histories_that_once_failed_succeed(
    builder: Callable[[int], VirtualHome], history: History
) -> None:
    await _run_history(builder(0), history)


def _history_test(part: int) -> Callable[..., Awaitable[None]]:
    """Return a test of one share of the histories."""

    @pytest.mark.timeout(0 if _CHOSEN else 600)
    @settings(
        max_examples=-(-int(_CHOSEN or 80) // _PARTS),
        database=None,
        report_multiple_bugs=False,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(history=_HISTORIES, number=st.integers(0, 999))
    async def test(builder: Callable[[int], VirtualHome], history: History, number: int) -> None:
        await _run_history(builder(number), history)

    chosen: Callable[..., Awaitable[None]] = test if _CHOSEN else seed(part)(test)
    return chosen


(
    test_roster_sensors_and_entities_agree_once_the_dust_has_settled_1,
    test_roster_sensors_and_entities_agree_once_the_dust_has_settled_2,
    test_roster_sensors_and_entities_agree_once_the_dust_has_settled_3,
    test_roster_sensors_and_entities_agree_once_the_dust_has_settled_4,
) = map(_history_test, range(_PARTS))


async def _run_history(house: VirtualHome, history: History) -> None:
    model = Model()
    both = HomeAndModel(house, model)
    try:
        await house.begin()
        for name in PEOPLE:
            model.persons |= await house.people.add(name)
        first, bursts = history
        for burst in (first, *bursts):
            for operation in burst:
                _note(repr(operation))
                await operation.run(both)
                await both.listen()
            _note("settle")
            await both.settle()
    finally:
        for entity_id in model.persons.values():
            await house.people.remove(entity_id)
        await house.end()


def _note(what: str) -> None:
    """Print an operation in the report of a drawn history; of others pytest shows all anyway."""
    if hypothesis.currently_in_test_context():
        hypothesis.note(what)
