"""Requests to other servers: the one place from which Collab calls somebody outside.

Whoever can choose an address could make the server call what only the server reaches: this
package sees to it that they can't. It knows nothing of the service, so that the pipeline's worker
process can have it, too.
"""
