"""Reading what a text is made of."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.window.addresses import LONGEST_ADDRESS, find_addresses
from chat.window.markup import MOST_SPECIAL, Run, mentions, parse

PIECES = [
    "`",
    "``",
    "```",
    "\n",
    " ",
    "@",
    "ada",
    "@ada",
    "http://",
    "https://a.b/",
    "mailto:",
    "a@b.c",
    "x",
    "аррӏе.com",
    "(",
    ")",
    "🏽",
    "\ud800",
]
HOSTILE = [
    "`",
    "``a",
    "```\n",
    "`` `",
    "@",
    "@ada",
    ":",
    "https://",
    "https://a.b",
    "mailto:a@",
    "http://b.c)",
    "(",
    "`\n``",
    "http://é.",
    "＠ada\u0310",
]


def shown(text: str, username: str = "") -> list[tuple[str, str]]:
    return [(run.kind, text[run.start : run.end]) for run in parse(text, username)]


def check_whole(text: str, runs: list[Run]) -> None:
    assert "".join(text[run.start : run.end] for run in runs) == text
    position = 0
    for run in runs:
        assert position == run.start < run.end
        position = run.end


@settings(max_examples=500, deadline=None)
@given(
    text=st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=80),
    name=st.sampled_from(["", "ada", "@", "a (b", "`"]),
)
def test_no_sign_is_lost_whatever_the_text(text: str, name: str) -> None:
    check_whole(text, parse(text, name))


@pytest.mark.parametrize("part", HOSTILE)
def test_a_long_text_takes_no_more_than_its_length(part: str) -> None:
    """Quadratic work would take minutes, and the test's own time limit would end it."""
    text = part * (262_144 // len(part))
    check_whole(text, parse(text, "ada"))


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("see https://example.org/a(b), ok", [("words", "see "), ("link", "https://example.org/a(b)"), ("words", ", ok")]),
        ("(http://a.example)", [("words", "("), ("link", "http://a.example"), ("words", ")")]),
        ("mailto:a.b@c.example?bcc=d@e.f", [("link", "mailto:a.b@c.example"), ("words", "?bcc=d@e.f")]),
        ("run `ls http://b @ada` ok", [("words", "run "), ("mark", "`"), ("code", "ls http://b @ada"), ("mark", "`"), ("words", " ok")]),
        ("``a`b``", [("mark", "``"), ("code", "a`b"), ("mark", "``")]),
        ("it`s\none`s", [("words", "it`s\none`s")]),
        ("a\n```py\nx:\n  y\n```\nb", [("words", "a"), ("mark", "\n```py\n"), ("block", "x:\n  y"), ("mark", "\n```\n"), ("words", "b")]),
        ("```a b```", [("mark", "```"), ("block", "a b"), ("mark", "```")]),
        ("```a```\n```b```", [("mark", "```"), ("block", "a"), ("mark", "```\n"), ("mark", "```"), ("block", "b"), ("mark", "```")]),
        ("```\ncut off", [("mark", "```\n"), ("block", "cut off")]),
        ("no ``` block", [("words", "no ``` block")]),
        ("``` ```", [("words", "``` ```")]),
        ("hi @Ada!", [("words", "hi "), ("mention", "@Ada"), ("words", "!")]),
        ("@adam me@ada @@ada", [("words", "@adam me@ada @@ada")]),
        ("https://a.b/@ada", [("link", "https://a.b/@ada")]),
    ],
)  # fmt: skip
def test_what_a_text_is_made_of(text: str, runs: list[tuple[str, str]]) -> None:
    assert shown(text, "ada") == runs


def test_a_name_of_several_words_is_found() -> None:
    assert mentions("well, @ada (the) first: yes", "Ada (the) first")
    assert not mentions("`@ada`", "ada")
    assert not mentions("@ada", "")


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "ftp://a.b", "www.example.org", "xhttp://a.b", "https://", "https:///a",
        "https://bank.example@evil.example/", "http://user:pw@evil.example",
        "https://a..b", "https://-a.b", "https://a.b:x/", "mailto:@a.b",
        "https://ａ.example", "https://a\u200db.example", "https://ﬁ.example", "https://a%2eb/", "https://" + "a" * 64 + ".b",
        "https://a.b/" + "c" * LONGEST_ADDRESS, "mailto:a b@c.d",
    ],
)  # fmt: skip
def test_what_is_no_link(text: str) -> None:
    assert list(find_addresses(text)) == []


@pytest.mark.parametrize(
    ("text", "target", "doubtful"),
    [
        ("HTTPS://Example.ORG/Å?q=ö#%41", "https://example.org/%C3%85?q=%C3%B6#%41", False),
        ("https://bücher.example:8080/", "https://xn--bcher-kva.example:8080/", False),
        ("https://straße.example", "https://xn--strae-oqa.example", False),
        ("https://日本語.example", "https://xn--wgv71a119e.example", False),
        ("https://пример.example", "https://xn--e1afmkfd.example", False),
        ("https://аррӏе.example/login", "https://xn--80ak6aa92e.example/login", True),
        ("https://exаmple.example", "https://xn--exmple-4nf.example", True),
        ("https://a.comノb.example", "https://a.xn--comb-xq4c.example", True),
        ("https://ɡoogle.example", "https://xn--oogle-qmc.example", True),
        ("https://a.example/שלום", "https://a.example/%D7%A9%D7%9C%D7%95%D7%9D", True),
        ("https://good.example\\@evil.example", "https://good.example", False),
        ("https://xn--80ak6aa92e.example", "https://xn--80ak6aa92e.example", False),
        ("mailto:a@bücher.example", "mailto:a@xn--bcher-kva.example", False),
    ],
)  # fmt: skip
def test_where_a_link_leads(text: str, target: str, doubtful: bool) -> None:
    (address,) = find_addresses(text)
    assert (address.target, address.doubtful) == (target, doubtful)


def test_more_than_can_be_drawn_at_once_stays_as_it_was_written() -> None:
    for part in ("`a` ", "https://a.b ", "@ada ", "`a` https://a.b @ada "):
        text = part * 500
        runs = parse(text, "ada")
        check_whole(text, runs)
        assert sum(run.kind not in ("words", "mark") for run in runs) == MOST_SPECIAL
