"""A real mosquitto with every kind of listener, and the certificates it needs."""

import contextlib
import datetime
import ipaddress
import itertools
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "ada", "a password for tests"
KINDS = ("mqtt", "mqtts", "certificate", "password", "ws", "wss")


def wait_until(condition: Callable[[], object], seconds: float = 10.0, pump: Callable[[], object] = lambda: time.sleep(0.005)) -> None:
    """Return as soon as `condition` holds, calling `pump` meanwhile; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {condition}")
        pump()


# Workers that run side by side begin far apart.
_PORTS: Final = itertools.islice(itertools.cycle(range(10_000, 32_000)), os.getpid() * 611 % 22_000, None)


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listens on, and that was not given before.

    It lies below those that the system gives to outgoing connections, so that none of them takes it before it is used.
    """
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@dataclass
class Certificates:
    """A CA and what it signed, as PEM files."""

    folder: Path
    ca: Path = field(init=False)
    key: ec.EllipticCurvePrivateKey = field(init=False)
    authority: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"CA of {self.folder.name}")])
        builder = _builder(name, name, self.key, days=2).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.authority = builder.sign(self.key, hashes.SHA256())
        self.ca = self.folder / "ca.pem"
        self.ca.write_bytes(self.authority.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, host: str = "localhost", days: int = 2) -> tuple[Path, Path]:
        """A certificate for `host` and its key; with negative `days` it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        if host == "localhost":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        builder = _builder(subject, self.authority.subject, key, days).add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        certificate_file, key_file = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return certificate_file, key_file


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=10))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


class Mosquitto:
    """A mosquitto with one listener of each kind on its own port; it can be killed and started again."""

    def __init__(
        self, folder: Path, extra: str = "", certificate: tuple[Path, Path] | None = None, listener_extra: dict[str, str] | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.certificates = Certificates(folder / "certificates")
        self._server = certificate or self.certificates.issue("server")
        self.ports = {kind: free_port() for kind in KINDS}
        self._process: subprocess.Popen[bytes] | None = None
        self._write_settings(extra, listener_extra or {})

    def url(self, kind: str = "mqtt", host: str = "localhost") -> str:
        scheme = {"certificate": "mqtts", "password": "mqtt"}.get(kind, kind)
        user = f"{USER}@" if kind == "password" else ""
        return f"{scheme}://{user}{host}:{self.ports[kind]}"

    def start(self) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise AssertionError("mosquitto is not installed; tests/run installs it")
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([program, "-c", self._folder / "mosquitto.conf"], stdout=log, stderr=log)
        wait_until(lambda: all(listens(port) for port in self.ports.values()), pump=self._check)

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def log(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            return (self._folder / "log").read_text(errors="replace")
        return ""

    def _check(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"mosquitto ended at once: {self.log()}")
        time.sleep(0.005)

    def _write_settings(self, extra: str, listener_extra: dict[str, str]) -> None:
        users = self._folder / "users"
        subprocess.run(["mosquitto_passwd", "-c", "-b", users, USER, PASSWORD], check=True, capture_output=True)
        users.chmod(0o644)
        certificate, key = self._server
        tls = f"certfile {certificate}\nkeyfile {key}\ncafile {self.certificates.ca}\n"
        listeners = {
            "mqtt": "allow_anonymous true\n",
            "mqtts": "allow_anonymous true\n" + tls,
            "certificate": "allow_anonymous true\nrequire_certificate true\n" + tls,
            "password": f"allow_anonymous false\npassword_file {users}\n",
            "ws": "protocol websockets\nallow_anonymous true\n",
            "wss": "protocol websockets\nallow_anonymous true\n" + tls,
        }
        sections = [f"listener {self.ports[kind]} 127.0.0.1\n{listeners[kind]}{listener_extra.get(kind, '')}" for kind in KINDS]
        general = f"per_listener_settings true\nuser root\nset_tcp_nodelay true\n{extra}\n"
        (self._folder / "mosquitto.conf").write_text(general + "\n".join(sections))
