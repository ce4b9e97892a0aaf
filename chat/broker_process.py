"""The child process of the embedded broker; `EmbeddedBroker` runs this file with the path of rumqttd's settings.

It imports nothing of this program, and ends when its standard input does: that is when the parent stops it, or is gone.
"""

import os
import signal
import sys
import threading


def _end_with_parent() -> None:
    # Unbuffered, so that the end of the process finds no lock held.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


def main() -> None:
    # Ctrl-C reaches every process of a terminal; the parent still wants to say goodbye through this broker.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from iotcore import IotCoreBroker

    IotCoreBroker(config_path=sys.argv[1]).run_forever()


if __name__ == "__main__":
    main()
