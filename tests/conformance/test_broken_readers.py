"""Our reader with one mistake each: the tests of this folder notice it, so they can fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.broken_reader import MISTAKES

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NOTICED_BY = {
    "keep_the_nonce": "test_a_nonce_is_good_once_and_only_the_newest_one_is",
    "do_repeats_again": "test_a_repeated_request_gets_the_same_answer_and_is_done_once",
    "count_no_snapshots": "test_a_cancel_after_two_scans_leaves_the_sensor_as_it_was",
    "leave_the_cancelled_template": "test_a_cancel_after_two_scans_leaves_the_sensor_as_it_was",
    "enroll_a_finger_twice": ("test_a_finger_that_is_stored_already_is_a_duplicate_and_says_whose"),
    "acknowledge_all_touches": "test_an_acknowledgement_is_of_one_touch_only",
    "forget_a_touch_once_it_is_sent": (
        "test_a_touch_stays_in_the_journal_and_is_sent_again_until_it_is_acknowledged"
    ),
    "identify_in_any_case": "test_without_identification_only_the_others_are_told",
    "delete_whatever_is_in_the_slot": "test_a_delete_hits_only_the_template_that_it_names",
    "be_the_same_boot_for_ever": (
        "test_a_restart_is_answered_and_makes_a_new_boot_to_which_a_repeat_is_stale"
    ),
    "obey_retained_requests": "test_a_retained_request_is_dropped_by_a_reader_that_connects",
    "publish_without_retaining": (
        "test_whoever_subscribes_later_finds_the_three_retained_topics_and_no_other"
    ),
    "begin_seq_anew_after_a_restart": (
        "test_a_power_cut_ends_the_enrollment_and_keeps_templates_touches_and_seq"
    ),
    "believe_an_old_last_will": (
        "test_a_status_that_says_offline_is_corrected_while_the_reader_is_there"
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_reader_with_a_mistake_fails(mistake: str) -> None:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:homeassistant",
        "-p",
        "no:cacheprovider",
    ]
    command += [HERE, "-q", "--no-header", "--tb=line", "-k", NOTICED_BY[mistake]]
    done = subprocess.run(
        [*command, "--mistake", mistake],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert NOTICED_BY[mistake] in done.stdout
