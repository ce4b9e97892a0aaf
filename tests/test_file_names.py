"""Names of files from others, on every system."""

import ntpath
import posixpath
import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.file_names import LONGEST, folded, numbered, safe_name

NASTY = [
    "..", ".", "/", "\\", ":", "C:", "c:\\", "\\\\server\\share\\", "~", "-", " ", "\0", "\n", "\x7f", "\x85", "\u202e", "\u200b", "\u200d",
    "\u2066", "\ufeff", "\u2215", "\u2044", "\uff0f", "\u29f8", "\ufe68", "\uff3c", "\uff1a", "\ua789", "con", "NUL", "com1", "LPT\u00b9",
    "COM\u00b3", "CONIN$", "aux", "prn", "clock$", ".txt", ".exe", "::$DATA", "*", "?", "<", ">", "|", '"',
    "a", "e\u0301", "\u00e9", "K\u212a",
    "\u0130", "\ufb01", "\U0001f600", "\ud800", "\u0300" * 3, "שלום", "x" * 90, "é" * 60, "%2e%2e%2f",
    "desktop.ini", "$(x)", "`x`", "\u2028",
]  # fmt: skip
names = st.one_of(
    st.lists(st.sampled_from(NASTY), max_size=7).map("".join),
    st.text(max_size=40),
    st.builds(lambda parts, end: "".join(parts) + end, st.lists(st.sampled_from(NASTY), max_size=4), st.text(max_size=8)),
)
DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"} | {
    f"{name}{sign}" for name in ("COM", "LPT") for sign in "0123456789¹²³"
}


is_reserved: Callable[[str], bool] = getattr(ntpath, "isreserved", lambda name: PureWindowsPath(name).is_reserved())
"""What Python itself says about a name on Windows, as it says it in each version."""


def check(name: str) -> None:
    """Everything that a safe name must be."""
    assert name
    assert len(name.encode()) <= LONGEST
    assert unicodedata.is_normalized("NFC", name)
    assert not set(name) & set('/\\:<>"|?*\0')
    assert all(unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for sign in name)
    assert name[0] not in ".-~ "
    assert name[-1] not in ". "
    assert name.split(".")[0].rstrip(" ").upper() not in DEVICES
    assert posixpath.normpath(posixpath.join("/folder", name)) == f"/folder/{name}"
    assert PurePosixPath("/folder", name).parent == PurePosixPath("/folder")
    assert ntpath.normpath(ntpath.join("C:\\folder", name)) == f"C:\\folder\\{name}"
    assert PureWindowsPath("C:\\folder", name).parent == PureWindowsPath("C:\\folder")
    assert not is_reserved(name)


@settings(max_examples=1_050)
@given(st.lists(names, min_size=100, max_size=100))
def test_any_name_becomes_a_safe_one_that_stays_as_it_is(batch: list[str]) -> None:
    for name in batch:
        safe = safe_name(name)
        check(safe)
        assert safe_name(safe) == safe


@given(names, st.integers(2, 10**9))
def test_a_numbered_name_is_another_safe_one(name: str, number: int) -> None:
    safe = safe_name(name)
    check(numbered(safe, number))
    assert folded(numbered(safe, number)) != folded(safe)


@pytest.mark.parametrize(
    "name",
    [
        "report.pdf",
        "Übung 3 – Fotos.tar.gz",
        "résumé.pdf",
        "写真.jpg",
        "naïve (2).txt",
        "a.b.c",
        "Makefile",
        "100% done.md",
        "שלום.pdf",
        "🎉.png",
    ],
)
def test_harmless_names_stay(name: str) -> None:
    assert safe_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\system32\\evil.dll", "evil.dll"),
        ("C:evil.dll", "C_evil.dll"),
        ("notes.txt:hidden.exe", "notes.txt_hidden.exe"),
        ("con.txt", "_con.txt"),
        ("NUL", "_NUL"),
        ("com¹ .log", "_com¹ .log"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("evil.exe. . .", "evil.exe"),
        ("a\nb\tc.txt", "a b c.txt"),
        ("", "file"),
        ("...", "file"),
        ("\u200b\u200d", "file"),
    ],
)
def test_harmful_names_are_changed(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_long_names_keep_their_ending() -> None:
    for stem in ("x" * 500, "é" * 500, "写" * 500, "🎉" * 500):
        assert safe_name(f"{stem}.tar.gz").endswith(".gz")
        assert len(safe_name(f"{stem}.pdf").encode()) > LONGEST - 8
        assert numbered(safe_name(f"{stem}.pdf"), 12).endswith(" (12).pdf")


def test_names_that_some_system_takes_for_one() -> None:
    for one, other in (("Plan.PDF", "plan.pdf"), ("re\u0301sume\u0301", "résumé"), ("STRASSE", "straße"), ("\ufb01le", "file")):
        assert folded(one) == folded(other)
    assert folded("plan.pdf") != folded("plan.pd")
