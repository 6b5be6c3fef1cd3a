"""Settings from the environment, read once at start-up and passed down.

Invariant: nothing here is read at import, and an explicit setting always wins over what the local services left in
their state directory.
"""

import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.policy import SMTP
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit

import platformdirs

from nyumba.errors import SettingInvalid, SettingMissing

PREFIX = "NYUMBA_"
FILE_SUFFIX = "_FILE"
DEVELOPMENT_SECRET = "development-only-secret-never-use-it-in-production"  # noqa: S105  (refused in production)
SHORTEST_SECRET = 32
SHORTEST_PASSWORD = 12
LEAST_PASSWORD_LENGTH = 10  # the list of common passwords begins there
LEAST_PRODUCTION_COST = 10
GUESSABLE = frozenset({"", "admin", "changeme", "elastic", "nyumba", "password", "postgres", "secret"})
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
DEVELOPMENT_SENDER = "Nyumba <nyumba@localhost>"
CHECKOUT = Path(__file__).resolve().parent.parent

Environment = Literal["development", "test", "production"]
ServicesMode = Literal["auto", "containers", "embedded"]
LogLevel = Literal["debug", "info", "warning", "error"]


def _is_root() -> bool:
    return os.geteuid() == 0


def default_cache_dir() -> Path:
    """Downloads, shared by all checkouts. Root's home is closed to the users that the services run as."""
    return Path("/var/cache/nyumba") if _is_root() else platformdirs.user_cache_path("nyumba")


def default_state_dir() -> Path:
    """Data and logs of the local services: one directory for each checkout, so that two never share a database."""
    parent = Path("/var/lib/nyumba") if _is_root() else platformdirs.user_state_path("nyumba")
    digest = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]
    return parent / f"{CHECKOUT.name}-{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be configured. Each field is the variable `NYUMBA_<FIELD>`."""

    env: Annotated[Environment, "`development`, `test` or `production`"] = "development"
    database_url: Annotated[str | None, "`postgresql+asyncpg://user:password@host/database`"] = field(
        default=None, repr=False
    )
    elasticsearch_url: Annotated[
        str | None, "`http://host:9200` or `https://user:password@host:9200`; several with commas"
    ] = field(default=None, repr=False)
    elasticsearch_api_key: Annotated[str | None, "what this process may do in Elasticsearch"] = field(
        default=None, repr=False
    )
    elasticsearch_events_api_key: Annotated[
        str | None, "writes searches and events; without it, the other key or the URL's user does"
    ] = field(default=None, repr=False)
    kibana_url: Annotated[str, "where dashboards are imported"] = "http://127.0.0.1:5601"
    kibana_api_key: Annotated[str | None, "imports dashboards"] = field(default=None, repr=False)
    kibana_system_password: Annotated[str | None, "what `setup-security` gives Kibana's own user"] = field(
        default=None, repr=False
    )
    analyst_password: Annotated[str | None, "what `setup-security` gives the user `analyst`"] = field(
        default=None, repr=False
    )
    api_database_password: Annotated[str | None, "what `setup-roles` gives the API's role"] = field(
        default=None, repr=False
    )
    indexer_database_password: Annotated[str | None, "what `setup-roles` gives the indexer's role"] = field(
        default=None, repr=False
    )
    mail_database_password: Annotated[str | None, "what `setup-roles` gives the mail worker's role"] = field(
        default=None, repr=False
    )
    secret_key: Annotated[str, "signs cursors and tokens; 32 characters or more, required in production"] = field(
        default=DEVELOPMENT_SECRET, repr=False
    )
    secret_key_previous: Annotated[
        str | None, "the secret before this one: what it signed is good until it is removed here"
    ] = field(default=None, repr=False)
    bcrypt_cost: Annotated[int, "each one more doubles the work of hashing a password; 10 or more in production"] = 12
    password_min_length: Annotated[int, "the least characters of a new password; 10 or more"] = LEAST_PASSWORD_LENGTH
    search_alias: Annotated[str, "the read alias, and the prefix of every physical index"] = "properties"
    events_prefix: Annotated[str, "begins the names of the data streams of searches and events"] = "nyumba"
    events_retention_days: Annotated[int, "how long searches and events are kept"] = 90
    log_level: Annotated[LogLevel, "`debug`, `info`, `warning` or `error`"] = "info"
    metrics_host: Annotated[str, "the address on which `nyumba-indexer run` answers Prometheus"] = "127.0.0.1"
    metrics_port: Annotated[int, "its port; 0 serves no metrics"] = 0
    public_url: Annotated[str, "where people open Nyumba: links in e-mail begin with it"] = "http://127.0.0.1:8000"
    cors_origins: Annotated[
        str | None, "whose pages may call the API: `https://nyumba.example`, several with commas, or `*` for all"
    ] = None
    smtp_url: Annotated[
        str | None, "`smtp://user:password@host:587` (STARTTLS) or `smtps://…`; without it, mail lands in a folder"
    ] = field(default=None, repr=False)
    mail_from: Annotated[str, "sender of e-mail: `Nyumba <hello@example.com>`"] = DEVELOPMENT_SENDER
    trusted_proxies: Annotated[int, "how many proxies stand before the API; 0 ignores X-Forwarded-For"] = 0
    rate_limit_factor: Annotated[int, "multiplies every rate limit, for where many people share an address"] = 1
    s3_bucket: Annotated[str | None, "where images are stored; without it, in a folder of the state directory"] = None
    s3_endpoint_url: Annotated[str | None, "an S3 service other than Amazon's: `http://minio:9000`"] = None
    s3_region: Annotated[str, "region of the bucket"] = "us-east-1"
    s3_public_url: Annotated[str | None, "where the public finds the bucket's objects, if not at the service"] = None
    s3_access_key: Annotated[str | None, "without it, credentials come from where boto3 looks for them"] = None
    s3_secret_key: Annotated[str | None, "belongs to the access key"] = field(default=None, repr=False)
    services: Annotated[
        ServicesMode, "local services: `containers`, `embedded`, or `auto` (containers if an engine answers)"
    ] = "auto"
    state_dir: Annotated[Path, "data and logs of the local services"] = field(default_factory=default_state_dir)
    cache_dir: Annotated[Path, "downloaded distributions"] = field(default_factory=default_cache_dir)
    elasticsearch_home: Annotated[Path | None, "an unpacked Elasticsearch 9 to run instead of a download"] = None
    elasticsearch_port: Annotated[int, "port of the local Elasticsearch; 0 takes a free one"] = 0
    elasticsearch_heap_mb: Annotated[int, "heap of the local Elasticsearch, in MB"] = 512

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, local_urls: bool = True) -> Self:
        """Read and check the settings.

        Outside production, URLs that are not set come from the local services, if those have been started. Without
        `local_urls` they stay None: whoever starts those services has to know which were really given.

        Raises:
            SettingInvalid: a value cannot be read, is out of its range, or a `NYUMBA_` variable is unknown.
            SettingMissing: production lacks a URL or a secret of its own.
        """
        environ = os.environ if environ is None else environ
        known = {PREFIX + f.name.upper(): f for f in fields(cls)}
        secret = {name for name, setting in known.items() if not setting.repr}
        given = {name: value for name, value in environ.items() if name.startswith(PREFIX) and value != ""}
        given = _read_secret_files(given, secret)
        for name in given:
            if name not in known:
                raise SettingInvalid(name, "is not a setting; see .env.example for those there are")
        values: dict[str, Any] = {known[name].name: _parse(name, value) for name, value in given.items()}
        _check_s3(values)
        _check_elasticsearch(values)
        if values.get("env") == "production":
            _check_production(values)
        elif local_urls:
            state_dir = values.get("state_dir") or default_state_dir()
            values = read_local_urls(state_dir) | values
        return cls(**values)

    def require_database_url(self) -> str:
        """The database URL, or `SettingMissing` with what to do."""
        return self._require("database_url")

    def require_elasticsearch_url(self) -> str:
        """The Elasticsearch URL, or `SettingMissing` with what to do; in production, credentials belong to it."""
        urls = self._require("elasticsearch_url")
        is_open = self.elasticsearch_api_key is None and any(_asks_for_nothing(node) for node in split_nodes(urls))
        if self.env == "production" and is_open:
            raise SettingMissing(
                PREFIX + "ELASTICSEARCH_API_KEY",
                "production does not use an Elasticsearch of another machine that asks for nothing",
            )
        return urls

    def _require(self, name: str) -> str:
        value: str | None = getattr(self, name)
        if value is None:
            raise SettingMissing(PREFIX + name.upper(), "set it, or run `nyumba services start`")
        return value


def _read_secret_files(given: Mapping[str, str], secret: Collection[str]) -> dict[str, str]:
    """Put what a file holds in the place of each `NYUMBA_…_FILE` that names one."""
    read: dict[str, str] = {}
    for name, value in given.items():
        target = name.removesuffix(FILE_SUFFIX)
        if target == name or target not in secret:
            read[name] = value
            continue
        if target in given:
            raise SettingInvalid(name, f"cannot stand beside {target}: set one of them")
        try:
            read[target] = Path(value).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingInvalid(name, f"names {value}, which cannot be read: {describe_file_error(error)}") from error
        if not read[target]:
            raise SettingInvalid(name, f"names {value}, which is empty")
    return read


def describe_file_error(error: OSError | UnicodeDecodeError) -> str:
    """What is wrong with a file, without what is in it."""
    return (error.strerror or "it fails").lower() if isinstance(error, OSError) else "it is not UTF-8"


_CHOICES: dict[str, tuple[str, ...]] = {
    "ENV": get_args(Environment),
    "SERVICES": get_args(ServicesMode),
    "LOG_LEVEL": get_args(LogLevel),
}
_NUMBERS = {
    "ELASTICSEARCH_PORT": (0, 65_535),
    "ELASTICSEARCH_HEAP_MB": (256, 31_000),
    "BCRYPT_COST": (4, 16),
    "PASSWORD_MIN_LENGTH": (LEAST_PASSWORD_LENGTH, 64),
    "TRUSTED_PROXIES": (0, 10),
    "RATE_LIMIT_FACTOR": (1, 10_000),
    "METRICS_PORT": (0, 65_535),
    "EVENTS_RETENTION_DAYS": (1, 3650),
}
_INDEX_NAMES = {"SEARCH_ALIAS", "EVENTS_PREFIX"}
_HTTP_URLS = {"PUBLIC_URL", "S3_ENDPOINT_URL", "S3_PUBLIC_URL", "KIBANA_URL"}
_PASSWORDS = {"KIBANA_SYSTEM_PASSWORD", "ANALYST_PASSWORD"}
_DATABASE_PASSWORDS = {"API_DATABASE_PASSWORD", "INDEXER_DATABASE_PASSWORD", "MAIL_DATABASE_PASSWORD"}
_API_KEYS = {"ELASTICSEARCH_API_KEY", "ELASTICSEARCH_EVENTS_API_KEY", "KIBANA_API_KEY"}
_PATHS = {"STATE_DIR", "CACHE_DIR", "ELASTICSEARCH_HOME"}


def _parse(name: str, value: str) -> str | int | Path:
    key = name.removeprefix(PREFIX)
    if key in _CHOICES and value not in _CHOICES[key]:
        raise SettingInvalid(name, f"must be one of {', '.join(_CHOICES[key])}")
    if key in _INDEX_NAMES and not _is_index_name(value):
        raise SettingInvalid(name, "must be 1 to 80 of a-z, 0-9, - and _, and start with a letter")
    if key == "MAIL_FROM" and not _is_mailbox(value):
        raise SettingInvalid(name, "must be one address: Nyumba <hello@example.com>")
    _check_url(name, key, value)
    _check_credential(name, key, value)
    if key in _NUMBERS:
        return _parse_number(name, value, *_NUMBERS[key])
    if key in _PATHS:
        return Path(value).expanduser().absolute()
    return value


def _check_url(name: str, key: str, value: str) -> None:
    if key == "DATABASE_URL" and not value.startswith("postgresql+asyncpg://"):
        raise SettingInvalid(name, "must start with postgresql+asyncpg://")
    if key == "ELASTICSEARCH_URL" and not all(_is_node(url) for url in split_nodes(value)):
        raise SettingInvalid(name, "must be http://host:port or https://host:port, or several with commas between")
    if key in _HTTP_URLS and not _is_url(value, "http", "https", path=True):
        raise SettingInvalid(name, "must be http:// or https:// with a host, and end without / ? or #")
    if key == "CORS_ORIGINS" and value != "*" and not all(_is_origin(origin) for origin in value.split(",")):
        raise SettingInvalid(name, "must be *, or https://host as browsers write it, several with commas between")
    if key == "SMTP_URL" and not _is_url(value, "smtp", "smtps", path=False):
        raise SettingInvalid(name, "must be smtp://user:password@host:port or smtps://…, with nothing behind the port")


def _check_credential(name: str, key: str, value: str) -> None:
    if key in _PASSWORDS and not SHORTEST_PASSWORD <= len(value) <= 200:
        raise SettingInvalid(name, f"must be {SHORTEST_PASSWORD} to 200 characters")
    if key in _DATABASE_PASSWORDS and not re.fullmatch(rf"[A-Za-z0-9._~-]{{{SHORTEST_PASSWORD},200}}", value):
        raise SettingInvalid(
            name, f"must be {SHORTEST_PASSWORD} to 200 of letters, digits and . _ ~ -: it stands in a URL as it is"
        )
    if key in _API_KEYS and not re.fullmatch("[A-Za-z0-9+/=_:-]{16,}", value):
        raise SettingInvalid(name, "must be the `encoded` form of an API key: letters, digits, + / = _ : and -")


def _parse_number(name: str, value: str, least: int, most: int) -> int:
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise SettingInvalid(name, f"must be a whole number from {least} to {most}")
    return int(value)


def _is_index_name(value: str) -> bool:
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-_")
    return 1 <= len(value) <= 80 and value[0] in "abcdefghijklmnopqrstuvwxyz" and set(value) <= allowed


def _is_url(value: str, *schemes: str, path: bool) -> bool:
    try:
        parts = urlsplit(value)
        has_address = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        return False
    is_plain = value.isprintable() and not set(" ?#") & set(value) and not value.endswith("/")
    return parts.scheme in schemes and has_address and is_plain and (path or not parts.path)


def _is_origin(value: str) -> bool:
    return "*" not in value and _is_url(value, "http", "https", path=False) and find_origin(value) == value


def find_origin(url: str) -> str:
    """Scheme, host and port as browsers write them: in small letters, without the port that the scheme has anyway."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _is_node(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname and parts.port)
    except ValueError:  # a port that is none
        return False


def _is_mailbox(value: str) -> bool:
    try:
        header = SMTP.header_factory("From", value)
    except (ValueError, IndexError, HeaderParseError):
        return False
    addresses: list[Address] = list(getattr(header, "addresses", ()))
    complete = [address for address in addresses if address.username and address.domain]
    return value.isprintable() and not header.defects and len(complete) == len(addresses) == 1


def _check_s3(values: Mapping[str, Any]) -> None:
    if "s3_bucket" in values and not re.fullmatch("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", values["s3_bucket"]):
        raise SettingInvalid(PREFIX + "S3_BUCKET", "must be 3 to 63 of a-z, 0-9, . and -")
    if ("s3_access_key" in values) != ("s3_secret_key" in values):
        missing = "s3_secret_key" if "s3_access_key" in values else "s3_access_key"
        raise SettingMissing(PREFIX + missing.upper(), "it belongs to the other key of S3")
    for name in ("s3_endpoint_url", "s3_public_url", "s3_access_key"):
        if name in values and "s3_bucket" not in values:
            raise SettingMissing(PREFIX + "S3_BUCKET", f"{PREFIX}{name.upper()} is of no use without it")


def _check_elasticsearch(values: Mapping[str, Any]) -> None:
    if "elasticsearch_api_key" in values and _has_user(values.get("elasticsearch_url", "")):
        raise SettingInvalid(PREFIX + "ELASTICSEARCH_API_KEY", "cannot stand beside a user in NYUMBA_ELASTICSEARCH_URL")


def _has_user(urls: str) -> bool:
    return any(urlsplit(url).username is not None for url in split_nodes(urls))


def _check_production(values: Mapping[str, Any]) -> None:
    for name in ("secret_key", "database_url", "elasticsearch_url"):
        if name not in values:
            raise SettingMissing(PREFIX + name.upper(), "production does not start without it")
    for name in ("secret_key", "secret_key_previous"):
        if name in values and _is_weak(values[name]):
            raise SettingInvalid(
                PREFIX + name.upper(), f"must be a secret of your own, {SHORTEST_SECRET} characters or longer"
            )
    nodes = split_nodes(values["elasticsearch_url"])
    for name, urls in (("database_url", [values["database_url"]]), ("elasticsearch_url", nodes)):
        if any(_has_guessable_password(url) for url in urls):
            raise SettingInvalid(PREFIX + name.upper(), "must have a password of your own in production")
    if values.get("bcrypt_cost", LEAST_PRODUCTION_COST) < LEAST_PRODUCTION_COST:
        raise SettingInvalid(PREFIX + "BCRYPT_COST", f"must be {LEAST_PRODUCTION_COST} or more in production")


def _asks_for_nothing(node: str) -> bool:
    """Whoever reaches it may do everything: tolerable only where nobody but this machine does."""
    return not _has_user(node) and urlsplit(node).hostname not in LOOPBACK


def _has_guessable_password(url: str) -> bool:
    parts = urlsplit(url)
    return parts.password is not None and parts.password.lower() in {*GUESSABLE, (parts.username or "").lower()}


def _is_weak(secret: str) -> bool:
    return secret == DEVELOPMENT_SECRET or len(secret) < SHORTEST_SECRET or len(set(secret)) < 8


def split_nodes(urls: str) -> list[str]:
    """The nodes of one cluster, as `NYUMBA_ELASTICSEARCH_URL` names them, each once."""
    return list(dict.fromkeys(urls.split(",")))


def local_urls_path(state_dir: Path) -> Path:
    """The file in which running local services publish their URLs."""
    return state_dir / "urls.json"


def read_local_urls(state_dir: Path) -> dict[str, Any]:
    """`database_url` and `elasticsearch_url` of the local services; empty when none were started."""
    path = local_urls_path(state_dir)
    try:
        urls = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise SettingInvalid("NYUMBA_STATE_DIR", f"holds a broken {path.name}; delete {path}") from error
    except OSError as error:
        raise SettingInvalid("NYUMBA_STATE_DIR", f"cannot be used: {path}: {describe_file_error(error)}") from error
    return {name: urls[name] for name in ("database_url", "elasticsearch_url") if name in urls}
