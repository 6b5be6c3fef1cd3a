"""`nyumba users create-admin`, as an operator types it."""

import os
import subprocess
import sys

import pytest

from nyumba.settings import Settings
from tests.conftest import World

PASSWORD = "tulivu-mbuni-42"  # noqa: S105


@pytest.fixture
def environ(settings: Settings) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("NYUMBA_")},
        "NYUMBA_DATABASE_URL": settings.require_database_url(),
        "NYUMBA_BCRYPT_COST": "4",
    }


def create(environ: dict[str, str], email: str, name: str, password: str) -> subprocess.CompletedProcess[str]:
    words = ["-m", "nyumba", "users", "create-admin", "--email", email, "--full-name", name]
    return subprocess.run(
        [sys.executable, *words], env=environ, input=f"{password}\n", capture_output=True, text=True, check=False
    )


async def test_first_admin_is_made_from_the_command_line(world: World, environ: dict[str, str]) -> None:
    done = create(environ, "Admin@Example.com", "Wanjiku Kamau", PASSWORD)
    assert (done.returncode, done.stdout.split()[0]) == (0, "created"), done.stderr
    rows = await world.sql("SELECT email, full_name, role, is_verified, is_active FROM users")
    assert rows == [("admin@example.com", "Wanjiku Kamau", "admin", True, True)]
    again = create(environ, "admin@example.com", "Somebody Else", PASSWORD)
    assert (again.returncode, "has this e-mail address already" in again.stderr) == (1, True)


@pytest.mark.parametrize(
    ("email", "name", "password", "said"),
    [
        ("admin", "Wanjiku", PASSWORD, "/email: must be"),
        ("admin@example.com", "Wanjiku", "short", "/password: must have 10 characters"),
        ("admin@example.com", "Wanjiku", "", "/password: must have 10 characters"),
        ("admin@example.com", "", PASSWORD, "--full-name"),
    ],
)
async def test_what_will_not_do_is_refused(
    world: World, environ: dict[str, str], email: str, name: str, password: str, said: str
) -> None:
    done = create(environ, email, name, password)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr
    assert await world.sql("SELECT id FROM users") == []
