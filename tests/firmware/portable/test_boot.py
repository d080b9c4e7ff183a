"""The id of a boot is new with each start, whatever the random numbers are worth."""

from fpreader.board import Board
from fpreader.boot import RECORD, Boot
from tests.firmware.portable.counting import Counting
from tests.firmware.portable.fake_hardware import FakeFlash, Steps

TYPE_CHECKING = False

if TYPE_CHECKING:
    pass


class FakeBoard(Board):
    """A board with a flash that outlives it, whose random numbers are the same at each start."""

    device = "a1b2c3d4e5f6"

    def __init__(self, flash: FakeFlash) -> None:
        self.records = flash
        self.random = Counting()


def test_an_id_is_16_digits_and_stays_the_same_until_the_next_start() -> None:
    flash = FakeFlash(Steps())
    boot = Boot(FakeBoard(flash))
    assert len(boot()) == 16
    int(boot(), 16)
    assert boot() == boot()
    assert flash.writes == 1


def test_each_start_has_another_id_also_where_random_numbers_repeat() -> None:
    flash = FakeFlash(Steps())
    ids = set(Boot(FakeBoard(flash))() for _ in range(5))
    assert len(ids) == 5
    assert flash.records[RECORD][0] == b"5\n"


def test_an_erased_flash_gives_another_id_by_the_random_numbers() -> None:
    board = FakeBoard(FakeFlash(Steps()))
    first = Boot(board)()
    board.records = FakeFlash(Steps())
    assert Boot(board)() != first


def test_two_readers_have_different_ids_also_where_random_numbers_repeat() -> None:
    other = FakeBoard(FakeFlash(Steps()))
    other.device = "0242ac110002"
    assert Boot(FakeBoard(FakeFlash(Steps())))() != Boot(other)()


def test_nothing_is_drawn_before_it_is_needed() -> None:
    """An ESP32's random numbers are pseudo-random until the radio runs."""
    board = FakeBoard(FakeFlash(Steps()))
    random = Counting()
    board.random = random
    boot = Boot(board)
    assert random.given == 0
    boot()
    assert random.given == 1


def test_a_flash_that_refuses_or_holds_nonsense_costs_no_id() -> None:
    flash = FakeFlash(Steps())
    flash.broken = True
    assert len(Boot(FakeBoard(flash))()) == 16
    flash.broken = False
    flash.records[RECORD] = (b"\xffnonsense\n", [])
    assert len(Boot(FakeBoard(flash))()) == 16
    assert flash.records[RECORD][0] == b"1\n"
