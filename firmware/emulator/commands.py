"""What each instruction does to a sensor's memory, and how it is answered.

Every handler takes the memory and the parameters, which have the right length,
and returns an `Answer`. Names, parameters and codes are those of the manuals (ZFM-20,
R307 v1.20, R503 v1.2); a comment says where they are silent.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from . import templates
from .fingers import Image, Quality
from .memory import (
    LED_CONTROLS,
    LED_OFF,
    LED_ON,
    NOTEPAD_PAGE_SIZE,
    NOTEPAD_PAGES,
    Download,
    Led,
    Memory,
)
from .wire import Code, Command


class Answer(NamedTuple):
    """An acknowledgement, and what follows it in data packets."""

    code: Code = Code.OK
    data: bytes = b""
    stream: bytes = b""


Handler = Callable[[Memory, bytes], Answer]

OK: Final = Answer()
PACKET_ERROR: Final = Answer(Code.PACKET_ERROR)
_JUDGEMENTS: Final = {
    Quality.TOO_MESSY: Code.TOO_MESSY,
    Quality.TOO_FEW_FEATURES: Code.TOO_FEW_FEATURES,
    Quality.NO_IMAGE: Code.NO_VALID_IMAGE,
}


def execute(memory: Memory, command: int, parameters: bytes) -> Answer:
    """Do one instruction."""
    if command not in memory.profile.commands:
        return PACKET_ERROR
    length, handler = _HANDLERS[Command(command)]
    if len(parameters) != length:
        return PACKET_ERROR
    if memory.locked and command != Command.VFY_PWD:
        return Answer(Code.PASSWORD_REQUIRED)
    return handler(memory, parameters)


def _gen_img(memory: Memory, _: bytes) -> Answer:
    # The manuals do not say what a failed GenImg leaves in the ImageBuffer. Empty
    # is the strict reading: an Img2Tz after it fails.
    memory.ram.image = None
    if memory.surface.finger is None:
        return Answer(Code.NO_FINGER)
    if memory.surface.blurred():
        return Answer(Code.IMAGE_FAIL)
    memory.ram.image = Image(memory.surface.finger)
    return OK


def _img_2_tz(memory: Memory, parameters: bytes) -> Answer:
    buffer = memory.buffer_number(parameters[0])
    if buffer is None:
        return PACKET_ERROR
    if memory.ram.image is None:
        return Answer(Code.NO_VALID_IMAGE)
    capture = memory.surface.judge(memory.ram.image)
    if capture.quality is not Quality.OK:
        # The buffer keeps its old features: who searches all the same finds the
        # finger before.
        return Answer(_JUDGEMENTS[capture.quality])
    memory.fill(buffer, templates.features(capture, memory.profile.feature_size))
    return OK


def _threshold(memory: Memory) -> int:
    return templates.THRESHOLDS[memory.flash.security]


def _match(memory: Memory, _: bytes) -> Answer:
    buffers = memory.ram.buffers
    score = templates.score(buffers.get(1, b""), buffers.get(2, b""))
    code = Code.OK if score >= _threshold(memory) else Code.NO_MATCH
    return Answer(code, struct.pack(">H", score))


def _search(memory: Memory, parameters: bytes) -> Answer:
    wanted, start, count = struct.unpack(">BHH", parameters)
    buffer = memory.buffer_number(wanted)
    if buffer is None:
        return PACKET_ERROR
    probe = memory.ram.buffers.get(buffer, b"")
    for page in sorted(memory.flash.templates):
        if start <= page < start + count:
            score = templates.score(probe, memory.flash.templates[page])
            if score >= _threshold(memory):
                return Answer(data=struct.pack(">HH", page, score))
    # Page and score are there all the same, as zeros (ZFM-70 manual, Search).
    return Answer(Code.NOT_FOUND, bytes(4))


def _reg_model(memory: Memory, _: bytes) -> Answer:
    scans = memory.scans()
    model = templates.merge(scans, memory.profile.template_size) if scans else None
    if model is None:
        return Answer(Code.NOT_COMBINED)
    memory.fill(1, model)
    memory.fill(2, model)
    return OK


def _store(memory: Memory, parameters: bytes) -> Answer:
    wanted, page = struct.unpack(">BH", parameters)
    buffer = memory.buffer_number(wanted)
    if buffer is None:
        return PACKET_ERROR
    # No manual has a code for an empty buffer; "bad page" is what stores nothing.
    if page >= memory.profile.capacity or buffer not in memory.ram.buffers:
        return Answer(Code.BAD_PAGE)
    memory.flash.templates[page] = memory.ram.buffers[buffer]
    return OK


def _load_char(memory: Memory, parameters: bytes) -> Answer:
    wanted, page = struct.unpack(">BH", parameters)
    buffer = memory.buffer_number(wanted)
    if buffer is None:
        return PACKET_ERROR
    if page >= memory.profile.capacity:
        return Answer(Code.BAD_PAGE)
    if page not in memory.flash.templates:
        return Answer(Code.TEMPLATE_UNREADABLE)
    memory.fill(buffer, memory.flash.templates[page])
    return OK


def _up_char(memory: Memory, parameters: bytes) -> Answer:
    buffer = memory.buffer_number(parameters[0])
    if buffer is None:
        return PACKET_ERROR
    if buffer not in memory.ram.buffers:
        return Answer(Code.UPLOAD_FAIL)
    return Answer(stream=memory.ram.buffers[buffer])


def _down_char(memory: Memory, parameters: bytes) -> Answer:
    buffer = memory.buffer_number(parameters[0])
    if buffer is None:
        return PACKET_ERROR
    memory.ram.buffers.pop(buffer, None)
    memory.ram.download = Download(buffer)
    return OK


def receive_data(memory: Memory, data: bytes, *, last: bool) -> Answer | None:
    """Take one data packet of a DownChar; None: it is not acknowledged.

    The ZFM-20 manual shows no acknowledgement, not even of the last packet. One
    that is too long ends the transfer with a packet error. Data that nobody asked
    for is ignored.
    """
    download = memory.ram.download
    if download is None:
        return None
    download.data += data
    too_much = len(download.data) > memory.profile.template_size
    if too_much or len(data) > memory.flash.packet_size:
        memory.ram.download = None
        return PACKET_ERROR
    if last:
        memory.fill(download.buffer, bytes(download.data))
        memory.ram.download = None
    return None


def _delet_char(memory: Memory, parameters: bytes) -> Answer:
    start, count = struct.unpack(">HH", parameters)
    if start + count > memory.profile.capacity:
        return Answer(Code.DELETE_FAIL)
    # Deleting an empty slot is no error.
    for page in range(start, start + count):
        memory.flash.templates.pop(page, None)
    return OK


def _empty(memory: Memory, _: bytes) -> Answer:
    memory.flash.templates.clear()
    return OK


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


def _templete_num(memory: Memory, _: bytes) -> Answer:
    return Answer(data=struct.pack(">H", len(memory.flash.templates)))


def _read_index_table(memory: Memory, parameters: bytes) -> Answer:
    if parameters[0] > 3:  # noqa: PLR2004 - the manual knows index pages 0 to 3
        return PACKET_ERROR
    table = bytearray(32)
    for page in memory.flash.templates:
        if page // 256 == parameters[0]:
            table[page % 256 // 8] |= 1 << page % 8
    return Answer(data=bytes(table))


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


#: Instruction to the number of parameter bytes and the handler.
_HANDLERS: Final[dict[Command, tuple[int, Handler]]] = {
    Command.GEN_IMG: (0, _gen_img),
    Command.IMG_2_TZ: (1, _img_2_tz),
    Command.MATCH: (0, _match),
    Command.SEARCH: (5, _search),
    Command.REG_MODEL: (0, _reg_model),
    Command.STORE: (3, _store),
    Command.LOAD_CHAR: (3, _load_char),
    Command.UP_CHAR: (1, _up_char),
    Command.DOWN_CHAR: (1, _down_char),
    Command.DELET_CHAR: (4, _delet_char),
    Command.EMPTY: (0, _empty),
    Command.SET_SYS_PARA: (2, _set_sys_para),
    Command.READ_SYS_PARA: (0, _read_sys_para),
    Command.SET_PWD: (4, _set_pwd),
    Command.VFY_PWD: (4, _vfy_pwd),
    Command.GET_RANDOM: (0, _get_random),
    Command.SET_ADDR: (4, _set_addr),
    Command.WRITE_NOTEPAD: (1 + NOTEPAD_PAGE_SIZE, _write_notepad),
    Command.READ_NOTEPAD: (1, _read_notepad),
    Command.HI_SPEED_SEARCH: (5, _search),
    Command.TEMPLETE_NUM: (0, _templete_num),
    Command.READ_INDEX_TABLE: (1, _read_index_table),
    Command.AURA_LED: (4, _aura_led),
    Command.HAND_SHAKE: (0, _hand_shake),
    Command.LED_ON: (0, _led_on),
    Command.LED_OFF: (0, _led_off),
    Command.GET_IMAGE_FREE: (0, _gen_img),
    Command.GET_ECHO: (0, _get_echo),
}
