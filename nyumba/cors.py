"""Which pages of other origins may call the API from a browser (CORS).

The API knows no cookies, so a page of somebody else gets no login from the browser. What strange pages are kept from is
using up what the rate limits grant to their visitors' addresses.
"""

from litestar.config.cors import CORSConfig
from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from nyumba.settings import Settings, find_origin

PREFLIGHT_GOOD_FOR_S = 7200  # browsers take no more
REQUEST_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Prefer"]
ANSWER_HEADERS = [
    "Content-Disposition",
    "ETag",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Total-Count",
]
_LOOPBACK = r"http://(localhost|127\.0\.0\.1)(:[0-9]+)?"


def build_cors(settings: Settings) -> CORSConfig:
    """The origins of the settings, or that of the public URL; while developing, this machine's on any port as well."""
    return CORSConfig(
        allow_origins=settings.cors_origins.split(",") if settings.cors_origins else [find_origin(settings.public_url)],
        allow_origin_regex=_LOOPBACK if settings.env == "development" else None,
        allow_methods=["DELETE", "GET", "PATCH", "POST", "PUT"],
        allow_headers=REQUEST_HEADERS,
        expose_headers=ANSWER_HEADERS,
        max_age=PREFLIGHT_GOOD_FOR_S,
    )


async def vary_by_origin(message: Message, scope: Scope) -> None:  # noqa: ARG001
    """The application's `before_send`: a cache must not give one origin's answer to another, or a packed one to all.

    Litestar says so to callers with an origin alone, and forgets then that answers are compressed.
    """
    if message["type"] == "http.response.start":
        MutableScopeHeaders.from_message(message)["Vary"] = "Accept-Encoding, Origin"
