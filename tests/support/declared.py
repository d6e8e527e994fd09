"""Every answer that a test gets is one that the OpenAPI document declares for its operation."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request, request_finished

from collab.core.http.api import API
from collab.ops.openapi.operations import described

#: What any address can answer, whoever asks: a fault of ours, and a method that it does not take.
ANYWHERE = {405, 500}


class Declared:
    """Notes the answers of an application that its document does not declare."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._seen: set[tuple[str, str, int]] = set()
        self._paths: dict[str, Any] = {}
        # A signal, since the application may have answered other tests' requests already.
        request_finished.connect(self._note, app, weak=False)

    def _note(self, _: Flask, response: Response) -> None:
        if request.url_rule is not None:
            path = described(request.url_rule)
            self._seen.add((path, request.method.lower(), response.status_code))

    def check(self) -> set[str]:
        """Return what was answered since the last time and is not declared."""
        if not self._paths:
            with self._app.app_context():
                self._paths = API.of(self._app).spec.to_dict()["paths"]
        seen, self._seen = self._seen, set()
        return {
            f"{method} {path}: {status}"
            for path, method, status in seen
            if status not in ANYWHERE and not self._declares(path, method, status)
        }

    def _declares(self, path: str, method: str, status: int) -> bool:
        item = self._paths.get(path, {})
        operation = item.get("get" if method == "head" else method)
        return operation is None or str(status) in operation["responses"]
