"""The house plan, held against the imports (see docs/architecture.md)."""

import ast
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from collab import PACKAGES, create_app, posts
from collab.config import ROOT
from collab.core import fulltext
from collab.events.concerns import FAMILIES
from collab.events.topics import READ_ONLY
from collab.jobs.registry import JobType, find, register

from .conftest import SETTINGS, close
from .support.constants import bare, crowded
from .support.imports import Imports, is_routes
from .support.sources import kept, nodes, parsed

HOUSE = ROOT / "collab"

#: A package imports lower ranks only.
RANKS = {
    "core": 1,
    "events": 2,
    "serving": 2,
    "auth": 3,
    "projects": 4,
    "flags": 4,
    "oauth": 4,
    "workspaces": 5,
    "jobs": 5,
    "quotas": 5,
    "uploads": 5,
    "realtime": 5,
    "tasks": 5,
    "posts": 5,
    "search": 5,
    "execution": 6,
    "functions": 6,
    "schedules": 6,
    "mail": 6,
    "processing": 6,
    "reports": 6,
    "notifications": 6,
    "activity": 6,
    "files": 6,
    "ingest": 6,
    "webhooks": 6,
    "ops": 6,
    "contact": 7,
    "web": 7,
    "maintenance": 7,
    "admin": 7,
}
#: What makes threads: the base of all parts, the worker, which stops several at once, the exchange
#: with another service, which is given up at its deadline, and the pool of sockets' turns.
OWN_THREADS = {
    "core/parts.py",
    "server.py",
    "core/outbound/resolving.py",
    "core/security/argon2id.py",
    "serving/threads.py",
}
#: Modules beside the packages: what all may import, and what knows all.
GROUND = {
    "config",
    "extensions",
    "frozen",
    "auth_settings",
    "mail_settings",
    "parsers",
    "provider_settings",
    "setting",
    "version",
    "webhook_settings",
}
ROOF = {"__init__", "server", "starting", "worker", "cli", "commands", "demo"}
ROOFS = {f"{name}.py" for name in ROOF}

FILES = sorted(path for path in HOUSE.rglob("*.py") if "migrations" not in path.parts)
PACKAGED = [path for path in FILES if len(path.relative_to(HOUSE).parts) > 1]


def room(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def offenders(paths: Iterable[Path], found: Callable[[Path], Any]) -> dict[str, Any]:
    """Return what is found in each file in which something is: one test looks at all files."""
    with kept():
        looked = {room(path): found(path) for path in paths}
    assert looked
    return {name: what for name, what in looked.items() if what}


def imports(path: Path, house: Path = HOUSE) -> Iterator[str]:
    """Yield what a file of ours imports from this project, as dotted names below `collab`."""
    package = path.relative_to(house).with_suffix("").parts[:-1]
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            module = tuple(node.module.split(".")) if node.module else ()
            for name in node.names:
                yield ".".join((*base, *module, name.name))


def foreign(path: Path) -> set[tuple[str, str]]:
    """Return what a file imports from elsewhere, as (module, name)."""
    return {
        (node.module or "", name.name)
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and not node.level
        for name in node.names
    }


def imports_higher(path: Path) -> list[str]:
    """Return what a file imports that is not of a lower rank."""
    mine = path.relative_to(HOUSE).parts[0]
    return [
        name
        for name in imports(path)
        if (first := name.split(".")[0]) not in GROUND | {mine}
        and RANKS.get(first, 99) >= RANKS[mine]
    ]


def test_a_package_imports_only_lower_ranks():
    assert offenders(PACKAGED, imports_higher) == {}


#: What runs in processes that do without the service: these folders import nothing else of it.
APART = {
    "core/outbound": ("core/outbound",),
    "processing/engine": ("processing/engine",),
    "ingest/pipeline": (
        "ingest/pipeline",
        "core/outbound",
        "core/discreet_driver",
        "core/storage/file_lock",
        "core/storage/lasting",
        "core/text/times",
    ),
}


@pytest.mark.parametrize("folder", APART)
def test_what_runs_without_the_service_imports_nothing_of_it(folder):
    known = tuple(f"{one.replace('/', '.')}." for one in APART[folder])
    wrong = [
        f"{room(path)} imports {name}"
        for path in sorted((HOUSE / folder).rglob("*.py"))
        for name in imports(path)
        if not f"{name}.".startswith(known)
    ]
    assert wrong == []


def compiled_at_once(path: Path) -> bool:
    return "@dataclass(frozen=True" in path.read_text()


def test_frozen_dataclasses_are_those_that_take_no_time_at_a_start():
    apart = {path for folder in APART for path in (HOUSE / folder).rglob("*.py")}
    assert offenders(set(FILES) - apart, compiled_at_once) == {}


def test_every_package_has_its_rank():
    packages = {path.parent.name for path in HOUSE.glob("*/__init__.py")}
    assert packages == RANKS.keys()


def test_what_lies_beside_the_packages_is_known():
    assert {path.stem for path in HOUSE.glob("*.py")} == GROUND | ROOF


@pytest.fixture(scope="module")
def arrows() -> Imports:
    """Return which module imports which, in the house as it stands."""
    return Imports(HOUSE)


#: What Python makes of the sources.
NO_SOURCE = shutil.ignore_patterns("__pycache__")
#: Packages in which something is planted.
PLANTED = ("posts", "events")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of some packages, to plant what must not be."""
    for package in PLANTED:
        shutil.copytree(HOUSE / package, tmp_path / "collab" / package, ignore=NO_SOURCE)
    return tmp_path / "collab"


def plant(path: Path, line: str) -> None:
    """Add a line to a file's end."""
    path.write_text(f"{path.read_text()}\n{line}\n")


def test_no_modules_import_each_other_in_a_circle(arrows):
    assert arrows.circles() == []


def test_only_routes_and_fronts_of_packages_import_routes(arrows):
    assert len([name for name in arrows.files if is_routes(name)]) > 10
    assert arrows.routes_below() == []


CIRCLES = {
    "at the top": "from .service import create",
    "for the type checker": "if TYPE_CHECKING:\n    from .service import create",
    "in a function": "def late():\n    from . import service",
    "by its whole name": "from collab.posts.service import create",
    "by import": "import collab.posts.service",
}


@pytest.mark.parametrize("line", CIRCLES.values(), ids=CIRCLES)
def test_a_planted_circle_is_found(copied, line):
    plant(copied / "posts" / "models.py", line)
    assert any({"posts.models", "posts.service"} <= set(one) for one in Imports(copied).circles())


def test_a_planted_circle_of_three_is_found(copied):
    (copied / "posts" / "one.py").write_text("from .two import x\n")
    (copied / "posts" / "two.py").write_text("from . import three\n")
    (copied / "posts" / "three.py").write_text("from ..posts import one\n")
    assert ["posts.one", "posts.three", "posts.two"] in Imports(copied).circles()


@pytest.mark.parametrize("routes", ["routes", "collection_routes"])
@pytest.mark.parametrize(
    "line", ["from . import {0}", "from .{0} import blueprint", "from collab.posts import {0}"]
)
def test_a_planted_import_of_routes_is_found(copied, routes, line):
    plant(copied / "posts" / "service.py", line.format(routes))
    assert ("posts.service", f"posts.{routes}") in Imports(copied).routes_below()


#: Words of the house that stand for one package's things only. (A file, a member, an activity, a
#: report, a search are words of other trades, too.)
RESOURCES = {
    "workspace": "workspaces",
    "task": "tasks",
    "post": "posts",
    "comment": "tasks",
    "upload": "uploads",
    "job": "jobs",
    "notification": "notifications",
}
#: What names things of higher packages on purpose.
NAMES_ALL = {
    "events/catalogue/*": "the catalogue of what happens in all packages",
    "core/usage/counted.py": "the one table of whose each row is, which triggers are made of",
    "core/usage/models.py": "the kinds that it counts",
    "core/database/postgresql_texts.py": "the one table of texts that are found",
    "core/http/routing/short_paths.py": "addresses that clients know: /ws/notifications",
    "realtime/json_door/routes.py": "the same",
}
WORD = re.compile(r"[A-Z]?[a-z]+")


def said(path: Path) -> Iterator[str]:
    """Yield the names in a file, and its texts that are no documentation."""
    for node in nodes(path):
        for field, value in ast.iter_fields(node):
            documents = isinstance(node, ast.Expr) and isinstance(value, ast.Constant)
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and not documents:
                yield value.value
            elif isinstance(value, list):
                yield from (one.value for one in value if isinstance(one, ast.Constant))
            elif field in ("id", "attr", "name", "arg") and isinstance(value, str):
                yield value


def names_higher(path: Path, house: Path = HOUSE) -> set[str]:
    """Return the names in a file that stand for things of a higher package."""
    name = path.relative_to(house)
    if any(name.match(one) for one in NAMES_ALL):
        return set()
    rank = RANKS[name.parts[0]]
    source = path.read_text().lower()
    if not any(word in source for word, package in RESOURCES.items() if RANKS[package] > rank):
        return set()  # to look at each name takes long
    return {
        text
        for text in {one for one in said(path) if isinstance(one, str)}
        for word in WORD.findall(text)
        for package in (RESOURCES.get(word.lower()) or RESOURCES.get(word.lower()[:-1]),)
        if package and RANKS[package] > rank and text not in VERBS
    }


#: Words that are verbs here: of HTTP, of OAuth, and of marshmallow.
VERBS = {"post", "POST", "post_dump", "client_secret_post"}


def test_a_low_package_names_no_higher_things():
    assert offenders(PACKAGED, names_higher) == {}


@pytest.mark.parametrize(
    "line",
    [
        'TOPIC = "task:1"',
        "def drop_workspace(): ...",
        "one = {'job.queued': 1}",
        "UNREAD = f'{1} notifications'",
    ],
)
def test_a_planted_name_is_found(copied, line):
    plant(copied / "events" / "hub.py", line)
    assert names_higher(copied / "events" / "hub.py", copied)


def touches_database(path: Path) -> set[str]:
    """Return what a file imports of the database, or of what uses it."""
    ours = {name for name in imports(path) if name.endswith((".db", ".service", ".routes"))}
    return ours | {module for module, _ in foreign(path) if module.startswith("sqlalchemy")}


def test_schemas_touch_no_database():
    schemas = [path for path in FILES if path.name == "schemas.py"]
    assert offenders(schemas, touches_database) == {}


#: What knows one kind of database from another; everything else asks the face of the one that is
#: there (`core/database/engine.py`).
KNOWS_DATABASES = (
    "core/database/*",
    "core/fulltext/*",
    "ingest/pipeline/engines/*",
    "ingest/pipeline/store.py",  # which of them is opened
    "core/compiled.py",  # statements are compiled for whichever there is
    "core/models.py",  # the type of ids, which SQLite has a word of its own for
    "__init__.py",  # where the file is, if no database is named
    "core/transactions/*",  # the files that commits wait for, and that processes share
    "ingest/worker/supervisor.py",  # what a worker is told of where the database is
    "parsers.py",  # what a database's address looks like
)
DATABASE_NAME = re.compile(r"(sqlite|postgres(ql)?)(\+\w+)?(:.*)?", re.DOTALL)


def knows_databases(path: Path, house: Path = HOUSE) -> set[str]:
    """Return what in a file asks which kind of database there is."""
    if any(path.relative_to(house).match(one) for one in KNOWS_DATABASES):
        return set()
    if not re.search("sqlite|postgres|dialect", path.read_text()):
        return set()
    dialects = {name for name, _ in foreign(path) if name.startswith("sqlalchemy.dialects")}
    names = {
        node.value
        for node in nodes(path)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and DATABASE_NAME.fullmatch(node.value)
    }
    asked = {"dialect" for node in nodes(path) if getattr(node, "attr", None) == "dialect"}
    return dialects | names | asked


def test_what_differs_between_databases_stands_behind_their_face():
    assert offenders(FILES, knows_databases) == {}


@pytest.mark.parametrize(
    "line",
    [
        "from sqlalchemy.dialects.sqlite import insert",
        'ON_POSTGRES = db.engine.dialect.name == "postgresql"',
        "def late(): return url.startswith('sqlite:')",
    ],
)
def test_a_planted_question_for_the_database_is_found(copied, line):
    plant(copied / "posts" / "service.py", line)
    assert knows_databases(copied / "posts" / "service.py", copied)


#: What is glue between requests and the house: it may know a request as routes do.
GLUE = (
    "core/http/*",  # the conventions of HTTP
    "core/http/routing/*",
    "core/http/representations/*",  # parts of bodies, and what comes back in them
    "ingest/doors/*",  # events: who sends them, and in which form
    "realtime/http_door/*",  # pages, polls and streams of events
    "realtime/upgrading.py",  # answers handshakes
    "auth/guard.py",  # finds out who calls, before each request
    "auth/refreshing/cookies.py",  # the cookie in which a page has its refresh token
    "auth/refusals.py",  # notes who was refused, after each request
    "oauth/browser.py",  # the cookie that binds a log-in to a browser
    "oauth/answers.py",  # what a provider's callback is answered with
    "flags/guard.py",  # refuses what is switched off, before each request
    "core/errors.py",  # answers what was raised
    "ops/openapi/*",  # describes what the decorators of routes say
    "ops/docs.py",  # serves the pages of the documentation
)
#: What else asks Flask, and for what: each hands it on to everybody below routes.
ASKS_FLASK = {
    "core/slots.py": {"current_app"},  # the parts and settings of the application
    "core/caller.py": {"g"},  # for whom a request, or a turn of a socket, changes things
    "core/client_address.py": {"request"},  # notes where each request comes from
    "core/logging/lines.py": {"g", "has_request_context"},  # a line of the log names its request
    "core/usage/quota.py": {"has_request_context"},  # quotas bind people, not the service
    "core/json.py": {"Response", "JSONProvider"},  # makes answers
    "core/management/commands.py": {"AppGroup"},  # the commands of an application
}


def knows_of_requests(path: Path, house: Path = HOUSE) -> set[str]:
    """Return what a file imports that only answers, requests and their glue may know."""
    name = path.relative_to(house)
    if any(name.match(one) for one in GLUE) or is_routes(path.stem) or name.parts[0] in ROOFS:
        return set()
    tree = nodes(path)
    whole = {one.name for node in tree if isinstance(node, ast.Import) for one in node.names}
    asked = {name for module, name in foreign(path) if module.split(".")[0] == "flask"} - {"Flask"}
    http = {one for one in imports(path, house) if one.startswith("core.http")}
    if path.name == "__init__.py":  # the front of a package binds its routes
        http = set()
    if path.name == "schemas.py":  # a list's parameters, and the form of its pages
        http = {one for one in http if not one.startswith("core.http.pages.")}
    return (whole & {"flask", "flask.globals"}) | (asked - ASKS_FLASK.get(str(name), set())) | http


def test_what_is_below_routes_knows_no_request():
    assert offenders(FILES, knows_of_requests) == {}


@pytest.mark.parametrize(
    "line",
    [
        "from flask import request",
        "def late():\n    from flask import g",
        "from flask import current_app as here",
        "import flask",
        "from flask.globals import request",
        "from ..core.http.caller import caller",
        "from ..core import http",
        "from ..core.http import pages",
    ],
)
@pytest.mark.parametrize(
    "file", ["posts/service.py", "posts/models.py", "posts/collection_posts.py"]
)
def test_a_planted_request_is_found(copied, file, line):
    plant(copied / file, line)
    assert knows_of_requests(copied / file, copied)


def test_threads_are_those_of_parts():
    """So that each is started after the fork, stopped in order, and shown by `/ready`."""
    others = [path for path in FILES if room(path) not in OWN_THREADS]
    assert offenders(others, lambda path: "threading.Thread(" in path.read_text()) == {}


def test_files_are_locked_in_one_place():
    """So that whoever reads of one lock knows what ends all of them, and who inherits them."""
    others = [path for path in FILES if room(path) != "core/storage/file_lock.py"]
    assert offenders(others, lambda path: re.findall(r"\b(flock|lockf)\(", path.read_text())) == {}


#: Modules that one folder may hold, beside its `__init__.py`: past it, some of them are a room.
MAX_MODULES = 16


def test_a_folder_is_no_hall():
    held = Counter(path.parent for path in FILES)
    assert {room(folder): n for folder, n in held.items() if n > MAX_MODULES + 1} == {}


def test_models_never_commit():
    models = HOUSE.glob("*/models.py")
    assert offenders(models, lambda path: ".commit(" in path.read_text()) == {}


def test_a_file_stays_under_300_lines():
    lines = {room(path): len(path.read_text().splitlines()) for path in FILES}
    assert {name: count for name, count in lines.items() if count > 300} == {}


def long_functions(path: Path) -> list[str]:
    """Return the functions of 50 lines and more."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = [node for node in nodes(path) if isinstance(node, kinds)]
    return [one.name for one in functions if one.end_lineno - one.lineno >= 50]


def test_a_function_stays_under_50_lines():
    assert offenders(FILES, long_functions) == {}


def test_constants_stand_one_a_line():
    assert offenders(FILES, crowded) == {}


def test_constants_say_their_unit_and_thing():
    assert offenders(FILES, lambda path: bare(path, room(path))) == {}


@pytest.mark.parametrize(
    "line",
    [
        "MAX_ROWS, MAX_BYTES = 500, 2**20",
        "FIRST_ROW, LAST_ROW = range(2)",
        "MAX_ROWS = MAX_LINES = 500",
        "MOST = 500",
        "LIMIT: int = 25 * 2**20",
        "KEPT = timedelta(hours=24)",
        "SHOWN = (Post.id, Post.title)",
        'PLACE = "/box"',
    ],
)
def test_a_planted_bare_or_crowded_constant_is_found(copied, line):
    plant(copied / "posts" / "service.py", line)
    file = copied / "posts" / "service.py"
    assert crowded(file) or bare(file, "posts/service.py")


#: What a service would call "load one" or "list some" besides `load` and `list_…`.
OTHER_VERBS = re.compile(r"get|list|fetch|(get|fetch)_\w+|list_(all|of|for|by)(_\w+)?")


def other_verbs(path: Path) -> list[str]:
    """Return a file's public functions that have another word for what has one already."""
    functions = [one for one in parsed(path).body if isinstance(one, ast.FunctionDef)]
    return [one.name for one in functions if OTHER_VERBS.fullmatch(one.name)]


def test_one_thing_has_one_verb():
    below = [one for one in PACKAGED if not is_routes(one.stem)]
    assert offenders(below, other_verbs) == {}


@pytest.mark.parametrize("name", ["get", "get_post", "list_for", "list_of_project", "fetch_posts"])
def test_a_planted_verb_is_found(copied, name):
    plant(copied / "posts" / "service.py", f"def {name}():\n    pass")
    assert other_verbs(copied / "posts" / "service.py") == [name]


def test_the_tests_mirror_the_house():
    for package in RANKS:
        assert (ROOT / "tests" / package).is_dir(), package


def test_two_applications_in_one_process_share_nothing(make_app, tmp_path):
    """What one package registers in one application, no other application sees."""
    one, other = make_app(), make_app(INSTANCE_PATH=str(tmp_path / "other"))

    mine = {name: value for name, value in one.extensions.items() if name.startswith("collab.")}
    theirs = {name: value for name, value in other.extensions.items() if name in mine}

    assert mine.keys() == theirs.keys()
    values = (int, float, str, bool, type(None))
    shared = [
        name for name in mine if mine[name] is theirs[name] and type(mine[name]) not in values
    ]
    assert shared == []
    register(one, JobType("only here", *[None] * 13))
    with other.app_context():
        assert find("only here") is None


def registered(app: Flask) -> set[str]:
    """Return whose things an application knows: what is found, told, and read only."""
    with app.app_context():
        return {*fulltext.KINDS.here(), *FAMILIES.here(), *READ_ONLY.here()}


def test_applications_of_different_packages_do_not_see_one_another(make_app, tmp_path):
    settings = SETTINGS | {"INSTANCE_PATH": str(tmp_path / "less")}
    less = create_app(settings, [one for one in PACKAGES if one is not posts])
    whole = make_app()

    assert registered(whole) - registered(less) == {"post", "posts"}
    (path,) = {
        rule.rule for rule in whole.url_map.iter_rules() if rule.endpoint == "posts.get_post"
    }
    assert path not in {rule.rule for rule in less.url_map.iter_rules()}
    answers = [app.test_client().get("/api/v1/posts").status_code for app in (less, whole)]
    close(less)
    assert answers == [404, 200]
