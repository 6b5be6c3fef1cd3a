"""What the compose files and the Dockerfile promise, read as what they are."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.engine import make_url

from indexer.security_roles import KEY_NAMES
from nyumba.database_roles import ROLE_NAMES
from nyumba.env_file import SECRETS, write_secrets
from nyumba.settings import PREFIX, Settings
from nyumba.setup_roles import name_role

ROOT = Path(__file__).parents[2]
STACK, LOCAL = (
    yaml.safe_load((ROOT / name).read_text()) for name in ("docker-compose.yml", "docker-compose.local.yml")
)
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, Any] = STACK["services"]
ONCE = {"bucket", "migrate", "setup-roles", "setup-security", "reindex", "kibana-import"}
OURS = {name for name, service in SERVICES.items() if "build" in service}
SUPERUSER = "ELASTIC_PASSWORD"
DATABASE_USERS = {
    "migrate": "nyumba",
    "setup-roles": "nyumba",
    "reindex": "nyumba_indexer",
    "indexer": "nyumba_indexer",
    "api": "nyumba_api",
    "mail": "nyumba_mail",
    "setup-security": None,
    "kibana-import": None,
}
BUCKET = STACK["services"]["api"]["environment"]["NYUMBA_S3_BUCKET"]
OBJECTS = f"arn:aws:s3:::{BUCKET}/*"


@pytest.mark.parametrize("name", sorted({"POSTGRES_PASSWORD", "ELASTIC_PASSWORD", *SECRETS}))
def test_secret_has_no_default(name: str) -> None:
    used = re.findall(rf"(?<!\$)\$\{{{name}(?!\w)([^}}]*)\}}", TEXT)
    assert used
    assert set(used) == {":?run make env"}


def test_no_password_is_written_down() -> None:
    values = [
        (name, variable, str(value))
        for name, service in SERVICES.items()
        for variable, value in service.get("environment", {}).items()
        if re.search("PASSWORD|SECRET|(?<!ACCESS)_KEY$|ENCRYPTIONKEY|ROOT_USER", variable) and value
    ]
    assert values
    assert [entry for entry in values if not re.fullmatch(r"\$\{\w+:(\?run make env|-)\}", entry[2])] == []


@pytest.mark.parametrize("stack", [STACK, LOCAL], ids=["whole", "local"])
def test_every_port_is_on_loopback(stack: dict[str, Any]) -> None:
    ports = [port for service in stack["services"].values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not str(port).startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", SERVICES)
def test_service_has_a_health_check_or_runs_once(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    if name in ONCE:
        assert check == {"disable": True}
        assert SERVICES[name]["restart"] == "no"
    else:
        assert check["test"][0] in {"CMD", "CMD-SHELL"}
        assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_service_waits_for_others_to_be_healthy_or_done(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert how == {"condition": expected}, other


def list_needs(name: str) -> set[str]:
    direct = set(SERVICES[name].get("depends_on", {}))
    return direct.union(*(list_needs(other) for other in direct))


def test_start_order() -> None:
    roles = {"postgres", "migrate", "setup-roles"}
    assert roles | {"elasticsearch", "setup-security", "reindex"} <= list_needs("indexer")
    assert roles | {"elasticsearch", "minio", "setup-security", "bucket"} <= list_needs("api")
    assert roles | {"mailpit"} <= list_needs("mail")
    assert {"kibana", "setup-security"} <= list_needs("kibana-import")


@pytest.mark.parametrize("stack", [STACK, LOCAL], ids=["whole", "local"])
def test_every_image_is_pinned(stack: dict[str, Any]) -> None:
    images = [service["image"] for service in stack["services"].values() if "build" not in service]
    assert [image for image in images if not re.search(r":[\w.-]*\d", image)] == []


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_have_few_rights(name: str) -> None:
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"], service["init"]) == (True, ["ALL"], True)
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_get_known_settings_alone(name: str) -> None:
    known = {PREFIX + setting.upper() for setting in Settings.__dataclass_fields__}
    given = {variable.removesuffix("_FILE") for variable in SERVICES[name]["environment"]}
    assert given - known == set()


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_take_their_settings_from_what_make_env_writes(name: str, tmp_path: Path) -> None:
    write_secrets(tmp_path / ".env")
    made = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines())

    def fill(found: re.Match[str]) -> str:
        return made[found[1]] if found[2] == "?" else made.get(found[1], found[3])

    given = {
        variable: re.sub(r"\$\{(\w+):([?-])([^}]*)\}", fill, value)
        for variable, value in SERVICES[name]["environment"].items()
        if not variable.endswith("_FILE")
    }
    settings = Settings.from_env(given)
    assert make_url(settings.require_database_url()).username == DATABASE_USERS[name]


def test_superuser_is_known_to_elasticsearch_and_to_what_makes_keys() -> None:
    told = {name for name, service in SERVICES.items() if SUPERUSER in str(service.get("environment"))}
    assert told == {"elasticsearch", "setup-security"}


def find_tellings(secret: str) -> set[str]:
    """The containers that are told a secret."""
    return {name for name, service in SERVICES.items() if f"${{{secret}:" in str(service.get("environment"))}


def test_owner_of_the_tables_is_known_to_postgresql_and_to_what_makes_tables_and_roles() -> None:
    assert find_tellings("POSTGRES_PASSWORD") == {"postgres", "migrate", "setup-roles"}


def test_each_process_logs_in_to_postgresql_as_its_own_role() -> None:
    urls = {name: make_url(SERVICES[name]["environment"]["NYUMBA_DATABASE_URL"]) for name in OURS}
    assert {name: url.username for name, url in urls.items()} == DATABASE_USERS
    made = {name_role(str(url.database), name) for url in urls.values() for name in ROLE_NAMES}
    assert made == {user for user in DATABASE_USERS.values() if user not in {None, "nyumba"}}


@pytest.mark.parametrize("name", ROLE_NAMES)
def test_password_of_a_role_is_known_to_what_makes_roles_and_to_its_process(name: str) -> None:
    users = {service for service, user in DATABASE_USERS.items() if user == f"nyumba_{name}"}
    assert find_tellings(f"NYUMBA_{name.upper()}_DATABASE_PASSWORD") == users | {"setup-roles"}


def test_root_of_the_storage_is_known_to_it_and_to_what_makes_the_bucket() -> None:
    assert find_tellings("MINIO_ROOT_PASSWORD") == find_tellings("MINIO_ROOT_USER") == {"minio", "bucket"}
    assert find_tellings("MINIO_API_PASSWORD") == {"bucket", "api"}


def read_statements(name: str) -> list[tuple[str, set[str], list[str]]]:
    """Effect, actions and resources of what a policy says."""
    policy = json.loads((ROOT / "minio" / name).read_text())
    return [(one["Effect"], set(one["Action"]), one["Resource"]) for one in policy["Statement"]]


def test_bucket_step_gives_the_api_its_policy_and_the_public_another() -> None:
    bucket, user = SERVICES["bucket"], SERVICES["api"]["environment"]["NYUMBA_S3_ACCESS_KEY"]
    script = bucket["entrypoint"][-1]
    assert bucket["volumes"] == ["./minio:/policies:ro"]
    assert f"mc anonymous set-json /policies/public.json store/{BUCKET}\n" in script
    assert f"mc admin policy create store {BUCKET} /policies/api.json\n" in script
    assert f'mc admin user add store {user} "$$MINIO_API_PASSWORD"\n' in script
    assert f"mc admin policy attach store {BUCKET} --user {user} " in script


def test_api_may_do_with_the_bucket_what_its_code_does_and_nothing_else() -> None:
    """Operations are named as boto3 calls them; listing is the one whose right has another name."""
    code = (ROOT / "nyumba" / "images" / "s3.py").read_text()
    calls = set(re.findall(r"_client\.(?!close\b|get_paginator\b)(\w+)", code))
    pages = set(re.findall(r'get_paginator\("(\w+)"\)', code))
    assert (calls, pages) == ({"put_object", "delete_object"}, {"list_objects_v2"})
    assert read_statements("api.json") == [
        ("Allow", {"s3:PutObject", "s3:DeleteObject"}, [OBJECTS]),
        ("Allow", {"s3:ListBucket"}, [OBJECTS.removesuffix("/*")]),
    ]


def test_public_may_read_objects_and_not_list_them() -> None:
    assert read_statements("public.json") == [("Allow", {"s3:GetObject"}, [OBJECTS])]


def test_each_key_is_mounted_where_it_is_used_and_nowhere_else() -> None:
    mounted = {
        name: {volume.split(":")[0] for volume in service.get("volumes", []) if volume.startswith("key-")}
        for name, service in SERVICES.items()
    }
    assert {name: volumes for name, volumes in mounted.items() if volumes} == {
        "setup-security": {f"key-{name}" for name in KEY_NAMES},
        "api": {"key-api", "key-events"},
        "indexer": {"key-indexer"},
        "reindex": {"key-indexer"},
        "kibana-import": {"key-kibana"},
    }
    readers = [volume for name in mounted for volume in SERVICES[name].get("volumes", []) if volume.startswith("key-")]
    assert all(volume.endswith(":ro") for volume in readers if volume not in SERVICES["setup-security"]["volumes"])


def test_elasticsearch_asks_who_is_there() -> None:
    assert SERVICES["elasticsearch"]["environment"]["xpack.security.enabled"] == "true"


@pytest.mark.parametrize(("name", "least_s"), [("api", 40), ("indexer", 30), ("mail", 30)])
def test_service_is_given_time_to_stop(name: str, least_s: int) -> None:
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) >= least_s


def test_image_runs_as_nobody_special_and_holds_no_build_tools() -> None:
    *_, build, final = (ROOT / "Dockerfile").read_text().split("\nFROM ")
    assert "pip install" in build
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert "pip uninstall --yes pip" in final
    assert not re.search(r"pip install|apt-get|gcc|COPY requirements", final)
    assert re.search(r"^HEALTHCHECK ", final, re.MULTILINE)
    assert re.search(r'^CMD \["nyumba"', final, re.MULTILINE), "a shell would keep signals to itself"


def test_build_sees_only_what_it_needs() -> None:
    first, *allowed = (ROOT / ".dockerignore").read_text().split()
    assert first == "*"
    assert not {"!.env", "!.git", "!tests"} & set(allowed)


def test_compose_accepts_its_files(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no `docker compose` here: run `make env && docker compose config --quiet`")
    environ = {name: value for name, value in os.environ.items() if name not in SECRETS}
    (tmp_path / ".env").write_text("".join(f"{name}=x\n" for name in SECRETS))
    for name in ("docker-compose.yml", "docker-compose.local.yml"):
        files = ["--file", str(ROOT / name), "--env-file", str(tmp_path / ".env")]
        done = subprocess.run(
            [docker, "compose", *files, "config", "--quiet"], env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    (tmp_path / ".env").write_text("")
    files = ["--file", str(ROOT / "docker-compose.yml"), "--env-file", str(tmp_path / ".env")]
    done = subprocess.run(
        [docker, "compose", *files, "config", "--quiet"], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode != 0, "run make env" in done.stderr) == (True, True)


def test_dockerfile_has_no_known_faults() -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("no hadolint here: run `hadolint Dockerfile`")
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
