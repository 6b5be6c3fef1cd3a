"""What somebody is told who asks too often."""

from nyumba.errors import NyumbaError


class RateLimited(NyumbaError):
    """Too many requests: this one was not looked at."""

    status = 429
    code = "rate-limited"
    title = "Too many requests"

    def __init__(self, resets_in_s: int) -> None:
        self.retry_after_s = resets_in_s
        super().__init__(f"try again in {resets_in_s} s")
