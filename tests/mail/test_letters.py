"""A letter is written once: as plain text, and as HTML in which nothing of others' words acts."""

from email import message_from_bytes
from email.policy import SMTP, default
from html.parser import HTMLParser

import pytest

from collab.core.models import utcnow
from collab.mail import letter
from collab.mail.letter import Items, Link, Small, Words
from collab.mail.message import Mail, build

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>"


class Tags(HTMLParser):
    """Gathers tags and text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert {name for name, _ in attributes} <= {"href", "style", "lang", "charset"}

    def handle_data(self, data):
        self.words.append(data.strip())


def test_both_kinds_of_text_say_the_same():
    parts = [Words("Hello."), Link("Look", "https://c.test/a?b=1&c=2"), Items("New", ["a", "b"])]
    assert letter.plain([*parts, Small("Bye.")]) == (
        "Hello.\n\nLook:\nhttps://c.test/a?b=1&c=2\n\nNew\n- a\n- b\n\nBye.\n"
    )
    words = [word for word in Tags(letter.html("T", [*parts, Small("Bye.")])).words if word]
    address = "https://c.test/a?b=1&c=2"
    assert words == ["T", "Hello.", "Look", address, "New", "a", "b", "Bye."]


def test_what_others_have_written_is_text_in_html():
    parts = [Words(HOSTILE), Link(HOSTILE, f"https://c.test/{HOSTILE}"), Items(HOSTILE, [HOSTILE])]
    page = Tags(letter.html(HOSTILE, parts))
    assert not {"script", "img"} & set(page.tags)
    assert page.words.count(HOSTILE) == 5


@pytest.mark.parametrize(
    "words", ["Win at evil.example/x", "https://evil.example", "mail me@evil.example", "a.b.c"]
)
def test_what_others_have_written_is_no_link(words):
    shown = letter.quoted(words)
    assert "://" not in shown
    assert "@" not in shown
    assert ".e" not in shown
    assert ".b" not in shown


def test_what_others_have_written_is_one_short_line():
    shown = letter.quoted("x\n\nPS: click\t" + "y" * 500)
    assert "\n" not in shown
    assert len(shown) <= letter.MAX_QUOTED_LENGTH + 1
    assert letter.quoted("A sentence. Another one.") == "A sentence. Another one."


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_no_subject_and_no_address_adds_a_header(end):
    for wrong in (
        Mail("bob@example.com", f"Hi{end}Bcc: all@example.com", "x"),
        Mail(f"bob@example.com{end}Bcc: all@example.com", "Hi", "x"),
        Mail("bob@example.com", "Hi", "x", headers={"X-Note": f"a{end}Bcc: all@example.com"}),
    ):
        with pytest.raises(ValueError, match=r"(?i)cr or lf|linefeed|carriage"):
            build(wrong, "Collab <c@example.com>", "<1@example.com>", utcnow())


@pytest.mark.parametrize("line_end", ["=0D=0A", "=0A", "=0D"])
@pytest.mark.parametrize("coding", ["utf-8?Q", "UTF-8?q", "us-ascii?q", "utf-8*en?q", "nonsense?q"])
def test_no_encoded_word_adds_a_header_or_says_what_no_name_may(coding, line_end):
    word = f"=?{coding}?Hi{line_end}Bcc:_all=40example.com{line_end}{line_end}https=3A//evil.com?="
    mail = Mail(f"{word.partition('Bcc')[0]}?=@example.com", word, "x", headers={"X-Note": word})
    sent = build(mail, "Collab <c@example.com>", "<1@example.com>", utcnow()).as_bytes()
    # What is kept is read again before it is sent.
    for data in (sent, message_from_bytes(sent, policy=SMTP).as_bytes()):
        read = message_from_bytes(data, policy=default)
        assert "Bcc" not in read
        assert read["Message-ID"] == "<1@example.com>"
        assert str(read["Subject"]).startswith("=\uff1f")
        assert read.get_content() == "x\r\n"


def test_the_same_facts_make_the_same_bytes():
    now = utcnow()
    mail = Mail("bob@example.com", "Grüße", "Hällo\n", html="<p>Hällo</p>")
    made = {build(mail, "C <c@example.com>", "<1@example.com>", now).as_bytes() for _ in range(3)}
    assert len(made) == 1
