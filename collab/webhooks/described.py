"""What is sent to a webhook, in the OpenAPI document's section `webhooks` (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

from apispec import APISpec

from .signing import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER

#: The headers of a delivery, each with what it says and an example.
HEADERS = (
    (ID_HEADER, "The same at each attempt: by it a repetition is known.", "msg_1-120-199f2d1c8a0"),
    (TIMESTAMP_HEADER, "Seconds since 1970, when this attempt was signed.", "1772442000"),
    (
        SIGNATURE_HEADER,
        "`v1,` and base64 of HMAC-SHA256; several with spaces between while a secret is rotated.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
)
#: The envelope's schema in the document.
EVENT_SCHEMA = {"$ref": "#/components/schemas/EventOut"}


def describe(spec: APISpec) -> None:
    """Add the section to the document."""
    spec.options["webhooks"] = {"event": {"post": _operation()}}


def _operation() -> dict[str, Any]:
    return {
        "operationId": "receive_event",
        "summary": "An event of the project, as the webhook's types name it",
        "description": "Signed as Standard Webhooks 1.0 says (docs/webhooks.md).",
        "tags": ["webhooks"],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": meaning,
                "schema": {"type": "string"},
                "example": example,
            }
            for name, meaning, example in HEADERS
        ],
        "requestBody": {
            "required": True,
            "content": {"application/cloudevents+json": {"schema": EVENT_SCHEMA}},
        },
        "responses": {
            "2XX": {"description": "It was accepted; the body is kept for the log of deliveries."},
            "410": {"description": "Nothing more is wanted: the webhook is disabled."},
            "default": {"description": "It is sent again later."},
        },
    }
