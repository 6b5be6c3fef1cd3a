"""How long does `make demo` take where nothing is there yet but the downloads?"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import IO

from bench.figures import Figure
from bench.processes import find_port
from nyumba.settings import Settings

TIMEOUT_S = 300.0
LISTINGS = 20_000


def measure_demo(settings: Settings) -> list[Figure]:
    """From the command to the first page of results: services, migrations, seed, index, API."""
    state_dir = Path(tempfile.mkdtemp(prefix="nyumba-bench-demo-"))
    state_dir.chmod(0o755)  # the services run as other users when root runs the benchmark
    port = find_port()
    environment = {**os.environ, "NYUMBA_STATE_DIR": str(state_dir), "NYUMBA_CACHE_DIR": str(settings.cache_dir)}
    for name in ("NYUMBA_DATABASE_URL", "NYUMBA_ELASTICSEARCH_URL"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "nyumba", "demo", "--port", str(port), "--count", str(LISTINGS)]
    started = time.perf_counter()
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT) as process,  # noqa: S603
    ):
        try:
            _wait_for_results(port, process, output)
            seconds = time.perf_counter() - started
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            shutil.rmtree(state_dir)
    name = f"`make demo` with {LISTINGS:,} listings, installed and downloaded, until its first results"
    return [Figure(area="Start", name=name, unit="s", value=seconds, noise=True)]


def _wait_for_results(port: int, process: "subprocess.Popen[bytes]", output: IO[bytes]) -> None:
    deadline = time.perf_counter() + TIMEOUT_S
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            output.seek(0)
            raise RuntimeError(f"the demo ended with {process.returncode}: {output.read().decode()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/properties", timeout=5) as answer:
                if json.load(answer)["items"]:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the demo did not come up")
