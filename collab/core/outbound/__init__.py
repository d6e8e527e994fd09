"""Requests to other servers: the one place from which Collab calls somebody outside.

Those who can choose an address could make the server call what only the server reaches: this
package prevents that. It knows nothing of the service, so that the pipeline's worker process can
use it, too.
"""
