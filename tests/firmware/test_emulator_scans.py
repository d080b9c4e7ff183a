"""The emulated sensor without a wire: fingers, scans and what matches what."""

from __future__ import annotations

import pytest

from emulator import (
    MODELS,
    R307,
    R503,
    Blend,
    EmulatedSensor,
    Finger,
    Profile,
    Quality,
)
from tests.firmware.emulator_client import Client

ANNA = Finger("anna")
BERT = Finger("bert")


# --- scans -------------------------------------------------------------------------


def test_no_finger_gives_no_image(client: Client) -> None:
    assert client.code(0x01) == 2
    assert client.code(0x02, 1) == 0x15


def test_an_image_without_a_finger_replaces_the_one_before(client: Client) -> None:
    client.sensor.place(ANNA)
    assert client.code(0x01) == 0
    client.sensor.lift()
    assert client.code(0x01) == 2
    assert client.code(0x02, 1) == 0x15


def test_lifting_does_not_take_back_the_image(client: Client) -> None:
    client.sensor.place(ANNA)
    assert client.code(0x01) == 0
    client.sensor.lift()
    assert client.code(0x02, 1) == 0


@pytest.mark.parametrize(
    ("quality", "code"), [(Quality.TOO_MESSY, 6), (Quality.TOO_FEW_FEATURES, 7)]
)
def test_a_bad_finger_fails_at_its_features(client: Client, quality: Quality, code: int) -> None:
    client.sensor.place(Finger("wet or dry", quality))
    for _ in range(3):
        assert client.code(0x01) == 0
        assert client.code(0x02, 1) == code


def test_one_image_is_judged_once(client: Client) -> None:
    client.sensor.place(ANNA)
    client.sensor.script(Quality.TOO_MESSY, Quality.OK)
    assert client.code(0x01) == 0
    assert [client.code(0x02, 1) for _ in range(2)] == [6, 6]
    assert client.code(0x01) == 0
    assert client.code(0x02, 1) == 0


def test_a_finger_may_be_bad_at_first_and_then_good(client: Client) -> None:
    client.sensor.place(Finger("cold", first=[Quality.TOO_FEW_FEATURES, Quality.TOO_MESSY]))
    codes = []
    for _ in range(4):
        client.code(0x01)
        codes.append(client.code(0x02, 1))
    assert codes == [7, 6, 0, 0]


def test_a_failed_image_shows_once_in_a_touch_however_often_it_is_polled(client: Client) -> None:
    client.sensor.script(Quality.OK, Quality.NO_IMAGE, Quality.NO_IMAGE, Quality.OK)
    client.sensor.place(ANNA)
    client.scan(1)
    assert [client.code(0x01) for _ in range(5)] == [0] * 5  # waits for the lifting
    for _ in range(2):
        client.sensor.place(ANNA)
        assert [client.code(0x01) for _ in range(5)] == [3, 0, 0, 0, 0]
    client.sensor.place(ANNA)
    client.scan(1)


def test_a_failed_image_later_in_a_touch_shows_at_its_features(client: Client) -> None:
    client.sensor.script(Quality.NO_IMAGE, Quality.NO_IMAGE)
    client.sensor.place(ANNA)
    assert client.code(0x01) == 3
    assert client.code(0x02, 1) == 0x15
    assert client.code(0x01) == 0
    assert client.code(0x02, 1) == 0x15


def test_a_failed_scan_leaves_the_features_of_the_finger_before(client: Client) -> None:
    client.enroll(ANNA, 4)
    client.sensor.place(Finger("bert", Quality.TOO_MESSY))
    assert client.code(0x01) == 0
    assert client.code(0x02, 1) == 6
    assert client.search()[:2] == (0, 4)


# --- matching ----------------------------------------------------------------------


@pytest.mark.parametrize("profile", MODELS, ids=lambda profile: profile.name)
def test_a_finger_is_found_with_scores_that_vary_and_repeat(profile: Profile) -> None:
    def scores() -> list[int]:
        client = Client(EmulatedSensor(profile))
        client.enroll(ANNA, 7)
        found = []
        for _ in range(4):
            client.sensor.place(ANNA)
            client.scan(1)
            code, slot, score = client.search()
            assert (code, slot) == (0, 7)
            found.append(score)
        return found

    assert scores() == scores()
    assert len(set(scores())) > 1


def test_another_finger_is_not_found_and_the_answer_still_has_all_its_bytes(client: Client) -> None:
    client.enroll(ANNA, 7)
    client.sensor.place(BERT)
    client.scan(1)
    assert client.ask(0x04, 1, 0, 0, 0, 200) == (9, bytes(4))
    assert client.ask(0x1B, 1, 0, 0, 0, 200) == (9, bytes(4))


def test_a_search_looks_only_into_its_range(client: Client) -> None:
    client.enroll(ANNA, 7)
    client.sensor.place(ANNA)
    client.scan(1)
    assert client.search(7, 1)[:2] == (0, 7)
    assert client.search(8, 100)[0] == 9
    assert client.search(0, 7)[0] == 9


def test_an_empty_buffer_matches_nothing(client: Client) -> None:
    client.enroll(ANNA, 7)
    client.sensor.power_cycle()
    assert client.search()[0] == 9
    assert client.ask(0x03) == (8, b"\0\0")


def test_match_compares_the_two_buffers(client: Client) -> None:
    client.sensor.place(ANNA)
    client.scan(1)
    client.scan(2)
    code, score = client.ask(0x03)
    assert code == 0
    assert int.from_bytes(score, "big") >= 50
    client.sensor.place(BERT)
    client.scan(2)
    assert client.ask(0x03) == (8, b"\0\0")


def test_scans_of_different_fingers_are_not_combined(client: Client) -> None:
    client.sensor.place(ANNA)
    client.scan(1)
    client.sensor.place(BERT)
    client.scan(2)
    assert client.code(0x05) == 0x0A


def test_one_scan_makes_no_template(client: Client) -> None:
    client.sensor.place(ANNA)
    client.scan(1)
    assert client.code(0x05) == 0x0A


def test_the_template_is_left_in_both_buffers_and_can_be_combined_again(client: Client) -> None:
    client.enroll(ANNA, 3)
    assert client.upload(1) == client.upload(2)
    for _ in range(6):
        assert client.code(0x05) == 0
    assert client.code(0x06, 2, 0, 3) == 0
    client.sensor.place(ANNA)
    client.scan(1)
    assert client.search()[:2] == (0, 3)


def merge_twins(client: Client, blend: Blend) -> None:
    for buffer, finger in ((1, ANNA), (2, Finger("bert", twin="anna", blend=blend))):
        client.sensor.place(finger)
        client.scan(buffer)
    assert client.code(0x05) == 0
    assert client.code(0x06, 1, 0, 5) == 0


@pytest.mark.parametrize(
    ("blend", "of_first", "of_second"), [(Blend.NEITHER, 9, 9), (Blend.FIRST, 0, 9)]
)
def test_a_template_of_two_fingers_is_caught_by_the_verifying_search(
    client: Client, blend: Blend, of_first: int, of_second: int
) -> None:
    merge_twins(client, blend)
    for finger, code in ((ANNA, of_first), (BERT, of_second)):
        for _ in range(20):
            client.sensor.place(finger)
            client.scan(1)
            assert client.search(5, 1)[0] == code


def test_at_the_lowest_security_level_a_bad_template_is_found_sometimes(client: Client) -> None:
    merge_twins(client, Blend.NEITHER)
    assert client.code(0x0E, 5, 1) == 0
    client.sensor.place(ANNA)
    codes = set()
    for _ in range(20):
        client.scan(1)
        codes.add(client.search(5, 1)[0])
    assert codes == {0, 9}


def test_on_two_buffers_a_third_scan_silently_replaces_the_second() -> None:
    client = Client(EmulatedSensor(R307))
    for buffer, finger in ((1, ANNA), (2, ANNA), (3, BERT)):
        client.sensor.place(finger)
        client.scan(buffer)
    assert client.code(0x05) == 0x0A
    assert client.upload(2) == client.upload(3) == client.upload(0)


def test_on_six_buffers_all_scans_are_combined_and_there_is_no_seventh() -> None:
    client = Client(EmulatedSensor(R503))
    client.enroll(ANNA, 0, scans=6)
    assert client.code(0x01) == 2
    assert client.code(0x02, 7) == client.code(0x02, 0) == 1
    for buffer, finger in ((1, ANNA), (2, ANNA), (3, ANNA), (4, BERT)):
        client.sensor.place(finger)
        client.scan(buffer)
    assert client.code(0x05) == 0x0A


def test_scans_left_behind_do_not_spoil_a_shorter_enrollment() -> None:
    client = Client(EmulatedSensor(R503))
    client.sensor.place(BERT)
    for buffer in (1, 2, 3, 4):
        client.scan(buffer)
    client.enroll(ANNA, 1, scans=3)
    client.sensor.place(ANNA)
    client.scan(1)
    assert client.search()[:2] == (0, 1)
