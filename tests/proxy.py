"""A TCP proxy between a program and its broker, whose link can be cut and slowed."""

import contextlib
import socket
import threading
import time

PIECE = 4096


class Proxy:
    """Listens on `port` and passes everything on, both ways."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._ends: set[socket.socket] = set()
        self._cut = False
        self._rate: float | None = None
        self.passed = 0
        """Bytes, both ways together."""
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"mqtt://localhost:{self.port}"

    def cut(self) -> None:
        """Break every connection, and every new one, until `restore`."""
        self._cut = True
        for end in list(self._ends):
            self._close(end)

    def restore(self) -> None:
        """Let everything through again, as fast as it comes."""
        self._cut, self._rate = False, None

    def slow(self, bytes_per_second: float) -> None:
        """Let no more through, in each direction of each connection."""
        self._rate = bytes_per_second

    def close(self) -> None:
        self.cut()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            try:
                if self._cut:
                    raise ConnectionAbortedError
                far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._ends |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(PIECE):
                if self._rate is not None:
                    time.sleep(len(data) / self._rate)
                sink.sendall(data)
                self.passed += len(data)
        except OSError:
            pass
        self._close(source)
        self._close(sink)

    def _close(self, end: socket.socket) -> None:
        self._ends.discard(end)
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
