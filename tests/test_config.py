"""The settings file: comes back as it was, survives bad content, and holds no secret."""

from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from chat.config import Settings, find_places, load_settings, save_settings
from chat.errors import StorageError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ANY_TEXTS = st.text(st.characters() | st.sampled_from('\ud800"\\\n\x7f'), max_size=40)


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "settings.toml")
    assert settings == Settings()
    assert settings.address().place == "mqtts://broker.hivemq.com:8883"


@settings_of_hypothesis(deadline=None)
@given(username=TEXTS, ca_file=TEXTS)
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, username: str, ca_file: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any" / "settings.toml"
    settings = Settings(username=username, ca_file=ca_file, theme="dark")
    save_settings(path, settings)
    assert load_settings(path) == settings


@pytest.mark.parametrize(
    "content",
    [
        "broker = ",
        "broker = 7",
        "typing = 1",
        'language = "tlh"',
        'notify = "true"',
        "previews = 0",
        'sound = ""',
        'broker = "ftp://x"',
        'topic = "a/#"',
        'theme = "pink"',
        "scale = true",
        "scale = 20",
        'window = "1180x760+0+0; exit"',
        "window = 7",
        "\x00",
        'broker = "mqtt://u:secret@host"',
    ],
)
def test_a_bad_file_is_named_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(content)
    with pytest.raises(StorageError) as bad:
        load_settings(path)
    assert str(path) in str(bad.value)
    assert "secret" not in str(bad.value)
    assert path.read_text() == content


def test_unknown_names_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('topic = "home"\nof_the_future = 1\n')
    assert load_settings(path).topic == "home"


@settings_of_hypothesis(deadline=None)
@given(username=ANY_TEXTS)
def test_no_text_makes_a_bad_file(tmp_path_factory: pytest.TempPathFactory, username: str) -> None:
    path = tmp_path_factory.getbasetemp() / "no" / "settings.toml"
    save_settings(path, Settings(username=username))
    load_settings(path)


def test_the_line_or_the_name_is_told(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('topic = "home"\nbroker = \n')
    with pytest.raises(StorageError, match="line 2"):
        load_settings(path)
    path.write_text('topic = "home"\ntheme = "pink"\n')
    with pytest.raises(StorageError, match=r"theme.*system, light, dark"):
        load_settings(path)


def test_a_file_broken_meanwhile_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("half an edi")
    save_settings(path, Settings(topic="home"))
    assert load_settings(path).topic == "home"
    assert (tmp_path / "settings.toml.broken").read_text() == "half an edi"


def test_a_link_to_the_settings_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "settings.toml").symlink_to(tmp_path / "elsewhere" / "mine.toml")
    save_settings(tmp_path / "settings.toml", Settings(topic="home"))
    assert (tmp_path / "settings.toml").is_symlink()
    assert load_settings(tmp_path / "elsewhere" / "mine.toml").topic == "home"


def test_others_on_this_computer_can_t_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.toml"
    save_settings(path, Settings())
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_folder_that_can_t_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        save_settings(tmp_path / "file" / "settings.toml", Settings())


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    save_settings(tmp_path / "settings.toml", Settings())
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]


def test_no_setting_is_a_secret() -> None:
    assert not {"passphrase", "password"} & set(asdict(Settings()))


def test_everything_can_be_elsewhere(tmp_path: Path) -> None:
    places = find_places(tmp_path)
    assert places.settings.parent == places.data == tmp_path
    assert find_places(None).data != tmp_path
