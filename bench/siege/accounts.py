"""Log-ins, sessions, members, notifications, entity tags (H1, M1, M4, M5, M7, L8)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import suppress

from bench._http import PASSWORD, Api, register
from bench.siege.target import GONE, Target, Verdict, attack, until_over

NEW_PASSWORD = "another-horse-battery-8"


def log_in(api: Api, name: str, password: str = PASSWORD) -> tuple[int, str]:
    """Log in; returns the status and the token."""
    body = {"email": f"{name}@example.com", "password": password}
    status, answer = api.call("POST", "/api/v1/auth/login", body)
    return status, answer.get("access_token", "") if status == 200 else ""


@attack("H1", "log-ins with the old password from 4 threads while it is changed, 3 times", 8)
def old_password(target: Target) -> Verdict:
    """Keep a session that the change of password should have ended."""
    survivors, begun, changes = 0, 0, Counter[int]()
    for number in range(1, 4):
        status, tokens = _old_tokens(target, f"changer{number}", f"127.0.4.{number}")
        changes[status] += 1
        begun += len(tokens)
        survivors += sum(_works(target, token) for token in tokens)
    said = f"{survivors} of {begun} sessions of old passwords still work; changes {dict(changes)}"
    return Verdict(survivors == 0 and changes[204] > 0, said)


def _old_tokens(target: Target, name: str, source: str) -> tuple[int, list[str]]:
    """Register, log in all the time, change the password meanwhile; returns the tokens."""
    owner = register(target.port, name, source)
    tokens: list[str] = []
    over = threading.Event()

    def keep_coming() -> None:
        api = target.api(source=source)
        while not over.is_set():
            with suppress(*GONE):
                status, token = log_in(api, name)
                if status == 200:
                    tokens.append(token)
                elif status == 429:
                    over.wait(0.2)

    threads = [threading.Thread(target=keep_coming, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.6)
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    until = time.monotonic() + 2
    while (status := owner.call("POST", "/api/v1/auth/password", change)[0]) == 429:
        if time.monotonic() > until:  # log-ins in hand may be too many just now
            break
        time.sleep(0.05)
    time.sleep(0.3)
    over.set()
    for thread in threads:
        thread.join(5)
    return status, tokens


def _works(target: Target, token: str) -> bool:
    api = Api(target.port, token, 5, "127.0.4.99")
    status, _ = api.call("GET", "/api/v1/auth/me")
    api.close()
    return status == 200


@attack("M1", "105 log-ins with the right password, then another account from there", 10)
def right_passwords(target: Target) -> Verdict:
    """Lock a class out by logging in."""
    source, statuses = "127.0.5.1", Counter[int]()

    def come(_: int) -> bool:
        api = target.api(source=source)
        status, _token = log_in(api, target.accounts["mallory"].name)
        api.close()
        statuses[status] += 1
        return statuses.total() < 105 and status == 200

    until_over(target, 4, come)
    other, _ = log_in(target.api(source=source), "victim")
    return Verdict(other == 200, f"{dict(statuses)}; then another account: {other}")


@attack("M4", "1,010 posts that mention somebody (with RATE_LIMIT=off)", 20, RATE_LIMIT="off")
def mentions(target: Target) -> Verdict:
    """Push out what somebody should see."""
    alice = target.api("alice")
    project = target.accounts["alice"].project
    member = {"email": "victim@example.com", "role": "viewer"}
    alice.call("POST", f"/api/v1/projects/{project}/members", member)
    body = {"title": "mine to do", "project_id": project}
    body |= {"assignee_id": target.accounts["victim"].id}
    alice.call("POST", "/api/v1/tasks", body)
    statuses = Counter[int]()

    def post(_: int) -> bool:
        api = target.api("mallory")
        for _ in range(50):
            post = {"title": "t", "body": "@victim", "status": "published"}
            status, _answer = api.call("POST", "/api/v1/posts", post)
            statuses[status] += 1
        api.close()
        return statuses.total() < 1_010

    until_over(target, 4, post)
    time.sleep(2)
    kinds, cursor = Counter[str](), ""
    victim = target.api("victim")
    for _ in range(12):
        _, page = victim.call("GET", f"/api/v1/notifications?limit=100{cursor}")
        kinds.update(one.get("kind") or one.get("type") for one in page["items"])
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    kept = any("assigned" in str(kind) for kind in kinds)
    return Verdict(kept, f"posts {dict(statuses)}; notifications {dict(kinds)}")


@attack("M5", "a member removed and added again; another person's entity tag", 3, group="small")
def entity_tags(target: Target) -> Verdict:
    """Have a tag mean two things."""
    alice, victim = target.api("alice"), target.accounts["victim"]
    members = f"/api/v1/projects/{target.accounts['alice'].project}/members"
    wrong = []
    place = f"{members}/{victim.id}"
    member = {"email": "victim@example.com", "role": "viewer"}
    alice.call("POST", members, member)
    alice.call("GET", place)
    tag = alice.headers["ETag"]
    alice.call("DELETE", place)
    alice.call("POST", members, member | {"role": "collaborator"})
    if tag and alice.call("GET", place, If_None_Match=tag)[0] == 304:
        wrong.append("the former membership's")
    alice.call("GET", "/api/v1/auth/me")
    tag = alice.headers["ETag"]
    if tag and target.api("mallory").call("GET", "/api/v1/auth/me", If_None_Match=tag)[0] == 304:
        wrong.append("another person's")
    alice.call("DELETE", place)
    return Verdict(not wrong, f"304 for {' and '.join(wrong) or 'neither'}")


@attack("M7", "wrong passwords for one account from 30 addresses, 8 at once", 8)
def guesses(target: Target) -> Verdict:
    """Guess without bound."""
    statuses, numbers = Counter[int](), iter(range(10_000))
    begun = time.monotonic()

    def guess(_: int) -> bool:
        number = next(numbers)
        api = target.api(source=f"127.0.6.{number % 30 + 1}", timeout=15)
        status, _token = log_in(api, "victim", f"wrong-password-{number}")
        api.close()
        statuses[status] += 1
        return statuses.total() < 150

    until_over(target, 8, guess)
    rate = statuses[401] / (time.monotonic() - begun)
    own, _ = log_in(target.api(source="127.0.1.6", timeout=15), "victim")
    said = f"{rate:.1f} guesses a second, {dict(statuses)}; the owner: {own}"
    # Each network has one guess at once, before any wait; what counts is that it ends there.
    return Verdict(statuses[401] <= 40 and own == 200, said)


@attack(
    "L8", "presence on `posts`; addresses tried as members, as fast as they go", 5, group="small"
)
def strangers(target: Target) -> Verdict:
    """Learn who is there, and who has an account."""
    watcher = target.follow("victim", "&topic=posts")
    try:
        watcher.send(b'{"type": "subscribe", "topic": "posts"}')
        time.sleep(0.3)
        _, present = target.api("mallory").call("GET", "/api/v1/presence?topic=posts")
    finally:
        watcher.drop()
    others = str(present).count("victim")
    statuses, numbers = Counter[int](), iter(range(10_000))

    def add(_: int) -> bool:
        api = target.api("mallory")
        member = {"email": f"somebody{next(numbers)}@example.com", "role": "viewer"}
        project = target.accounts["mallory"].project
        status, _answer = api.call("POST", f"/api/v1/projects/{project}/members", member)
        api.close()
        statuses[status] += 1
        return True

    until_over(target, 2, add)
    said = f"{others} strangers seen on posts; tried as members: {dict(statuses)}"
    return Verdict(not others and statuses[429] > 0, said)
