"""Can it be told from the time of an answer whether an address has an account?

The AUC is the chance that a request for a known address takes longer than one for an unknown address: 0.5 tells
nothing. Each address is asked for once at each endpoint, for it is the first request that would tell. bcrypt works at
its least cost here, so that what else differs has nothing to hide behind.
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from httpx import ASGITransport, AsyncClient
from sqlalchemy import insert, text

from bench.figures import Figure
from bench.world import connect, time_call
from nyumba.accounts.models import User
from nyumba.accounts.passwords import Passwords
from nyumba.app import create_app
from nyumba.settings import Settings

WARM_UP = 100
PASSWORD = "tulivu-mbuni-42"  # noqa: S105  (of accounts that live as long as the benchmark)


def compute_auc(known: list[float], unknown: list[float]) -> float:
    """The share of pairs in which the known one is longer, by the sum of its ranks."""
    ranked = sorted([(seconds, 1) for seconds in known] + [(seconds, 0) for seconds in unknown])
    ranks = sum(rank for rank, (_, is_known) in enumerate(ranked, start=1) if is_known)
    return (ranks - len(known) * (len(known) + 1) / 2) / (len(known) * len(unknown))


@asynccontextmanager
async def serve(settings: Settings) -> AsyncIterator[AsyncClient]:
    """The API in this process, without a network between."""
    app = create_app(settings)
    transport = ASGITransport(app)  # type: ignore[arg-type]  # Litestar's scopes are more precise than httpx's
    async with app.lifespan(), AsyncClient(transport=transport, base_url="http://bench") as client:
        yield client


async def add_accounts(settings: Settings, count: int) -> list[str]:
    """Accounts with a password, of which the addresses are given."""
    passwords = Passwords(cost=settings.bcrypt_cost, min_length=10)
    stored = await passwords.hash(PASSWORD)
    passwords.close()
    run = uuid4()
    emails = [f"known-{number}-{run}@example.com" for number in range(count)]
    async with connect(settings) as (engine, _), engine.begin() as connection:
        rows = [{"email": email, "full_name": "A", "password_hash": stored} for email in emails]
        await connection.execute(insert(User), rows)
        await connection.execute(text("ANALYZE"))
    return emails


async def compare(api: AsyncClient, path: str, known: list[str], unknown: list[str]) -> float:
    """Ask for each once, one of either kind in turn, in an order that chance decides."""
    chance = random.Random(1)  # noqa: S311  (no secret)
    extra = {"login": {"password": "wrong"}, "register": {"password": PASSWORD, "full_name": "A"}}
    times: tuple[list[float], list[float]] = ([], [])
    for number, (one, other) in enumerate(zip(known, unknown, strict=True)):
        for taken, email in chance.sample([(times[0], one), (times[1], other)], 2):
            body = {"email": email, **extra.get(path, {})}
            seconds = await time_call(lambda body=body: api.post(f"/api/v1/auth/{path}", json=body))  # type: ignore[misc]
            if number >= WARM_UP:
                taken.append(seconds)
    return compute_auc(*times)


async def measure_login(settings: Settings, samples: int = 1_000) -> list[Figure]:
    """How far the AUC of each endpoint is from telling nothing."""
    known = await add_accounts(settings, WARM_UP + samples)
    unknown = [email.replace("known", "other") for email in known]
    figures = []
    async with serve(settings) as api:
        for path in ("login", "forgot-password", "register"):
            auc = await compare(api, path, known, unknown)
            name = f"`auth/{path}`: how far from 0.5 is the chance that a known address takes longer"
            figures.append(Figure(area="Accounts", name=name, unit="", value=abs(auc - 0.5), bound=0.05, noise=True))
    return figures
