"""What the reader remembers, and what it makes of damaged memories."""

import hashlib

from fpreader.memory import RECORD, Memory, TemplateIds
from tests.firmware.portable.world import Flash, Steps

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MARK = bytes(range(16))
ID = "9f2c01ab44d0e1f7"
OPERATION = {"template_id": ID, "seq": 3, "slot": 5, "total": 3, "captured": []}
LAST = {"template_id": ID, "seq": 9, "stage": "completed"}


def flash() -> Flash:
    return Flash(Steps())


def refused(write: "Callable[[], None]") -> bool:
    try:
        write()
    except OSError:
        return True
    return False


def test_everything_is_there_after_a_restart() -> None:
    records = flash()
    memory = Memory(records)
    memory.keep_mark(MARK)
    memory.commit(5, ID, LAST)
    memory.keep_operation(OPERATION)
    again = Memory(records)
    assert again.mark == MARK
    assert again.operation == OPERATION
    assert again.last == LAST
    assert (again.template_id(5), again.template_id(6)) == (ID, None)


def test_a_commit_is_one_write() -> None:
    records = flash()
    memory = Memory(records)
    memory.keep_operation(OPERATION)
    before = records.records[RECORD]
    memory.commit(5, ID, LAST)
    assert before["operation"] == OPERATION
    assert before["map"] == ""
    after = records.records[RECORD]
    assert (after["operation"], after["last"], after["map"]) == (None, LAST, "0005" + ID)


def test_a_refused_write_changes_nothing() -> None:
    records = flash()
    memory = Memory(records)
    records.broken = True
    writes: list[Callable[[], None]] = [
        lambda: memory.commit(5, ID, LAST),
        lambda: memory.keep_mark(MARK),
        lambda: memory.keep_operation(OPERATION),
    ]
    assert [refused(write) for write in writes] == [True] * 3
    assert (memory.template_id(5), memory.last) == (None, None)
    assert (memory.mark, memory.operation) == (None, None)


def test_a_record_of_another_kind_counts_as_erased() -> None:
    good = {"mark": None, "map": "", "operation": None, "last": None}
    wrongs: list[Any] = [{}, [], 7, "memory"]
    for key, value in (("mark", 7), ("map", "0005"), ("map", "zz"), ("map", None)):
        wrongs.append(dict(good))
        wrongs[-1][key] = value
    for wrong in wrongs:
        records = flash()
        records.records[RECORD] = wrong
        memory = Memory(records)
        assert (memory.mark, memory.operation, memory.last) == (None, None, None)
        assert RECORD not in records.records


def test_the_map_keeps_every_slot_apart_and_in_order() -> None:
    ids = TemplateIds()
    slots = [513, 0, 65535, 256, 2, 1, 255]
    for slot in slots:
        ids = ids.with_id(slot, "%016x" % slot)
    assert list(ids) == sorted(slots)
    for slot in slots:
        assert ids.get(slot) == "%016x" % slot
    for slot in (3, 254, 257, 512, 65534):
        assert ids.get(slot) is None
    ids = ids.with_id(256, ID)
    assert (ids.get(256), ids.get(255), ids.get(513)) == (ID, "%016x" % 255, "%016x" % 513)
    assert list(TemplateIds(ids.packed())) == sorted(slots)


def test_ids_whose_template_is_gone_are_dropped() -> None:
    records = flash()
    memory = Memory(records)
    for slot in range(5):
        memory.commit(slot, "%016x" % slot, LAST)
    memory.drop_ids(lambda slot: slot in (1, 3, 7))
    kept = [slot for slot in range(8) if Memory(records).template_id(slot)]
    assert kept == [1, 3]


def test_nothing_is_written_where_no_id_is_dropped() -> None:
    records = flash()
    memory = Memory(records)
    memory.commit(5, ID, LAST)
    records.broken = True
    memory.drop_ids(lambda slot: slot == 5)


def test_the_revision_is_that_of_the_protocol() -> None:
    memory = Memory(flash())
    memory.keep_mark(MARK)
    memory.commit(5, ID, LAST)
    text = "000102030405060708090a0b0c0d0e0f\n2:\n5:" + ID + "\n"
    expected = hashlib.sha256(text.encode()).digest()[:8].hex()
    assert memory.revision([2, 5], void=False) == expected
    void = hashlib.sha256(text.replace(ID, "").encode()).digest()[:8].hex()
    assert memory.revision([2, 5], void=True) == void
