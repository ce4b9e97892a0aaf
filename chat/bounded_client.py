"""paho's client with its memory bounded: it announces a maximum packet size to the broker but never checks what then comes.

Only private methods can mend that, so requirements.txt pins paho's major version and tests/test_network.py sends it 200 MiB.
"""

import contextlib
import socket
import ssl
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode

UNSENT_PACKETS: Final = 10_000
"""How many packets wait for a broker that does not read; every answer to a flood of its own is one."""
READ_AHEAD: Final = 32 * 1024
"""What is read from a socket at once. paho reads a packet in four parts, and each time another thread may take the interpreter."""
HANDSHAKE_BYTES: Final = 16 * 1024
"""The longest answer to a websocket's HTTP request that is read."""


class OversizeError(OSError):
    """The broker sends more than was agreed."""


class UnwantedQosError(Exception):
    """The broker sends with a QoS above the granted one, which MQTT forbids (MQTT 5, section 3.8.4)."""


class _HandshakeSocket:
    """A socket for the length of an HTTP answer; a server that goes on for ever is cut off."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._left = HANDSHAKE_BYTES

    def recv(self, size: int) -> bytes:
        self._left -= size
        if self._left < 0:
            raise OversizeError
        return self._inner.recv(size)

    def send(self, data: bytes) -> int:
        return self._inner.send(data)


class _BoundedWebsocket(mqtt._WebsocketWrapper):
    """paho keeps all of a frame until its last byte; this bounds what it keeps."""

    largest = 0

    def _buffered_read(self, length: int) -> bytearray:
        if self._readbuffer_head + length > self.largest:
            raise OversizeError
        return super()._buffered_read(length)


class BoundedClient(mqtt.Client):
    """A paho client that ends the connection when a packet of over `largest` bytes begins to arrive."""

    def __init__(self, largest: int, **options: Any) -> None:
        super().__init__(**options)
        self._largest = largest
        self.oversize = False
        """Whether that was why the connection ended."""
        self._ahead = b""
        self._taken = 0
        """How much of what was read ahead was used."""
        self.raw_socket: socket.socket | None = None
        """The TCP or TLS socket under everything."""

    @property
    def tls_version(self) -> str:
        """What TLS calls the version in use, "" without TLS."""
        sock: Any = self._sock
        inner = getattr(sock, "_socket", sock)
        return (inner.version() or "") if isinstance(inner, ssl.SSLSocket) else ""

    def has_pending(self) -> bool:
        """Whether bytes wait here, or inside TLS or the websocket, where `select` does not see them."""
        if self._taken < len(self._ahead):
            return True
        pending = getattr(self._sock, "pending", None)
        return bool(pending and pending())

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > self._largest:
            self.oversize = True
            raise OversizeError
        if not isinstance(self._sock, socket.socket):
            try:
                return super()._sock_recv(bufsize)
            except OversizeError:
                self.oversize = True
                raise
        if self._taken == len(self._ahead):
            self._ahead, self._taken = super()._sock_recv(READ_AHEAD), 0
        start = self._taken
        self._taken = min(start + bufsize, len(self._ahead))
        return self._ahead[start : self._taken]

    def _handle_publish(self) -> MQTTErrorCode:
        # paho would keep each packet of QoS 2 until the broker releases it, up to 65,535 of them. Bit 2 stands for QoS 2 and 3.
        if self._in_packet["command"] & 0x04:
            raise UnwantedQosError
        return super()._handle_publish()

    def loop_misc(self) -> MQTTErrorCode:
        if len(self._out_packet) > UNSENT_PACKETS:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        return super().loop_misc()

    def shut_down(self) -> None:
        """End whatever waits on the socket, from any thread; a TLS socket's own `shutdown` would upset the thread that uses it."""
        if self.raw_socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.raw_socket, socket.SHUT_RDWR)

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        # paho's own keeps the socket to itself during the handshake, so that nobody could end or close it.
        if self._ssl_context is None:
            raise ValueError("TLS without a context")
        sock = self._ssl_context.wrap_socket(tcp_sock, server_hostname=self._host, do_handshake_on_connect=False)
        self.raw_socket = sock
        sock.settimeout(self._connect_timeout)
        sock.do_handshake()
        return sock

    def _create_socket_connection(self) -> socket.socket:
        self.raw_socket = super()._create_socket_connection()
        return self.raw_socket

    def _create_socket(self) -> Any:
        if self._transport != "websockets":
            return super()._create_socket()
        sock = self._create_socket_connection()
        if self._ssl:
            sock = self._ssl_wrap_socket(sock)
        sock.settimeout(self._connect_timeout)
        wrapper = _BoundedWebsocket(
            socket=_HandshakeSocket(sock),  # type: ignore[arg-type]
            host=self._host,
            port=self._port,
            is_ssl=self._ssl,
            path=self._websocket_path,
            extra_headers=self._websocket_extra_headers,
        )
        wrapper.largest = self._largest
        wrapper._socket = sock
        return wrapper
