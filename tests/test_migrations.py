import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from collab import create_app
from collab.extensions import db
from collab.server import prepare

from .conftest import SETTINGS, close, http_for
from .support.people import ok, register


@pytest.fixture
def empty(tmp_path):
    """Return an application on an empty instance folder."""
    app = create_app(SETTINGS | {"INSTANCE_PATH": str(tmp_path)})
    yield app
    close(app)


def without_the_index(name, kind, parents):
    """The full-text index is made by SQL of the migrations alone."""
    return not (kind == "table" and (name or "").startswith("search_index"))


def test_models_and_migrations_agree(empty):
    prepare(empty)
    with empty.app_context(), db.engine.connect() as connection:
        opts = {"compare_type": True, "include_name": without_the_index}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, db.metadata) == []


def test_migrating_twice_changes_nothing(empty):
    prepare(empty)
    with http_for(empty) as http:
        person = register(http, "dora")
        prepare(empty)
        assert ok(person.get("/auth/me"))["id"] == person.id


def test_all_the_way_down_and_up_again(empty):
    prepare(empty)
    with empty.app_context():
        downgrade(revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        upgrade()
    with http_for(empty) as http:
        assert register(http, "dora").id == 1
