"""The blueprint that shows an enrollment on a phone: its notifications, and their button."""

from typing import TYPE_CHECKING, Any

import probatio
import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import template
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockPlatform,
    mock_integration,
    mock_platform,
)

from tests.support.reader_publications import new_id
from tests.unit.blueprints import async_automate, rename_entities

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.typing import ConfigType, TemplateVarsType

    from tests.support.home import Home
    from tests.support.reader import FakeReader

DRY = "The finger is dry, or too little of it is on the sensor."
BUTTON = "mobile_app_notification_action"


class Phone(MockPlatform):
    """A phone with the app; replaces HA's own `mobile_app`, which needs more than tests have."""

    ACTION_SCHEMA = cv.DEVICE_ACTION_BASE_SCHEMA.extend(
        {
            probatio.Required("type"): "notify",
            probatio.Required("message"): cv.template,
            probatio.Optional("title"): cv.template,
            probatio.Optional("data"): cv.template_complex,
        }
    )

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device = device
        self.got: list[dict[str, Any]] = []
        """Its notifications, oldest first."""

    async def async_call_action_from_config(
        self,
        hass: HomeAssistant,
        config: ConfigType,
        variables: TemplateVarsType,
        context: Context | None,
    ) -> None:
        """Show a notification, rendered as `mobile_app` renders it."""
        parts = {key: config[key] for key in ("title", "message", "data") if key in config}
        self.got.append(
            {key: template.render_complex(part, variables) for key, part in parts.items()}
        )


@pytest.fixture
async def phone(hass: HomeAssistant) -> Phone:
    """Return a phone that is known to Home Assistant."""
    entry = MockConfigEntry(domain="mobile_app", title="Phone", state=ConfigEntryState.LOADED)
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("mobile_app", "phone")}, name="Phone"
    )
    phone = Phone(device.id)
    mock_integration(hass, MockModule("mobile_app"))
    mock_platform(hass, "mobile_app.device_action", phone)
    return phone


@pytest.fixture
async def followed(home: Home, phone: Phone) -> Phone:
    """Return the phone, with an automation from the blueprint for the front door."""
    readers = [home.device_id]
    await async_automate(home.hass, "enrollment_phone", readers=readers, phone=phone.device)
    return phone


async def _press(home: Home, action: str) -> None:
    """Press a button of a notification, as a user who is not an administrator."""
    home.hass.bus.async_fire(BUTTON, {"action": action}, context=Context(user_id="1"))
    await home.settle()


def _cleared(got: dict[str, Any], tag: str) -> bool:
    return got == {"message": "clear_notification", "data": {"tag": tag}}


async def test_each_scan_updates_one_notification_and_another_tells_the_end(
    home: Home, reader: FakeReader, followed: Phone
) -> None:
    template_id = (await home.enroll())["template_id"]
    tag = f"biometric_enroll_{template_id}"
    await home.settle()
    reader.reject("too_few_features")
    await home.settle()
    for _ in range(3):
        reader.capture()
        await home.settle()
    *live, cleared, end = followed.got
    assert [(each["data"]["progress"], each["message"]) for each in live] == [
        (0, "Place the finger."),
        (0, f"{DRY} Lift the finger and place it again."),
        (1, "Scan 1 of 3 is captured. Lift the finger and place it again."),
        (2, "Scan 2 of 3 is captured. Lift the finger and place it again."),
        (3, "Scan 3 of 3 is captured."),
    ]
    cancel = {"action": f"biometric_enroll_cancel_{template_id}", "title": "Cancel"}
    for each in live:
        assert each["title"] == "Enrolling Anna at Front door"
        assert {**each["data"], "progress": None} == {
            "tag": tag,
            "live_update": True,
            "progress": None,
            "progress_max": 3,
            "alert_once": True,
            "actions": [cancel],
        }
    assert _cleared(cleared, tag)
    assert end == {
        "title": "Enrolling Anna at Front door",
        "message": "Done, the finger is enrolled.",
        "data": {"tag": f"{tag}_end"},
    }


@pytest.mark.parametrize(
    ("stage", "reason", "message"),
    [
        ("failed", "timeout", "Failed: no finger was placed in time."),
        ("failed", "duplicate", "Failed: this finger is stored already."),
        ("failed", "reader_restarted", "Failed: the reader was restarted."),
        ("failed", "low_battery", "Failed: other (low_battery)."),
        ("cancelled", None, "Cancelled."),
    ],
)
async def test_the_end_says_what_went_wrong(
    home: Home, reader: FakeReader, followed: Phone, stage: str, reason: str | None, message: str
) -> None:
    await home.enroll()
    reader.end(stage, reason)
    await home.settle()
    assert followed.got[-1]["message"] == message


async def test_the_button_cancels(home: Home, followed: Phone) -> None:
    await home.enroll()
    await home.settle()
    rename_entities(home.hass)
    await home.settle()
    (action,) = followed.got[-1]["data"]["actions"]
    await _press(home, action["action"])
    assert home.stage == "cancelled"
    assert followed.got[-1]["message"] == "Cancelled."


async def test_other_buttons_and_those_of_other_enrollments_cancel_nothing(
    home: Home, reader: FakeReader, followed: Phone
) -> None:
    await home.enroll()
    for action in (f"biometric_enroll_cancel_{new_id()}", "biometric_enroll_cancel_None", "OTHER"):
        await _press(home, action)
    assert reader.heard_of("cancel") == []
    assert home.stage == "place_finger"


async def test_the_button_of_an_enrollment_that_is_over_cancels_nothing(
    home: Home, reader: FakeReader, followed: Phone
) -> None:
    template_id = (await home.enroll())["template_id"]
    reader.end("failed", "timeout")
    await home.settle()
    await _press(home, f"biometric_enroll_cancel_{template_id}")
    assert reader.heard_of("cancel") == []


async def test_reload_and_restart_and_a_reader_that_comes_back_push_nothing(
    home: Home, reader: FakeReader, followed: Phone, hass_storage: dict[str, Any]
) -> None:
    await home.enroll()
    reader.capture()
    await home.settle()
    pushed = len(followed.got)
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.until(lambda: home.available)
    await home.restart()
    reader.die()
    reader.announce()
    await home.until(lambda: home.available)
    await home.settle()
    assert len(followed.got) == pushed
    reader.capture()
    await home.settle()
    assert len(followed.got) == pushed + 1
    assert followed.got[-1]["data"]["progress"] == 2


async def test_touches_push_nothing(
    home: Home, anna: str, reader: FakeReader, followed: Phone
) -> None:
    reader.touch(anna)
    reader.touch()
    await home.settle()
    assert followed.got == []
