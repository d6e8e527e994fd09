"""A real server that is killed, and a receiver in Node with the stock package of npm."""

import json
import subprocess

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from ..support.npm import PACKAGES, needs_node
from ..support.people import ok
from ..support.waiting import eventually

VERIFY = """
import { Webhook } from "standardwebhooks";
let text = "";
for await (const piece of process.stdin) text += piece;
const { secret, headers, body } = JSON.parse(text);
const sent = new Webhook(secret).verify(body, headers);
try {
  new Webhook(secret).verify(body + " ", headers);
} catch {
  console.log(JSON.stringify(sent));
}
"""


@pytest.mark.timeout(300)
def test_whenever_the_server_is_killed_each_event_comes_at_least_once_and_in_order(
    process, over, alice, project, receiver
):
    settings = {"ALLOW_PRIVATE_WEBHOOKS": "on"}
    server = process(**settings)
    owner = over(server, alice)
    values = {"name": "CI", "url": receiver.url, "types": ["task.created"]}
    hook = ok(owner.post(f"/projects/{project}/webhooks", values))
    titles = [f"Task {number}" for number in range(12)]
    for number, title in enumerate(titles):
        ok(owner.post("/tasks", {"title": title, "project_id": project}))
        if number % 5 == 4:
            # Events were committed just now, and some of those before are being sent.
            server.kill()
            server = process(**settings)
            owner = over(server, alice)

    def came():
        return [json.loads(got.body)["data"]["title"] for got in receiver.got]

    eventually(lambda: set(came()) == set(titles), 120)
    found = came()
    assert list(dict.fromkeys(found)) == titles, "the first time that each came is in their order"
    ids = {}
    for got in receiver.got:
        Verifier(hook["secret"]).verify(got.body, got.headers)
        ids.setdefault(got.headers["webhook-id"], got.body)
        assert ids[got.headers["webhook-id"]] == got.body, "what is repeated is the same"
    assert len(ids) == len(titles)


@needs_node("standardwebhooks")
def test_the_stock_package_of_npm_verifies_the_signature(alice, project, hooks, receiver, tmp_path):
    hook = hooks.make(alice, project, receiver, "task.created")
    ok(alice.post("/tasks", {"title": "Über “uns”", "project_id": project}))
    hooks.send()
    (got,) = receiver.got
    program = tmp_path / "verify.mjs"
    program.write_text(VERIFY)
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    told = {"secret": hook["secret"], "headers": got.headers, "body": got.body.decode()}
    done = subprocess.run(
        ["node", program], input=json.dumps(told), capture_output=True, text=True, timeout=60
    )
    assert json.loads(done.stdout) == json.loads(got.body), done.stderr
