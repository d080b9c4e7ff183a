"""The suite by hand: against a reader on a broker with TLS and password, as a person plays it."""

from __future__ import annotations

import secrets
import subprocess
from base64 import b64encode
from hashlib import pbkdf2_hmac
from typing import TYPE_CHECKING

from emulator import Finger
from tests.conformance.hands import ENROLLED, OTHER
from tests.conformance.wire import BrokerAddress, Wire
from tests.firmware.reader_process import ROOT, Broker, Reader, free_port
from tests.support.certificate import CERTIFICATE, tls_listener

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

PASSWORD = "päss word"
FINGERS = {finger.upper(): Finger(finger) for finger in (ENROLLED, OTHER)}


def hashed(password: str) -> str:
    """Write a password as Mosquitto's file of passwords has it."""
    salt, rounds = secrets.token_bytes(12), 101
    digest = pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"$7${rounds}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def play(reader: Reader, told: IO[str], keyboard: IO[str]) -> str:
    """Do as the terminal says, like a person; give all that it said."""
    said = ""
    while letter := told.read(1):
        said += letter
        if said.endswith("and keep it there."):
            line = said.rpartition(">>>")[2]
            reader.line.place(next(FINGERS[name] for name in FINGERS if name in line))
        elif said.endswith("then press Enter. "):
            assert "LIFT" in said.rpartition(">>>")[2]
            reader.line.lift()
            keyboard.write("\n")
            keyboard.flush()
    return said


def test_a_person_is_told_what_to_do_at_a_reader_on_a_broker_with_tls(tmp_path: Path) -> None:
    port, passwords, secret = free_port(), tmp_path / "passwords", tmp_path / "secret"
    passwords.write_text(f"tester:{hashed(PASSWORD)}\n")
    secret.write_text(PASSWORD + "\n")
    listener = (f"listener {port} 127.0.0.1", "allow_anonymous false", *tls_listener(tmp_path))
    broker = Broker(
        tmp_path, *listener, f"password_file {passwords}", first="per_listener_settings true"
    )
    broker.start()
    reader = Reader(tmp_path, "micropython", broker.port)
    try:
        reader.start()
        Wire(BrokerAddress(host="127.0.0.1", port=broker.port), "front_door", 15).close()
        command: list[str | Path] = [ROOT / "scripts/test", "conformance", "--broker", "127.0.0.1"]
        command += ["--port", str(port), "--reader-id", "front_door", "--username", "tester"]
        command += ["--password-file", secret, "--tls-ca", tmp_path / CERTIFICATE]
        command += ["-k", "acknowledgement or another_finger_is_not", "-p", "no:cacheprovider"]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as suite:
            assert suite.stdin is not None
            assert suite.stdout is not None
            said = play(reader, suite.stdout, suite.stdin)
        assert suite.returncode == 0, said
        assert "2 passed" in said
        # Three scans, and a touch each of three fingers.
        assert said.count("and keep it there.") == 6
    finally:
        reader.close()
        broker.kill()
