"""Contracts between the code and the files that name things for users: texts, icons, fields.

A missing text shows its key to a person at a wall tablet, and nothing else fails.
"""

import ast
import re
from typing import TYPE_CHECKING

import pytest

from custom_components.biometric_enroll import enrollment_watch as watching
from custom_components.biometric_enroll import issues as issues_module
from custom_components.biometric_enroll import repairs
from custom_components.biometric_enroll.client.enrollment import REASONS
from custom_components.biometric_enroll.coordinator import ANY_CHANGE
from custom_components.biometric_enroll.options_flow import ReaderOptionsFlow
from custom_components.biometric_enroll.protocol.words import (
    RUNNING_STAGES,
    Refusal,
    Rejection,
    Stage,
)
from tests.unit.translation_files import PACKAGE, TEXTS, all_texts, placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Return all calls in the integration, each with the name of what is called."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func).rpartition(".")[2], node


def argument(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def raised() -> dict[str, set[str]]:
    """Return the placeholders that each error gives to its text, by translation key."""
    found = {}
    for name, call in calls():
        key = argument(call, "translation_key")
        if name == "invalid" and isinstance(call.args[0], ast.Constant):
            found[str(call.args[0].value)] = {str(each.arg) for each in call.keywords}
        elif name == "_failed":
            more = {str(each.arg) for each in call.keywords}
            found |= {each: {"reader", *more} for each in made_keys(call.args[0])}
        elif name == "async_create_issue" or name.endswith(("Description", "SelectorConfig")):
            continue
        elif isinstance(key, ast.Constant):
            found[str(key.value)] = given(call)
    return found


def made_keys(key: ast.expr) -> list[str]:
    """Return all keys that an expression makes of a refusal or a feature."""
    match ast.unparse(key):
        case "f'refused_{err.refusal}'":
            return [f"refused_{refusal}" for refusal in Refusal]
        case "f'unsupported_{err.feature}'":
            return [f"unsupported_{what}" for what in (*issues_module.NEEDED, ANY_CHANGE)]
        case _:
            return [ast.literal_eval(key)]


def given(call: ast.Call) -> set[str]:
    """Return the names of a call's translation placeholders."""
    given = argument(call, "translation_placeholders")
    if given is None:
        return set()
    assert isinstance(given, ast.Dict)
    return {str(key.value) for key in given.keys if isinstance(key, ast.Constant)}


# Errors and issues


def test_each_error_has_its_text_and_no_text_is_left_over() -> None:
    assert set(raised()) == set(TEXTS["exceptions"])


def test_the_search_for_errors_finds_some_of_each_kind() -> None:
    """Otherwise the test above could compare nothing after a change of the code."""
    assert {"refused_busy", "reader_unreachable", "name_missing", "no_outcome"} <= set(raised())


@pytest.mark.parametrize("key", TEXTS["exceptions"])
def test_the_text_of_an_error_uses_what_the_error_knows(key: str) -> None:
    assert placeholders(TEXTS["exceptions"][key]["message"]) <= raised()[key]


def issues() -> dict[str, set[str]]:
    """Return the placeholders that each issue gives to its texts."""
    found = {}
    for name, call in calls():
        if name == "_set" and ast.unparse(call.args[0]).startswith("ISSUE_"):
            kind = getattr(issues_module, ast.unparse(call.args[0]))
            found[kind] = {"reader", *(str(each.arg) for each in call.keywords)}
    # Placeholders that only the form has.
    found["fingerprints_gone"].add("names")
    return found


def test_each_issue_has_its_text_and_no_text_is_left_over() -> None:
    assert issues().keys() == TEXTS["issues"].keys() == set(issues_module.KINDS)
    assert repairs.FLOWS.keys() == set(issues_module.FIXABLE)
    for kind, texts in TEXTS["issues"].items():
        # Home Assistant shows the one only without, the other only with a form.
        assert texts.keys() == {"title", "fix_flow" if kind in repairs.FLOWS else "description"}
    for kind, given_to_it in issues().items():
        for text in all_texts(TEXTS["issues"][kind]):
            assert placeholders(text) <= given_to_it


def test_each_error_and_abort_of_a_fix_flow_has_its_text() -> None:
    words = {str(refusal) for refusal in repairs.KNOWN_REFUSALS}
    words |= {"reader_unreachable", "refused", "unsupported", "not_loaded"}
    for name, call in calls():
        if name in {"_TryAgainError", "_NoUseError"}:
            words.add(ast.literal_eval(call.args[0]))
    used: set[str] = set()
    for kind in repairs.FLOWS:
        flow = TEXTS["issues"][kind]["fix_flow"]
        assert "not_loaded" in flow["abort"]
        assert flow.get("error", {}).keys() | flow["abort"].keys() <= words
        used |= flow.get("error", {}).keys() | flow["abort"].keys()
    assert used == words


# The config flow


def test_each_step_error_and_abort_of_the_config_flow_has_its_text() -> None:
    tree = ast.parse((PACKAGE / "config_flow.py").read_text())
    called = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]

    def constants(name: str) -> set[str]:
        found = [argument(call, name) for call in called]
        return {str(each.value) for each in found if isinstance(each, ast.Constant)}

    errors = {
        str(node.value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and ast.unparse(node.targets[0]).startswith("errors[")
    }
    config = TEXTS["config"]
    assert errors == config["error"].keys()
    # This one is a text of Home Assistant's own.
    assert constants("reason") - {"reconfigure_successful"} == config["abort"].keys()
    assert constants("step_id") == config["step"].keys()


def test_each_field_of_the_config_flow_is_named_and_described() -> None:
    for step_id in ("user", "reconfigure"):
        step = TEXTS["config"]["step"][step_id]
        assert step["data"].keys() == step["data_description"].keys() == {"reader_id"}


# The options flow; that each form and menu has its texts, each test with a `Dialog` checks


def test_each_step_and_stage_of_the_options_flow_has_its_text_and_no_text_is_left_over() -> None:
    methods = (name for name in dir(ReaderOptionsFlow) if name.startswith("async_step_"))
    steps = {name.removeprefix("async_step_") for name in methods}
    # These show the texts of others.
    assert TEXTS["options"]["step"].keys() == steps - {"watch", "try_again"}
    endings = {Stage.COMPLETED, Stage.CANCELLED, Stage.FAILED, *REASONS}
    assert endings | {watching.OTHER, watching.OVERTAKEN} <= steps
    rejected = {
        f"{stage}_{why}"
        for stage in (Stage.PLACE_FINGER, Stage.LIFT_FINGER)
        for why in (*Rejection, watching.OTHER)
    }
    stages = {watching.STARTING, watching.AWAY, *RUNNING_STAGES, *rejected}
    assert TEXTS["options"]["progress"].keys() == stages
    assert TEXTS["options"]["abort"].keys() == {"not_loaded", "no_fingerprints"}


def test_an_error_reads_the_same_in_a_dialog_as_in_an_action() -> None:
    of_actions_only = {
        "broker_unavailable",
        "no_outcome",
        "nothing_to_forget",
        "reader_not_set_up",
        "which_fingerprint",
    }
    assert TEXTS["options"]["error"] == {
        key: error["message"]
        for key, error in TEXTS["exceptions"].items()
        if key not in of_actions_only
    }


# All texts


@pytest.mark.parametrize("text", all_texts())
def test_texts_are_whole_and_in_the_words_that_home_assistant_uses(text: str) -> None:
    assert text == text.strip() != ""
    # References are resolved only when Home Assistant's own integrations are built.
    assert "[%key:" not in text
    assert not re.search(r"\bservices?\b", text, re.IGNORECASE)


@pytest.mark.parametrize("key", [*TEXTS["exceptions"], *TEXTS["issues"]])
def test_a_text_about_trouble_also_tells_what_to_do(key: str) -> None:
    """One sentence for what happened, one for the way out."""
    if key in TEXTS["exceptions"]:
        text = TEXTS["exceptions"][key]["message"]
    else:
        issue = TEXTS["issues"][key]
        shown = issue["fix_flow"]["step"]["confirm"] if "fix_flow" in issue else issue
        text = shown["description"]
    assert len(re.findall(r"[.?;](?=\s|$)", text)) >= 2
