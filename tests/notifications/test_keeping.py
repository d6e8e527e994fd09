"""Who sends much pushes out their own, and not what matters."""

from __future__ import annotations

from typing import Any

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.events import log
from collab.events.catalogue.posts import PostCreated
from collab.extensions import db
from collab.notifications.keeping import MAX_NOTIFICATIONS_KEPT, GroupOfActor, excess
from collab.notifications.models import KINDS
from collab.posts.models import PUBLISHED, Post

from ..support.notes import Notes
from ..support.people import Person, ok

sources = st.tuples(
    st.tuples(st.sampled_from(KINDS[:4]), st.booleans()), st.none() | st.integers(1, 5)
)
counted = st.dictionaries(sources, st.integers(1, 60), max_size=12)


def by_group(counts: dict[GroupOfActor, int]) -> dict[Any, int]:
    found: dict[Any, int] = {}
    for (group, _), count in counts.items():
        found[group] = found.get(group, 0) + count
    return found


@given(counted, st.integers(1, 200))
def test_only_the_largest_lose_anything(counts: dict[GroupOfActor, int], most: int) -> None:
    gone = excess(counts, most)
    left = {source: count - gone.get(source, 0) for source, count in counts.items()}
    assert sum(left.values()) == min(sum(counts.values()), most)
    assert all(count >= 0 for count in left.values())
    groups = by_group(left)
    for source in gone:
        group = source[0]
        assert groups[group] >= max(groups.values()) - 1
        same = [count for other, count in left.items() if other[0] == group]
        assert left[source] >= max(same) - 1


@given(counted, st.integers(100, 2000))
def test_a_flood_takes_no_room_of_another_kind(counts: dict[GroupOfActor, int], flood: int) -> None:
    """Each kind has its share, however much comes of another one, from however many."""
    share = 800 // (len(KINDS) * 2)
    kept = {source: min(count, share // 6) for source, count in counts.items()}
    strangers: dict[GroupOfActor, int] = {
        (("flood", True), actor): flood for actor in range(100, 103)
    }
    gone = excess(kept | strangers, 800)
    assert not set(gone) & set(kept)


@given(st.integers(1, 124), st.lists(st.integers(1, 400), min_size=1, max_size=4))
def test_a_stranger_pushes_out_no_teammate_who_says_less(mine: int, theirs: list[int]) -> None:
    group = ("mentioned", True)
    strangers: dict[GroupOfActor, int] = {(group, 100 + n): count for n, count in enumerate(theirs)}
    gone = excess({(group, 1): mine} | strangers, 5 * 124)
    assert (group, 1) not in gone


def test_a_thousand_mentions_push_out_neither_what_is_assigned_nor_who_invited(
    app: Flask, alice: Person, bob: Person, charlie: Person
) -> None:
    notes = Notes(app)
    notes.catch_up()
    place = alice.makes_project(bob="collaborator")
    alice.makes_task(project_id=place, assignee_id=bob.id)
    alice.writes(body="@bob, from a friend")
    notes.catch_up()
    facts = {"owner_id": charlie.id, "title": "x", "public": True, "mentioned": [bob.id]}
    with app.app_context():
        posts = [
            Post(owner_id=charlie.id, title="x", status=PUBLISHED)
            for _ in range(MAX_NOTIFICATIONS_KEPT + 10)
        ]
        db.session.add_all(posts)
        db.session.flush()
        mentions = [PostCreated(post_id=post.id, **facts) for post in posts]
        log.record_all(mentions, actor=charlie.id)
        db.session.commit()
    notes.catch_up()
    counts = ok(bob.get("/notifications/unread"))
    assert counts["unread"] == MAX_NOTIFICATIONS_KEPT
    assert (counts["by_kind"]["assigned"], counts["by_kind"]["invited"]) == (1, 1)
    first = ok(bob.get("/notifications", params={"sort": "id", "kind": "mentioned"}))["items"][0]
    assert first["actor"]["id"] == alice.id
