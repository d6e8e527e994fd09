"""Files of a workspace: text that is edited together, live; and bytes."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve files on every door, their histories and archives; jobs may work on them."""
    from ..auth.personal_tokens.scopes import cover
    from ..core import fulltext
    from ..core.http.api import serve
    from ..core.storage.blob_store import register_digests
    from ..flags.guard import switch
    from ..projects.access import readable, register_topic
    from ..uploads import sources
    from ..workspaces import contents
    from ..workspaces.service import on_deletion
    from . import content_routes, job_routes, jobs, personal, routes, service
    from .archives import routes as archive_routes
    from .editing import writer
    from .editing.rights_cache import FILES_AREA
    from .history import routes as history_routes
    from .hocuspocus_door import routes as hocuspocus_routes
    from .json_door import messages
    from .models import File
    from .yjs import elsewhere
    from .yjs_door import routes as yjs_routes

    fulltext.register(
        app,
        fulltext.Kind("file", 6, File.path, File.updated_at, "files", readable, File.searchable),
    )
    register_topic(app, "file", File)
    personal.init_app(app)
    register_digests(app, File.sha256)
    on_deletion(app, service.delete_all)
    sources.register(app, "file_id", sources.FileSource(jobs.admit, jobs.path_of))
    contents.register(app, jobs.entries)
    writer.init_app(app)
    messages.init_app(app)
    elsewhere.init_app(app)
    modules = (routes, content_routes, history_routes, archive_routes)
    parts = [one.blueprint for one in modules]
    doors = (yjs_routes.blueprint, hocuspocus_routes.blueprint)
    cover(app, FILES_AREA, "files and their histories, live too", *parts, *doors)
    cover(app, "jobs", "jobs and their uploads", job_routes.blueprint)
    parts.append(job_routes.blueprint)
    switch(app, "files", *parts, *doors)
    serve(app, *parts)
    for door in doors:
        app.register_blueprint(door)
