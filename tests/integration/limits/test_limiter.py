"""The rate limiter against the real database: exact, whatever happens at the same time."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from nyumba.db import create_engine
from nyumba.limits.policies import Limit
from nyumba.limits.service import RateLimiter
from nyumba.settings import Settings
from tests.conftest import World

SECRET = "a secret of these tests, and of no others"  # noqa: S105
LIMIT = Limit("test", quota=3, window_s=35)
numbers = count()


@pytest.fixture
async def limits_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(settings.require_database_url())
    yield engine.execution_options(isolation_level="AUTOCOMMIT")
    await engine.dispose()


@pytest.fixture
def limiter(limits_engine: AsyncEngine) -> RateLimiter:
    return RateLimiter(limits_engine, SECRET)


async def let_pass(world: World, seconds: int) -> None:
    """As if so much time had passed."""
    await world.sql("UPDATE rate_limits SET resets_at = resets_at - make_interval(secs => :s)", s=seconds)


class Model:
    """The limit, as one would write it for one process and a clock of one's own."""

    def __init__(self) -> None:
        self.now = 0
        self.windows: dict[str, tuple[int, int]] = {}

    def take(self, subject: str) -> tuple[int, bool]:
        taken, resets_at = self.windows.get(subject, (0, 0))
        if resets_at <= self.now:
            taken, resets_at = 0, self.now + LIMIT.window_s
        self.windows[subject] = (taken + 1, resets_at)
        return max(0, LIMIT.quota - taken - 1), taken + 1 > LIMIT.quota


# Steps of 10 s never meet the end of a window of 35 s: the real milliseconds that pass meanwhile do not matter.
STEPS = st.lists(st.one_of(st.sampled_from(["a", "b"]), st.integers(1, 5).map(lambda n: 10 * n)), max_size=25)


@given(steps=STEPS)
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_limiter_agrees_with_a_model(world: World, limiter: RateLimiter, steps: list[str | int]) -> None:
    model, run = Model(), next(numbers)
    for step in steps:
        if isinstance(step, int):
            model.now += step
            await let_pass(world, step)
        else:
            reading = await limiter.take(LIMIT, f"{step}-{run}")
            assert (reading.remaining, reading.is_exceeded) == model.take(step)
            resets_in_s = model.windows[step][1] - model.now
            assert resets_in_s - 2 <= reading.resets_in_s <= resets_in_s + 1


async def test_exactly_the_quota_gets_through_at_once(limiter: RateLimiter) -> None:
    limit = Limit("busy", quota=20, window_s=60)
    readings = await asyncio.gather(*(limiter.take(limit, "somebody") for _ in range(200)))
    assert sum(not reading.is_exceeded for reading in readings) == 20


async def test_exactly_the_quota_gets_through_when_a_window_is_reopened(world: World, limiter: RateLimiter) -> None:
    limit = Limit("busy", quota=20, window_s=60)
    await asyncio.gather(*(limiter.take(limit, "somebody") for _ in range(50)))
    await let_pass(world, 61)
    readings = await asyncio.gather(*(limiter.take(limit, "somebody") for _ in range(200)))
    assert sum(not reading.is_exceeded for reading in readings) == 20


async def test_limits_and_subjects_do_not_share_a_count(limiter: RateLimiter) -> None:
    single = Limit("single", quota=1, window_s=60)
    other = Limit("other", quota=1, window_s=60)
    takes = [(single, "a"), (single, "b"), (other, "a")]
    assert [(await limiter.take(*take)).is_exceeded for take in takes] == [False, False, False]


async def test_flood_on_a_full_window_writes_nothing(world: World, limiter: RateLimiter) -> None:
    for _ in range(LIMIT.quota + 1):
        await limiter.take(LIMIT, "somebody")
    before = await world.sql("SELECT xmin, ctid, xmax, taken FROM rate_limits")
    for _ in range(5):
        assert (await limiter.take(LIMIT, "somebody")).is_exceeded
    assert await world.sql("SELECT xmin, ctid, xmax, taken FROM rate_limits") == before


async def test_table_does_not_keep_windows_that_have_ended(world: World, limiter: RateLimiter) -> None:
    for number in range(30):
        await limiter.take(LIMIT, f"visitor-{number}")
    await let_pass(world, LIMIT.window_s + 1)
    for number in range(20):
        await limiter.take(LIMIT, f"another-{number}")
    assert await world.sql("SELECT count(*) FROM rate_limits") == [(20,)]


async def test_table_tells_nothing_about_anybody(world: World, limiter: RateLimiter) -> None:
    await limiter.take(LIMIT, "wanjiku@example.com")
    [(key, _, _)] = await world.sql("SELECT key, taken, resets_at FROM rate_limits")
    assert len(key) == 32
    assert b"wanjiku" not in key


async def test_key_depends_on_the_secret(world: World, limiter: RateLimiter, limits_engine: AsyncEngine) -> None:
    """Without it, anybody who reads the table could look up whether an address was there."""
    await limiter.take(LIMIT, "wanjiku@example.com")
    await RateLimiter(limits_engine, "another secret").take(LIMIT, "wanjiku@example.com")
    assert await world.sql("SELECT count(DISTINCT key) FROM rate_limits") == [(2,)]
