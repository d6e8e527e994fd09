"""Why a request to another server was not made, or got no answer."""

from __future__ import annotations


class OutboundError(Exception):
    """No answer came; the message is a sentence for people, `code` a word for programs."""

    code = "failed"


class Forbidden(OutboundError):
    """This address may not be called: nothing was sent."""

    code = "forbidden_address"


class Unresolved(OutboundError):
    """The name has no address."""

    code = "unresolved"


class TookTooLong(OutboundError):
    """The deadline came before the answer's end."""

    code = "timeout"


class Broken(OutboundError):
    """The connection could not be made, or broke, or what came over it was not HTTP."""

    code = "broken"
