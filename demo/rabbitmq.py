"""RabbitMQ with its MQTT plugin, from Debian's packages as scripts/setup unpacks them.

None of its own start scripts can be used, since they look for everything in the system's folders.
Erlang is started here as those scripts would, but for its port mapper epmd: one that we started
would outlive every kill as a daemon, and a node on its own needs none.
"""

from typing import TYPE_CHECKING

from .programs import CACHE, free_port

if TYPE_CHECKING:
    from pathlib import Path

_LIBRARIES = CACHE / "debian" / "usr" / "lib"
_ERLANG = _LIBRARIES / "erlang"


def rabbitmq(
    port: int, folder: Path, host: str = "127.0.0.1", distribution_port: int | None = None
) -> tuple[list[str | Path], dict[str, str]]:
    """Write the configuration of a node into a folder; return its command and environment.

    Everything that the node keeps, it keeps in that folder. Nodes with different hosts, all of
    them loopback (127.0.0.0/8), and the same distribution port can become a cluster.
    """
    folder.mkdir(exist_ok=True)
    (folder / "enabled_plugins").write_text("[rabbitmq_mqtt].\n")
    (folder / "rabbitmq.conf").write_text(
        "listeners.tcp = none\n"  # AMQP: nobody here speaks it
        f"mqtt.listeners.tcp.1 = {host}:{port}\n"
        "log.file = false\n"
        "log.console = true\n"
    )
    binaries = next(_ERLANG.glob("erts-*/bin"))
    home = next(_LIBRARIES.glob("rabbitmq/lib/rabbitmq_server-*"))
    distribution = str(distribution_port or free_port())
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
        "HOME": str(folder),  # for Erlang's cookie, the secret that nodes share
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
        "RABBITMQ_DIST_PORT": distribution,
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "store"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
    }
    return command, env
