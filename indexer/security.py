"""Make the keys, roles and users of an Elasticsearch with security on, as often as one likes.

Invariant: a key is written to its file and nowhere else: not to a log, not to standard output, not into an error.
"""

import asyncio
import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from elasticsearch import ApiError, AsyncElasticsearch, AuthenticationException, BadRequestError

from indexer.errors import KeyDirectoryUnusable, SecurityOff
from indexer.security_roles import (
    ANALYST_ROLE,
    ANALYST_USER,
    KEY_NAMES,
    KIBANA_USER,
    KeyName,
    Role,
    build_analyst_role,
    build_key_roles,
    name_key,
)

METADATA = {"application": "nyumba"}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one key, role or user."""

    name: str
    outcome: str


@dataclass(frozen=True, slots=True)
class KeyStore:
    """A directory with a file for each key: `<directory>/<name>/key`, for its owner alone."""

    directory: Path

    def locate(self, name: KeyName) -> Path:
        """Where a key is kept."""
        return self.directory / name / "key"

    def read(self, name: KeyName) -> str | None:
        """The key that is kept, if there is one."""
        try:
            return self.locate(name).read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise KeyDirectoryUnusable(self.locate(name)) from error

    def prepare(self, name: KeyName) -> None:
        """Make the directory of a key, and see that it can be written to before a key is made.

        Raises:
            KeyDirectoryUnusable: it cannot.
        """
        path = self.locate(name)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._draft(path, "").unlink()
        except OSError as error:
            raise KeyDirectoryUnusable(path) from error

    def write(self, name: KeyName, key: str) -> None:
        """Replace what is kept, in one step."""
        path = self.locate(name)
        self._draft(path, f"{key}\n").replace(path)

    def _draft(self, path: Path, text: str) -> Path:
        draft = path.with_name(".key.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        return draft


@dataclass(frozen=True, slots=True)
class Security:
    """Makes Elasticsearch know who may do what. The client's user must be allowed to manage security."""

    client: AsyncElasticsearch
    alias: str
    streams: list[str]

    async def check(self) -> None:
        """Raise `SecurityOff` where Elasticsearch asks nobody who they are."""
        try:
            await self.client.security.authenticate()
        except BadRequestError as error:
            raise SecurityOff from error

    async def set_up_keys(self, store: KeyStore, rotated: Collection[KeyName], grace: timedelta) -> list[Change]:
        """Make the keys that are missing or rotated, and bring what the others may do up to date.

        A key that is replaced lives on for `grace`, in which the processes that use it are to be restarted.
        """
        roles = build_key_roles(self.alias, self.streams)
        for name in KEY_NAMES:
            store.prepare(name)
        async with asyncio.TaskGroup() as group:  # Elasticsearch takes a second for each change of a key
            tasks = {
                name: group.create_task(self._set_up_key(store, name, roles[name], grace, renew=name in rotated))
                for name in KEY_NAMES
            }
        return [Change(f"key {name}", task.result()) for name, task in tasks.items()]

    async def set_up_people(self, analyst_password: str | None, kibana_password: str | None) -> list[Change]:
        """Make the analysts' role, and give passwords to the users whose passwords are known."""
        changes = [Change(f"role {ANALYST_ROLE}", await self._set_up_analyst_role())]
        if analyst_password is not None:
            changes.append(Change(f"user {ANALYST_USER}", await self._set_up_analyst(analyst_password)))
        if kibana_password is not None:
            changes.append(Change(f"user {KIBANA_USER}", await self._set_up_kibana(kibana_password)))
        return changes

    async def _set_up_key(self, store: KeyStore, name: KeyName, role: Role, grace: timedelta, *, renew: bool) -> str:
        kept = store.read(name)
        key_id = await self._identify(name, kept) if kept else None
        if key_id is not None and not renew:
            answer = await self.client.security.update_api_key(id=key_id, role_descriptors={name_key(name): role})
            return "changed what it may do" if answer["updated"] else "kept"
        made = await self.client.security.create_api_key(
            name=name_key(name), role_descriptors={name_key(name): role}, metadata=METADATA, refresh=True
        )
        store.write(name, made["encoded"])
        replaced = await self._retire_others(name, made["id"], grace)
        return f"made, in place of {replaced}" if replaced else "made"

    async def _identify(self, name: KeyName, key: str) -> str | None:
        """The id of a key that is kept, if Elasticsearch takes it for the key of that name."""
        try:
            answer = await self.client.options(api_key=key).security.authenticate()
        except AuthenticationException:
            return None
        known = answer.body.get("api_key", {})
        return known["id"] if known.get("name") == name_key(name) else None

    async def _retire_others(self, name: KeyName, current: str, grace: timedelta) -> int:
        """End the other keys of a name once `grace` is over, and none later than it would end anyway."""
        found = await self.client.security.get_api_key(name=name_key(name), active_only=True)
        others = [key for key in found["api_keys"] if key["id"] != current]
        if others and not grace:
            await self.client.security.invalidate_api_key(ids=[key["id"] for key in others])
            return len(others)
        endless = [key for key in others if "expiration" not in key]
        for key in endless:
            await self.client.security.update_api_key(id=key["id"], expiration=f"{grace.total_seconds():.0f}s")
        return len(endless)

    async def _set_up_analyst_role(self) -> str:
        role = build_analyst_role(self.alias, self.streams)
        answer = await self.client.security.put_role(
            name=ANALYST_ROLE, indices=role["indices"], applications=role["applications"], metadata=METADATA
        )
        return "made" if answer["role"]["created"] else "up to date"

    async def _set_up_analyst(self, password: str) -> str:
        if await self._logs_in(ANALYST_USER, password):
            return "kept"
        answer = await self.client.security.put_user(
            username=ANALYST_USER, password=password, roles=[ANALYST_ROLE], metadata=METADATA
        )
        return "made" if answer["created"] else "given its password"

    async def _set_up_kibana(self, password: str) -> str:
        if await self._logs_in(KIBANA_USER, password):
            return "kept"
        await self.client.security.change_password(username=KIBANA_USER, password=password)
        return "given its password"

    async def _logs_in(self, username: str, password: str) -> bool:
        try:
            await self.client.options(basic_auth=(username, password)).security.authenticate()
        except ApiError as error:
            if error.status_code != 401:
                raise
            return False
        return True
