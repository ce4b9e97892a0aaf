"""Files in a real window, with a real session and broker."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from chat.events import AcceptFile, Message, MessageShown, SendFile
from chat.window.rows import Row
from tests.people import People, Person
from tests.windows import Open, Window


def row_of(window: Window, name: str) -> Row:
    assert window.client.view is not None
    return next(row for row in window.client.view.transcript.rows if row.message and row.message.file and row.message.file.name == name)


def has_row(window: Window, name: str) -> bool:
    view = window.client.view
    return view is not None and any(row.message and row.message.file and row.message.file.name == name for row in view.transcript.rows)


def stage(window: Window, name: str) -> str:
    file = row_of(window, name).file
    return file.stage.value if file is not None else ""


def click(window: Window, name: str, act: str) -> None:
    """Press one of the words on a file's card."""
    assert window.client.view is not None
    transcript = window.client.view.transcript
    transcript.redraw()
    layout, top, _ = transcript._drawn[row_of(window, name)]
    target = next(target for target in layout.targets if (target.kind, target.value) == ("file", act))
    for event in ("<Button-1>", "<ButtonRelease-1>"):
        transcript.event_generate(event, x=target.x + 5, y=top - transcript.offset + target.y + 5)
    window.look()


def offered(person: Person) -> list[Message]:
    return [event.message for event in person.told(MessageShown) if event.message.file is not None]


@pytest.fixture
def talk(open_window: Open, people: People) -> Callable[[], tuple[Window, Person]]:
    """Ada at a window, and Bob."""

    def begin() -> tuple[Window, Person]:
        window = open_window("a")
        window.log_in("Ada")
        bob = people("Bob", topic=window.client.settings.topic, url=window.client.settings.broker)
        bob.wait_for_online("Ada")
        return window, bob

    return begin


def test_a_file_is_accepted_and_stored(talk: Callable[[], tuple[Window, Person]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(tmp_path / "downloads"))
    window, bob = talk()
    (tmp_path / "plan.txt").write_text("the plan")
    bob.session.post(SendFile(tmp_path / "plan.txt"))
    window.wait(lambda: has_row(window, "plan.txt"))
    click(window, "plan.txt", "accept")
    window.wait(lambda: stage(window, "plan.txt") == "saved")
    file = row_of(window, "plan.txt").file
    assert file is not None
    assert file.path is not None
    assert file.path.read_text() == "the plan"


def test_pictures_come_and_show_by_themselves_and_nothing_else(talk: Callable[[], tuple[Window, Person]], tmp_path: Path) -> None:
    window, bob = talk()
    Image.new("RGB", (400, 300), "#336699").save(tmp_path / "cabin.png")
    (tmp_path / "large.jpg").write_bytes(bytes(5_000_001))
    (tmp_path / "prog.exe").write_bytes(b"MZ")
    for name in ("prog.exe", "large.jpg", "cabin.png"):
        bob.session.post(SendFile(tmp_path / name))
        window.wait(lambda name=name: has_row(window, name))  # type: ignore[misc]
    window.wait(lambda: row_of(window, "cabin.png").preview is not None)
    assert stage(window, "cabin.png") == "saved"
    assert list((tmp_path / "a" / "pictures").iterdir()) == [tmp_path / "a" / "pictures" / "cabin.png"]
    assert {stage(window, "prog.exe"), stage(window, "large.jpg")} <= {"", "offered"}


def test_files_and_pasted_pictures_are_sent(talk: Callable[[], tuple[Window, Person]], tmp_path: Path) -> None:
    window, bob = talk()
    (tmp_path / "notes.md").write_text("notes")
    assert window.client.view is not None
    window.client.view.composer.insert(f"/send {tmp_path / 'nothing'}")
    window.press("<Return>")
    window.wait(lambda: "can’t be read" in str(window.client.view and window.client.view.composer._words["text"]))
    assert window.client.rooms is not None
    window.client.rooms.send_files(window.client.rooms.current, [tmp_path / "notes.md"])
    bob.wait_until(lambda bob: [message.text for message in offered(bob)] == ["notes.md"])
    bob.session.post(AcceptFile(offered(bob)[0].key, tmp_path / "bob"))
    window.wait(lambda: has_row(window, "notes.md"))
    window.wait(lambda: (file := row_of(window, "notes.md").file) is not None and file.received == 1)
    assert (tmp_path / "bob" / "notes.md").read_text() == "notes"
    window.client.view.composer._wishes.paste_picture(b"not even a picture")
    bob.wait_until(lambda bob: len(offered(bob)) == 2)
    assert offered(bob)[1].text.endswith(".png")
