"""Taking changes back: what one person did goes, what all others did stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collab.files.text.delta import Delta, apply, normal
from collab.files.text.inverse import undo

ALICE, BOB = "alice", "bob"


class Story:
    """Changes of a text in which every character is another, so that each can be followed."""

    def __init__(self, draw: st.DrawFn, people: list[str]) -> None:
        self._fresh = iter(range(0x100, 0xD000))
        self.before = self.text = self._new(draw(st.integers(0, 5)))
        self.authors: list[str] = []
        self.deltas: list[Delta] = []
        self.inserted: dict[str, str] = {ALICE: "", BOB: ""}
        self.deleted: dict[str, str] = {ALICE: "", BOB: ""}
        for _ in range(draw(st.integers(0, 6))):
            self._step(draw, draw(st.sampled_from(people)))

    def _new(self, count: int) -> str:
        return "".join(chr(next(self._fresh)) for _ in range(count))

    def _step(self, draw: st.DrawFn, author: str) -> None:
        steps: list[int | str] = []
        at = 0
        while at < len(self.text) and draw(st.booleans()):
            count = draw(st.integers(1, len(self.text) - at))
            if draw(st.booleans()):
                steps.append(-count)
                self.deleted[author] += self.text[at : at + count]
            else:
                steps.append(count)
            at += count
            if draw(st.booleans()):
                steps.append(self._insertion(draw, author))
        steps.append(self._insertion(draw, author))
        self.authors.append(author)
        self.deltas.append(normal(steps))
        self.text = apply(self.text, self.deltas[-1])

    def _insertion(self, draw: st.DrawFn, author: str) -> str:
        word = self._new(draw(st.integers(0, 3)))
        self.inserted[author] += word
        return word

    def without(self, author: str) -> str:
        """Return the text after somebody's changes were taken back."""
        chosen = [one == author for one in self.authors]
        return apply(self.text, undo(self.before, self.deltas, chosen))


@st.composite
def stories(draw: st.DrawFn, *people: str) -> Story:
    return Story(draw, list(people))


@given(stories(ALICE))
def test_taking_all_changes_back_gives_the_text_before(story: Story) -> None:
    assert story.without(ALICE) == story.before


@given(stories(ALICE, BOB))
def test_what_others_did_stays_and_nothing_else(story: Story) -> None:
    """Exactly the characters are there that would be, had alice never been there."""
    wanted = set(story.before + story.inserted[BOB]) - set(story.deleted[BOB])
    left = story.without(ALICE)
    assert set(left) == wanted
    assert len(left) == len(wanted)


@given(stories(ALICE, BOB))
def test_what_others_wrote_stays_in_its_order(story: Story) -> None:
    bobs = set(story.inserted[BOB]) & set(story.text)
    before = [one for one in story.text if one in bobs]
    assert [one for one in story.without(ALICE) if one in bobs] == before


@given(stories(ALICE, BOB))
def test_an_undo_is_undone(story: Story) -> None:
    chosen = [one == ALICE for one in story.authors]
    back = undo(story.before, story.deltas, chosen)
    changes = [*story.deltas, back]
    again = undo(story.before, changes, [False] * len(story.deltas) + [True])
    assert apply(apply(story.text, back), again) == story.text


@given(stories(ALICE, BOB))
def test_undoing_nobodys_changes_changes_nothing(story: Story) -> None:
    assert undo(story.before, story.deltas, [False] * len(story.deltas)) == ()


def test_what_another_wrote_into_a_deleted_place_stands_where_it_was() -> None:
    deleted, written = (1, -3), (1, "X")
    back = undo("abcde", [deleted, written], [True, False])
    assert apply("aXe", back) == "aXbcde"


def test_what_was_undone_already_is_not_deleted_and_written_again() -> None:
    there, back, again = (1, "bc"), (1, -2), (1, "bc")
    assert undo("ad", [there, back, again], [False, True, True]) == ()
