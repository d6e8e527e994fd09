"""The Flask extensions, unbound; `create_app` binds them."""

from __future__ import annotations

from flask_jwt_extended import JWTManager
from flask_sqlalchemy import SQLAlchemy

from .core.models import Model

#: Answers are written from what a commit left in memory, so objects stay loaded after it.
db = SQLAlchemy(model_class=Model, session_options={"expire_on_commit": False})
jwt = JWTManager()
