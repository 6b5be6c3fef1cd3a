"""The breaker: what it lets through, and when."""

import asyncio
from itertools import cycle

import asyncpg
import pytest
from elastic_transport import ConnectionError as ElasticConnectionError
from hypothesis import given
from hypothesis import strategies as st

from indexer import breaker as breaker_module
from indexer.breaker import LONGEST_PAUSE_S, Breaker, compute_pause
from indexer.errors import ElasticsearchUnavailable, StatementsInterrupted
from nyumba.db import MOST_INTERRUPTIONS


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker_module, "LONGEST_PAUSE_S", 0.01)


async def succeed() -> int:
    return 7


async def fail() -> int:
    raise ElasticConnectionError("refused")


async def test_outage_opens_it_and_success_closes_it() -> None:
    breaker = Breaker()
    assert (await breaker.run(succeed, asyncio.Event()), breaker.state, breaker.reason) == (7, "closed", None)
    assert await breaker.run(fail, asyncio.Event()) is None
    assert (breaker.state, breaker.reason) == ("open", "Elasticsearch is unavailable")
    assert (await breaker.run(succeed, asyncio.Event()), breaker.state) == (7, "closed")


@pytest.mark.parametrize("error", [ElasticsearchUnavailable("disk"), ConnectionRefusedError(), TimeoutError()])
async def test_either_store_may_be_out(error: Exception) -> None:
    async def meet() -> None:
        raise error

    breaker = Breaker()
    assert await breaker.run(meet, asyncio.Event()) is None
    assert breaker.state == "open"


def interrupt() -> asyncpg.PostgresError:
    return asyncpg.QueryCanceledError("canceling statement due to statement timeout")


async def test_work_that_is_interrupted_each_time_ends_with_a_reason() -> None:
    """Guards the bound: a statement that takes longer than it may would be repeated for ever."""

    async def meet() -> None:
        raise interrupt()

    breaker = Breaker()
    for _ in range(MOST_INTERRUPTIONS - 1):
        assert await breaker.run(meet, asyncio.Event()) is None
    with pytest.raises(StatementsInterrupted, match=r"SQLSTATE 57014"):
        await breaker.run(meet, asyncio.Event())


async def test_outages_and_successes_between_interruptions_start_the_count_again() -> None:
    between = cycle([ConnectionRefusedError(), None])
    breaker = Breaker()
    for number in range(3 * MOST_INTERRUPTIONS):
        error = next(between) if number % 5 == 0 else interrupt()

        async def meet(error: Exception | None = error) -> None:
            if error is not None:
                raise error

        await breaker.run(meet, asyncio.Event())
    assert breaker.state == "open"


async def test_what_is_no_outage_passes_through() -> None:
    async def break_down() -> None:
        raise ValueError("a bug")

    breaker = Breaker()
    with pytest.raises(ValueError, match="a bug"):
        await breaker.run(break_down, asyncio.Event())
    assert breaker.state == "closed"


async def test_only_one_asks_whether_it_is_back() -> None:
    """Guards the probe: without it, every worker would fall upon a cluster that is just getting up."""
    breaker = Breaker()
    await breaker.run(fail, asyncio.Event())
    at_once, most = 0, 0
    states = set()

    async def probe() -> int:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        states.add(breaker.state)
        await asyncio.sleep(0.01)
        at_once -= 1
        raise ElasticConnectionError("refused")

    await asyncio.gather(*(breaker.run(probe, asyncio.Event()) for _ in range(4)))
    assert (most, states) == (1, {"half_open"})


async def test_workers_that_meet_one_outage_together_count_once() -> None:
    breaker = Breaker()
    gate = asyncio.Event()

    async def fail_together() -> int:
        await gate.wait()
        raise ElasticConnectionError("refused")

    working = asyncio.gather(*(breaker.run(fail_together, asyncio.Event()) for _ in range(8)))
    await asyncio.sleep(0)
    gate.set()
    await working
    assert breaker._failures == 1


async def test_stop_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker_module, "LONGEST_PAUSE_S", 3600)
    monkeypatch.setattr(breaker_module, "FIRST_PAUSE_S", 3600)
    breaker = Breaker()
    stop = asyncio.Event()
    await breaker.run(fail, stop)
    waiting = asyncio.create_task(breaker.run(succeed, stop))
    await asyncio.sleep(0)
    stop.set()
    assert await asyncio.wait_for(waiting, 30) is None


async def test_insisting_waits_out_a_short_outage_and_gives_up_after_a_long_one() -> None:
    left = 3

    async def fail_thrice() -> str:
        nonlocal left
        if left:
            left -= 1
            raise ElasticConnectionError("refused")
        return "done"

    assert await Breaker().insist(fail_thrice, longest_s=60) == "done"
    with pytest.raises(ElasticConnectionError):
        await Breaker().insist(fail, longest_s=0)


@given(failures=st.integers(0, 1000))
def test_pause_grows_to_its_limit_and_is_jittered(failures: int) -> None:
    least, most = 0.5 * LONGEST_PAUSE_S, LONGEST_PAUSE_S
    pause = compute_pause(failures)
    assert 0 < pause <= most
    assert failures < 7 or pause >= min(least, breaker_module.LONGEST_PAUSE_S / 2)
    assert len({compute_pause(failures) for _ in range(5)}) > 1
