"""The demo's dashboard: what the reader does, and the fingers to try it with."""

from typing import TYPE_CHECKING, Any

from .fingers import FINGERS

if TYPE_CHECKING:
    from .client import Client

URL_PATH = "fingerprint-demo"
TITLE = "Fingerprint reader"

_HOW = (
    "Press **Enroll Anna**, then play Anna: place her thumb, lift it, place it again - three scans."
    "\n\nAfter that, touch the sensor with any finger and see who is identified."
    " Lift one finger before you place the next."
)


def dashboard(reader_id: str, device_id: str) -> dict[str, Any]:
    """Return the dashboard of one reader and its device."""
    return {
        "views": [
            {
                "title": TITLE,
                "type": "sections",
                "max_columns": 2,
                "sections": [
                    _grid(
                        "You",
                        {"type": "markdown", "content": _HOW},
                        _enroll(device_id, "Anna", "right_thumb"),
                        _enroll(device_id, "Ben", "right_index_finger"),
                        *(
                            _button(f"button.{reader_id}_{finger.key}", f"Place {finger.label}")
                            for finger in FINGERS
                        ),
                        _button(f"button.{reader_id}_lift", "Lift the finger"),
                        _button(f"button.{reader_id}_cancel_enrollment", "Cancel enrollment"),
                    ),
                    _grid(
                        "The reader",
                        _tile(f"sensor.{reader_id}_enrollment", "Enrollment"),
                        {"type": "markdown", "content": _details(reader_id)},
                        {
                            "type": "gauge",
                            "entity": f"sensor.{reader_id}_enrollment_progress",
                            "name": "Scans captured",
                        },
                        _tile(f"sensor.{reader_id}_last_identified", "Last identified"),
                        {
                            "type": "logbook",
                            "target": {
                                "entity_id": [
                                    f"event.{reader_id}_enrollment_activity",
                                    f"event.{reader_id}_touch",
                                ]
                            },
                            "hours_to_show": 1,
                        },
                    ),
                ],
            }
        ]
    }


def _grid(heading: str, *cards: dict[str, Any]) -> dict[str, Any]:
    return {"type": "grid", "cards": [{"type": "heading", "heading": heading}, *cards]}


def _details(reader_id: str) -> str:
    """Return a template that says in words what the attributes of the enrollment are."""
    return f"""\
{{% set enrollment = states.sensor.{reader_id}_enrollment %}}
{{% set now = enrollment.attributes %}}
{{% if enrollment.state == "idle" %}}
Nobody has been enrolled yet.
{{% else %}}
**{{{{ now.name }}}}**, scan {{{{ now.step }}}} of {{{{ now.total }}}}
{{%- if now.rejected_reason %}} - last bad image: {{{{ now.rejected_reason }}}}{{% endif %}}
{{%- if now.reason %}} - failed: {{{{ now.reason }}}}{{% endif %}}
{{%- if now.duplicate_of %}} ({{{{ now.duplicate_of }}}} has this finger){{% endif %}}
{{% endif %}}
"""


def _enroll(device_id: str, name: str, finger: str) -> dict[str, Any]:
    return {
        "type": "button",
        "name": f"Enroll {name}",
        "icon": "mdi:fingerprint",
        "grid_options": {"columns": 6, "rows": 2},
        "tap_action": {
            "action": "perform-action",
            "perform_action": "biometric_enroll.enroll_fingerprint",
            "data": {"device_id": device_id, "name": name, "finger": finger},
        },
    }


def _tile(entity: str, name: str) -> dict[str, Any]:
    return {
        "type": "tile",
        "entity": entity,
        "name": name,
        "grid_options": {"columns": "full"},
    }


def _button(entity: str, name: str) -> dict[str, Any]:
    press = {
        "action": "perform-action",
        "perform_action": "button.press",
        "target": {"entity_id": entity},
    }
    return {
        "type": "tile",
        "entity": entity,
        "name": name,
        "hide_state": True,
        "tap_action": press,
        "icon_tap_action": press,
    }


async def async_install(client: Client, reader_id: str, device_id: str) -> None:
    """Make the dashboard, and what the user sees first."""
    await client.async_command(
        type="lovelace/dashboards/create",
        url_path=URL_PATH,
        title=TITLE,
        icon="mdi:fingerprint",
        require_admin=False,
        show_in_sidebar=True,
        mode="storage",
    )
    await client.async_command(
        type="lovelace/config/save", url_path=URL_PATH, config=dashboard(reader_id, device_id)
    )
    await client.async_command(
        type="frontend/set_system_data", key="core", value={"default_panel": URL_PATH}
    )
