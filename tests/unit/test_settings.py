"""Settings: what is refused, and what wins."""

import json
from pathlib import Path

import pytest

from nyumba.errors import SettingInvalid, SettingMissing
from nyumba.settings import DEVELOPMENT_SECRET, Settings, local_urls_path

PRODUCTION = {
    "NYUMBA_ENV": "production",
    "NYUMBA_DATABASE_URL": "postgresql+asyncpg://nyumba@db/nyumba",
    "NYUMBA_ELASTICSEARCH_URL": "http://elasticsearch:9200",
    "NYUMBA_ELASTICSEARCH_API_KEY": "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHA",
    "NYUMBA_SECRET_KEY": "kq3Vx0l8Yw2mZr7Tn5Bc9Jd1Hf6Gs4Pa",
}


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """Local services have been started here."""
    urls = {"database_url": "postgresql+asyncpg://local/nyumba", "elasticsearch_url": "http://127.0.0.1:1234"}
    local_urls_path(tmp_path).write_text(json.dumps(urls))
    return tmp_path


def test_complete_production_settings_are_taken() -> None:
    settings = Settings.from_env(PRODUCTION)
    assert settings.env == "production"
    assert settings.require_elasticsearch_url() == "http://elasticsearch:9200"


@pytest.mark.parametrize("name", ["NYUMBA_DATABASE_URL", "NYUMBA_ELASTICSEARCH_URL", "NYUMBA_SECRET_KEY"])
def test_production_does_not_start_without(name: str) -> None:
    with pytest.raises(SettingMissing, match=name):
        Settings.from_env({key: value for key, value in PRODUCTION.items() if key != name})


@pytest.mark.parametrize("secret", [DEVELOPMENT_SECRET, "short", "a" * 64, ""])
def test_production_does_not_start_with_a_weak_secret(secret: str) -> None:
    with pytest.raises((SettingInvalid, SettingMissing), match="NYUMBA_SECRET_KEY"):
        Settings.from_env({**PRODUCTION, "NYUMBA_SECRET_KEY": secret})


@pytest.mark.parametrize("secret", [DEVELOPMENT_SECRET, "short", "a" * 64])
def test_production_does_not_start_with_a_weak_previous_secret(secret: str) -> None:
    with pytest.raises(SettingInvalid, match="NYUMBA_SECRET_KEY_PREVIOUS"):
        Settings.from_env({**PRODUCTION, "NYUMBA_SECRET_KEY_PREVIOUS": secret})


def test_production_does_not_start_with_cheap_hashes() -> None:
    with pytest.raises(SettingInvalid, match="NYUMBA_BCRYPT_COST must be 10 or more"):
        Settings.from_env({**PRODUCTION, "NYUMBA_BCRYPT_COST": "9"})


def test_production_ignores_local_services(state_dir: Path) -> None:
    environ = {**PRODUCTION, "NYUMBA_STATE_DIR": str(state_dir)}
    assert Settings.from_env(environ).database_url == PRODUCTION["NYUMBA_DATABASE_URL"]
    del environ["NYUMBA_DATABASE_URL"]
    with pytest.raises(SettingMissing):
        Settings.from_env(environ)


def test_local_services_are_the_default(state_dir: Path) -> None:
    settings = Settings.from_env({"NYUMBA_STATE_DIR": str(state_dir)})
    assert settings.database_url == "postgresql+asyncpg://local/nyumba"


def test_explicit_setting_wins_over_local_services(state_dir: Path) -> None:
    environ = {"NYUMBA_STATE_DIR": str(state_dir), "NYUMBA_ELASTICSEARCH_URL": "http://other:9200"}
    settings = Settings.from_env(environ)
    assert settings.elasticsearch_url == "http://other:9200"
    assert settings.database_url == "postgresql+asyncpg://local/nyumba"


def test_nothing_configured_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingMissing, match="run `nyumba services start`"):
        Settings.from_env({"NYUMBA_STATE_DIR": str(tmp_path)}).require_database_url()


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("NYUMBA_ENV", "prod", "development, test, production"),
        ("NYUMBA_LOG_LEVEL", "loud", "debug"),
        ("NYUMBA_SERVICES", "docker", "containers"),
        ("NYUMBA_DATABASE_URL", "mysql://x", r"postgresql\+asyncpg://"),
        ("NYUMBA_ELASTICSEARCH_URL", "localhost:9200", "http://"),
        ("NYUMBA_ELASTICSEARCH_URL", "http://one:9200,two:9200", "several with commas"),
        ("NYUMBA_ELASTICSEARCH_URL", "http://one:9200,", "several with commas"),
        ("NYUMBA_ELASTICSEARCH_URL", "http://one", "host:port"),
        ("NYUMBA_SEARCH_ALIAS", "Properties", "a-z"),
        ("NYUMBA_SEARCH_ALIAS", "_hidden", "a-z"),
        ("NYUMBA_BCRYPT_COST", "3", "4 to 16"),
        ("NYUMBA_PASSWORD_MIN_LENGTH", "8", "10 to 64"),
        ("NYUMBA_ELASTICSEARCH_PORT", "70000", "0 to 65535"),
        ("NYUMBA_ELASTICSEARCH_HEAP_MB", "1g", "whole number"),
        ("NYUMBA_PUBLIC_URL", "nyumba.example", "http:// or https://"),
        ("NYUMBA_PUBLIC_URL", "https://nyumba.example/", "end without /"),
        ("NYUMBA_PUBLIC_URL", "https://nyumba.example?a=b", "end without"),
        ("NYUMBA_PUBLIC_URL", "https://nyumba.example:port", "with a host"),
        ("NYUMBA_SMTP_URL", "mail.example:587", "smtp://"),
        ("NYUMBA_SMTP_URL", "smtp://mail.example/inbox", "nothing behind the port"),
        ("NYUMBA_SMTP_URL", "smtp://", "smtp://user:password@host:port"),
        ("NYUMBA_MAIL_FROM", "Nyumba", "one address"),
        ("NYUMBA_MAIL_FROM", "a@b.example, c@d.example", "one address"),
        ("NYUMBA_MAIL_FROM", "Nyumba <a@b.example>\nBcc: c@d.example", "one address"),
        ("NYUMBA_S3_BUCKET", "My Bucket", "3 to 63 of a-z"),
        ("NYUMBA_S3_ENDPOINT_URL", "minio:9000", "http:// or https://"),
        ("NYUMBA_CORS_ORIGINS", "https://*.nyumba.example", "as browsers write it"),
        ("NYUMBA_CORS_ORIGINS", "https://nyumba.example/", "as browsers write it"),
        ("NYUMBA_CORS_ORIGINS", "https://nyumba.example:443", "as browsers write it"),
        ("NYUMBA_CORS_ORIGINS", "https://Nyumba.example", "as browsers write it"),
        ("NYUMBA_CORS_ORIGINS", "https://nyumba.example, https://two.example", "as browsers write it"),
        ("NYUMBA_CORS_ORIGINS", "https://nyumba.example,*", "as browsers write it"),
        ("NYUMBA_S3_PUBLIC_URL", "https://cdn.example/", "end without /"),
        ("NYUMBA_TRUSTED_PROXIES", "-1", "0 to 10"),
        ("NYUMBA_RATE_LIMIT_FACTOR", "0", "1 to 10000"),
        ("NYUMBA_ELASTICSEARCH_API_KEY", "two words of a key", "encoded"),
        ("NYUMBA_KIBANA_URL", "kibana:5601", "http:// or https://"),
        ("NYUMBA_ANALYST_PASSWORD", "short", "12 to 200"),
        ("NYUMBA_MAIL_DATABASE_PASSWORD", "short", "12 to 200"),
        ("NYUMBA_API_DATABASE_PASSWORD", "p@ssword-of-the-api", "stands in a URL"),
        ("NYUMBA_DATABSE_URL", "x", r"\.env\.example"),
    ],
)
def test_wrong_setting_is_named_with_what_is_allowed(name: str, value: str, allowed: str) -> None:
    with pytest.raises(SettingInvalid, match=f"{name}.*{allowed}"):
        Settings.from_env({name: value})


def test_secret_is_not_shown() -> None:
    previous = PRODUCTION["NYUMBA_SECRET_KEY"][::-1]
    shown = repr(Settings.from_env({**PRODUCTION, "NYUMBA_SECRET_KEY_PREVIOUS": previous}))
    assert PRODUCTION["NYUMBA_SECRET_KEY"] not in shown
    assert previous not in shown


def test_password_of_the_mail_server_is_not_shown() -> None:
    environ = {"NYUMBA_SMTP_URL": "smtps://nyumba:s3cret@mail.example:465"}
    assert "s3cret" not in repr(Settings.from_env(environ))


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"NYUMBA_S3_BUCKET": "images", "NYUMBA_S3_ACCESS_KEY": "a"}, "NYUMBA_S3_SECRET_KEY"),
        ({"NYUMBA_S3_BUCKET": "images", "NYUMBA_S3_SECRET_KEY": "s3cret"}, "NYUMBA_S3_ACCESS_KEY"),
        ({"NYUMBA_S3_ENDPOINT_URL": "http://minio:9000"}, "NYUMBA_S3_BUCKET"),
    ],
)
def test_half_of_the_settings_of_s3_is_of_no_use(given: dict[str, str], missing: str) -> None:
    with pytest.raises(SettingMissing, match=missing):
        Settings.from_env(given)


def test_secret_key_of_s3_is_not_shown() -> None:
    environ = {"NYUMBA_S3_BUCKET": "images", "NYUMBA_S3_ACCESS_KEY": "a", "NYUMBA_S3_SECRET_KEY": "s3cret"}
    assert "s3cret" not in repr(Settings.from_env(environ))


@pytest.mark.parametrize(
    "sender", ["hello@nyumba.example", "Nyumba <hello@nyumba.example>", '"Nyumba, KE" <a@b.example>']
)
def test_sender_may_have_a_name(sender: str) -> None:
    assert Settings.from_env({"NYUMBA_MAIL_FROM": sender}).mail_from == sender


def test_each_checkout_has_its_own_state(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Settings.from_env({}).state_dir
    monkeypatch.setattr("nyumba.settings.CHECKOUT", Path("/elsewhere/nyumba"))
    assert Settings.from_env({}).state_dir != here


def test_production_does_not_use_an_elasticsearch_elsewhere_that_asks_for_nothing() -> None:
    without = {name: value for name, value in PRODUCTION.items() if name != "NYUMBA_ELASTICSEARCH_API_KEY"}
    without["NYUMBA_ELASTICSEARCH_URL"] = "http://elasticsearch:9200"
    without_search = Settings.from_env(without)  # as the mail worker is: it asks for the URL and never uses it
    with pytest.raises(SettingMissing, match="NYUMBA_ELASTICSEARCH_API_KEY"):
        without_search.require_elasticsearch_url()
    url = "https://indexer:hW3kPz8uQd2f@elasticsearch:9200"
    for fine in (url, "http://127.0.0.1:9200", "http://[::1]:9200"):
        assert Settings.from_env({**without, "NYUMBA_ELASTICSEARCH_URL": fine}).require_elasticsearch_url() == fine


@pytest.mark.parametrize("password", ["nyumba", "changeme", "Reader", ""])
@pytest.mark.parametrize("name", ["NYUMBA_DATABASE_URL", "NYUMBA_ELASTICSEARCH_URL"])
def test_production_does_not_start_with_a_password_that_anybody_would_guess(name: str, password: str) -> None:
    scheme = "postgresql+asyncpg" if "DATABASE" in name else "https"
    environ = {**PRODUCTION, name: f"{scheme}://reader:{password}@host:1234/nyumba"}
    del environ["NYUMBA_ELASTICSEARCH_API_KEY"]
    if name == "NYUMBA_DATABASE_URL":
        environ["NYUMBA_ELASTICSEARCH_API_KEY"] = PRODUCTION["NYUMBA_ELASTICSEARCH_API_KEY"]
    with pytest.raises(SettingInvalid, match=f"{name} must have a password of your own"):
        Settings.from_env(environ)


def test_key_and_user_are_not_given_at_once() -> None:
    environ = {"NYUMBA_ELASTICSEARCH_URL": "http://a:b@c:9200", "NYUMBA_ELASTICSEARCH_API_KEY": "k" * 40}
    with pytest.raises(SettingInvalid, match="NYUMBA_ELASTICSEARCH_API_KEY cannot stand beside"):
        Settings.from_env(environ)


def test_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "api"
    path.write_text("k" * 40 + "\n")
    assert Settings.from_env({"NYUMBA_ELASTICSEARCH_API_KEY_FILE": str(path)}).elasticsearch_api_key == "k" * 40


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"NYUMBA_ELASTICSEARCH_API_KEY_FILE": "/nowhere/key"}, "API_KEY_FILE names /nowhere/key.*no such file"),
        ({"NYUMBA_ELASTICSEARCH_API_KEY_FILE": "/dev/null"}, "API_KEY_FILE names /dev/null, which is empty"),
        ({"NYUMBA_SECRET_KEY_FILE": "/dev/null", "NYUMBA_SECRET_KEY": "k" * 40}, "cannot stand beside"),
        ({"NYUMBA_SEARCH_ALIAS_FILE": "/dev/null"}, "is not a setting"),
    ],
)
def test_file_of_a_secret_that_is_of_no_use_is_named(given: dict[str, str], reason: str) -> None:
    with pytest.raises(SettingInvalid, match=reason):
        Settings.from_env(given)


@pytest.mark.parametrize("name", ["ELASTICSEARCH_API_KEY", "ELASTICSEARCH_EVENTS_API_KEY", "KIBANA_API_KEY"])
def test_api_key_is_not_shown(name: str) -> None:
    assert "s3cret" not in repr(Settings.from_env({f"NYUMBA_{name}": "s3cret" * 6}))


@pytest.mark.parametrize("name", ["NYUMBA_DATABASE_URL", "NYUMBA_ELASTICSEARCH_URL"])
def test_password_in_a_url_is_not_shown(name: str) -> None:
    scheme = "postgresql+asyncpg" if "DATABASE" in name else "https"
    assert "s3cret" not in repr(Settings.from_env({name: f"{scheme}://reader:s3cret@host:1234/nyumba"}))
