"""The Flask extensions, unbound; `create_app` binds them."""

from __future__ import annotations

from flask_jwt_extended import JWTManager
from flask_limiter import Limiter
from flask_migrate import Migrate
from flask_sock import Sock
from flask_sqlalchemy import SQLAlchemy

from .core.http.api import Api
from .core.http.limits import is_preflight, rate_limit, rate_limit_key
from .core.models import Model

#: Answers are written from what a commit left in memory, so objects stay loaded after it.
db = SQLAlchemy(model_class=Model, session_options={"expire_on_commit": False})
migrate = Migrate()
jwt = JWTManager()
api = Api()
sock = Sock()
limiter = Limiter(rate_limit_key, application_limits=[rate_limit], storage_uri="memory://")
limiter.request_filter(is_preflight)
