"""What each key may do in Elasticsearch and Kibana, and nothing more.

Invariant: readers get the read alias, never an index behind it, so that its filter hides tombstones from them too.
"""

from typing import Any, Literal, get_args

KeyName = Literal["api", "events", "indexer", "analyst", "kibana"]
KEY_NAMES: tuple[KeyName, ...] = get_args(KeyName)

ANALYST_USER = "analyst"
ANALYST_ROLE = "nyumba_analyst"
KIBANA_USER = "kibana_system"  # Elasticsearch makes it; it only lacks a password
KIBANA_SPACE = "space:default"
KIBANA_APPLICATION = "kibana-.kibana"
READ = ["read", "view_index_metadata"]

Role = dict[str, Any]


def name_key(name: KeyName) -> str:
    """What a key is called in Elasticsearch."""
    return f"nyumba-{name}"


def build_key_roles(alias: str, streams: list[str]) -> dict[KeyName, Role]:
    """The one role of each key."""
    return {
        "api": _grant([alias], READ),
        "events": _grant(streams, ["create_doc", "auto_configure"]),
        "indexer": {
            "cluster": ["monitor"],
            "indices": [
                {"names": [alias, f"{alias}-*"], "privileges": ["manage", "read", "write"]},
                {"names": streams, "privileges": ["manage", "read", "delete"]},  # to forget what is old
            ],
        },
        "analyst": _grant([alias, *streams], READ),
        "kibana": _grant_in_kibana("feature_savedObjectsManagement.all"),
    }


def build_analyst_role(alias: str, streams: list[str]) -> Role:
    """The role of people who look at dashboards: the data of the analyst's key, and everything in Kibana to read."""
    return {**_grant([alias, *streams], READ), **_grant_in_kibana("space_read")}


def _grant(names: list[str], privileges: list[str]) -> Role:
    return {"indices": [{"names": names, "privileges": privileges}]}


def _grant_in_kibana(privilege: str) -> Role:
    return {
        "applications": [
            {"application": KIBANA_APPLICATION, "privileges": [privilege], "resources": [KIBANA_SPACE]},
        ]
    }
