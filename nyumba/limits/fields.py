"""The RateLimit fields of draft-ietf-httpapi-ratelimit-headers-11, structured fields (RFC 9651).

`RateLimit-Policy: "name";q=100;w=900` says what is allowed, `RateLimit: "name";r=99;t=890` what is left of it.
"""

from nyumba.limits.policies import Policy
from nyumba.limits.service import Reading


def write_policies(policy: Policy) -> str:
    """The value of RateLimit-Policy: `q` requests in `w` seconds."""
    limits = (policy.by_address, policy.by_account)
    return ", ".join(f'"{limit.name}";q={limit.quota};w={limit.window_s}' for limit in limits)


def write_reading(reading: Reading) -> str:
    """The value of RateLimit: `r` requests are left for the next `t` seconds."""
    return f'"{reading.limit.name}";r={reading.remaining};t={reading.resets_in_s}'
