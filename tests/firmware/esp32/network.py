"""A stand-in for MicroPython's `network`: a Wi-Fi that is joined at the third look."""


class WLAN:
    """The station interface."""

    IF_STA = 0
    PM_NONE = 0

    def __init__(self, interface_id: int) -> None:
        assert interface_id == self.IF_STA
        self._active = False
        self._looks: int | None = None

    def active(self, is_active: bool) -> None:
        self._active = is_active
        self._looks = None

    def config(self, *, pm: int) -> None:
        assert self._active

    def connect(self, ssid: str, key: str | None = None) -> None:
        assert self._active
        assert (ssid, key) == ("home", "secret")
        self._looks = 0

    def status(self, param: str) -> int:
        assert param == "rssi"
        return -61

    def isconnected(self) -> bool:
        if self._looks is None:
            return False
        self._looks += 1
        return self._looks > 2
