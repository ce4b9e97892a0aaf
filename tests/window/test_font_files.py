"""Which font a letter is drawn with, from what fontconfig says."""

import subprocess
import threading
from pathlib import Path

import pytest

from chat.window.font_files import Finder, read_answer

ARABIC, HEBREW = "627-64a", "5d0-5ea"


def line(family: str, charset: str, *, weight: str = "80", slant: str = "0", variable: str = "False", path: str = "") -> str:
    return "\t".join((family, weight, slant, variable, "0", path or f"/fonts/{family}-{weight}.ttf", charset))


def test_the_best_family_is_taken_and_its_bold_letters() -> None:
    answer = "\n".join(
        [
            line("DejaVu Sans", f"20-7e {HEBREW} {ARABIC}"), line("Noto Sans Arabic", f"20 {ARABIC}"), line("Noto Sans Arabic UI", ARABIC),
            line("Noto Sans Arabic", f"20 {ARABIC}", weight="200"), line("Noto Sans Arabic", f"20 {ARABIC}", weight="210"),
            line("Noto Nastaliq Urdu", ARABIC), line("Inter", "20-7e"), line("Aaa Serif", HEBREW),
        ]
    )  # fmt: skip
    best = read_answer(answer).best
    assert best["ب"].regular == ("/fonts/Noto Sans Arabic-80.ttf", 0)
    assert best["ب"].bold == ("/fonts/Noto Sans Arabic-200.ttf", 0)
    assert best["א"].regular == best["א"].bold == ("/fonts/DejaVu Sans-80.ttf", 0)
    assert best["a"] is best["א"]
    assert "ܒ" not in best


def test_bold_letters_that_are_not_all_there_are_not_taken() -> None:
    best = read_answer("\n".join([line("Noto Sans", HEBREW), line("Noto Sans", "5d0", weight="200")])).best
    assert best["א"].bold == best["א"].regular


@pytest.mark.parametrize(
    "answer",
    [
        "", "nonsense", "a\tb", line("A", "zz-1"), line("A", HEBREW, slant="100"), line("A", HEBREW, variable="True"),
        line("A", HEBREW, weight="[1 2]"), line("A", HEBREW, path="/a.pcf.gz"), line("A", "20-7e"),
    ],
)  # fmt: skip
def test_what_is_no_font_for_such_letters(answer: str) -> None:
    assert read_answer(answer).best == {}


def test_fontconfig_is_asked_on_a_thread_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[threading.Thread] = []
    go_on = threading.Event()

    def answer(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        asked.append(threading.current_thread())
        assert go_on.wait(10)
        return subprocess.CompletedProcess([], 0, line("A", HEBREW), "")

    monkeypatch.setattr(subprocess, "run", answer)
    finder = Finder()
    assert not finder.is_busy
    finder.begin()
    finder.begin()
    assert finder.is_busy
    assert finder.found is None
    go_on.set()
    found = finder.wait()
    assert found is not None
    assert set(found.best) == {chr(code) for code in range(0x5D0, 0x5EB)}
    assert len(asked) == 1
    assert asked[0] is not threading.main_thread()


@pytest.mark.parametrize("failure", [OSError(), subprocess.TimeoutExpired("fc-list", 1)])
def test_without_fontconfig_there_are_no_fonts(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(subprocess, "run", fail)
    found = Finder().wait()
    assert found is not None
    assert found.best == {}


def test_a_file_is_read_before_it_is_drawn_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "there.ttf").write_bytes(b"x" * 3_000_000)
    answer = "\n".join([line("A", "5d0", path=str(tmp_path / "there.ttf")), line("B", "627", path=str(tmp_path / "not.ttf"))])
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, answer, ""))
    finder = Finder()
    found = finder.wait()
    assert found is not None
    assert finder.has_read(found.best["א"], 10)
    # What cannot be read is not waited for again.
    assert finder.has_read(found.best["ا"], 10)
    assert not finder.is_busy
