"""Files that jobs work on."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve uploads; jobs may work on them."""
    from ..auth.personal_tokens.scopes import cover
    from ..core import fulltext
    from ..core.http.api import serve
    from ..core.storage.blob_store import register_digests
    from ..projects.access import readable
    from . import personal, routes, service, sources
    from .models import Upload

    fulltext.register(
        app, fulltext.Kind("upload", 4, Upload.name, Upload.created_at, "uploads", readable)
    )
    personal.init_app(app)
    register_digests(app, Upload.sha256)
    sources.register(app, "upload_id", sources.FileSource(service.admit, service.path_of))
    cover(app, "jobs", "jobs and their uploads", routes.blueprint)
    serve(app, routes.blueprint)
