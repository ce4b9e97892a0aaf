"""Where a room is: the broker's address, its certificates, and the topic.

A broker is written as a URL, `mqtts://user@host:8883`, in one of the schemes mqtt, mqtts, ws and wss. The password never stands in
it, because URLs end up in logs, in shell histories and on screens.
"""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from chat.errors import EntryError
from chat.words import _

DEFAULT_BROKER: Final = "mqtts://broker.hivemq.com:8883"
DEFAULT_PORTS: Final = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
TOPIC_BYTES: Final = 200
"""MQTT allows 65,535 bytes for a whole topic; the room adds its tag and channel, and brokers set lower limits."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """One broker and how to prove to each other who is who.

    `ca_file` replaces the system's certificate store for this broker. `certificate` and `key_file` are a client certificate in PEM;
    the key may stand in the certificate's own file.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    user: str = ""
    ca_file: Path | None = None
    certificate: Path | None = None
    key_file: Path | None = None

    @property
    def encrypted(self) -> bool:
        """Whether the connection itself uses TLS."""
        return self.scheme in ("mqtts", "wss")

    @property
    def websocket(self) -> bool:
        return self.scheme in ("ws", "wss")

    @property
    def url(self) -> str:
        """The address as `parse_broker` reads it, with the user."""
        return self.place.replace("://", f"://{quote(self.user, safe='')}@", 1) if self.user else self.place

    @property
    def place(self) -> str:
        """The address without the user, for people to read: `mqtts://host:8883`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def parse_broker(url: str, *, ca_file: Path | None = None, certificate: Path | None = None, key_file: Path | None = None) -> BrokerAddress:
    """Read a broker's URL. A bare host means mqtts. Raises `EntryError` for the field at fault."""
    text = url.strip()
    if not text:
        raise EntryError("broker", _("Type the broker’s address, for example mqtts://broker.example.org."))
    if "://" not in text:
        text = f"mqtts://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise EntryError("broker", _("This is not an address. Write it like mqtts://broker.example.org:8883.")) from None
    if parts.scheme not in DEFAULT_PORTS:
        raise EntryError(
            "broker", _("An address can’t begin with “{scheme}”. Begin it with mqtts, mqtt, wss or ws.").format(scheme=parts.scheme)
        )
    if parts.password is not None:
        raise EntryError("broker", _("Leave the password out of the address and type it in its own field."))
    if parts.query or parts.fragment:
        raise EntryError("broker", _("Leave out “?” or “#” and what follows it."))
    _check_host(host)
    if port == 0:
        raise EntryError("broker", _("A port is a number from 1 to 65535."))
    path = parts.path.rstrip("/")
    if path and parts.scheme not in ("ws", "wss"):
        raise EntryError("broker", _("Only ws and wss addresses have a path. The topic has a field of its own."))
    for field, file in (("ca_file", ca_file), ("certificate", certificate), ("key_file", key_file)):
        if file is not None and not file.is_file():
            raise EntryError(field, _("There is no file {file}. Choose another one.").format(file=file))
    if key_file is not None and certificate is None:
        raise EntryError("certificate", _("A key needs its certificate too. Choose that as well."))
    return BrokerAddress(
        scheme=parts.scheme,
        host=host,
        port=port or DEFAULT_PORTS[parts.scheme],
        path=path,
        user=unquote(parts.username or ""),
        ca_file=ca_file,
        certificate=certificate,
        key_file=key_file,
    )


def _check_host(host: str) -> None:
    if not host:
        raise EntryError("broker", _("The address has no host name. Write it like mqtts://broker.example.org:8883."))
    if len(host) > 253 or not re.fullmatch(r"[\w.:%-]+", host):
        raise EntryError("broker", _("“{host}” can’t be a host name. Write it like broker.example.org.").format(host=host[:60]))


def normalise_topic(text: str) -> str:
    """The one form of a topic that all members share: NFC, outer spaces and slashes removed.

    Raises `EntryError` for what MQTT or a room does not allow (MQTT 5, section 4.7).
    """
    topic = unicodedata.normalize("NFC", text).strip().strip("/")
    if not topic:
        raise EntryError("topic", _("Type a topic, for example family."))
    if any(sign in topic for sign in "+#"):
        raise EntryError("topic", _("A topic can’t contain + or #. Leave them out."))
    if topic.startswith("$"):
        raise EntryError("topic", _("A topic can’t begin with $. Leave it out."))
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Cn") for sign in topic):
        raise EntryError("topic", _("The topic contains an invisible sign. Type it by hand."))
    if len(topic.encode()) > TOPIC_BYTES:
        raise EntryError("topic", _("The topic is too long: at most {most} bytes.").format(most=TOPIC_BYTES))
    return topic


def is_public(broker: BrokerAddress) -> bool:
    """Whether a broker is, as far as its name tells, neither on this computer nor in a network of one's own."""
    host = broker.host.rstrip(".").lower()
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return "." in host and not host.endswith((".local", ".lan", ".home.arpa", ".internal", ".localhost"))
    return not (address.is_private or address.is_loopback or address.is_link_local)
