"""What people read: every text is in every language, and says the same there."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from babel.messages import Message
from babel.messages.mofile import read_mo

from chat import words
from tests import translations

CLOSING: Final = tuple(".…:?!")
_SENTENCE: Final = re.compile(r"(?<![-.$])\b[a-z’']{2,} [a-z]{2,}|[a-z]{2}[.…?!]$|^[A-Z][a-z]{3,}$")
_CODE: Final = re.compile(r"[{}]|^mqtts?:")
NO_SENTENCES: Final = frozenset(
    {
        # What programs and programmers read
        "False",
        " -m pip install -r requirements.txt",
        "a tree has at least one leaf",
        "TLS without a context",
        "at the broker",
        "broker start",
        "dejavu sans",
        "emoji button",
        "insert linestart",
        "keep days",
        "line reader",
        "made by a newer version",
        "more than the limits allow",
        "name not found",
        "no such leaf",
        "nodes of another tree",
        "noto naskh",
        "noto sans",
        "not a packet of this protocol",
        "not a usable device key",
        "not authorised",
        "not padded as a token is",
        "not padded to a step",
        "not sealed with this key",
        "not signed by the device it names",
        "not the shape of a token",
        "packet too large",
        "taken over",
        "the package tkinter-icons-lucide is not installed",
        "unknown node",
        # Names of fonts, keys, languages, types and settings of the desktop, and of emoji
        "Cantarell",
        "Dark",
        "Down",
        "English",
        "Inter",
        "Svenska",
        "Ubuntu",
        "Value",
        "flag of ",
    }
)
_PLACEHOLDER: Final = re.compile(r"%\(\w+\)[srd]|%[srd]")


@pytest.fixture(autouse=True)
def _speak_english_again() -> Iterator[None]:
    yield
    words.speak("system")


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in translations.FILES:
        yield path.relative_to(translations.ROOT), ast.parse(path.read_text(encoding="utf-8"))


def placeholders(text: str) -> list[str]:
    """Those of `str.format` with their forms, and those of `%`, which argparse has."""
    named = [f"{name}:{form}!{conversion}" for _, name, form, conversion in string.Formatter().parse(text) if name is not None]
    return sorted([*named, *_PLACEHOLDER.findall(text)])


def pairs() -> list[tuple[str, str, str]]:
    """Language, text and translation, both for one thing and for more."""
    found = []
    for path in translations.catalogues():
        for message in filter(lambda message: message.id, translations.read(path)):
            texts, others = translations.forms(message.id), translations.forms(message.string)
            found += [(path.parent.parent.name, texts[min(place, len(texts) - 1)], other) for place, other in enumerate(others)]
    return found


@pytest.mark.parametrize("path", translations.catalogues(), ids=lambda path: path.parent.parent.name)
def test_every_text_in_the_code_is_translated(path: Path) -> None:
    catalogue = translations.read(path)
    known = {message.id: message for message in catalogue}
    assert [message.id for message in translations.texts() if message.id and message.id not in known] == []
    assert translations.missing(catalogue) == []


@pytest.mark.parametrize("path", translations.catalogues(), ids=lambda path: path.parent.parent.name)
def test_what_the_program_reads_is_what_the_translators_wrote(path: Path) -> None:
    with path.with_suffix(".mo").open("rb") as file:
        compiled = {_key(message): translations.forms(message.string) for message in read_mo(file) if message.id}
    assert compiled == {_key(message): translations.forms(message.string) for message in translations.read(path) if message.id}


def _key(message: Message) -> str:
    return translations.forms(message.id)[0]


def test_a_translation_has_the_placeholders_of_the_text() -> None:
    assert [pair for pair in pairs() if placeholders(pair[1]) != placeholders(pair[2])] == []


def test_a_translation_begins_and_ends_as_the_text_does() -> None:
    def edges(text: str) -> tuple[str, str, str]:
        inner = text.strip()
        return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :], inner[-1] if inner.endswith(CLOSING) else ""

    assert [pair for pair in pairs() if edges(pair[1]) != edges(pair[2])] == []


def test_a_text_is_a_constant_that_is_looked_up_when_it_is_shown() -> None:
    """Neither while a module is imported, nor put together before it is looked up, nor where `_` is something else."""
    faults = [f"{path}:{call.lineno}" for path, tree in trees() for call in _wrong_calls(tree)]
    assert faults == []


def _wrong_calls(tree: ast.Module) -> Iterator[ast.Call]:
    for outer in ast.walk(tree):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and _binds_underscore(outer):
            yield from (call for call in _calls(outer) if _called(call) == "_")
    # Python 3.11 reads what is inside an f-string, but the extraction does not.
    formatted = (text for text in ast.walk(tree) if isinstance(text, ast.JoinedStr))
    inside = (call for text in formatted for call in _calls(text) if _called(call) in ("_", "many"))
    yield from (call for call in inside if isinstance(call.args[0], ast.Constant))
    yield from (call for call in _calls_at_import(tree) if _called(call) in ("_", "many", "digits"))
    for call in _calls(tree):
        if _called(call) in ("marked", "many"):
            yield from (call for given in call.args[: 2 if _called(call) == "many" else 1] if not isinstance(given, ast.Constant))
        if _called(call) == "_" and not isinstance(call.args[0], ast.Constant | ast.Name | ast.Attribute | ast.Subscript):
            yield call


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _binds_underscore(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> bool:
    # Nested functions and comprehensions have names of their own, but one look at all of them is simpler, and so is such code.
    stored = any(isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store) for node in ast.walk(function))
    given = any(argument.arg == "_" for argument in (*function.args.args, *function.args.kwonlyargs))
    return stored or given


def _calls_at_import(node: ast.AST) -> Iterator[ast.Call]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inside: list[ast.AST] = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
    elif isinstance(node, ast.Lambda):
        inside = []
    else:
        inside = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call):
        yield node
    for child in inside:
        yield from _calls_at_import(child)


def test_no_sentence_is_left_out() -> None:
    """Whatever reads like a sentence, and stands neither in a docstring nor among what is marked."""
    known = {form for message in translations.texts() for form in translations.forms(message.id)} | NO_SENTENCES
    assert [f"{path}:{line}: {text}" for path, tree in trees() for line, text in _unmarked(tree) if text not in known] == []


def _unmarked(tree: ast.Module) -> list[tuple[int, str]]:
    marked: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in ("_", "many", "marked"):
            marked |= set(ast.walk(node))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            marked.add(node.value)
        for note in (getattr(node, name, None) for name in ("annotation", "returns")):
            marked |= set(ast.walk(note)) if isinstance(note, ast.AST) else set()
    others = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in marked)
    texts = [(node.lineno, node.value) for node in others if isinstance(node.value, str)]
    return [(line, text) for line, text in texts if _SENTENCE.search(text) and not _CODE.search(text)]


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_language_can_be_spoken(language: str) -> None:
    words.speak(language)
    assert words.spoken() == {"system": "en"}.get(language, language)
    assert words._("1,000") == {"sv": "1\N{NO-BREAK SPACE}000"}.get(language, "1,000")
    assert words.digits(1234567) == {"sv": "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567"}.get(language, "1,234,567")


def test_a_language_that_nobody_translated_is_english() -> None:
    words.speak("tlh")
    assert words.spoken() == "en"
    assert words._("1,000") == "1,000"


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"LANG": "sv_SE.UTF-8"}, "1\N{NO-BREAK SPACE}000"),
        ({"LANG": "sv"}, "1\N{NO-BREAK SPACE}000"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "sv_FI"}, "1\N{NO-BREAK SPACE}000"),
        ({"LANGUAGE": "tlh:sv:en"}, "1\N{NO-BREAK SPACE}000"),
        ({"LANGUAGE": "en:sv"}, "1,000"),
        ({"LANG": "C.UTF-8"}, "1,000"),
        ({"LANG": "xx_YY.nothing@all"}, "1,000"),
        ({"LANG": "../../../etc"}, "1,000"),
        ({"LANG": ""}, "1,000"),
    ],
)
def test_the_desktop_says_the_language(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], text: str) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    words.speak("system")
    assert words._("1,000") == text


@pytest.mark.parametrize("content", [None, b"", b"\xde\x12\x04\x95", b"no catalogue at all", "cut", "head"])
def test_without_a_sound_catalogue_it_is_english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | str | None) -> None:
    sound = (words.FOLDER / "sv" / "LC_MESSAGES" / "chat.mo").read_bytes()
    broken = {"cut": sound[: len(sound) // 2], "head": sound.replace(b"charset=utf-8", b"charset=utf-0")}
    monkeypatch.setattr(words, "FOLDER", tmp_path)
    if content is not None:
        (tmp_path / "sv" / "LC_MESSAGES").mkdir(parents=True)
        (tmp_path / "sv" / "LC_MESSAGES" / "chat.mo").write_bytes(broken[content] if isinstance(content, str) else content)
    words.speak("sv")
    assert words._("1,000") == "1,000"
    assert words.many("one", "more", 2) == "more"
