"""Findings of schemathesis that are right: requests that fit the OpenAPI document and are refused all the same.

Invariant: a refusal is explained by all that it says. One more complaint, or other words, and it is a finding.
"""

import json
import re
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import EnsureResourceAvailability, RejectedPositiveData

from tests.pictures import make_jpeg

# Why the document does not say it, and how such complaints begin.
EXPLAINED = {
    "only the server makes the tokens in messages": ("is used up or too old",),
    "it hangs on what is kept in secret": ("is not your password",),
    "there are four million of them": ("is one of those that attackers try first",),
    "it hangs on another field, which query parameters cannot say, and bodies say in words": (
        "must not be a part of the e-mail address",
        "must be 0 or null: land has no bedrooms",
        "is needed: latitude and longitude go together",
        "is needed: lat and lon go together",
        r"is above (price|price_per_m2|square_meters|year_built)_max",
        "has minLat above maxLat",
        "is another name of search",
        "needs lat and lon for distance",
        "plus limit goes beyond 10,000",
    ),
    "it hangs on how letters and accents are composed": ("must have [0-9]+ characters or more",),
    "it hangs on the day": ("must be 20[0-9]{2} at most",),
    "it hangs on who asks": ("can be set by administrators only",),
    "it hangs on what there is": ("must be the ids of all images of the property, each once", "cannot go from"),
    "it hangs on letter case, of which uniqueItems knows nothing": ("is in the list already",),
}
_BEGINNINGS = re.compile("|".join(beginning for beginnings in EXPLAINED.values() for beginning in beginnings))

# At names that are not reserved, as `.test` is: no mail reaches those, so they are refused.
schemathesis.openapi.format("email", st.emails(domains=st.sampled_from(["example.com", "mail.example.co.ke"])))
schemathesis.openapi.media_type("image/jpeg", st.just([make_jpeg()]))

_deleted: set[str] = set()  # ids of properties


@schemathesis.hook
def before_call(_: HookContext, case: Case, __: dict[str, Any]) -> None:
    """Mend what ought to be accepted and cannot be, lest its refusal hide all else that the request tries.

    A made-up cursor is left out, for cursors are signed; so is a made-up polygon, for its rings neither close nor hold
    an area. In its coverage phase schemathesis writes headers of letters and digits alone, whatever their pattern: so
    the one that must be a star or in quotes becomes a star.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for container in (case.query, case.body):
        if isinstance(container, dict):
            container.pop("cursor", None)
            container.pop("polygon", None)
    if case.headers is not None and case.headers.get("If-Match", "*").isalnum():
        case.headers["If-Match"] = "*"


@schemathesis.hook
def after_call(_: HookContext, case: Case, response: Response) -> None:
    """Note which properties there are no more."""
    if case.operation.label == "DELETE /api/v1/properties/{property_id}" and response.status_code == 204:
        _deleted.add(case.path_parameters["property_id"])


@schemathesis.hook
def filter_failure(_: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Keep what is not explained."""
    if isinstance(failure, EnsureResourceAvailability):
        # What has just been offered can be a draft, and only what is on the market can be saved. And a POST that bears
        # the Idempotency-Key of an earlier one is given its answer, though the property was deleted since: schemathesis
        # looks for that in the steps of one scenario alone, and tries the same POST in many.
        return not (case.operation.path.endswith("/save") or case.path_parameters.get("property_id") in _deleted)
    if not isinstance(failure, RejectedPositiveData):
        return True
    problem = json.loads(response.content)
    complaints = [error["detail"] for error in problem.get("errors", [])] or [problem.get("detail", "")]
    return not all(_BEGINNINGS.match(complaint) for complaint in complaints)
