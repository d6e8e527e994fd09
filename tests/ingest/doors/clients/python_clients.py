"""Segment's library, and the SDK of CloudEvents: `python_clients.py NAME URL KEY COUNT`."""

from __future__ import annotations

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
    import httpx
    from cloudevents.core.bindings.http import to_binary_event, to_structured_event
    from cloudevents.core.formats.json import JSONFormat
    from cloudevents.core.v1.event import CloudEvent

    # One for all: httpx would read the system's certificates for each event.
    http = httpx.Client(base_url=url, verify=False)

    def is_taken(body: bytes, headers: dict[str, str]) -> bool:
        try:
            answer = http.post("/api/v1/ingest", content=body, headers=headers)
        except httpx.TransportError:
            return False
        return answer.status_code == 202 and answer.json()["accepted"] == 1

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
