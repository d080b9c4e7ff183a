"""RabbitMQ with its MQTT plugin, from Debian's packages, installed or unpacked by scripts/setup.

None of its own start scripts can be used, since they look for everything in the system's folders.
Erlang is started here as those scripts would, but for its port mapper epmd: one that we started
would outlive every kill as a daemon. Without it, nodes of one machine need an address each.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from .programs import CACHE, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIBRARIES = CACHE / "rabbitmq"
_ERLANG = _LIBRARIES / "erlang"
_COOKIE = ".erlang.cookie"
"""The secret that nodes share; the first one makes it."""


FIRST = "127.0.0.1"
JOINED = "joined the cluster"
DISTRIBUTION_PORT = "RABBITMQ_DIST_PORT"
"""Environment variable with the distribution port, the same for all nodes of a cluster."""


def rabbitmq(port: int, folder: Path) -> tuple[list[str | Path], dict[str, str]]:
    """Prepare a node on its own; return its command and its environment.

    The node stores all its data in that folder.
    """
    return _node(port, folder, FIRST, str(free_port()))


def rabbitmq_beside(
    first: Mapping[str, str], port: int, folder: Path
) -> tuple[list[str | Path], dict[str, str]]:
    """Prepare a second node, which makes a cluster with one that runs in this environment.

    It prints `JOINED` on a line of its own when it has joined the cluster.
    """
    shutil.copy(Path(first["HOME"], _COOKIE), folder)
    command, env = _node(port, folder, "127.0.0.2", first[DISTRIBUTION_PORT])
    # What rabbitmqctl would tell it to do, which needs more of Erlang than is unpacked.
    join = (
        f"rabbit:stop(), ok = rabbit_db_cluster:join('rabbit@{FIRST}', disc), rabbit:start(),"
        f'io:format("{JOINED}~n").'
    )
    return [*command, "-eval", join], env


def _node(
    port: int, folder: Path, host: str, distribution: str
) -> tuple[list[str | Path], dict[str, str]]:
    (folder / "enabled_plugins").write_text("[rabbitmq_mqtt].\n")
    (folder / "rabbitmq.conf").write_text(
        "listeners.tcp = none\n"  # AMQP is not used here
        f"mqtt.listeners.tcp.1 = 127.0.0.1:{port}\n"
        "log.file = false\n"
        "log.console = true\n"
    )
    binaries = next(_ERLANG.glob("erts-*/bin"))
    home = next(_LIBRARIES.glob("rabbitmq/lib/rabbitmq_server-*"))
    node = f"rabbit@{host}"
    command: list[str | Path] = [
        binaries / "erlexec",
        *("-noinput", "-boot", _ERLANG / "bin" / "start_sasl", "-s", "rabbit", "boot"),
        # RabbitMQ finds itself in the distribution and does not start epmd for it.
        *("-name", node, "-start_epmd", "false", "-erl_epmd_port", distribution),
        *("-kernel", "inet_dist_use_interface", f"{{{host.replace('.', ',')}}}"),
        *("-kernel", "inet_dist_listen_min", distribution),
        *("-kernel", "inet_dist_listen_max", distribution),
        # What RabbitMQ's own script says.
        *("-kernel", "prevent_overlapping_partitions", "false"),
        *("-syslog", "logger", "[]", "-syslog", "syslog_error_logger", "false"),
    ]
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),  # where Erlang keeps its cookie
        "ROOTDIR": str(_ERLANG),
        "BINDIR": str(binaries),
        "EMU": "beam",
        "PROGNAME": "erl",
        "ERL_LIBS": str(home / "plugins"),
        # Nobody is there: an epmd of this machine is not ours to register with.
        "ERL_EPMD_PORT": str(free_port()),
        "RABBITMQ_HOME": str(home),
        "RABBITMQ_NODENAME": node,
        "RABBITMQ_USE_LONGNAME": "true",
        DISTRIBUTION_PORT: distribution,
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "store"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
    }
    return command, env
