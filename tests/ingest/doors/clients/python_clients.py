"""Segment's library, and the SDK of CloudEvents: `python_clients.py NAME URL KEY COUNT`."""

from __future__ import annotations

import json
import sys
import time

# Each imports its own library: to import the other one takes as long as all that it does.


def segment(url: str, key: str, count: int) -> None:
    """Send compressed batches; the library tries again by itself."""
    from segment.analytics.client import Client

    errors: list[object] = []
    client = Client(
        key,
        host=url,
        gzip=True,
        upload_size=10,
        upload_interval=0.05,
        max_retries=30,
        on_error=lambda error, _: errors.append(error),
    )
    for number in range(count):
        if number == count // 2:
            client.flush()
            print("half", flush=True)
        client.track("u1", "Order Placed", {"number": number}, message_id=f"py-{number}")
    client.flush()
    client.join()
    assert not errors, errors


def cloudevents(url: str, key: str, count: int) -> None:
    """Send one event after the other in both modes, again and again until it is taken."""
    from http.client import HTTPConnection, HTTPException
    from urllib.parse import urlsplit

    from cloudevents.core.bindings.http import to_binary_event, to_structured_event
    from cloudevents.core.formats.json import JSONFormat
    from cloudevents.core.v1.event import CloudEvent

    http = HTTPConnection(urlsplit(url).netloc)

    def is_taken(body: bytes, headers: dict[str, str]) -> bool:
        try:
            http.request("POST", "/api/v1/ingest", body, headers)
            answer = http.getresponse()
            told = answer.read()
        except (OSError, HTTPException):
            http.close()  # it connects anew
            return False
        return answer.status == 202 and json.loads(told)["accepted"] == 1

    for number in range(count):
        if number == count // 2:
            print("half", flush=True)
        attributes = {"id": f"ce-{number}", "source": "/shop", "type": "order.placed"}
        event = CloudEvent(attributes | {"specversion": "1.0"}, {"number": number})
        write = to_binary_event if number % 2 else to_structured_event
        message = write(event, JSONFormat())
        headers = message.headers | {"Authorization": f"Bearer {key}"}
        while not is_taken(message.body, headers):
            time.sleep(0.02)


if __name__ == "__main__":
    name, url, key, count = sys.argv[1:]
    {"segment": segment, "cloudevents": cloudevents}[name](url, key, int(count))
