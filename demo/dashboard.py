"""The demo's dashboard: what the reader does, and the fingers to try it with."""

from typing import TYPE_CHECKING, Any

from .fingers import FINGERS

if TYPE_CHECKING:
    from .client import Client

URL_PATH = "fingerprint-demo"
TITLE = "Fingerprint reader"

_HOW = """\
**1.** Press **Enroll Anna**.
**2.** Place **Anna's thumb**, watch the stage, lift the finger, place it again: three scans.
**3.** Then touch the sensor with any finger and see who is identified.

The fingers below are virtual. The reader's firmware, the broker and Home Assistant are real.
"""


def dashboard(reader_id: str, device_id: str) -> dict[str, Any]:
    """Return the dashboard of one reader and its device."""
    return {
        "views": [
            {
                "title": TITLE,
                "type": "sections",
                "max_columns": 3,
                "sections": [
                    _grid(
                        "Enroll",
                        {"type": "markdown", "content": _HOW},
                        _enroll(device_id, "Anna", "right_thumb"),
                        _enroll(device_id, "Ben", "right_index_finger"),
                        _tile(
                            f"button.{reader_id}_cancel_enrollment",
                            _press("button.press", f"button.{reader_id}_cancel_enrollment"),
                        ),
                        _tile(f"binary_sensor.{reader_id}_connectivity"),
                    ),
                    _grid(
                        "What the reader says",
                        _wide(f"sensor.{reader_id}_enrollment"),
                        {
                            "type": "gauge",
                            "entity": f"sensor.{reader_id}_enrollment_progress",
                            "needle": True,
                        },
                        _wide(f"sensor.{reader_id}_last_identified"),
                        {
                            "type": "logbook",
                            "target": {
                                "entity_id": [
                                    f"sensor.{reader_id}_enrollment",
                                    f"event.{reader_id}_touch",
                                ]
                            },
                            "hours_to_show": 1,
                        },
                    ),
                    _grid(
                        "Virtual fingers",
                        *(
                            _tile(button, _press("button.press", button))
                            for button in (
                                *(f"button.{reader_id}_{finger.key}" for finger in FINGERS),
                                f"button.{reader_id}_lift",
                            )
                        ),
                    ),
                ],
            }
        ]
    }


def _grid(heading: str, *cards: dict[str, Any]) -> dict[str, Any]:
    return {"type": "grid", "cards": [{"type": "heading", "heading": heading}, *cards]}


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


def _tile(entity: str, action: dict[str, Any] | None = None) -> dict[str, Any]:
    tile: dict[str, Any] = {"type": "tile", "entity": entity}
    if action is not None:
        tile |= {"tap_action": action, "icon_tap_action": action, "hide_state": True}
    return tile


def _wide(entity: str) -> dict[str, Any]:
    return {"type": "tile", "entity": entity, "grid_options": {"columns": "full"}}


def _press(action: str, entity: str) -> dict[str, Any]:
    return {"action": "perform-action", "perform_action": action, "target": {"entity_id": entity}}


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
