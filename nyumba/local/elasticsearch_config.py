"""The configuration of the local node, as the files that Elasticsearch reads.

Invariant: it has no passwords, so it listens on the loopback interface only. Elasticsearch refuses to start with a
setting that it does not know.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
CLUSTER = "nyumba-local"  # names the log too
# What the distribution's own file has, less its unbounded heap dumps and GC logs.
JVM_OPTIONS = """\
-XX:+UseG1GC
20-:--add-modules=jdk.incubator.vector
23:-XX:CompileCommand=dontinline,java/lang/invoke/MethodHandle.setAsTypeCache
23:-XX:CompileCommand=dontinline,java/lang/invoke/MethodHandle.asTypeUncached
-Dorg.apache.lucene.store.defaultReadAdvice=normal
-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1
-XX:+ExitOnOutOfMemoryError
-Xlog:disable
-Xlog:all=warning:stderr:utctime,level,tags
"""
# One log of at most 10 MB and the one before it; deprecated requests are answered with a Warning header.
LOG4J = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:es.logs.base_path}/${sys:es.logs.cluster_name}.log
appender.file.filePattern = ${sys:es.logs.base_path}/${sys:es.logs.cluster_name}.%i.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] [%node_name]%marker %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 1
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
appender.header_warning.type = HeaderWarningAppender
appender.header_warning.name = header_warning
logger.deprecation.name = org.elasticsearch.deprecation
logger.deprecation.level = WARN
logger.deprecation.appenderRef.header_warning.ref = header_warning
"""
# The settings that keep a module from work that nobody needs here, for distributions that have the module.
SETTINGS_OF_MODULES = {"ingest-geoip": "ingest.geoip.downloader.enabled", "x-pack-ml": "xpack.ml.enabled"}


def render_files(
    directory: Path, home: Path, port: int, heap_mb: int, others: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """The text of each file of the node that lives in `directory`, by its name. `others` replace the usual settings."""
    settings = {**_render_settings(directory, home, port), **(others or {})}
    return {
        "elasticsearch.yml": json.dumps(settings, indent=2),  # JSON is YAML
        "jvm.options": JVM_OPTIONS + _render_jvm_options(directory, heap_mb),
        "log4j2.properties": LOG4J,
    }


def read_port(directory: Path) -> int:
    """The port that the node was last configured with; 0 if there was none yet."""
    path = directory / "config" / "elasticsearch.yml"
    return int(json.loads(path.read_text())["http.port"]) if path.exists() else 0


def render_marker(directory: Path) -> str:
    """The argument by which the processes of this node are told from those of other nodes."""
    return f"-Dnyumba.node={directory}"


def _render_jvm_options(directory: Path, heap_mb: int) -> str:
    options = (
        *(f"-Xms{heap_mb}m", f"-Xmx{heap_mb}m", render_marker(directory)),
        *(f"-Djava.io.tmpdir={directory / 'tmp'}", f"-XX:ErrorFile={directory / 'logs'}/hs_err.log"),
    )
    return "".join(f"{option}\n" for option in options)


def _render_settings(directory: Path, home: Path, port: int) -> dict[str, Any]:
    return {
        "cluster.name": CLUSTER,
        "node.name": CLUSTER,
        "discovery.type": "single-node",
        "network.host": HOST,
        "http.port": port,
        "path.data": f"{directory}/data",
        "path.logs": f"{directory}/logs",
        "xpack.security.enabled": False,
        "action.auto_create_index": False,  # so that a write to a misspelt alias is an error
        "cluster.routing.allocation.disk.threshold_enabled": False,  # or a full disk turns indices read-only
    } | {setting: False for module, setting in SETTINGS_OF_MODULES.items() if (home / "modules" / module).is_dir()}
