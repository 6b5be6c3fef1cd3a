"""Run the schema migrations. They lie beside this package, in the checkout and in the wheel."""

from pathlib import Path
from typing import TYPE_CHECKING

import nyumba

if TYPE_CHECKING:
    from alembic.config import Config


def alembic_config(database_url: str) -> "Config":
    """Alembic's configuration for one database."""
    from alembic.config import Config  # noqa: PLC0415  (large, and no use to a process that serves)

    config = Config()
    config.set_main_option("script_location", str(Path(nyumba.__file__).parent.parent / "migrations"))
    config.attributes["database_url"] = database_url
    return config


def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the schema to a revision. Does nothing when it is there already."""
    from alembic import command  # noqa: PLC0415  (as above)

    command.upgrade(alembic_config(database_url), revision)
