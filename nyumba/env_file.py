"""Write the passwords that compose asks for into .env: `python -m nyumba.env_file`.

Invariant: what the file says already stays as it is, and the file is its owner's alone. Only the standard library is
needed, so that `make env` works before anything is installed.
"""

import os
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

Make = Callable[[], str]

SECRETS: Mapping[str, Make] = {
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(24),  # hexadecimal: they stand in URLs
    "NYUMBA_API_DATABASE_PASSWORD": lambda: secrets.token_hex(24),
    "NYUMBA_INDEXER_DATABASE_PASSWORD": lambda: secrets.token_hex(24),
    "NYUMBA_MAIL_DATABASE_PASSWORD": lambda: secrets.token_hex(24),
    "ELASTIC_PASSWORD": lambda: secrets.token_hex(24),
    "NYUMBA_KIBANA_SYSTEM_PASSWORD": lambda: secrets.token_hex(24),
    "NYUMBA_ANALYST_PASSWORD": lambda: secrets.token_hex(12),
    "NYUMBA_SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "KIBANA_ENCRYPTION_KEY": lambda: secrets.token_hex(24),
    "MINIO_ROOT_USER": lambda: f"nyumba-{secrets.token_hex(6)}",
    "MINIO_ROOT_PASSWORD": lambda: secrets.token_hex(24),
    "MINIO_API_PASSWORD": lambda: secrets.token_hex(20),
}


def write_secrets(path: Path) -> list[str]:
    """Add the secrets that are missing, and say which those were. An empty value counts as missing."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    given = set(re.findall(r"^[ \t]*(?:export[ \t]+)?(\w+)=(?![ \t]*$)", text, re.MULTILINE))
    missing = [name for name in SECRETS if name not in given]
    if missing:
        kept = text if not text or text.endswith("\n") else f"{text}\n"
        _replace(path, kept + "".join(f"{name}={SECRETS[name]()}\n" for name in missing))
    else:
        path.chmod(0o600)
    return missing


def _replace(path: Path, text: str) -> None:
    """In one step, so that a password that is in use is never lost half-way."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def main() -> None:
    """Print what was added, without values."""
    path = Path(".env")
    added = write_secrets(path)
    what = f"added {', '.join(added)}" if added else "nothing to add"
    sys.stdout.write(f"{path}: {what}\n")


if __name__ == "__main__":
    main()
