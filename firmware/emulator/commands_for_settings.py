"""Instructions for everything but fingers: parameters, password, notepad, light, greetings."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from . import templates
from .answers import OK, PACKET_ERROR, Answer
from .memory import LED_CONTROLS, LED_OFF, LED_ON, NOTEPAD_PAGE_SIZE, NOTEPAD_PAGES, Led
from .wire import Code, Command

if TYPE_CHECKING:
    from .answers import Handler
    from .memory import Memory


def _set_sys_para(memory: Memory, parameters: bytes) -> Answer:
    match tuple(parameters):
        case (4, baud) if 1 <= baud <= 12:  # noqa: PLR2004 - 9600 to 115200
            memory.flash.baud = baud
        case (5, level) if level in templates.THRESHOLDS:
            memory.flash.security = level
        case (6, code) if code <= 3:  # noqa: PLR2004 - 256 bytes
            memory.flash.packet_code = code
        case _:
            return Answer(Code.BAD_REGISTER)
    return OK


def _read_sys_para(memory: Memory, _: bytes) -> Answer:
    flash, ram = memory.flash, memory.ram
    status = (ram.verified << 2) | ((ram.image is not None) << 3)
    return Answer(
        data=struct.pack(
            ">HHHHIHH",
            status,
            memory.profile.system_id,
            memory.profile.capacity,
            flash.security,
            flash.address,
            flash.packet_code,
            flash.baud,
        )
    )


def _read_prod_info(memory: Memory, _: bytes) -> Answer:
    # The layout is that of the R503 manual v1.2.2; all but model and sizes is made up.
    profile = memory.profile
    model = (profile.product or "").encode()
    numbers = (192, 192, profile.template_size, profile.capacity)
    return Answer(
        data=struct.pack(">16s4s8s2B8s4H", model, b"0001", b"00000001", 1, 0, b"emulated", *numbers)
    )


def _set_pwd(memory: Memory, parameters: bytes) -> Answer:
    memory.flash.password = int.from_bytes(parameters, "big")
    # Whoever sets it knows it; it is asked for from the next power-on.
    memory.ram.verified = True
    return OK


def _vfy_pwd(memory: Memory, parameters: bytes) -> Answer:
    memory.ram.verified = int.from_bytes(parameters, "big") == memory.flash.password
    return OK if memory.ram.verified else Answer(Code.WRONG_PASSWORD)


def _get_random(memory: Memory, _: bytes) -> Answer:
    return Answer(data=memory.random_number())


def _set_addr(memory: Memory, parameters: bytes) -> Answer:
    # The acknowledgement carries the new address already (ZFM-70 manual, 6.2.3).
    memory.flash.address = int.from_bytes(parameters, "big")
    return OK


def _write_notepad(memory: Memory, parameters: bytes) -> Answer:
    if parameters[0] >= NOTEPAD_PAGES:
        return Answer(Code.BAD_NOTEPAD_PAGE)
    memory.flash.notepad[parameters[0]] = parameters[1:]
    return OK


def _read_notepad(memory: Memory, parameters: bytes) -> Answer:
    if parameters[0] >= NOTEPAD_PAGES:
        return Answer(Code.BAD_NOTEPAD_PAGE)
    return Answer(data=memory.flash.notepad[parameters[0]])


def _aura_led(memory: Memory, parameters: bytes) -> Answer:
    control, speed, colour, count = parameters
    # The manual knows no code for what is out of range but that of a bad packet. That
    # the colour matters also to the light's going out is the strict reading.
    if not (1 <= control <= LED_CONTROLS and 1 <= colour <= memory.profile.colours):
        return PACKET_ERROR
    memory.ram.led = Led(control, colour, speed, count)
    return OK


def _led_on(memory: Memory, _: bytes) -> Answer:
    memory.ram.led = LED_ON
    return OK


def _led_off(memory: Memory, _: bytes) -> Answer:
    memory.ram.led = LED_OFF
    return OK


def _hand_shake(_memory: Memory, _: bytes) -> Answer:
    return OK


def _get_echo(_memory: Memory, _: bytes) -> Answer:
    return Answer(Code.ECHO)


HANDLERS: Final[dict[Command, tuple[int, Handler]]] = {
    Command.SET_SYS_PARA: (2, _set_sys_para),
    Command.READ_SYS_PARA: (0, _read_sys_para),
    Command.READ_PROD_INFO: (0, _read_prod_info),
    Command.SET_PWD: (4, _set_pwd),
    Command.VFY_PWD: (4, _vfy_pwd),
    Command.GET_RANDOM: (0, _get_random),
    Command.SET_ADDR: (4, _set_addr),
    Command.WRITE_NOTEPAD: (1 + NOTEPAD_PAGE_SIZE, _write_notepad),
    Command.READ_NOTEPAD: (1, _read_notepad),
    Command.AURA_LED: (4, _aura_led),
    Command.LED_ON: (0, _led_on),
    Command.LED_OFF: (0, _led_off),
    Command.HAND_SHAKE: (0, _hand_shake),
    Command.GET_ECHO: (0, _get_echo),
}
