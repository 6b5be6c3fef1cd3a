"""What keeps a local service from starting or stopping.

Invariant: each message is one sentence for a person at a terminal: it names the thing and says what to do.
"""

from nyumba.errors import NyumbaError


class LocalServiceError(NyumbaError):
    """A local service cannot be provided."""

    exit_code = 3
    code = "local-service-failed"
    title = "A local service failed"


class DirectoryUnusable(LocalServiceError):
    """A directory cannot be made, written, or reached by the user that the services run as."""


class DiskFull(LocalServiceError):
    """Too little free space for what is about to be written."""


class ServiceFailed(LocalServiceError):
    """A service died while it started, did not become ready in time, or does not stop."""
