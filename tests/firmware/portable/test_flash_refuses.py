"""A flash that refuses once."""

from tests.firmware.portable.test_journal import Flash, identified, new_journal


def test_a_touch_that_the_flash_refused_is_written_as_soon_as_it_takes_it() -> None:
    flash = Flash()
    journal = new_journal(flash)
    identified(journal, 0)
    flash.broken = True
    journal.due(3_000, can_send=False)
    flash.broken = False
    for now in range(4_000, 3_600_000, 1_000):
        journal.due(now, can_send=False)
    assert len(flash.records) == 1
