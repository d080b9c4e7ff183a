"""A record that cannot be read this time is not a record that is not there."""

from fpreader import storage
from fpreader.memory import Memory
from fpreader.storage import Storage
from tests.firmware.portable.test_storage import VALUE, check, with_folder


def refuse(*_: object) -> None:
    raise OSError(5)


def test_a_flash_that_cannot_be_read_does_not_count_as_empty() -> None:
    def test(folder: str) -> None:
        Storage(folder).write("memory", *VALUE)
        storage.open = refuse  # type: ignore[attr-defined]
        try:
            Memory(Storage(folder))  # the reader would make a new mark now, over all its ids
        except OSError:
            pass
        else:
            raise AssertionError("taken for a reader that was never set up")
        finally:
            del storage.open  # type: ignore[attr-defined]
        check(folder, VALUE)

    with_folder(test)
