"""Texts of the configuration, as editors and JSON write them."""

import os

from fpreader.config import ConfigError, Section, read
from fpreader.mqtt_packets import connect

FILE = "config-%s.json" % os.urandom(4).hex()
KEY = "\U0001f511"


def written(content: bytes) -> Section:
    with open(FILE, "wb") as file:
        file.write(content)
    try:
        return read(FILE)
    finally:
        os.remove(FILE)


def problem(content: bytes) -> str:
    try:
        written(content).text("password")
    except ConfigError as error:
        return str(error)
    return ""


def test_a_password_in_surrogate_pairs_is_sent_as_utf_8() -> None:
    for content in (
        b'{"password": "a\\ud83d\\udd11z\\uDBFF\\uDFFF"}',
        b'{"password": "a\xf0\x9f\x94\x91z\xf4\x8f\xbf\xbf"}',
    ):
        password = written(content).text("password")
        assert password == "a" + KEY + "z\U0010ffff"
        packet = connect("a1b2c3", 15, ("status", b""), "reader", password)
        assert packet[-10:] == b"a\xf0\x9f\x94\x91z\xf4\x8f\xbf\xbf"


def test_half_a_character_is_refused_without_telling_the_password() -> None:
    for half in (
        b"\\ud83d",
        b"\\udd11",
        b"\\udd11\\ud83d",
        b"\\ud83d\\ud83d\\udd11",
        b"\\ud83dz\\udd11",
        b"\\ud83d\\udd11\\udd11",
    ):
        text = problem(b'{"password": "secret' + half + b'"}')
        assert text == "password has half a character: one \\u of a pair"


def test_a_byte_order_mark_is_tolerated() -> None:
    assert written(b'\xef\xbb\xbf{"password": "x"}').text("password") == "x"


def test_what_is_not_utf_8_is_no_configuration() -> None:
    utf_16 = b'\xff\xfe{\x00"\x00}\x00'
    for content in (utf_16, b'{"password": "\xe4"}', b"", b"\xef\xbb\xbf"):
        assert problem(content) == FILE + " is not JSON in UTF-8", content
