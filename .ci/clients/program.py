"""What a program does with the generated Python client: register, create, list, and be refused."""

import sys
import uuid

from collab_client import AuthenticatedClient, Client
from collab_client.api.auth import register
from collab_client.api.projects import create_project, get_project, list_projects
from collab_client.api.tasks import create_project_task
from collab_client.models import (
    Problem,
    ProjectIn,
    ProjectOut,
    ProjectPage,
    RegisterIn,
    SignedInOut,
    TaskIn,
    TaskOut,
)

server = sys.argv[1]
account = RegisterIn(email=f"{uuid.uuid4().hex}@example.com", password="Apollo-and-Artemis-11")
tokens = register.sync(client=Client(server), body=account)
assert isinstance(tokens, SignedInOut), tokens

client = AuthenticatedClient(server, token=tokens.access_token)
project = create_project.sync(client=client, body=ProjectIn(name="Apollo"))
assert isinstance(project, ProjectOut), project
task = create_project_task.sync(project.id, client=client, body=TaskIn(title="Test the engine"))
assert isinstance(task, TaskOut), task
page = list_projects.sync(client=client)
assert isinstance(page, ProjectPage), page
assert [one.name for one in page.items] == ["Apollo"]
refused = get_project.sync(project.id + 1000, client=client)
assert isinstance(refused, Problem), refused
assert refused.status == 404, refused
print(f"Python: project {project.id}, task {task.id}, and a 404 as a Problem")
