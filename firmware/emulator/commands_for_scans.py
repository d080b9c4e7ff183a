"""Instructions for images, features and what matches them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from . import templates
from .answers import OK, PACKET_ERROR, Answer
from .fingers import Quality
from .wire import Code, Command

if TYPE_CHECKING:
    from .answers import Handler
    from .memory import Memory

_JUDGEMENTS: Final = {
    Quality.TOO_MESSY: Code.TOO_MESSY,
    Quality.TOO_FEW_FEATURES: Code.TOO_FEW_FEATURES,
    Quality.NO_IMAGE: Code.NO_VALID_IMAGE,
}


def _gen_img(memory: Memory, _: bytes) -> Answer:
    # The manuals do not say what a failed GenImg leaves in the ImageBuffer. Empty
    # is the strict reading: an Img2Tz after it fails.
    memory.ram.image = None
    image = memory.surface.look()
    if image is None:
        return Answer(Code.NO_FINGER)
    if memory.surface.blurred(image):
        return Answer(Code.IMAGE_FAIL)
    memory.ram.image = image
    return OK


def _img_2_tz(memory: Memory, parameters: bytes) -> Answer:
    buffer = memory.buffer_number(parameters[0])
    if buffer is None:
        return PACKET_ERROR
    if memory.ram.image is None:
        return Answer(Code.NO_VALID_IMAGE)
    capture = memory.surface.judge(memory.ram.image)
    if capture.quality in _JUDGEMENTS:
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
    pages = [page for page in sorted(memory.flash.templates) if start <= page < start + count]
    for page in pages:
        score = templates.score(probe, memory.flash.templates[page])
        if score >= _threshold(memory):
            return Answer(data=struct.pack(">HH", page, score))
    # Page and score are there all the same, as zeros (ZFM-70 manual, Search).
    return _nothing_found(memory, pages)


def _nothing_found(memory: Memory, pages: list[int]) -> Answer:
    """Answer a Search in these filled slots that has found nobody."""
    profile = memory.profile
    if profile.zero_score and pages:
        return Answer(data=struct.pack(">HH", pages[0], 0))
    code = profile.not_found
    if profile.empty_library is not None and not memory.flash.templates:
        code = profile.empty_library
    return Answer(code, bytes(4))


def _reg_model(memory: Memory, _: bytes) -> Answer:
    scans = memory.scans()
    model = templates.merge(scans, memory.profile.template_size) if scans else None
    if model is None:
        return Answer(Code.NOT_COMBINED)
    memory.fill(1, model)
    memory.fill(2, model)
    return OK


HANDLERS: Final[dict[Command, tuple[int, Handler]]] = {
    Command.GEN_IMG: (0, _gen_img),
    Command.GET_IMAGE_FREE: (0, _gen_img),
    Command.IMG_2_TZ: (1, _img_2_tz),
    Command.MATCH: (0, _match),
    Command.SEARCH: (5, _search),
    Command.HI_SPEED_SEARCH: (5, _search),
    Command.REG_MODEL: (0, _reg_model),
}
