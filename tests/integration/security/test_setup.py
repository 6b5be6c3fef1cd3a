"""`nyumba-indexer setup-security`: as often as one likes, and a key is seen in its file alone."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from elasticsearch import ApiError, AsyncElasticsearch, AuthenticationException

from indexer.cli import main
from indexer.errors import KeyDirectoryUnusable
from indexer.security import Change, KeyStore, Security
from indexer.security_roles import KEY_NAMES
from nyumba.local.services import ServiceUrls
from tests.integration.security.conftest import PASSWORD, Secured

HOUR = timedelta(hours=1)


async def works(secured: Secured, key: str) -> bool:
    async with secured.connect(key) as client:
        try:
            await client.security.authenticate()
        except AuthenticationException:
            return False
    return True


async def test_second_time_changes_nothing(secured: Secured) -> None:
    before = {name: secured.key(name) for name in KEY_NAMES}
    changes = await secured.security.set_up_keys(secured.store, [], HOUR)
    assert changes == [Change(f"key {name}", "kept") for name in KEY_NAMES]
    assert {name: secured.key(name) for name in KEY_NAMES} == before


async def test_key_is_for_its_owner_alone(secured: Secured) -> None:
    for name in KEY_NAMES:
        path = secured.store.locate(name)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_replaced_key_works_until_its_grace_is_over(secured: Secured, superuser: AsyncElasticsearch) -> None:
    old = secured.key("api")
    (change,) = [c for c in await secured.security.set_up_keys(secured.store, ["api"], HOUR) if c.name == "key api"]
    assert change.outcome.startswith("made, in place of")
    assert secured.key("api") != old
    assert (await works(secured, old), await works(secured, secured.key("api"))) == (True, True)
    found = await superuser.security.get_api_key(name="nyumba-api", active_only=True)
    assert len([key for key in found["api_keys"] if "expiration" not in key]) == 1


async def test_key_that_leaked_ends_at_once_with_all_that_were_replaced_before_it(secured: Secured) -> None:
    first = secured.key("api")
    await secured.security.set_up_keys(secured.store, ["api"], HOUR)
    second = secured.key("api")
    await secured.security.set_up_keys(secured.store, ["api"], timedelta())
    assert [await works(secured, key) for key in (first, second, secured.key("api"))] == [False, False, True]


async def test_lost_key_is_made_anew(secured: Secured) -> None:
    secured.store.locate("events").unlink()
    secured.store.locate("api").write_text(secured.key("indexer"))
    changes = {c.name: c.outcome for c in await secured.security.set_up_keys(secured.store, [], HOUR)}
    assert (changes["key events"][:4], changes["key api"][:4], changes["key indexer"]) == ("made", "made", "kept")


async def test_key_that_is_kept_gets_what_its_role_has_become(secured: Secured, superuser: AsyncElasticsearch) -> None:
    fewer = Security(superuser, secured.alias, secured.streams[:1])
    changes = {c.name: c.outcome for c in await fewer.set_up_keys(secured.store, [], HOUR)}
    assert (changes["key events"], changes["key api"]) == ("changed what it may do", "kept")
    async with secured.connect(secured.key("analyst")) as client:
        with pytest.raises(ApiError, match="security_exception"):
            await client.count(index=secured.streams[1])


async def test_no_key_is_made_where_it_cannot_be_kept(
    secured: Secured, superuser: AsyncElasticsearch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    before = await superuser.security.get_api_key(name="nyumba-*", active_only=True)
    with pytest.raises(KeyDirectoryUnusable, match="name another --directory"):
        await secured.security.set_up_keys(KeyStore(tmp_path / "file"), [], HOUR)
    after = await superuser.security.get_api_key(name="nyumba-*", active_only=True)
    assert len(after["api_keys"]) == len(before["api_keys"])


async def test_passwords_are_given_once(secured: Secured, superuser: AsyncElasticsearch) -> None:
    await secured.security.set_up_people("analyst-of-the-tests", "kibana-of-the-tests")
    again = await secured.security.set_up_people("analyst-of-the-tests", "kibana-of-the-tests")
    assert [change.outcome for change in again] == ["up to date", "kept", "kept"]
    known = superuser.options(basic_auth=("kibana_system", "kibana-of-the-tests"))
    assert (await known.security.authenticate())["username"] == "kibana_system"


def test_command_shows_no_key(secured_address: str, tmp_path: Path) -> None:
    environ = {"NYUMBA_ELASTICSEARCH_URL": f"http://elastic:{PASSWORD}@{secured_address}", "NYUMBA_LOG_LEVEL": "debug"}
    command = ["setup-security", "--directory", str(tmp_path)]
    said = ""
    for more in ([], ["--rotate", "api"], ["--rotate-all", "--grace-minutes", "0"]):
        done = CliRunner().invoke(main, command + more, env=environ)
        assert done.exit_code == 0, done.output
        said += done.output
        keys = [(tmp_path / name / "key").read_text().strip() for name in KEY_NAMES]
        assert [key for key in keys if key in said] == []
    assert "key api: made, in place of" in said


def test_elasticsearch_without_security_is_said_so(services: ServiceUrls, tmp_path: Path) -> None:
    environ = {"NYUMBA_ELASTICSEARCH_URL": services.elasticsearch_url}
    done = CliRunner().invoke(main, ["setup-security", "--directory", str(tmp_path)], env=environ)
    assert (done.exit_code, "xpack.security.enabled" in done.output) == (2, True)


def test_user_who_is_not_known_is_told_so(secured_address: str, tmp_path: Path) -> None:
    environ = {"NYUMBA_ELASTICSEARCH_URL": f"http://elastic:wrong@{secured_address}"}
    done = CliRunner().invoke(main, ["setup-security", "--directory", str(tmp_path)], env=environ)
    assert (done.exit_code, "refuses" in done.output, "wrong" in done.output) == (3, True, False)
