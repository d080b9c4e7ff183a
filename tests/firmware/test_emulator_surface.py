"""The emulated sensor without a wire: what it sees of a finger, and where there is none."""

from __future__ import annotations

import pytest

from emulator import R307, Background, EmulatedSensor, Finger, Quality
from tests.firmware.emulator_client import Client

ANNA = Finger("anna")
BERT = Finger("bert")


@pytest.fixture
def client() -> Client:
    return Client(EmulatedSensor(R307))


def looks(client: Client, count: int) -> list[int]:
    """Return what so many GenImg are answered."""
    return [client.code(0x01) for _ in range(count)]


def features(client: Client, count: int) -> list[int]:
    """Return what so many Img2Tz are answered, each after an image of its own."""
    codes = []
    for _ in range(count):
        assert client.code(0x01) == 0
        codes.append(client.code(0x02, 1))
    return codes


# --- a finger that flickers --------------------------------------------------------


def test_a_finger_that_flickers_is_seen_in_the_same_rhythm_in_each_touch(client: Client) -> None:
    client.sensor.flicker([True, False, False])
    for finger in (ANNA, BERT):
        assert looks(client, 2) == [2, 2]
        client.sensor.place(finger)
        assert looks(client, 7) == [0, 2, 2, 0, 2, 2, 0]
        client.sensor.lift()


def test_a_look_that_misses_the_finger_leaves_no_image(client: Client) -> None:
    client.sensor.flicker([True, False])
    client.sensor.place(ANNA)
    assert looks(client, 2) == [0, 2]
    assert client.code(0x02, 1) == 0x15


def test_a_finger_is_seen_steadily_again_when_told_so(client: Client) -> None:
    client.sensor.place(ANNA)
    client.sensor.flicker([False])
    assert looks(client, 3) == [2] * 3
    client.sensor.flicker([])
    assert looks(client, 3) == [0] * 3


def test_a_finger_that_flickers_hides_what_is_behind_it(client: Client) -> None:
    client.sensor.background(Background.DIRT)
    client.sensor.flicker([False, True])
    client.sensor.place(ANNA)
    assert looks(client, 4) == [2, 0, 2, 0]


# --- what is seen without a finger -------------------------------------------------


def test_dirt_is_seen_for_ever_and_is_too_messy(client: Client) -> None:
    client.sensor.background(Background.DIRT)
    client.sensor.power_cycle()
    assert features(client, 3) == [6] * 3
    client.sensor.background(Background.NOTHING)
    assert looks(client, 2) == [2] * 2


def test_a_pattern_has_features_that_match_nobody_and_not_even_each_other(client: Client) -> None:
    client.enroll(ANNA, 0)
    client.sensor.background(Background.PATTERN)
    for _ in range(3):
        client.scan(1)
        assert client.search()[0] == 9
    client.scan(2)
    assert client.code(0x05) == 0x0A


def test_a_finger_on_top_is_seen_instead_of_the_background(client: Client) -> None:
    client.enroll(ANNA, 3)
    for background in (Background.DIRT, Background.PATTERN, Background.LATENT):
        client.sensor.background(background)
        client.sensor.place(BERT)
        client.sensor.lift()
        client.sensor.place(ANNA)
        client.scan(1)
        assert client.search()[:2] == (0, 3)
        client.sensor.lift()


def test_a_latent_print_is_seen_as_the_last_finger_that_was_lifted(client: Client) -> None:
    client.sensor.background(Background.LATENT)
    assert looks(client, 2) == [2] * 2
    client.sensor.background(Background.NOTHING)
    client.enroll(ANNA, 3)
    client.enroll(BERT, 4)
    client.sensor.background(Background.LATENT)
    for finger, slot in ((BERT, 4), (ANNA, 3)):
        client.sensor.place(finger)
        client.sensor.lift()
        client.scan(1)
        assert client.search()[:2] == (0, slot)


def test_a_latent_print_is_good_also_of_a_finger_that_was_not(client: Client) -> None:
    client.sensor.background(Background.LATENT)
    client.sensor.place(Finger("anna", Quality.TOO_MESSY))
    assert features(client, 1) == [6]
    client.sensor.lift()
    assert features(client, 2) == [0, 0]


def test_what_the_background_shows_uses_up_nothing_that_was_planned(client: Client) -> None:
    client.sensor.script(Quality.NO_IMAGE, Quality.TOO_MESSY)
    finger = Finger("anna", first=[Quality.OK, Quality.OK, Quality.TOO_FEW_FEATURES])
    client.sensor.background(Background.PATTERN)
    assert features(client, 5) == [0] * 5
    client.sensor.place(finger)
    assert looks(client, 2) == [3, 0]
    assert features(client, 3) == [6, 7, 0]
    client.sensor.lift()
    client.sensor.background(Background.LATENT)
    assert features(client, 2) == [0] * 2


# --- images early in a touch -------------------------------------------------------


def test_the_first_images_of_each_touch_may_be_poor(client: Client) -> None:
    finger = Finger("anna", early=[Quality.TOO_FEW_FEATURES, Quality.TOO_MESSY])
    for _ in range(2):
        client.sensor.place(finger)
        assert looks(client, 3) == [0] * 3  # looking alone uses up none
        assert features(client, 4) == [7, 6, 0, 0]
        client.sensor.lift()


def test_a_touch_may_begin_without_an_image(client: Client) -> None:
    for _ in range(2):
        client.sensor.place(Finger("anna", early=[Quality.NO_IMAGE]))
        assert looks(client, 3) == [3, 0, 0]


def test_what_is_scripted_comes_before_the_early_images_and_counts_among_them(
    client: Client,
) -> None:
    client.sensor.script(Quality.OK)
    client.sensor.place(Finger("anna", early=[Quality.TOO_FEW_FEATURES, Quality.TOO_MESSY]))
    assert features(client, 3) == [0, 6, 0]


def test_the_edge_of_a_known_finger_is_found_nowhere_and_the_rest_of_it_is(client: Client) -> None:
    client.enroll(ANNA, 3)
    client.sensor.place(Finger("anna", early=[Quality.EDGE, Quality.EDGE]))
    codes = []
    for _ in range(3):
        client.scan(1)
        codes.append(client.search()[0])
    assert codes == [9, 9, 0]


def test_an_edge_fits_no_other_scan_not_even_of_a_twin(client: Client) -> None:
    edge = Finger("bert", Quality.EDGE, twin="anna")
    for first, second in ((ANNA, edge), (edge, edge)):
        for buffer, finger in ((1, first), (2, second)):
            client.sensor.place(finger)
            client.scan(buffer)
        assert client.code(0x05) == 0x0A
