"""Run the schema migrations. They lie beside this package, in the checkout and in the wheel."""

from pathlib import Path
from typing import TYPE_CHECKING

import nyumba
from nyumba.errors import NyumbaError

if TYPE_CHECKING:
    from alembic.config import Config


class SchemaNewer(NyumbaError):
    """A newer release has migrated the database."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the database is at {found}, which this release does not know: a newer one has migrated it, which is the"
            " one to migrate with"
        )


def alembic_config(database_url: str) -> "Config":
    """Alembic's configuration for one database."""
    from alembic.config import Config  # noqa: PLC0415  (large, and no use to a process that serves)

    config = Config()
    config.set_main_option("script_location", str(Path(nyumba.__file__).parent.parent / "migrations"))
    config.attributes["database_url"] = database_url
    return config


def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the schema to a revision. Does nothing when it is there already.

    Raises:
        SchemaNewer: it is beyond all that this release knows.
    """
    from alembic import command  # noqa: PLC0415  (as above)
    from alembic.script.revision import ResolutionError  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    try:
        command.upgrade(alembic_config(database_url), revision)
    except CommandError as error:
        if isinstance(error.__cause__, ResolutionError):
            raise SchemaNewer(str(error.__cause__.argument)) from error
        raise
