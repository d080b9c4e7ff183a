"""Combinations of fault and stage, or fault and request, that are impossible, with the reason."""

from __future__ import annotations

from tests.simulation.coverage import REQUESTS, STAGES


def _all_but(columns: tuple[str, ...], *possible: str) -> tuple[str, ...]:
    return tuple(column for column in columns if column not in possible)


_REASONS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "Without power there is none to take, and nothing is said to the sensor or to the flash.",
        (
            "power_cut", "power_cut_at_the_sensor", "power_cut_at_the_flash", "flash_refuses",
            "sensor_silent", "sensor_noisy", "sensor_late", "sensor_restarts",
        ),
        ("off",),
    ),
    (
        "Home Assistant is stopped then, and asks for nothing.",
        ("touch_retained",),
        _all_but(REQUESTS, "nothing"),
    ),
    (
        "It strikes at this request by its nature.",
        ("home_assistant_killed_when_it_asks", "start_not_answered"),
        _all_but(REQUESTS, "start"),
    ),
    (
        "It strikes at these requests by its nature.",
        ("change_goes_wrong",),
        _all_but(REQUESTS, "delete", "adopt", "settings"),
    ),
    (
        "It strikes at this request by its nature: nothing else is asked while a hello is.",
        ("answer_stalls",),
        _all_but(REQUESTS, "hello"),
    ),
    (
        "It waits until a power cut is over and the reader has run for long: it is idle.",
        ("touch_of_another_life",),
        _all_but(STAGES, "idle", "touch", "final", "place_finger", "processing", "lift_finger"),
    ),
)  # fmt: skip

#: Fault and column, to the reason.
IMPOSSIBLE: dict[tuple[str, str], str] = {
    (fault, column): reason
    for reason, faults, columns in _REASONS
    for fault in faults
    for column in columns
}
