"""Instructions for the stored templates, and for templates that come and go."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from .answers import OK, PACKET_ERROR, Answer
from .memory import Download
from .wire import Code, Command

if TYPE_CHECKING:
    from .answers import Handler
    from .memory import Memory


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
    template = memory.flash.templates.get(page)
    if template is None:
        if not memory.profile.load_char_lies:
            return Answer(Code.TEMPLATE_UNREADABLE)
        # A flash that was erased and not written since reads so.
        template = b"\xff" * memory.profile.template_size
    memory.fill(buffer, template)
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


def _templete_num(memory: Memory, _: bytes) -> Answer:
    count = 0 if memory.profile.dead_count else len(memory.flash.templates)
    return Answer(data=struct.pack(">H", count))


def _read_index_table(memory: Memory, parameters: bytes) -> Answer:
    if parameters[0] > 3:  # noqa: PLR2004 - the manual knows index pages 0 to 3
        return PACKET_ERROR
    profile = memory.profile
    table = bytearray(32)
    for page in memory.flash.templates:
        index_page, bit = divmod(page + profile.index_shift, 256)
        if index_page == parameters[0]:
            table[bit // 8] |= (0x80 >> bit % 8) if profile.index_reversed else (1 << bit % 8)
    return Answer(data=bytes(table))


HANDLERS: Final[dict[Command, tuple[int, Handler]]] = {
    Command.STORE: (3, _store),
    Command.LOAD_CHAR: (3, _load_char),
    Command.UP_CHAR: (1, _up_char),
    Command.DOWN_CHAR: (1, _down_char),
    Command.DELET_CHAR: (4, _delet_char),
    Command.EMPTY: (0, _empty),
    Command.TEMPLETE_NUM: (0, _templete_num),
    Command.READ_INDEX_TABLE: (1, _read_index_table),
}
