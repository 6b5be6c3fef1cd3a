"""What every command line of Nyumba has in common: how it logs, and how it fails.

Invariant: a person sees one sentence and an exit code, never a traceback, when something is merely down or mistyped.
"""

import logging
import sys
from collections.abc import Callable

import click

from nyumba.db import (
    is_database_outage,
    is_database_unknown,
    is_interrupted,
    is_login_refused,
    is_privilege_missing,
    is_read_only,
    is_schema_missing,
)
from nyumba.elastic import is_blocked, is_denied, is_foreign, is_outage
from nyumba.errors import AccessDenied, DatabaseUnavailable, NyumbaError, SchemaMissing, SearchUnavailable
from nyumba.settings import LogLevel


class CommandGroup(click.Group):
    """A group that turns the errors of the domain into a sentence on standard error and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # of whoever reads what we print; click ends quietly
            raise
        except Exception as error:
            failure = explain(error)
            if failure is None:
                raise
            raise _Failure(failure) from error


def explain(error: Exception) -> NyumbaError | None:
    """Say what an error means to the person at the terminal; None when it is a bug."""
    if isinstance(error, ExceptionGroup):
        meanings = [explain(one) for one in error.exceptions]
        return meanings[0] if all(meanings) else None
    if isinstance(error, NyumbaError):
        return error
    return next((meaning for applies, meaning in _MEANINGS if applies(error)), None)


_MEANINGS: list[tuple[Callable[[Exception], bool], NyumbaError]] = [
    (
        is_blocked,
        SearchUnavailable("Elasticsearch is read-only, or an index is closed; `nyumba-indexer doctor` says which"),
    ),
    (is_outage, SearchUnavailable("Elasticsearch does not answer; check NYUMBA_ELASTICSEARCH_URL, or start it")),
    (
        is_denied,
        AccessDenied(
            "Elasticsearch refuses NYUMBA_ELASTICSEARCH_API_KEY, or the user in NYUMBA_ELASTICSEARCH_URL, or what they"
            " may not do; `nyumba-indexer setup-security` makes keys"
        ),
    ),
    (is_foreign, SearchUnavailable("what answers is no Elasticsearch; check NYUMBA_ELASTICSEARCH_URL")),
    (
        is_interrupted,
        DatabaseUnavailable("PostgreSQL cancelled a statement, or gave it up for another's; run this again"),
    ),
    (
        is_read_only,
        DatabaseUnavailable("PostgreSQL takes no changes; see that NYUMBA_DATABASE_URL names the primary"),
    ),
    (
        is_database_outage,
        DatabaseUnavailable("PostgreSQL does not answer; check NYUMBA_DATABASE_URL, or start it"),
    ),
    (
        is_login_refused,
        DatabaseUnavailable("PostgreSQL refuses the user or the password; check NYUMBA_DATABASE_URL"),
    ),
    (
        is_privilege_missing,
        DatabaseUnavailable(
            "PostgreSQL does not let the user of NYUMBA_DATABASE_URL do this; run `nyumba setup-roles` as the owner of"
            " the tables, or this command as the owner"
        ),
    ),
    (
        is_database_unknown,
        DatabaseUnavailable("PostgreSQL has no such database; check NYUMBA_DATABASE_URL, or create it"),
    ),
    (is_schema_missing, SchemaMissing("the database lacks tables of this release; run `nyumba migrate`")),
]


def configure_logging(level: LogLevel) -> None:
    """Log to standard error. The clients' own lines for each request stay out: they tell nothing new."""
    logging.basicConfig(
        level=level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    for chatty in ("elastic_transport", "httpx", "aiohttp"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class _Failure(click.ClickException):
    def __init__(self, error: NyumbaError) -> None:
        super().__init__(str(error))
        self.error = error

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click has one for all, ours differ by error
        return self.error.exit_code
