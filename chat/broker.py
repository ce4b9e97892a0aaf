"""A broker on this computer, for a room that needs no internet.

It is iotcore's rumqttd in a child process, which ends when this program ends, however it ends. iotcore could start the child itself,
but would let it write into our terminal whatever rumqttd says about each malformed connection. rumqttd serves each MQTT version on a
port of its own; the one given is for MQTT 5, and MQTT 3.1.1 is served on the next.
"""

import contextlib
import errno
import importlib.util
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from chat.causes import cause
from chat.errors import BrokerError
from chat.protocol.limits import PACKET_BYTES
from chat.words import _

DEFAULT_PORT: Final = 1883
LAST_PORT: Final = 65534
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104
LOOPBACK: Final = "127.0.0.1"
MQTT_311_OFFSET: Final = 1
START_SECONDS: Final = 10.0
STOP_SECONDS: Final = 2.0
_TOPIC_AND_PROPERTIES: Final = 512
"""More than a room's longest topic. With it, a stranger can't send a packet that members would have to hang up on."""

_SETTINGS: Final = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 2097152
max_segment_count = 10

[v5.1]
name = "mqtt5"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[v5.1.connections]
connection_timeout_ms = 10000
max_payload_size = {largest}
max_inflight_count = 100
dynamic_filters = true

[v4.1]
name = "mqtt311"
listen = "{host}:{next_port}"
next_connection_delay_ms = 1
[v4.1.connections]
connection_timeout_ms = 10000
max_payload_size = {largest}
max_inflight_count = 100
dynamic_filters = true
"""


class EmbeddedBroker:
    """A broker listening at `host`:`port` from `start` to `stop`. One thread uses it."""

    def __init__(self, port: int = DEFAULT_PORT, host: str = EVERYWHERE) -> None:
        self.port = port
        self._host = host
        self._ports = (port, port + MQTT_311_OFFSET)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it listens, in about 0.2 s; do nothing if it runs already. Raises `BrokerError`."""
        if self.running:
            return
        if importlib.util.find_spec("iotcore") is None:
            raise BrokerError(_("The package iotcore is missing, so no broker can run here. Install it, or use another broker."))
        if not 1 <= self.port <= LAST_PORT:
            raise BrokerError(_("A port is a number from 1 to {last}.").format(last=LAST_PORT))
        self._check_ports()
        try:
            # Once it listens it has read its settings, so nothing is left on disk even if this program is killed later.
            with tempfile.TemporaryDirectory(prefix="mqtt-chat-broker-") as folder:
                self._start_process(Path(folder) / "broker.toml")
        except OSError as error:
            raise BrokerError(_("The broker on this computer can’t be started: {cause}.").format(cause=cause(error))) from None

    def stop(self) -> None:
        """End it and free its ports; harmless when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()

    @property
    def running(self) -> bool:
        """Whether it was started and its process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def own_url(self) -> str:
        """The address for this computer itself."""
        return f"mqtt://localhost:{self.port}"

    def urls(self) -> list[str]:
        """The addresses to type on other computers, the likeliest first; the last one is by this computer's name."""
        if self._host == LOOPBACK:
            return [self.own_url]
        return [f"mqtt://{place}:{self.port}" for place in own_places()] or [self.own_url]

    def _check_ports(self) -> None:
        for port in self._ports:
            try:
                socket.create_server((self._host, port)).close()
            except PermissionError:
                raise BrokerError(_("Port {port} is reserved for the system. Choose one from 1024 on.").format(port=port)) from None
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise BrokerError(_("Port {port} is in use. Choose another port, or stop what uses it.").format(port=port)) from None
                raise BrokerError(_("Port {port} can’t be used: {cause}.").format(port=port, cause=cause(error))) from None

    def _start_process(self, settings: Path) -> None:
        largest = PACKET_BYTES + _TOPIC_AND_PROPERTIES
        settings.write_text(_SETTINGS.format(host=self._host, port=self._ports[0], next_port=self._ports[1], largest=largest))
        self._process = subprocess.Popen(  # noqa: S603
            # -P: this program's folder must not be searched for the modules that the child imports.
            [sys.executable, "-P", str(Path(__file__).with_name("broker_process.py")), str(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        while not all(_listens(port) for port in self._ports):
            if not self.running or time.monotonic() > deadline:
                self.stop()
                raise BrokerError(_("The broker on this computer did not start. Try again, or use another broker."))
            time.sleep(0.02)


def own_places() -> list[str]:
    """This computer's IPv4 addresses that others may reach, the one of the default route first, then its name."""
    addresses: list[str] = []
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Connecting a datagram socket sends nothing; it only makes the system choose the address it would send from.
        probe.connect(("192.0.2.1", 9))
        addresses.append(probe.getsockname()[0])
    name = socket.gethostname()
    with contextlib.suppress(OSError, UnicodeError):
        addresses += [str(found[4][0]) for found in socket.getaddrinfo(name, None, socket.AF_INET)]
    reachable = [address for address in dict.fromkeys(addresses) if not address.startswith(("127.", "0."))]
    return [*reachable, name] if reachable and name and name != "localhost" else reachable


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.5).close()
    except OSError:
        return False
    return True
