"""What the services write: the log of the last start, and of the one before it.

Invariant: a log is set aside before each start, so that its last words are about this start, and logs do not pile up.
"""

from pathlib import Path

TELLING = ("FATAL", "PANIC", "ERROR", "Exception", "Error:")


def set_aside(log: Path) -> None:
    """Rename a log to `.previous`, in place of an older one."""
    if log.exists():
        log.replace(log.with_suffix(".previous"))


def quote_last_words(*logs: Path) -> str:
    """The last line that tells what went wrong, of the first log that has one, and where to read on."""
    for log in logs:
        text = log.read_text(errors="replace") if log.exists() else ""
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("at ")]
        telling = [line for line in lines if any(word in line for word in TELLING)] or lines
        if telling:
            return f"{telling[-1]!r}; read {log} for more"
    return f"it said nothing; look into {logs[0].parent}"
