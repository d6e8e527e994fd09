"""Posts, and the collections that people gather them in."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve posts and collections."""
    from ..auth.personal_tokens.scopes import cover
    from ..core import fulltext
    from ..core.http.api import serve
    from ..events import concerns
    from ..events.topics import register_read_only
    from ..flags.guard import switch
    from . import collection_routes, personal, routes
    from .concerns import PostEvents
    from .models import Post

    parts = (routes.blueprint, collection_routes.blueprint)
    fulltext.register(
        app,
        fulltext.Kind(
            "post",
            3,
            Post.title,
            Post.updated_at,
            "posts",
            lambda _, user_id, __: Post.readable_by(user_id),
            Post.body,
        ),
    )
    personal.init_app(app)
    switch(app, "posts", *parts)
    register_read_only(app, "posts")
    concerns.register(app, PostEvents())
    cover(app, "posts", "posts and collections", *parts)
    serve(app, *parts)
