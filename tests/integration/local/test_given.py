"""Services that the settings name."""

from dataclasses import replace
from uuid import uuid4

from nyumba.local.services import read_status
from nyumba.settings import Settings
from tests.conftest import name_database


def look(settings: Settings) -> dict[str, str]:
    return {setting: status.state for setting, status in read_status(settings).items()}


def test_given_services_are_asked(settings: Settings) -> None:
    assert look(settings) == {"elasticsearch_url": "given", "database_url": "given"}
    absent = name_database(settings.require_database_url(), f"none_{uuid4().hex}")
    away = replace(settings, database_url=absent, elasticsearch_url="http://127.0.0.1:1")
    assert look(away) == {"elasticsearch_url": "unreachable", "database_url": "unreachable"}
