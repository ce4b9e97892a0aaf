"""Texts that do harm to windows which take them as they come."""

import itertools
from typing import Final

FAMILY: Final = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
_SKIN: Final = [chr(code) for code in range(0x1F3FB, 0x1F400)]
_PEOPLE: Final = [chr(code) for code in (0x1F468, 0x1F469, 0x1F9D1, 0x1F44D)]
_TOOLS: Final = [f"\u200d{chr(code)}" for code in (0x1F4BB, 0x1F680, 0x1F3A8, 0x1F52C, 0x1F33E)]
EMOJI: Final = ["".join(parts) for parts in itertools.product(_PEOPLE, _SKIN, _TOOLS)]
"""100 different ones, of several signs each."""
ARABIC: Final = "مرحبا بالعالم كيف حالك اليوم "
HEBREW: Final = "שלום עולם "
HINDI: Final = "नमस्ते दुनिया "
THAI: Final = "ภาษาไทยไม่มีช่องว่างระหว่างคำ"
SCRIPTS: Final = "".join(
    f"{chr(code)} " for code in itertools.chain(range(0x0590, 0x1100, 40), range(0x1700, 0x1D00, 32), range(0x10800, 0x12000, 64))
)
"""A letter of every script that Tk can't draw."""
RARE: Final = "".join(map(chr, itertools.chain(range(0x1200, 0x1700, 3), range(0x2000, 0x2C00, 5), range(0x12000, 0x12400, 7))))
LARGE: Final = 262_144


def large(part: str) -> str:
    """A text of 256 Ki signs."""
    return (part * (LARGE // len(part) + 1))[:LARGE]


HAZARDS: Final[dict[str, str]] = {
    "zalgo": "".join(letter + "\u0310\u0489\u0334\u0e47" * 500 for letter in "he comes"),
    "thai tower": "ก" + "\u0e47\u0e49" * 2000,
    "arabic tower": "ب" + "\u064e\u0651\u06d6" * 2000,
    "devanagari without end": "क्" * 2000,
    "bidi overrides": "user\u202etxt.exe\u202d \u2066abc\u2069 \u2067אבג\u2068\u061c\u200f",
    "nul": "before\0after \x1b[31m \x9b",
    "lone surrogates": "a\ud83d b\udc00 c" * 500,
    "one line": large("x"),
    "one line of wide signs": large("W"),
    "words": large("word "),
    "words of any kind": large("".join(f"w{number:x} " for number in range(40_000))),
    "newlines": "\n" * 10_000,
    "lines": "a\n" * 10_000,
    "families": FAMILY * 2000,
    "100 emoji": "".join(EMOJI),
    "100 emoji in words": " and ".join(EMOJI),
    "arabic line": large("مرحبابالعالم"),
    "arabic words": large(ARABIC),
    "hebrew words": large(HEBREW),
    "indian words": large(HINDI),
    "thai word": large(THAI),
    "arabic lines": f"{ARABIC}\n" * 2000,
    "both ways": large(f"{ARABIC}and {HEBREW}12, 34 (ok) {HINDI}"),
    "both ways, rich": large(f"{ARABIC}`ls /x` {HEBREW}https://example.org/a/ @Ada {FAMILY} "),
    "brackets": large("(א[ב{"),
    "levels": large("אa1"),
    "all scripts": SCRIPTS * 10,
    "chinese": large("日本語の文章は空白なしで続きます。"),
    "rare signs": RARE,
    "tcl": '{[exit]} %s $x \\n [destroy .] {*}$env(HOME) \\{ -text ; puts "',
    "backticks": "`" * 10_000,
    "pairs of backticks": "`a`" * 10_000,
    "nested": "`" + "".join(f"{'`' * (number % 7)}a\n" for number in range(5000)),
    "fences": "```\nx\n```\n" * 5000,
    "links": "https://a.b " * 10_000,
    "one link": "https://a.b/" + "c" * 60_000,
    "doubtful links": "https://аррӏе.example/ " * 5000,
    "mentions": "@Ada " * 10_000,
    "spaces": " " * 20_000 + "x",
    "noncharacters": "\ufffe\uffff\U0010ffff\ue000" * 300,
    "ligature": "\ufdfd" * 2000,
}  # fmt: skip
"""What is in a text, and the text."""
