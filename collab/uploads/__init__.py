"""Files that jobs work on."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve uploads; jobs may work on them."""
    from ..core.http.api import serve
    from ..core.storage.blob_store import register_digests
    from . import routes, service, sources
    from .models import Upload

    register_digests(app, Upload.sha256)
    sources.register(app, "upload_id", sources.Source(service.admit, service.path_of))
    serve(app, routes.blueprint)
