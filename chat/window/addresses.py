"""Addresses in a text that a click may open: http, https and mailto, and what each of them really is.

A host may be written with letters of any script (IDNA 2008, RFC 5891). What is opened is always its form in ASCII (Punycode, RFC 3492), and
that is also what is shown where the letters could be taken for others: several scripts in one name, or nothing but look-alikes of Latin
letters (Unicode Technical Standard 39, sections 5.1 and 4.2).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

LONGEST_ADDRESS: Final = 2000
_SCHEME: Final = re.compile(r"(?<!\w)(?:https?://|mailto:)(?=\w|\[)", re.IGNORECASE)
_END: Final = re.compile(r"[\s<>\"`{}|\\^\x00-\x20\x7f-\xa0\ufffd\u2400-\u2421]")
_SENTENCE: Final = ".,:;!?'’”»*_~…"
_PAIRS: Final = {")": "(", "]": "["}
_WEB: Final = re.compile(r"(https?)://([^/?#:\[\]@]+)(:[0-9]{1,5})?([/?#].*)?", re.IGNORECASE | re.DOTALL)
_MAIL: Final = re.compile(r"mailto:([A-Za-z0-9._+=-]{1,64})@([^/?#:\[\]@]+)", re.IGNORECASE)
_LONGEST_HOST: Final = 253
_LONGEST_LABEL: Final = 63
_PLAIN_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
_UNCHANGED: Final = "!#$&'()*+,-./:;=?@_~%[]"
_LATIN_LETTERS: Final = frozenset("ßæœøåþðđłħŋ")
"""Latin letters without a mark of their own that nobody takes for others."""
_LOOK_ALIKES: Final = frozenset("асԁеһіјӏорԛѕԝхуъьҽпгѵѡтмвнкαβγεηικνορτυωχϲϳσзбոօսհցզյլէՙɡɑ一ノ丶丨丿ニエロ〇ー")
"""Letters of other scripts that look like Latin ones, digits or signs of an address."""
_JAPANESE: Final = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where an address stands in a text (`start` to `end`), the ASCII form that is opened, and whether that is what has to be shown."""

    start: int
    end: int
    target: str
    doubtful: bool


def find_addresses(text: str) -> Iterator[Address]:
    """The addresses in a text, in their order. Takes time in proportion to the text's length."""
    position = 0
    while (found := _SCHEME.search(text, position)) is not None:
        stop = _END.search(text, found.end())
        position = stop.start() if stop is not None else len(text)
        if position - found.start() <= LONGEST_ADDRESS:
            address = _read(text[found.start() : position], found.start())
            if address is not None:
                yield address


def _read(written: str, start: int) -> Address | None:
    written = _without_sentence(written)
    if (web := _WEB.fullmatch(written)) is not None:
        scheme, host, port, rest = web.groups()
        plain = host_in_ascii(host)
        target = f"{scheme.lower()}://{plain}{port or ''}{quote(rest or '', safe=_UNCHANGED, errors='replace')}"
    elif (mail := _MAIL.match(written)) is not None:
        # Other parts of a mail, such as copies to others, are left to the person who writes it.
        written, host = mail.group(), mail.group(2)
        plain = host_in_ascii(host)
        target = f"mailto:{mail.group(1)}@{plain}"
    else:
        return None
    if not plain:
        return None
    backwards = any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in written)
    return Address(start, start + len(written), target, backwards or any(map(_doubtful, host.split("."))))


def _without_sentence(written: str) -> str:
    """Leave out what ends the sentence around an address, and a bracket that was opened before it."""
    surplus = {closing: written.count(closing) - written.count(opening) for closing, opening in _PAIRS.items()}
    end = len(written)
    while end:
        sign = written[end - 1]
        if surplus.get(sign, 0) > 0:
            surplus[sign] -= 1
        elif sign not in _SENTENCE:
            break
        end -= 1
    return written[:end]


def host_in_ascii(host: str) -> str:
    """A host as it is looked up, or "" if it is none that can be told from others."""
    labels = [_label_in_ascii(label) for label in host.lower().split(".")]
    plain = ".".join(labels)
    return plain if all(labels) and len(plain) <= _LONGEST_HOST else ""


def _label_in_ascii(label: str) -> str:
    if not label.isascii():
        # Where programs disagree about what a letter stands for, one could be led elsewhere than another.
        if unicodedata.normalize("NFKC", label) != label or not all(
            unicodedata.category(sign)[0] in "LMN" or sign == "-" for sign in label
        ):
            return ""
        if len(label) > _LONGEST_LABEL or unicodedata.category(label[0])[0] == "M":
            return ""
        label = "xn--" + label.encode("punycode").decode("ascii")
    return label if len(label) <= _LONGEST_LABEL and _PLAIN_LABEL.fullmatch(label) else ""


def _doubtful(label: str) -> bool:
    """Whether the letters of a part of a host could be taken for others."""
    letters = [sign for sign in unicodedata.normalize("NFC", label.lower()) if sign not in "0123456789-_"]
    if all(sign.isascii() for sign in letters):
        return False
    scripts = {_script(sign) for sign in letters}
    if "" in scripts or (len(scripts) > 1 and not scripts <= _JAPANESE):
        return True
    return all(sign in _LOOK_ALIKES for sign in letters)


def _script(sign: str) -> str:
    """The script of a letter, "" for what is none or is not used to write words."""
    if not sign.isascii() and unicodedata.category(sign)[0] not in "LM":
        return ""
    script = unicodedata.name(sign, "").split(" ")[0]
    if script == "LATIN" and not unicodedata.normalize("NFD", sign)[0].isascii() and sign not in _LATIN_LETTERS:
        return ""
    return script
