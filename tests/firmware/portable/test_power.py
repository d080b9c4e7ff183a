"""Power is cut at every point of an enrollment, and the reader has to end well."""

from tests.firmware.portable.world import PowerCutError, World, scans

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

OLD = {0: "zoe", 2: "carl"}
OLD_IDS = {0: "0" * 16}  # slot 2 holds a template that this reader has no id for
ID = "a" * 16
FINALS = ("completed", "failed", "cancelled")


def settled() -> World:
    """Make a reader that has lived before: one template of its own, one of unknown origin."""
    world = World()
    world.run(1000)
    world.user = scans("zoe", "zoe", "zoe")
    world.enroll(OLD_IDS[0])
    world.run_until_ended()
    world.sensor.templates[2] = OLD[2]
    world.turn_on()
    world.run(1000)
    world.sensor.finger = None
    world.run(1000)
    world.shown.clear()
    world.steps.done = 0
    return world


def story(world: World, ending: str) -> None:
    """Run an enrollment that ends this way, unless the power is cut before."""
    fingers = {"mismatch": ["anna", "anna", "bert", "bert", "bert"], "duplicate": ["zoe"]}
    world.user = scans(*fingers.get(ending, ["anna", "anna", "anna"]))
    if ending == "cancelled":
        good = world.user

        def user(world: World, name: str) -> None:
            good(world, name)
            if world.scanner.snapshot["stage"] == "place_finger" and 1 in world.sensor.templates:
                world.scanner.cancel()

        world.user = user
    world.enroll(ID)
    world.run_until_ended()


def check(world: World, where: "tuple[str, Any]") -> None:
    """Check what has to be true after the reader has started again, wherever it was interrupted."""
    memory, sensor = world.memory, world.sensor
    final = world.scanner.snapshot
    assert memory.operation is None, where
    for slot, finger in OLD.items():
        assert sensor.templates[slot] == finger, where
        assert memory.template_id(slot) == OLD_IDS.get(slot), where
    new = {slot: finger for slot, finger in sensor.templates.items() if slot not in OLD}
    if final["template_id"] != ID:
        assert not world.shown, where
        assert not new, where
        return
    assert final["stage"] in FINALS, where
    assert final["timeout_ms"] is None, where
    completed = final["stage"] == "completed"
    assert new == ({1: "anna"} if completed else {}), where
    assert memory.template_id(1) == (ID if completed else None), where
    for shown in world.shown:
        assert len(final["captured"]) >= len(shown["captured"]), where
        assert final["seq"] > shown["seq"] or final == shown, where
        assert shown["stage"] not in FINALS or shown == final, where
    assert world.scanner.templates["count"] == len(sensor.templates), where


def interrupted(ending: str, **cut: int) -> bool:
    """Tell the story with this cut, start again, check; False when the story ended before."""
    world = settled()
    world.steps.cut_before = cut.get("before")
    world.steps.cut_after = cut.get("after")
    try:
        story(world, ending)
    except PowerCutError:
        whole = False
    else:
        whole = True
    shown = list(world.shown)
    world.steps.cut_before = world.steps.cut_after = None
    world.user = lambda *_: None
    world.sensor.finger = None
    world.turn_on()
    world.run(10_000)
    world.shown = shown
    check(world, (ending, cut))
    return not whole


def test_a_cut_at_any_point_ends_well() -> None:
    for ending in ("completed", "cancelled", "mismatch", "duplicate"):
        for kind in ("before", "after"):
            step = 0
            while interrupted(ending, **{kind: step}):
                step += 1
            assert step >= (5 if ending == "duplicate" else 15), (ending, kind, step)


def test_a_cut_while_starting_after_a_cut_ends_well() -> None:
    """The start that cleans up is interrupted itself, at each of its points."""
    for kind in ("cut_before", "cut_after"):
        for second in range(30):
            world = settled()
            world.user = scans("anna", "anna", "anna")
            world.enroll(ID)
            while 1 not in world.sensor.templates:
                world.run(1)
            world.turn_on()
            world.steps.done = 0
            setattr(world.steps, kind, second)
            world.user = lambda *_: None
            try:
                world.run(2000)
            except PowerCutError:
                setattr(world.steps, kind, None)
                world.turn_on()
                world.run(2000)
            assert world.sensor.templates == OLD
            assert world.memory.operation is None
            assert world.scanner.snapshot["reason"] == "reader_restarted"


def test_a_cut_while_the_sensor_is_met_first_leaves_it_ours() -> None:
    for step in range(12):
        world = World()
        world.steps.cut_after = step
        try:
            world.run(1000)
        except PowerCutError:
            world.steps.cut_after = None
            world.turn_on()
            world.run(1000)
        assert world.scanner.templates["sensor_changed"] is False
        assert world.sensor.notepad[:16] == world.memory.mark


def test_an_enrollment_that_firmware_0_1_began_is_ended_by_this_one() -> None:
    for has_op in (True, False):
        world = settled()
        world.user = scans("anna", "anna", "anna")
        world.enroll(ID)
        while 1 not in world.sensor.templates:
            world.run(1)
        world.user = lambda *_: None
        operation = world.memory.operation
        assert operation is not None
        assert operation["op"] == "enroll"
        if not has_op:
            del operation["op"]
            world.memory.keep_operation(operation)
        world.turn_on()
        snapshot = world.scanner.snapshot
        assert snapshot["reason"] == "reader_restarted"
        assert "op" not in snapshot
        world.run(2000)
        assert world.sensor.templates == OLD
        assert world.memory.operation is None
