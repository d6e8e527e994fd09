#!/usr/bin/env bash
# A tour of Collab with curl alone, against a running server:
#
#     python app.py            # in one terminal
#     examples/tour.sh         # in another, or with the address of a server as its argument
#
# Two people register, one makes a project and a workspace and invites the other, the other follows
# the project live, has a task done, code run and a report made, both write posts, a stranger is
# refused. It ends with an error as soon as an answer is not what it should be.
set -euo pipefail

server=${1:-http://127.0.0.1:5000}
api=$server/api/v1
run=$(date +%s)-$$
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() { printf 'tour: %s\n' "$*" >&2; exit 1; }

# call STATUS METHOD PATH [TOKEN] [JSON]: send a request, check the status, print the body.
call() {
  local wanted=$1 method=$2 path=$3 token=${4:-} json=${5:-} status
  local arguments=(-sS -o "$work/body" -w '%{http_code}' -X "$method" "$api$path")
  [ -n "$token" ] && arguments+=(-H "Authorization: Bearer $token")
  [ -n "$json" ] && arguments+=(-H 'Content-Type: application/json' -d "$json")
  status=$(curl "${arguments[@]}") || fail "$server does not answer"
  [ "$status" = "$wanted" ] || fail "$method $path: $status instead of $wanted: $(cat "$work/body")"
  printf '%-6s %-34s %s\n' "$method" "$path" "$status" >&2
  cat "$work/body"
}

# member NAME: print the first member of this name of the JSON on standard input.
member() { sed -nE "s/.*\"$1\": ?\"?([^\",}]+)\"?.*/\1/p" | head -n 1; }
first_id() { sed -nE 's/^\{"id":([0-9]+).*/\1/p'; }

# wait_for TEXT: wait until the follower has seen it.
wait_for() {
  for _ in $(seq 100); do
    grep -q -- "$1" "$work/live" && return
    sleep 0.1
  done
  fail "the follower never saw $1: $(cat "$work/live")"
}

# follow_job ID TOKEN: read the job's stream until it has succeeded.
follow_job() {
  curl -sSN -m 30 "$api/events/stream?topic=job:$1" -H "Authorization: Bearer $2" \
    -H "Last-Event-ID: 0" >"$work/job" &
  local reader=$!
  for _ in $(seq 200); do
    grep -q '"type":"job.succeeded"' "$work/job" && { kill "$reader"; wait "$reader" 2>/dev/null || true; return 0; }
    sleep 0.1
  done
  fail "the job never succeeded: $(cat "$work/job")"
}

register() {
  call 201 POST /auth/register "" \
    "{\"email\": \"$1-$run@example.com\", \"password\": \"SecurePassword123!\", \"name\": \"$2\"}"
}

say "Alice, Bob and a stranger register"
alice=$(register alice "Alice Owner" | member access_token)
bob=$(register bob "Bob Teammate" | member access_token)
stranger=$(register mallory "Mallory Stranger" | member access_token)

say "Alice makes a project, invites Bob, and makes a workspace"
project=$(call 201 POST /projects "$alice" '{"name": "Apollo", "description": "To the moon"}' | first_id)
call 201 POST "/projects/$project/members" "$alice" \
  "{\"email\": \"bob-$run@example.com\", \"role\": \"viewer\"}" >"$work/bob"
bob_id=$(member user_id <"$work/bob")

say "Bob follows the project live"
curl -sSN "$api/events/stream?project_id=$project" -H "Authorization: Bearer $bob" >"$work/live" &
wait_for subscribed
workspace=$(call 201 POST "/projects/$project/workspaces" "$alice" \
  '{"name": "Development Workspace", "settings": {}}' | first_id)
wait_for workspace.created
call 200 PATCH "/workspaces/$workspace" "$alice" '{"settings": {"theme": "dark"}}' >"$work/out"
wait_for workspace.updated
call 201 POST /events "$alice" \
  "{\"type\": \"file_changed\", \"project_id\": $project, \"payload\": {\"fileName\": \"index.js\"}}" \
  >"$work/out"
wait_for file.changed

say "As a viewer Bob may read, but not write"
call 200 GET "/projects/$project" "$bob" >"$work/out"
call 403 POST "/projects/$project/workspaces" "$bob" '{"name": "Mine"}' >"$work/out"
call 403 POST /events "$bob" "{\"type\": \"file_changed\", \"project_id\": $project}" >"$work/out"

say "A stranger is told that there is nothing, and without a token one is told to sign in"
call 404 GET "/projects/$project" "$stranger" >"$work/out"
call 404 GET "/events/stream?project_id=$project" "$stranger" >"$work/out"
call 401 GET "/projects/$project" >"$work/out"

say "Bob becomes a collaborator, and writes"
call 200 PATCH "/projects/$project/members/$bob_id" "$alice" '{"role": "collaborator"}' >"$work/out"
wait_for member.role_changed
call 201 POST /events "$bob" "{\"type\": \"activity\", \"project_id\": $project}" >"$work/out"
wait_for '"activity"'

say "Alice makes a task for Bob; he says something about it, and has it done"
task=$(call 201 POST "/projects/$project/tasks" "$alice" \
  "{\"title\": \"Order the rocket\", \"assignee_id\": $bob_id, \"due_at\": \"2030-12-24\", \"tags\": [\"moon\"]}" | first_id)
wait_for task.assigned
call 200 GET "/tasks?assignee=me&tag=moon" "$bob" >"$work/out"
grep -q '"title":"Order the rocket"' "$work/out" || fail "Bob does not see his task"
call 201 POST "/tasks/$task/comments" "$bob" '{"body": "Done in a minute."}' >"$work/out"
wait_for task.commented
call 200 PATCH "/tasks/$task" "$bob" '{"status": "done"}' >"$work/out"
wait_for task.updated
call 404 GET "/tasks/$task" "$stranger" >"$work/out"

say "Alice and Bob write in one file: what both changed since version 1 is kept"
file=$(call 201 POST "/workspaces/$workspace/files" "$alice" \
  '{"path": "src/hello.py", "content": "name = 1\n\nprint(name)\n"}' | first_id)
wait_for file.created
printf "name = 'Bob'\n\nprint(name)\n" | curl -sSf -X PUT "$api/files/$file/content?base_version=1" \
  -H "Authorization: Bearer $bob" --data-binary @- >"$work/out"
call 200 PATCH "/files/$file/content" "$alice" \
  '{"base_version": 1, "edits": [{"retain": 22}, {"insert": "print(2)\n"}]}' >"$work/out"
call 200 GET "/files/$file/content" "$bob" >"$work/hello.py"
[ "$(cat "$work/hello.py")" = "$(printf "name = 'Bob'\n\nprint(name)\nprint(2)")" ] || fail "$(cat "$work/hello.py")"

say "Bob has code run, and follows it; the type that needs it says if there is no sandbox here"
curl -sS "$api/jobs/types" -H "Authorization: Bearer $bob" >"$work/types"
if grep -q '"name":"code_execution"[^}]*"available":true' "$work/types"; then
  job=$(call 201 POST /jobs "$bob" '{"type": "code_execution", "payload":
    {"language": "javascript", "code": "console.log(\"Hello World\")"}}' | first_id)
  follow_job "$job" "$bob"
  call 200 GET "/jobs/$job" "$bob" >"$work/out"
  grep -q '"stdout":"Hello World\\n"' "$work/out" || fail "the code did not say hello"
fi

say "Bob orders a report; ordered twice with one key, it is made once"
order="{\"type\": \"report\", \"project_id\": $project, \"idempotency_key\": \"$run\"}"
job=$(call 201 POST /jobs "$bob" "$order" | first_id)
[ "$(call 201 POST /jobs "$bob" "$order" | first_id)" = "$job" ] || fail "the report was ordered twice"
follow_job "$job" "$bob"
call 200 GET "/jobs/$job/output" "$bob" >"$work/report.html"
grep -q "<svg" "$work/report.html" || fail "the report has no plots"

say "Alice uploads a table, and has it grouped"
printf 'city,price\nLyon,12\nTurin,8\nLyon,3\n' >"$work/sales.csv"
upload=$(curl -sS "$api/uploads" -H "Authorization: Bearer $alice" -F "file=@$work/sales.csv" | first_id)
job=$(call 201 POST /jobs "$alice" "{\"type\": \"data_processing\", \"payload\":
  {\"upload_id\": $upload, \"group_by\": [\"city\"],
   \"aggregate\": [{\"fn\": \"sum\", \"column\": \"price\", \"as\": \"sum\"}], \"sort\": [\"-sum\"]}}" | first_id)
follow_job "$job" "$alice"
call 200 GET "/jobs/$job" "$alice" >"$work/out"
grep -q '"rows":\[{"city":"Lyon","sum":15},{"city":"Turin","sum":8}\]' "$work/out" || fail "$(cat "$work/out")"

say "Alice writes a draft, which nobody else finds, and publishes it; everybody reads it, signed in or not"
post=$(call 201 POST /posts "$alice" '{"title": "Apollo", "body": "We have landed.", "status": "draft"}' | first_id)
call 404 GET "/posts/$post" "$bob" >"$work/out"
call 200 PATCH "/posts/$post" "$alice" '{"status": "published"}' >"$work/out"
call 200 GET "/posts/$post" >"$work/out"
call 200 GET "/posts?q=landed" "$stranger" >"$work/out"
grep -q "\"id\":$post," "$work/out" || fail "the post was not found"
call 403 PUT "/posts/$post" "$stranger" '{"title": "Mine", "body": "now"}' >"$work/out"

say "Bob puts it in a collection, behind a post of his own, and then before it"
mine=$(call 201 POST /posts "$bob" '{"title": "Thanks", "body": "To all who helped."}' | first_id)
collection=$(call 201 POST /collections "$bob" '{"name": "Worth reading"}' | first_id)
call 200 POST "/collections/$collection/add_post" "$bob" "{\"post_id\": $mine}" >"$work/out"
call 200 PUT "/collections/$collection/posts/$post" "$bob" >"$work/out"
call 200 PUT "/collections/$collection/posts/$post" "$bob" "{\"before\": $mine}" >"$work/out"
call 200 GET "/collections/$collection/posts" "$bob" >"$work/out"
grep -q "\"id\":$post,.*\"id\":$mine," "$work/out" || fail "the order is another: $(cat "$work/out")"
call 404 GET "/collections/$collection" "$alice" >"$work/out"

say "Alice removes Bob: his stream ends behind the event that says so"
call 204 DELETE "/projects/$project/members/$bob_id" "$alice" >"$work/out"
wait_for member.removed
wait_for closing
call 404 GET "/projects/$project" "$bob" >"$work/out"
call 201 POST /events "$alice" \
  "{\"type\": \"activity\", \"project_id\": $project, \"payload\": {\"secret\": true}}" >"$work/out"
wait
grep -q secret "$work/live" && fail "Bob saw what was told behind his removal"

say "What Bob saw"
grep '^data: {"specversion"' "$work/live" | sed -E 's/.*"type":"([^"]+)".*"data":(.*)\}$/  \1 \2/'
say "The tour is over: everything was as it should be."
