"""The RateLimit fields are the structured fields that the draft asks for."""

import re

import pytest

from nyumba.limits import policies
from nyumba.limits.errors import RateLimited
from nyumba.limits.fields import write_policies, write_reading
from nyumba.limits.policies import LOGIN, Limit, Policy
from nyumba.limits.service import Reading

POLICIES = [policy for policy in vars(policies).values() if isinstance(policy, Policy)]


def test_policy_says_quota_and_window_of_both_limits() -> None:
    assert write_policies(LOGIN) == '"login-by-address";q=100;w=900, "login-by-account";q=10;w=900'


def test_reading_says_what_is_left_and_for_how_long() -> None:
    assert write_reading(Reading(LOGIN.by_address, 1, 900)) == '"login-by-address";r=99;t=900'


def test_nothing_is_left_of_an_exceeded_limit() -> None:
    reading = Reading(LOGIN.by_account, 14, 61)
    assert write_reading(reading) == '"login-by-account";r=0;t=61'
    assert RateLimited(reading.resets_in_s).headers == {"Retry-After": "61"}


@pytest.mark.parametrize(("taken", "exceeded"), [(99, False), (100, False), (101, True)])
def test_limit_is_exceeded_by_one_more_than_its_quota(taken: int, exceeded: bool) -> None:  # noqa: FBT001
    assert Reading(LOGIN.by_address, taken, 1).is_exceeded is exceeded


def test_factor_widens_the_quotas_alone() -> None:
    assert LOGIN.multiply(3) == Policy(Limit("login-by-address", 300, 900), Limit("login-by-account", 30, 900))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.by_address.name)
def test_every_policy_can_be_written(policy: Policy) -> None:
    item = r'"[ !#-\[\]-~]+";q=[1-9]\d{0,14};w=[1-9]\d{0,14}'
    assert re.fullmatch(rf"{item}, {item}", write_policies(policy))


def test_names_are_unique() -> None:
    names = [limit.name for policy in POLICIES for limit in (policy.by_address, policy.by_account)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.by_address.name)
def test_an_address_may_do_more_than_one_account(policy: Policy) -> None:
    assert policy.by_address.quota > policy.by_account.quota
