"""What goes wrong in a history: each fault is chosen, done, and undone after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.faults_of_home_assistant import (
    backup_restored,
    both_pressed,
    button_pressed,
    cancel_pressed,
    change_broken_off,
    change_goes_wrong,
    entry_reloaded,
    home_assistant_killed_when_it_asks,
    home_assistant_killed_when_told,
    home_assistant_restarts,
    named_on_another_sensor,
    stranger_joins,
)
from tests.simulation.faults_of_networks import (
    answer_stalls,
    broker_restarts,
    broker_stalls,
    connection_cut,
    message_repeated,
    network_blocked,
    network_slow,
    network_stalls,
    start_not_answered,
    touch_of_another_life,
    touch_retained,
    will_comes_late,
)
from tests.simulation.faults_of_readers import (
    flash_erased,
    flash_refuses,
    power_cut,
    power_cut_at_the_flash,
    power_cut_at_the_sensor,
    power_cut_when_locked_out,
    sensor_late,
    sensor_noisy,
    sensor_replaced,
    sensor_restarts,
    sensor_silent,
    sensor_swapped,
    template_appears,
    template_vanishes,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.simulation.installation import Installation
    from tests.simulation.steering import Strike

    type Happens = Callable[[Installation, Strike], Awaitable[None]]

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
