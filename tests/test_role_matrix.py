"""Who may do what: every route and every socket message, for every kind of person.

A route or a message without a row fails, so that nobody adds one without saying who may use it.
In each project alice is the owner, bob a collaborator and vera a viewer; charlie is an outsider,
ada an admin who is no member, and nobody is not signed in. Once the request of a cell has changed
something, the next cell has a project of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from collab.events.catalogue import catalogue, reserved
from collab.events.types import OPEN_TYPES
from collab.extensions import db
from collab.ingest.store import writer
from collab.mail import outbox
from collab.mail.message import Mail
from collab.realtime.json_door.messages import MESSAGES as socket_messages

from .conftest import close, http_for, make_lasting, makes_project
from .support import databases
from .support.authenticator import Authenticator
from .support.each import each
from .support.jobs import Desk
from .support.notes import Notes
from .support.openid import given_proof
from .support.people import BASE, PASSWORD, Person, ok
from .support.sockets import Frame, Socket
from .support.stored import add_letter
from .support.texts import TextDesk
from .support.zips import zipped

pytestmark = pytest.mark.usefixtures("declared")

PEOPLE = ("nobody", "charlie", "vera", "bob", "alice", "ada")

#: Words after an address tell apart the cases of one route.
ROUTES = """
                                                       nobody charlie vera bob alice ada

GET    /                                                  200     200  200 200   200 200
GET    /health                                            200     200  200 200   200 200
GET    /ready                                             200     200  200 200   200 200
GET    /metrics                                           200     200  200 200   200 200
GET    /api/openapi.json                                  200     200  200 200   200 200
GET    /api/asyncapi.json                                 200     200  200 200   200 200
GET    /api/docs/                                         200     200  200 200   200 200

POST   auth/register                                      201     201  201 201   201 201
POST   auth/signup                                        201     201  201 201   201 201
POST   auth/login                                         200     200  200 200   200 200
POST   auth/refresh                                       401     200  200 200   200 200
GET    auth/demo                                          200     200  200 200   200 200
POST   auth/logout                                        401     204  204 204   204 204
POST   auth/logout-all                                    401     204  204 204   204 204
POST   auth/password                                      401     204  204 204   204 204
POST   auth/password/forgot                               202     202  202 202   202 202
POST   auth/password/reset                                410     410  410 410   410 410
POST   auth/verification                                  401     202  202 202   202 202
POST   auth/verification/confirm                          410     410  410 410   410 410
POST   auth/email                                         401     202  202 202   202 202
POST   auth/email/confirm                                 401     410  410 410   410 410
GET    auth/me                                            401     200  200 200   200 200
PATCH  auth/me                                            401     200  200 200   200 200
GET    auth/me/usage                                      401     200  200 200   200 200
POST   auth/me/export                                     401     202  202 202   202 202
POST   auth/me/export/download                            401     404  404 404   404 404
DELETE auth/me                                            401     204  204 204   204 409
GET    auth/verify                                        401     200  200 200   200 200
GET    auth/sessions                                      401     200  200 200   200 200
DELETE auth/sessions/<session>                            401     204  204 204   204 204
DELETE auth/sessions/<session> of another                 401     404  404 404   404 404
GET    auth/providers                                     200     200  200 200   200 200
GET    auth/<provider>                                    302     302  302 302   302 302
GET    auth/<unset_provider>                              501     501  501 501   501 501
GET    auth/<provider>/callback                           400     400  400 400   400 400
POST   auth/login/provider                                200     200  200 200   200 200
POST   auth/login/provider with what was made up          400     400  400 400   400 400
POST   auth/<provider>/link                               401     200  200 200   200 200
GET    auth/me/identities                                 401     200  200 200   200 200
POST   auth/me/identities                                 401     201  201 201   201 201
POST   auth/me/identities of another                      401     400  400 400   400 400
DELETE auth/me/identities/<identity>                      401     204  204 204   204 204
DELETE auth/me/identities/<identity> of another           401     404  404 404   404 404
GET    auth/me/blocks                                     401     200  200 200   200 200
PUT    auth/me/blocks/<user>                              401     204  204 204   204 204
DELETE auth/me/blocks/<blocked>                           401     204  204 204   204 204
DELETE auth/me/blocks/<user> not blocked                  401     404  404 404   404 404
POST   auth/ticket                                        401     201  201 201   201 201

POST   auth/login/second-factor                           401     401  401 401   401 401
POST   auth/login/passkey/options                         200     200  200 200   200 200
POST   auth/login/passkey                                 401     401  401 401   401 401
GET    auth/second-factor                                 401     200  200 200   200 200
POST   auth/totp                                          401     201  201 201   201 201
POST   auth/totp/confirm                                  401     409  409 409   409 409
POST   auth/totp/disable                                  401     404  404 404   404 404
POST   auth/recovery-codes                                401     409  409 409   409 409
POST   auth/passkeys/options                              401     200  200 200   200 200
POST   auth/passkeys                                      401     201  201 201   201 201
GET    auth/passkeys                                      401     200  200 200   200 200
GET    auth/passkeys/<passkey>                            401     200  200 200   200 200
GET    auth/passkeys/<passkey> of another                 401     404  404 404   404 404
PATCH  auth/passkeys/<passkey>                            401     200  200 200   200 200
PATCH  auth/passkeys/<passkey> of another                 401     404  404 404   404 404
POST   auth/passkeys/<passkey>/remove                     401     204  204 204   204 204
POST   auth/passkeys/<passkey>/remove of another          401     404  404 404   404 404
GET    auth/tokens                                        401     200  200 200   200 200
GET    auth/tokens/scopes                                 401     200  200 200   200 200
POST   auth/tokens                                        401     201  201 201   201 201
DELETE auth/tokens/<personal_token>                       401     204  204 204   204 204
DELETE auth/tokens/<personal_token> of another            401     404  404 404   404 404

GET    users                                              401     403  403 403   403 200
GET    users/<user>                                       401     403  403 403   403 200
PATCH  users/<user>                                       401     403  403 403   403 200
DELETE users/<user>                                       401     403  403 403   403 204
POST   users/<user>/second-factor/reset                   401     403  403 403   403 204
GET    users/<user>/usage                                 401     403  403 403   403 200
DELETE users/<user>/sessions                              401     403  403 403   403 204
GET    sessions                                           401     403  403 403   403 200
DELETE sessions/<session> of another                      401     403  403 403   403 204
GET    usage                                              401     403  403 403   403 200
GET    mails                                              401     403  403 403   403 200
GET    mails/<mail>                                       401     403  403 403   403 200
POST   mails/<mail>/resend                                401     403  403 403   403 202
GET    installation                                       401     403  403 403   403 200
GET    users/<user>/tokens                                401     403  403 403   403 200
DELETE users/<user>/tokens/<personal_token> of another    401     403  403 403   403 204

GET    projects                                           401     200  200 200   200 200
GET    projects of everybody                              401     403  403 403   403 200
POST   projects                                           401     201  201 201   201 201
GET    projects/<project>                                 401     404  200 200   200 200
PUT    projects/<project>                                 401     404  403 403   200 200
PATCH  projects/<project>                                 401     404  403 403   200 200
DELETE projects/<project>                                 401     404  403 403   204 204

GET    projects/<project>/usage                           401     404  200 200   200 200
GET    projects/<project>/members                         401     404  200 200   200 200
GET    projects/<project>/members/<user>                  401     404  200 200   200 200
POST   projects/<project>/members                         401     404  403 403   201 201
POST   projects/<project>/members for an owner            401     404  403 403   201 201
POST   projects/<project>/members without an account      401     404  403 403   201 201
PATCH  projects/<project>/members/<user>                  401     404  403 403   200 200
DELETE projects/<project>/members/<user>                  401     404  403 403   204 204
DELETE projects/<project>/members/<user> by himself       401     404  204 204   409 404
GET    projects/<project>/invitations                     401     404  403 403   200 200
DELETE projects/<project>/invitations/<invitation>        401     404  403 403   204 204
GET    invitations                                        401     200  200 200   200 200
POST   projects/<project>/invitations/<invitation>/resend 401     404  403 403   202 202
POST   invitations/accept                                 401     410  410 410   410 410
POST   invitations/<invitation>/accept of another         401     404  404 404   404 404
POST   invitations/<invitation>/decline of another        401     404  404 404   404 404

GET    projects/<project>/workspaces                      401     404  200 200   200 200
POST   projects/<project>/workspaces                      401     404  403 201   201 201
GET    workspaces                                         401     200  200 200   200 200
GET    workspaces of a project                            401     404  200 200   200 200
POST   workspaces                                         401     404  403 201   201 201
GET    workspaces/<workspace>                             401     404  200 200   200 200
PUT    workspaces/<workspace>                             401     404  403 200   200 200
PATCH  workspaces/<workspace>                             401     404  403 200   200 200
DELETE workspaces/<workspace>                             401     404  403 204   204 204

GET    workspaces/<workspace>/files                       401     404  200 200   200 200
POST   workspaces/<workspace>/files                       401     404  403 201   201 201
GET    workspaces/<workspace>/tree                        401     404  200 200   200 200
POST   workspaces/<filled_workspace>/files/move           401     404  403 200   200 200
GET    files/<file>                                       401     404  200 200   200 200
PATCH  files/<file>                                       401     404  403 200   200 200
DELETE files/<file>                                       401     404  403 204   204 204
GET    files/<file>/content                               401     404  200 200   200 200
PUT    files/<file>/content                               401     404  403 200   200 200
PUT    files/<image>/content                              401     404  403 200   200 200
PATCH  files/<file>/content                               401     404  403 200   200 200
POST   files/<program>/run                                401     404  403 201   201 201
POST   files/<image>/thumbnail                            401     404  403 201   201 201
GET    workspaces/<filled_workspace>/archive              401     404  200 200   200 200
POST   workspaces/<workspace>/archive                     401     404  403 201   201 201

GET    posts                                              200     200  200 200   200 200
GET    posts of one's own                                 401     200  200 200   200 200
GET    posts that are drafts                              401     200  200 200   200 200
POST   posts                                              401     201  201 201   201 201
GET    posts/<post>                                       200     200  200 200   200 200
GET    posts/<draft> of another                           404     404  404 404   404 404
PUT    posts/<post>                                       401     403  403 403   200 200
PUT    posts/<draft> of another                           401     404  404 404   404 404
PATCH  posts/<post>                                       401     403  403 403   200 200
PATCH  posts/<post> back to a draft                       401     403  403 403   200 200
PATCH  posts/<draft> of another                           401     404  404 404   404 404
DELETE posts/<post>                                       401     403  403 403   204 204
DELETE posts/<draft> of another                           401     404  404 404   404 404

GET    collections                                        401     200  200 200   200 200
POST   collections                                        401     201  201 201   201 201
GET    collections/<collection>                           401     404  404 404   200 404
PUT    collections/<collection>                           401     404  404 404   200 404
PATCH  collections/<collection>                           401     404  404 404   200 404
DELETE collections/<collection>                           401     404  404 404   204 404
POST   collections/<collection>/add_post                  401     404  404 404   200 404
POST   collections/<collection>/add_post of a draft       401     404  404 404   404 404
POST   collections/<collection>/remove_post               401     404  404 404   200 404
GET    collections/<collection>/posts                     401     404  404 404   200 404
PUT    collections/<collection>/posts/<post>              401     404  404 404   200 404
PUT    collections/<collection>/posts/<draft> of another  401     404  404 404   404 404
DELETE collections/<collection>/posts/<held_post>         401     404  404 404   204 404

GET    uploads                                            401     200  200 200   200 200
GET    uploads of a project                               401     404  200 200   200 200
POST   uploads                                            401     201  201 201   201 201
POST   uploads to a project                               401     404  403 201   201 201
GET    uploads/<upload>                                   401     404  200 200   200 200
GET    uploads/<private_upload> of another                401     404  404 404   404 404
GET    uploads/<upload>/content                           401     404  200 200   200 200
GET    uploads/<private_upload>/content of another        401     404  404 404   404 404
DELETE uploads/<upload>                                   401     404  403 204   204 204
DELETE uploads/<private_upload> of another                401     404  404 404   404 404

GET    ingest/sources of a project                        401     404  200 200   200 200
POST   ingest/sources                                     401     404  403 403   201 201
GET    ingest/sources/<source>                            401     404  200 200   200 200
PATCH  ingest/sources/<source>                            401     404  403 403   200 200
POST   ingest/sources/<source>/rotate                     401     404  403 403   200 200
POST   ingest/sources/<source>/revoke                     401     404  403 403   200 200
DELETE ingest/sources/<source>                            401     404  403 403   204 204
GET    ingest/schemas of a project                        401     404  200 200   200 200
POST   ingest/schemas                                     401     404  403 403   201 201
GET    ingest/schemas/<schema>                            401     404  200 200   200 200
DELETE ingest/schemas/<schema>                            401     404  403 403   204 204
POST   ingest to a source                                 401     404  403 202   202 202
POST   ingest to a project                                401     404  403 202   202 202
POST   /v1/batch                                          401     401  401 401   401 401
POST   /v1/track                                          401     401  401 401   401 401
POST   /v1/identify                                       401     401  401 401   401 401
POST   /v1/page                                           401     401  401 401   401 401
POST   /v1/screen                                         401     401  401 401   401 401
POST   /v1/group                                          401     401  401 401   401 401
POST   /v1/alias                                          401     401  401 401   401 401

GET    projects/<project>/webhooks                        401     404  403 403   200 200
POST   projects/<project>/webhooks                        401     404  403 403   201 201
GET    webhooks                                           401     403  403 403   403 200
GET    webhooks/<webhook>                                 401     404  403 403   200 200
PATCH  webhooks/<webhook>                                 401     404  403 403   200 200
DELETE webhooks/<webhook>                                 401     404  403 403   204 204
POST   webhooks/<webhook>/rotate                          401     404  403 403   200 200
POST   webhooks/<webhook>/ping                            401     404  403 403   202 202
POST   webhooks/<webhook>/redeliver                       401     404  403 403   202 202
GET    webhooks/<webhook>/deliveries                      401     404  403 403   200 200
GET    webhooks/<pinged_webhook>/deliveries/<delivery>    401     404  403 403   200 200
POST   webhooks/<pinged_webhook>/deliveries/<delivery>/redeliver  401     404  403 403   409 409
GET    projects/<project>/incoming-hooks                  401     404  403 403   200 200
POST   projects/<project>/incoming-hooks                  401     404  403 403   201 201
GET    incoming-hooks/<incoming_hook>                     401     404  403 403   200 200
PATCH  incoming-hooks/<incoming_hook>                     401     404  403 403   200 200
POST   incoming-hooks/<incoming_hook>/rotate              401     404  403 403   200 200
DELETE incoming-hooks/<incoming_hook>                     401     404  403 403   204 204
POST   hooks/<token>                                      201     201  201 201   201 201
POST   hooks/<token> that was rotated                     404     404  404 404   404 404

GET    jobs/types                                         401     200  200 200   200 200
GET    jobs                                               401     200  200 200   200 200
GET    jobs of a project                                  401     404  200 200   200 200
GET    jobs of everybody                                  401     403  403 403   403 200
GET    jobs of another                                    401     403  403 403   403 200
POST   jobs                                               401     201  201 201   201 201
POST   jobs to a project                                  401     404  403 201   201 201
GET    jobs/<job>                                         401     404  200 200   200 200
GET    jobs/<private_job> of another                      401     404  404 404   404 200
GET    jobs/<ended_job>/output                            401     404  200 200   200 200
GET    jobs/<private_job>/output of another               401     404  404 404   404 404
GET    jobs/<job>/log                                     401     404  200 200   200 200
GET    jobs/<private_job>/log of another                  401     404  404 404   404 404
GET    jobs/<job>/attempts                                401     404  200 200   200 200
GET    jobs/<private_job>/attempts of another             401     404  404 404   404 404
POST   jobs/<job>/cancel                                  401     404  403 200   200 200
POST   jobs/<private_job>/cancel of another               401     404  404 404   404 200
POST   jobs/<ended_job>/retry                             401     404  403 409   409 409
POST   jobs/<cancelled_job>/retry                         401     404  403 200   200 200
POST   jobs/<private_job>/retry of another                401     404  404 404   404 404

GET    schedules                                          401     200  200 200   200 200
GET    schedules of a project                             401     404  200 200   200 200
GET    schedules of everybody                             401     403  403 403   403 200
POST   schedules                                          401     201  201 201   201 201
POST   schedules to a project                             401     404  403 201   201 201
GET    schedules/preview                                  401     200  200 200   200 200
GET    schedules/<schedule>                               401     404  200 200   200 200
GET    schedules/<private_schedule> of another            401     404  404 404   404 200
PATCH  schedules/<schedule>                               401     404  403 200   200 200
PATCH  schedules/<private_schedule> of another            401     404  404 404   404 404
DELETE schedules/<schedule>                               401     404  403 204   204 204
DELETE schedules/<private_schedule> of another            401     404  404 404   404 404
POST   schedules/<schedule>/pause                         401     404  403 200   200 200
POST   schedules/<private_schedule>/pause of another      401     404  404 404   404 200
POST   schedules/<schedule>/resume                        401     404  403 200   200 200
POST   schedules/<private_schedule>/resume of another     401     404  404 404   404 404
POST   schedules/<schedule>/run                           401     404  403 201   201 201
POST   schedules/<private_schedule>/run of another        401     404  404 404   404 404
GET    schedules/<schedule>/runs                          401     404  200 200   200 200
GET    schedules/<private_schedule>/runs of another       401     404  404 404   404 404

GET    tasks                                              401     200  200 200   200 200
GET    tasks of a project                                 401     404  200 200   200 200
GET    tasks of everybody                                 401     403  403 403   403 200
POST   tasks                                              401     201  201 201   201 201
POST   tasks to a project                                 401     404  403 201   201 201
GET    projects/<project>/tasks                           401     404  200 200   200 200
POST   projects/<project>/tasks                           401     404  403 201   201 201
GET    tasks/<task>                                       401     404  200 200   200 200
GET    tasks/<private_task> of another                    401     404  404 404   404 200
PUT    tasks/<task>                                       401     404  403 200   200 200
PUT    tasks/<private_task> of another                    401     404  404 404   404 200
PATCH  tasks/<task>                                       401     404  403 200   200 200
PATCH  tasks/<private_task> of another                    401     404  404 404   404 200
DELETE tasks/<task>                                       401     404  403 204   204 204
DELETE tasks/<private_task> of another                    401     404  404 404   404 204
POST   tasks/bulk                                         401     404  403 200   200 200
POST   tasks/bulk of another                              401     404  404 404   404 200
POST   tasks/<task>/move                                  401     404  403 200   200 200
POST   tasks/<private_task>/move of another               401     404  404 404   404 200
GET    tasks/<task>/comments                              401     404  200 200   200 200
GET    tasks/<private_task>/comments of another           401     404  404 404   404 200
POST   tasks/<task>/comments                              401     404  403 201   201 201
POST   tasks/<private_task>/comments of another           401     404  404 404   404 201
GET    tasks/<commented_task>/comments/<comment>           401     404  200 200   200 200
PATCH  tasks/<commented_task>/comments/<comment> by its author  401     404  403 200   200 200
PATCH  tasks/<commented_task>/comments/<comment> of another  401     404  403 403   403 403
DELETE tasks/<commented_task>/comments/<comment> by its author  401     404  403 204   204 204
DELETE tasks/<commented_task>/comments/<comment> of another  401     404  403 403   204 204

GET    files/<text>/history                               401     404  200 200   200 200
GET    files/<text>/history of another's changes          401     404  200 200   200 200
GET    files/<text>/versions/<version>                    401     404  200 200   200 200
GET    files/<text>/content as it was                     401     404  200 200   200 200
GET    files/<text>/diff                                  401     404  200 200   200 200
POST   files/<text>/restore                               401     404  403 200   200 200
POST   files/<text>/undo                                  401     404  403 200   200 200
POST   files/<text>/undo of another's changes             401     404  403 200   200 200

GET    events                                             401     200  200 200   200 200
GET    events of a project                                401     404  200 200   200 200
GET    events of a workspace                              401     404  200 200   200 200
GET    events of a job                                    401     404  200 200   200 200
GET    events of a private job                            401     404  404 404   404 404
GET    events of another                                  401     404  404 404   404 404
GET    events awaited                                     401     404  200 200   200 200
POST   events                                             401     201  201 201   201 201
POST   events to a project                                401     404  403 201   201 201
POST   events to a workspace                              401     404  403 201   201 201
POST   events to another                                  401     404  404 404   404 404
POST   events of a cursor                                 401     404  202 202   202 202
POST   events of typing                                   401     404  403 202   202 202
POST   events of a reserved type                          401     403  403 403   403 403
GET    events/stream                                      401     200  200 200   200 200
GET    events/stream of a project                         401     404  200 200   200 200
GET    events/stream of a workspace                       401     404  200 200   200 200
GET    events/stream of a job                             401     404  200 200   200 200
GET    events/stream of another                           401     404  404 404   404 404
GET    search                                             401     200  200 200   200 200
GET    search of a project                                401     404  200 200   200 200

GET    presence                                           401     200  200 200   200 200
GET    presence of a project                              401     404  200 200   200 200

GET    notifications                                      401     200  200 200   200 200
GET    notifications/unread                               401     200  200 200   200 200
POST   notifications/read                                 401     200  200 200   200 200
POST   notifications/read of another                      401     200  200 200   200 200
GET    notifications/<notification>                       401     200  200 200   200 200
GET    notifications/<notification> of another            401     404  404 404   404 404
PATCH  notifications/<notification>                       401     200  200 200   200 200
PATCH  notifications/<notification> of another            401     404  404 404   404 404
DELETE notifications/<notification>                       401     204  204 204   204 204
DELETE notifications/<notification> of another            401     404  404 404   404 404
GET    notifications/preferences                          401     200  200 200   200 200
GET    notifications/digest                               401     200  200 200   200 200
PUT    notifications/digest                               401     200  200 200   200 200
POST   mail/unsubscribe/<link>                            204     204  204 204   204 204
PUT    notifications/preferences                          401     200  200 200   200 200
PATCH  notifications/preferences                          401     200  200 200   200 200

GET    ingest/events                                      401     404  200 200   200 200
GET    ingest/stats                                       401     404  200 200   200 200
GET    ingest/sessions                                    401     404  200 200   200 200
GET    ingest/funnel                                      401     404  200 200   200 200
GET    ingest/retention                                   401     404  200 200   200 200
GET    ingest/latency                                     401     404  200 200   200 200
GET    ingest/health                                      401     404  200 200   200 200
GET    ingest/health of everybody                         401     403  403 403   403 200
GET    ingest/dead-letters                                401     404  200 200   200 200
GET    ingest/dead-letters/projects                       401     403  403 403   403 200
GET    ingest/dead-letters/<dead_letter>                  401     404  200 200   200 200
PATCH  ingest/dead-letters/<dead_letter>                  401     404  403 200   200 200
POST   ingest/dead-letters/replay                         401     404  403 200   200 200
POST   ingest/dead-letters/replay that changes nothing    401     404  403 200   200 200
POST   ingest/dead-letters/discard                        401     404  403 200   200 200

GET    flags                                              401     200  200 200   200 200
GET    flags/<flag>                                       401     200  200 200   200 200
PUT    flags/<flag>                                       401     403  403 403   403 200
PATCH  flags/<flag>                                       401     403  403 403   403 200
DELETE flags/<flag>                                       401     403  403 403   403 204
GET    events of the flags                                401     200  200 200   200 200
GET    events of the audit                                401     404  404 404   404 200
POST   events to the flags                                401     403  403 403   403 403
GET    activity                                           401     200  200 200   200 200
GET    projects/<project>/activity                        401     404  200 200   200 200
GET    users/<user>/activity                              401     200  200 200   200 200
GET    audit                                              401     403  403 403   403 200
GET    audit/export                                       401     403  403 403   403 200
"""

CONFIRMED = {"password": PASSWORD}
ACCOUNT = {"email": "<email>", "password": PASSWORD}
NAMED = {"name": "New name"}
GUEST = {"email": "charlie@example.com", "role": "viewer"}
DESK = {"name": "New desk", "project_id": "<project>"}
TASK = {"title": "New task"}
JOB = {"type": "test_echo", "payload": {"value": 1}}
SCHEDULE = JOB | {"name": "Every morning", "cron": "0 8 * * *"}
TOLD = {"type": "file_changed"}
OF_PROJECT = {"project_id": "<project>"}
POST = {"title": "New title", "body": "New body"}

#: What a row sends beside its address; a query for GET, else a body.
#: The schema of a type of events.
CLICKS = {"event_type": "click", "schema": {"type": "object"}}

SENT: dict[str, dict[str, Any]] = {
    "POST auth/register": ACCOUNT,
    "POST auth/signup": ACCOUNT,
    "POST auth/login": {"email": "alice@example.com", "password": PASSWORD},
    "POST auth/refresh": {"refresh_token": "<refresh_token>"},
    "POST auth/password": {"current_password": PASSWORD, "new_password": "a new long password"},
    "POST auth/login/provider": {"proof": "<proof>"},
    "POST auth/login/provider with what was made up": {"proof": "made up"},
    "POST auth/<provider>/link": {"password": PASSWORD},
    "POST auth/me/identities": {"proof": "<proof_to_link>"},
    "POST auth/me/identities of another": {"proof": "<proof_to_link>"},
    "PATCH auth/me": NAMED,
    "POST auth/me/export/download": {"password": PASSWORD},
    "DELETE auth/me": {"password": PASSWORD, "take_projects": True},
    "DELETE users/<user>": {"password": PASSWORD, "take_projects": True},
    "POST auth/login/second-factor": {"proof": "none", "code": "123456"},
    "POST auth/login/passkey": {"credential": {}},
    "POST auth/totp": CONFIRMED,
    "POST auth/totp/confirm": {"code": "123456"},
    "POST auth/totp/disable": CONFIRMED,
    "POST auth/recovery-codes": CONFIRMED,
    "POST auth/passkeys/options": CONFIRMED,
    "POST auth/passkeys": NAMED | {"credential": "<new_passkey>"},
    "PATCH auth/passkeys/<passkey>": NAMED,
    "PATCH auth/passkeys/<passkey> of another": NAMED,
    "POST auth/passkeys/<passkey>/remove": CONFIRMED,
    "POST auth/passkeys/<passkey>/remove of another": CONFIRMED,
    "POST auth/tokens": CONFIRMED | NAMED | {"scopes": ["projects:read"]},
    "PATCH users/<user>": {"role": "admin"},
    "GET projects of everybody": {"scope": "all"},
    "POST projects": NAMED,
    "PUT projects/<project>": NAMED,
    "PATCH projects/<project>": NAMED,
    "POST projects/<project>/members": {"email": "charlie@example.com", "role": "viewer"},
    "POST projects/<project>/members for an owner": {
        "email": "charlie@example.com",
        "role": "owner",
    },
    "POST projects/<project>/members without an account": {"email": "<email>"},
    "PATCH projects/<project>/members/<user>": {"role": "owner"},
    "POST projects/<project>/workspaces": NAMED,
    "GET workspaces of a project": {"project_id": "<project>"},
    "POST workspaces": DESK,
    "PUT workspaces/<workspace>": NAMED,
    "PATCH workspaces/<workspace>": NAMED,
    "POST workspaces/<workspace>/files": {"path": "b.txt"},
    "POST workspaces/<filled_workspace>/files/move": {"from": "folder", "to": "other"},
    "PATCH files/<file>": {"path": "b.txt"},
    "PUT files/<file>/content": {"any": "text"},
    "PUT files/<image>/content": {"any": "bytes"},
    "PATCH files/<file>/content": {"base_version": 1, "edits": [{"insert": "x"}]},
    "GET posts of one's own": {"owner": "me"},
    "GET posts that are drafts": {"status": "draft"},
    "POST posts": POST,
    "PUT posts/<post>": POST,
    "PUT posts/<draft> of another": POST,
    "PATCH posts/<post>": {"title": "New title"},
    "PATCH posts/<post> back to a draft": {"status": "draft"},
    "PATCH posts/<draft> of another": {"status": "published"},
    "POST collections": NAMED,
    "PUT collections/<collection>": NAMED,
    "PATCH collections/<collection>": NAMED,
    "POST collections/<collection>/add_post": {"post_id": "<post>"},
    "POST collections/<collection>/add_post of a draft": {"post_id": "<draft>"},
    "POST collections/<collection>/remove_post": {"post_id": "<held_post>"},
    "PUT collections/<collection>/posts/<post>": {"before": "<held_post>"},
    "PUT collections/<collection>/posts/<draft> of another": {"before": "<held_post>"},
    "GET tasks of a project": {"project_id": "<project>"},
    "GET tasks of everybody": {"scope": "all"},
    "POST tasks": TASK,
    "POST tasks to a project": TASK | {"project_id": "<project>"},
    "POST projects/<project>/tasks": TASK,
    "PUT tasks/<task>": TASK,
    "PUT tasks/<private_task> of another": TASK,
    "PATCH tasks/<task>": TASK,
    "PATCH tasks/<private_task> of another": TASK,
    "POST tasks/bulk": {"ids": "<tasks>", "status": "done"},
    "POST tasks/bulk of another": {"ids": "<private_tasks>", "status": "done"},
    "POST tasks/<task>/move": {"status": "doing"},
    "POST tasks/<private_task>/move of another": {"status": "doing"},
    "POST tasks/<task>/comments": {"body": "Is it ready?"},
    "POST tasks/<private_task>/comments of another": {"body": "Is it ready?"},
    "PATCH tasks/<commented_task>/comments/<comment> by its author": {"body": "It is."},
    "PATCH tasks/<commented_task>/comments/<comment> of another": {"body": "It is."},
    "GET files/<text>/history of another's changes": {"author": "<user>"},
    "GET files/<text>/content as it was": {"version": 0},
    "GET files/<text>/diff": {"from": 0},
    "POST files/<text>/restore": {"version": 0},
    "POST files/<text>/undo": {"from_version": 1},
    "POST files/<text>/undo of another's changes": {"from_version": 1, "author_id": "<alice_id>"},
    "GET ingest/sources of a project": {"project_id": "<project>"},
    "POST ingest/sources": NAMED | {"project_id": "<project>"},
    "PATCH ingest/sources/<source>": {"enabled": False},
    "GET ingest/schemas of a project": {"project_id": "<project>"},
    "POST ingest/schemas": CLICKS | {"project_id": "<project>"},
    "POST ingest to a source": {"source_id": "<source>"},
    "POST ingest to a project": {"project_id": "<project>"},
    "POST /v1/batch": {"batch": []},
    "POST projects/<project>/webhooks": NAMED | {"url": "https://example.com/hook"},
    "PATCH webhooks/<webhook>": {"state": "paused"},
    "POST projects/<project>/incoming-hooks": NAMED | {"event_type": "ci.build"},
    "PATCH incoming-hooks/<incoming_hook>": {"enabled": False},
    "POST hooks/<token>": {"branch": "main"},
    "POST hooks/<token> that was rotated": {"branch": "main"},
    "GET uploads of a project": {"project_id": "<project>"},
    "POST uploads to a project": {"project_id": "<project>"},
    "GET jobs of a project": {"project_id": "<project>"},
    "GET jobs of everybody": {"scope": "all"},
    "GET jobs of another": {"owner_id": "<user>"},
    "POST jobs": JOB,
    "POST jobs to a project": JOB | {"project_id": "<project>"},
    "GET schedules of a project": {"project_id": "<project>"},
    "GET schedules of everybody": {"scope": "all"},
    "POST schedules": SCHEDULE,
    "POST schedules to a project": SCHEDULE | {"project_id": "<project>"},
    "GET schedules/preview": {"cron": "@daily"},
    "PATCH schedules/<schedule>": {"payload": {"value": 2}},
    "PATCH schedules/<private_schedule> of another": {"payload": {"value": 2}},
    "GET events of a job": {"topic": "job:<job>"},
    "GET events of a private job": {"topic": "job:<private_job>"},
    "GET events/stream of a job": {"topic": "job:<job>"},
    "GET events of a project": {"project_id": "<project>"},
    "GET events of a workspace": {"topic": "workspace:<workspace>"},
    "GET events of another": {"topic": "user:<user>"},
    "GET events awaited": {"project_id": "<project>", "wait": 1},
    "POST events": TOLD,
    "POST events to a project": TOLD | {"project_id": "<project>"},
    "POST events to a workspace": TOLD | {"topic": "workspace:<workspace>"},
    "POST events to another": TOLD | {"topic": "user:<user>"},
    "POST events of a cursor": {"type": "cursor_moved", "project_id": "<project>"},
    "POST events of typing": {"type": "typing", "project_id": "<project>"},
    "POST events of a reserved type": {"type": "member_added", "project_id": "<project>"},
    "GET events/stream of a project": {"project_id": "<project>"},
    "GET events/stream of a workspace": {"topic": "workspace:<workspace>"},
    "GET events/stream of another": {"topic": "user:<user>"},
    "GET search": {"q": "plan"},
    "GET search of a project": {"q": "plan", "project_id": "<project>"},
    "GET presence of a project": {"project_id": "<project>"},
    "POST notifications/read": {"all": True},
    "POST notifications/read of another": {"ids": ["<notification>"]},
    "PATCH notifications/<notification>": {"read": True},
    "PATCH notifications/<notification> of another": {"read": True},
    "POST auth/password/forgot": {"email": "<email>"},
    "POST auth/password/reset": {"token": "none", "new_password": "a new long password"},
    "POST auth/verification/confirm": {"token": "none"},
    "POST auth/email": {"email": "moved-<email>", "password": PASSWORD},
    "POST auth/email/confirm": {"token": "none"},
    "POST invitations/accept": {"token": "none"},
    "PUT notifications/digest": {"every": "daily", "zone": "Europe/Berlin"},
    "PUT notifications/preferences": {"invited": False},
    "PATCH notifications/preferences": {"invited": False},
    "GET ingest/events": OF_PROJECT,
    "GET ingest/stats": OF_PROJECT,
    "GET ingest/sessions": OF_PROJECT,
    "GET ingest/funnel": OF_PROJECT | {"steps": "view,buy"},
    "GET ingest/retention": OF_PROJECT,
    "GET ingest/latency": OF_PROJECT,
    "GET ingest/health": OF_PROJECT,
    "GET ingest/dead-letters": OF_PROJECT,
    "PATCH ingest/dead-letters/<dead_letter>": {"correction": {"event_type": "click"}},
    "POST ingest/dead-letters/replay": OF_PROJECT | {"ids": ["<dead_letter>"]},
    "POST ingest/dead-letters/replay that changes nothing": OF_PROJECT
    | {"filter": {}, "dry_run": True},
    "POST ingest/dead-letters/discard": OF_PROJECT | {"ids": ["<dead_letter>"]},
    "PUT flags/<flag>": {"enabled": False},
    "PATCH flags/<flag>": {"percentage": 50},
    "GET events of the flags": {"topic": "flags"},
    "GET events of the audit": {"topic": "audit"},
    "POST events to the flags": TOLD | {"topic": "flags"},
}


def table(text: str) -> dict[str, dict[str, str]]:
    """Read a table: what a row is about -> who -> what is expected."""
    head, *lines = [line for line in text.splitlines() if line]
    people = head.split()
    rows = {}
    for line in lines:
        words = line.split()
        about, cells = words[: -len(people)], words[-len(people) :]
        rows[" ".join(about)] = dict(zip(people, cells, strict=True))
    return rows


ROUTE_ROWS = table(ROUTES)


def route_of(row: str) -> str:
    """Return the method and rule that a row is about, in the URL map's spelling."""
    method, address = row.split()[:2]
    rule = address if address.startswith("/") else f"{BASE}/{address}"
    return f"{method} " + re.sub(r"<\w+>", "<>", rule)


class Made(dict[str, Any]):
    """What the cells of a row have made so far, by placeholder, and the states that are left."""

    def __init__(self, states: list[dict[str, Any]]) -> None:
        self._states = list(states)
        super().__init__(self._states.pop())

    def renew(self) -> None:
        """Go on with a state that nobody has changed yet."""
        self.clear()
        if self._states:
            self.update(self._states.pop())


#: The states that a row begins with: for five, once the cell before has changed something.
STATES_OF_A_ROW = 6


def kept(make: Callable[[Cell], Any]) -> Any:
    """Mark a thing in which the caller plays no part: cells share it until a request changes one.

    Most requests of the table are refused, or read: making a project and what is in it for each
    would take longer than all else.
    """
    name = make.__name__

    def found(cell: Cell) -> Any:
        if name not in cell.made:
            cell.made[name] = make(cell)
        return cell.made[name]

    return property(found)


def kept_of_other(make: Callable[[Cell], Any]) -> Any:
    """Mark a thing of somebody else than the caller: cells with the same other one share it."""

    def found(cell: Cell) -> Any:
        name = f"{make.__name__} of {cell.other.name}"
        if name not in cell.made:
            cell.made[name] = make(cell)
        return cell.made[name]

    return property(found)


class Cell:
    """A state that nobody has changed yet, and the values that a row's placeholders stand for."""

    def __init__(
        self, everybody: dict[str, Person], who: Person, row: str, desk: Desk, made: Made
    ) -> None:
        self.who, self.row, self.alice, self.desk = who, row, everybody["alice"], desk
        self.other = everybody["vera" if who.name == "bob" else "bob"]
        self.made = made

    @kept
    def project(self) -> int:
        return self.alice.makes_project(bob="collaborator", vera="viewer")

    @kept
    def workspace(self) -> int:
        return self.alice.makes_workspace(self.project)

    @kept
    def filled_workspace(self) -> int:
        assert self.file
        return self.workspace

    @kept
    def file(self) -> int:
        return self.alice.makes_file(self.workspace, "folder/a.txt", "text")["id"]

    @kept
    def program(self) -> int:
        return self.alice.makes_file(self.workspace, "a.py", "print(1)")["id"]

    @kept
    def image(self) -> int:
        return self.alice.sends_file(self.workspace, "a.png", b"\x89PNG\r\n\x1a\n\x00")["id"]

    @kept
    def dead_letter(self) -> int:
        with self.desk.app.app_context(), writer() as connection:
            return add_letter(connection, project=self.project)

    @property
    def flag(self) -> str:
        return "code_execution"

    @kept
    def upload(self) -> int:
        return self.alice.uploads(project_id=self.project)["id"]

    @kept_of_other
    def private_upload(self) -> int:
        return self.other.uploads()["id"]

    @kept
    def source(self) -> int:
        made = self.alice.post("/ingest/sources", {"project_id": self.project, "name": "Web"})
        return ok(made)["id"]

    @kept
    def schema(self) -> int:
        made = self.alice.post("/ingest/schemas", CLICKS | {"project_id": self.project})
        return ok(made)["id"]

    @kept
    def webhook(self) -> int:
        values = {"name": "CI", "url": "https://example.com/hook"}
        return ok(self.alice.post(f"/projects/{self.project}/webhooks", values))["id"]

    @kept
    def pinged_webhook(self) -> int:
        return self.webhook

    @kept
    def delivery(self) -> int:
        return ok(self.alice.post(f"/webhooks/{self.pinged_webhook}/ping"))["id"]

    @kept
    def incoming_hook(self) -> int:
        return self.incoming()["id"]

    @kept
    def token(self) -> str:
        made = self.incoming()
        if "rotated" in self.row:
            ok(self.alice.post(f"/incoming-hooks/{made['id']}/rotate"))
        return made["url"].rpartition("/")[2]

    def incoming(self) -> dict[str, Any]:
        values = {"name": "CI", "event_type": "ci.build"}
        return ok(self.alice.post(f"/projects/{self.project}/incoming-hooks", values))

    @kept
    def post(self) -> int:
        return self.alice.writes()["id"]

    @kept_of_other
    def draft(self) -> int:
        return self.other.writes(status="draft")["id"]

    @kept
    def held_post(self) -> int:
        return self.alice.writes()["id"]

    @kept
    def collection(self) -> int:
        return self.alice.collects(self.held_post)

    @kept
    def text(self) -> int:
        made = TextDesk(self.desk.app, self.workspace)
        made.changes(self.alice, "Hello")
        return made.id

    @property
    def version(self) -> int:
        return 1

    @property
    def alice_id(self) -> int:
        return self.alice.id

    @kept
    def task(self) -> int:
        return self.alice.makes_task(project_id=self.project)["id"]

    @kept_of_other
    def private_task(self) -> int:
        return self.other.makes_task()["id"]

    @property
    def tasks(self) -> list[int]:
        return [self.task, self.alice.makes_task(project_id=self.project)["id"]]

    @property
    def private_tasks(self) -> list[int]:
        return [self.who.makes_task()["id"] if self.who.token else 1, self.private_task]

    @kept
    def commented_task(self) -> int:
        return self.task

    @property
    def comment(self) -> int:
        """Return a comment on that task: their own, if they may write one, or somebody else's."""
        author = self.alice if self.who is not self.alice else self.other
        if "by its author" in self.row and self.who.name in ("alice", "bob", "ada"):
            author = self.who
        return author.comments(self.commented_task)["id"]

    @kept
    def job(self) -> int:
        return self.alice.submits(project_id=self.project)["id"]

    @kept_of_other
    def private_job(self) -> int:
        return self.other.submits()["id"]

    @kept
    def ended_job(self) -> int:
        made = self.alice.submits("test_file", project_id=self.project)["id"]
        self.desk.work()
        return made

    @kept
    def cancelled_job(self) -> int:
        made = self.job
        ok(self.alice.post(f"/jobs/{made}/cancel"))
        return made

    @kept
    def schedule(self) -> int:
        return self.alice.post("/schedules", SCHEDULE | {"project_id": self.project}).json()["id"]

    @kept_of_other
    def private_schedule(self) -> int:
        return self.other.post("/schedules", SCHEDULE).json()["id"]

    @property
    def notification(self) -> int:
        owner = self.who if self.who.token and "of another" not in self.row else self.other
        return ok(owner.get("/notifications"))["items"][0]["id"]

    @property
    def user(self) -> int:
        return self.who.id or 1 if "by himself" in self.row else self.other.id

    @property
    def provider(self) -> str:
        return "github"

    @property
    def unset_provider(self) -> str:
        return "google"

    @property
    def proof(self) -> str:
        return given_proof(self.desk.app, self.who.http, email=self.email)

    @property
    def proof_to_link(self) -> str:
        whose = self.other if "of another" in self.row or not self.who.token else self.who
        return given_proof(self.desk.app, self.who.http, whose=whose)

    @property
    def identity(self) -> int:
        owner = self.who if self.who.token and "of another" not in self.row else self.other
        proof = given_proof(self.desk.app, owner.http, whose=owner)
        return ok(owner.post("/auth/me/identities", {"proof": proof}))["id"]

    @property
    def blocked(self) -> int:
        if self.who.token:
            ok(self.who.put(f"/auth/me/blocks/{self.user}"))
        return self.user

    @property
    def session(self) -> int:
        owner = self.who if self.who.token and "of another" not in self.row else self.other
        return ok(owner.logs_in().get("/auth/verify"))["session_id"]

    @property
    def owner(self) -> Person:
        """Return whose a thing is that is the caller's own, or another's if the row says so."""
        return self.who if self.who.token and "of another" not in self.row else self.other

    @property
    def new_passkey(self) -> dict[str, Any]:
        if not self.who.token:
            return {}
        asked = ok(self.who.post("/auth/passkeys/options", CONFIRMED))["options"]
        return Authenticator().create(asked)

    @property
    def passkey(self) -> int:
        return Authenticator().is_added_by(self.owner)["passkey"]["id"]

    @property
    def mail(self) -> int:
        """Return a mail that waits."""
        with self.desk.app.app_context():
            row = outbox.send(Mail(self.other.email, "Hello", "World\n"))
            db.session.commit()
            return row.id

    @property
    def personal_token(self) -> int:
        return self.owner.makes_token("projects:read")["id"]

    @property
    def invitation(self) -> int:
        return self.alice.invites(self.project, self.email)["invitation_id"]

    @property
    def link(self) -> str:
        return "a-token-of-nobody"

    @property
    def email(self) -> str:
        return f"new-{self.who.name}@example.com"

    @property
    def refresh_token(self) -> str:
        return self.who.refresh_token or "none"

    def filled(self, value: Any) -> Any:
        """Return a text with its placeholders filled in; one that is all the text stays a value."""
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if not isinstance(value, str):
            return value
        if whole := re.fullmatch(r"<(\w+)>", value):
            return getattr(self, whole[1])
        return re.sub(r"<(\w+)>", lambda match: str(getattr(self, match[1])), value)

    def status(self) -> str:
        """Send the row's request and return its answer's status."""
        method, address = self.row.split()[:2]
        sent = {key: self.filled(value) for key, value in SENT.get(self.row, {}).items()}
        address = self.filled(address)
        url = address if address.startswith("/") else f"{BASE}/{address}"
        headers = {"Authorization": f"Bearer {self.who.token}"} if self.who.token else {}
        place: dict[str, Any] = {"params" if method == "GET" else "json": sent} if sent else {}
        if self.row.startswith("POST ingest to"):
            place = {"params": sent, "json": {"event_type": "click"}}
        if self.row.startswith("POST /v1/") and not sent:
            place = {"json": {"userId": "u"}}
        if self.row.startswith("POST uploads"):
            place = {"params": sent, "content": b"a,b\n1,2\n"}
        if self.row.endswith("/archive") and method == "POST":
            place = {"content": zipped(a="text")}
        with self.who.http.stream(method, url, headers=headers, **place) as response:
            if response.is_success and method != "GET":
                self.made.renew()
            return str(response.status_code)


@pytest.fixture
def everybody(
    nobody: Person, charlie: Person, vera: Person, bob: Person, alice: Person, ada: Person
) -> dict[str, Person]:
    """Return all people by name."""
    return {one.name: one for one in (nobody, charlie, vera, bob, alice, ada)}


@pytest.fixture(scope="module")
def begun(
    template: tuple[Path, dict[str, Person]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, Any]]]:
    """Make a database with several projects and a notification for everybody, once for all rows."""
    folder = tmp_path_factory.mktemp("states")
    app = make_lasting(folder, **databases.copy(template[0], folder))
    people = {name: one.at(http_for(app)) for name, one in template[1].items()}
    states = [{"project": makes_project(people["alice"])} for _ in range(STATES_OF_A_ROW)]
    for one in states:
        one["workspace"] = people["alice"].makes_workspace(one["project"])
    notes, desk = Notes(app), Desk(app)
    notes.catch_up()
    for person in people.values():
        person.submits()
    desk.work()
    notes.catch_up()
    desk.close()
    close(app)
    return folder / "collab.db", states


@pytest.fixture
def beginning(begun: tuple[Path, list[dict[str, Any]]]) -> Path:
    """Return the database that each row begins with."""
    return begun[0]


@pytest.fixture
def project(begun: tuple[Path, list[dict[str, Any]]], alice: Person) -> int:
    """Return one of alice's projects."""
    assert alice.id
    found: int = begun[1][0]["project"]
    return found


#: Rows whose requests change nothing: they share a database, and what is made for them.
READING = [row for row in ROUTE_ROWS if row.startswith("GET")]
CHANGING = [row for row in ROUTE_ROWS if row not in READING]


def answers(everybody: dict[str, Person], desk: Desk, made: Made, row: str) -> dict[str, str]:
    """Return what each person is answered."""
    cells = [Cell(everybody, everybody[name], row, desk, made) for name in PEOPLE]
    return {cell.who.name: cell.status() for cell in cells}


@pytest.mark.parametrize("row", CHANGING)
def test_route_answers_each_role(
    everybody: dict[str, Person],
    desk: Desk,
    begun: tuple[Path, list[dict[str, Any]]],
    row: str,
) -> None:
    assert answers(everybody, desk, Made(begun[1]), row) == ROUTE_ROWS[row]


def test_routes_that_read_answer_each_role(
    everybody: dict[str, Person], desk: Desk, begun: tuple[Path, list[dict[str, Any]]]
) -> None:
    made = Made(begun[1])
    found = {row: answers(everybody, desk, made, row) for row in READING}
    assert found == {row: ROUTE_ROWS[row] for row in READING}


def test_every_route_has_a_row(app: Flask) -> None:
    routes = {
        f"{method} " + re.sub(r"<[^>]*>", "<>", rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if not rule.websocket and rule.rule != "/api/docs/<path:path>"
        # The page and its files are the same for all, and hold nothing of anybody's.
        # Socket.IO's polls carry what its sockets do (tests/realtime/socketio).
        if not rule.endpoint.startswith(("web.", "socketio_polls."))
    }
    assert routes == {route_of(row) for row in ROUTE_ROWS}


def test_everything_that_is_sent_belongs_to_a_row() -> None:
    assert SENT.keys() <= ROUTE_ROWS.keys()


# -- the socket -----------------------------------------------------------------------------------

MEMBERS = ("charlie", "vera", "bob", "alice", "ada")

#: A number is the status of an error frame, a word the type of the answer.
MESSAGES = """
                              charlie       vera          bob           alice         ada

auth                          authenticated authenticated authenticated authenticated authenticated
auth for another              403           403           403           403           403
ping                          pong          pong          pong          pong          pong
subscribe                     404           subscribed    subscribed    subscribed    subscribed
subscribe to a workspace      404           subscribed    subscribed    subscribed    subscribed
subscribe to a job            404           subscribed    subscribed    subscribed    subscribed
subscribe to a private_job    404           404           404           404           404
subscribe to oneself          subscribed    subscribed    subscribed    subscribed    subscribed
subscribe to another          404           404           404           404           404
subscribe to posts            subscribed    subscribed    subscribed    subscribed    subscribed
unsubscribe                   unsubscribed  unsubscribed  unsubscribed  unsubscribed  unsubscribed
publish                       404           403           published     published     published
file.changed                  404           403           published     published     published
activity                      404           403           published     published     published
typing                        404           403           published     published     published
cursor.moved                  404           published     published     published     published
cursor.moved in a file        404           published     published     published     published
file.open                     404           file.opened   file.opened   file.opened   file.opened
file.edit                     404           403           file.accepted file.accepted file.accepted
file.close                    file.closed   file.closed   file.closed   file.closed   file.closed
deploy.started                404           403           published     published     published
deploy.started to a workspace 404           403           published     published     published
deploy.started to another     404           404           404           404           404
member.added                  403           403           403           403           403
user.joined                   403           403           403           403           403
"""

MESSAGE_ROWS = table(MESSAGES)


def outcome(frame: Frame) -> str:
    """Return an answer's type, or an error's status."""
    return str(frame["status"]) if frame["type"] == "error" else frame["type"]


def message(row: str, who: Person, everybody: dict[str, Person], project: int) -> dict[str, Any]:
    """Return what a row's message carries; no message changes anybody's rights in the project."""
    alice, other = everybody["alice"], everybody["vera" if who.name == "bob" else "bob"]
    if row.startswith("auth"):
        return {"token": other.token if "another" in row else who.token}
    if row in ("file.open", "file.edit", "file.close") or row.endswith("a file"):
        edit = {"base_version": 0, "edits": [{"insert": "x"}], "position": 0, "version": 0}
        return edit | {"file_id": alice.makes_text(project)}
    topics = {
        "workspace": lambda: f"workspace:{alice.makes_workspace(project)}",
        "job": lambda: f"job:{alice.submits(project_id=project)['id']}",
        "private_job": lambda: f"job:{other.submits()['id']}",
        "oneself": lambda: f"user:{who.id}",
        "another": lambda: f"user:{other.id}",
        "posts": lambda: "posts",
    }
    topic = topics.get(row.split()[-1], lambda: f"project:{project}")
    return {"topic": topic()} | ({"event": "file_changed"} if row == "publish" else {})


@pytest.mark.parametrize("row", MESSAGE_ROWS)
def test_message_answers_each_role(
    everybody: dict[str, Person], connect: Callable[..., Socket], project: int, row: str
) -> None:
    kind, answers = row.split()[0], {}
    for name in MEMBERS:
        members = message(row, everybody[name], everybody, project)
        answers[name] = outcome(connect(everybody[name]).ask(kind, **members))
    assert answers == MESSAGE_ROWS[row]


def test_every_message_has_a_row(app: Flask) -> None:
    assert set(socket_messages.of(app).handlers) | set(OPEN_TYPES) <= {
        row.split()[0] for row in MESSAGE_ROWS
    }


@each(sorted(catalogue()))
def test_the_servers_own_types_are_reserved(kind: str) -> None:
    assert reserved(kind)
