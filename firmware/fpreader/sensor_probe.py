"""Finds out at each start of the sensor what it is and which commands it has.

A sensor is what it answers, not what two manuals say. A command counts as missing when it is
answered with a code that it is not known to have, or not at all by a sensor that answers others.
"""

from fpreader.config import MOST_SLOTS
from fpreader.sensor import SPARE_BUFFER
from fpreader.sensor_commands import (
    LOAD_CHAR,
    READ_INDEX_TABLE,
    READ_NOTEPAD,
    READ_PROD_INFO,
    READ_SYS_PARA,
    TEMPLETE_NUM,
    VFY_PWD,
)
from fpreader.sensor_connection import ATTEMPTS, CodeError, PasswordError, SensorError
from fpreader.sensor_models import AUTO, SensorModel, known_model
from fpreader.sensor_packet import FACTORY_BAUD

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from fpreader.config import SensorConfig
    from fpreader.sensor import Sensor

#: The rate from the factory first, then the others that people report, in bits per second.
BAUD_RATES = (FACTORY_BAUD, 9600, 115200, 19200, 38400)

_NOTEPAD_PAGE = 0
_DARK = 4, 0, 1, 0


class SensorProbe:
    """One sensor as it answered when it was probed last."""

    def __init__(self, sensor: "Sensor", config: "SensorConfig") -> None:
        self._sensor = sensor
        self._config = config
        self._rate = config.baud or BAUD_RATES[0]
        self._heard = False  # a sensor has answered at this rate
        self._silent = 0  # how often there was no answer before that
        self.capacity: int | None = None
        """Slots; None until it has answered."""
        self.security_level: int | None = None
        """How strictly the sensor compares, 1 to 5; None until it has answered sensibly."""
        self.product: str | None = None
        """The model as ReadProdInfo tells it; None where there is no such command."""
        self.has_notepad: bool | None = True
        """Whether a notepad can be read; None where there was no answer to that."""
        self.model = SensorModel(config.name if config.name != AUTO else "unknown")
        """The model as configured, or as found."""

    @property
    def missing(self) -> "list[int]":
        """The commands that it was found to lack, in ascending order."""
        return sorted(self._sensor.connection.missing)

    async def run(self) -> None:
        """Ask the sensor. Raises PasswordError, CodeError for what it must have, SensorError."""
        self._sensor.connection.missing.clear()
        await self._connect()
        await self._read_parameters()
        await self._has(TEMPLETE_NUM, self._sensor.templete_num)
        await self._has(READ_INDEX_TABLE, lambda: self._sensor.read_index_table(0))
        await self._has(LOAD_CHAR, lambda: self._sensor.load_char(SPARE_BUFFER, 0))
        read_notepad = self._sensor.read_notepad
        self.has_notepad = await self._has(READ_NOTEPAD, lambda: read_notepad(_NOTEPAD_PAGE))
        self.product = None
        await self._has(READ_PROD_INFO, self._read_product)
        if self._config.name == AUTO:
            await self._find_model()

    # --- pieces ---------------------------------------------------------------------

    async def _connect(self) -> None:
        """Say the password, at the configured rate or the one at which the sensor answers."""
        if not self._heard:
            self._sensor.connection.set_baud(self._rate)
        try:
            await self._say_password()
        except PasswordError:
            self._heard = True
            raise
        except SensorError:
            self._silent += 1
            # Not at once: that there is no answer is to be told soon.
            if self._heard or self._silent == 1 or not await self._find_answer():
                raise
        self._heard = True

    async def _say_password(self, attempts: int = ATTEMPTS) -> None:
        try:
            await self._sensor.vfy_pwd(self._config.password, attempts)
        except CodeError:
            # If it wants one all the same, every other command says so.
            self._sensor.connection.missing.add(VFY_PWD)

    async def _find_answer(self) -> bool:
        """Try the other usual rates, each once, and another command; True for any answer."""
        rates = BAUD_RATES if self._config.baud is None else ()
        for rate in rates:
            if rate != self._rate:
                self._sensor.connection.set_baud(rate)
                try:
                    await self._say_password(attempts=1)
                except PasswordError:
                    self._found(rate)
                    raise
                except SensorError:
                    continue
                self._found(rate)
                return True
        if rates:
            self._sensor.connection.set_baud(self._rate)
        try:
            await self._sensor.gen_img()
        except CodeError:
            pass
        except SensorError:
            return False
        self._sensor.connection.missing.add(VFY_PWD)
        return True

    def _found(self, rate: int) -> None:
        print("sensor: answers at %d baud, not at %d" % (rate, self._rate))
        self._rate, self._heard = rate, True

    async def _read_parameters(self) -> None:
        self.security_level = None
        capacity = 0
        try:
            capacity, self.security_level = await self._sensor.read_sys_para()
        except CodeError as error:
            code = error.code
        except SensorError:
            await self._check_alive()
            code = None
        else:
            code = 0  # an answer without a slot is none, nor is one with more than there can be
        if not 0 < capacity <= MOST_SLOTS:
            self._sensor.connection.missing.add(READ_SYS_PARA)
            capacity = self._config.capacity or 0
        if not capacity:
            raise CodeError(READ_SYS_PARA, code)
        self.capacity = capacity

    async def _has(self, command: int, ask: "Callable[[], Awaitable[Any]]") -> "bool | None":
        """Tell whether the sensor has a command that changes nothing; None: it was silent."""
        errors = self._sensor.connection.errors
        # Twice: what was a fault of the moment is no habit.
        has = await self._try(ask)
        if has is not True:
            has = await self._try(ask)
        if has is not True:
            self._sensor.connection.missing.add(command)
            self._sensor.connection.errors = errors  # that it lacks one is no error
        return has

    async def _try(self, ask: "Callable[[], Awaitable[Any]]") -> "bool | None":
        """Tell whether the sensor answers as it should; None: it is silent to this only."""
        try:
            await ask()
        except PasswordError:
            raise
        except CodeError:
            return False
        except SensorError:
            await self._check_alive()
            return None
        return True

    async def _check_alive(self) -> None:
        """Raise SensorError where the sensor does not answer the simplest command either."""
        try:
            if VFY_PWD in self._sensor.connection.missing:
                await self._sensor.gen_img()
            else:
                await self._sensor.vfy_pwd(self._config.password)
        except CodeError:
            pass

    async def _read_product(self) -> None:
        self.product = await self._sensor.read_prod_info() or None

    async def _find_model(self) -> None:
        name = known_model(self.product)
        colored = False
        if name is None:
            try:
                await self._sensor.aura_led(*_DARK, attempts=1)
                colored = True
            except PasswordError:
                raise
            except SensorError:
                pass  # it has a lamp, or no light
        self.model = SensorModel(name or self.product or "unknown", colored=colored)
