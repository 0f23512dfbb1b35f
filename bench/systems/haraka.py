"""Haraka with its outbound queue on disk and its DKIM plugin, one worker for each processor."""

from __future__ import annotations

import shutil
import subprocess

from bench.accounting import Processes
from bench.ground import SENDER_DOMAIN, WORK, Ground, free_port
from bench.systems.system import Running

_HOME = WORK / "haraka"
_PROGRAM = _HOME / "node_modules" / ".bin" / "haraka"
VERSION = "3.3.4"

_CONFIGURATION = {
    "plugins": "tls\nauth/flat_file\ndkim\nto_sink\n",
    "smtp.ini": "listen=127.0.0.1:{port}\nnodes=cpus\n",
    "log.ini": "[main]\nlevel=warn\nformat=default\n",
    "me": "gateway.perf.test\n",
    "auth_flat_file.ini": "[core]\nmethods=PLAIN\nconstrain_sender=false\n[users]\napp=secretsecret\n",
    "dkim.ini": "[sign]\nenabled=true\nselector=s1\ndomain={domain}\nheaders=From,To,Subject,Date,Message-ID\n"
    "[canon]\nbody=relaxed\n[verify]\nenabled=false\n",
    "outbound.ini": "local_mx_ok=true\nenable_tls=true\n",
    "tls.ini": "[outbound]\nrejectUnauthorized=true\nminVersion=TLSv1.3\n",
}

_TO_SINK = """\
exports.hook_get_mx = function (next) {{
    next(OK, {{ exchange: '127.0.0.1', port: {sink_port}, priority: 0 }})
}}
"""


class Haraka:
    name = "haraka"
    title = "Haraka"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._directory = ground.directory / self.name
        self.log = self._directory / "log"
        self._port = free_port()

    def missing(self) -> str:
        if shutil.which("npm") is None:
            return "not installed: npm"
        if not _PROGRAM.exists():
            _HOME.mkdir(parents=True, exist_ok=True)
            command = [
                "npm",
                "install",
                "--prefix",
                str(_HOME),
                "--omit=dev",
                "--no-audit",
                "--no-fund",
                f"Haraka@{VERSION}",
            ]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            if done.returncode:
                return f"npm could not install it: {done.stderr.strip()[-200:]}"
        return ""

    def install(self) -> None:
        configuration = self._directory / "config"
        shutil.copytree(_HOME / "node_modules" / "Haraka" / "config", configuration)
        (self._directory / "plugins").mkdir()
        for name, text in _CONFIGURATION.items():
            (configuration / name).write_text(text.format(port=self._port, domain=SENDER_DOMAIN))
        shutil.copy(self._ground.dkim_key, configuration / "dkim.private.key")
        shutil.copy(self._ground.certificate, configuration / "tls_cert.pem")
        shutil.copy(self._ground.key, configuration / "tls_key.pem")
        # Else it makes its own in the background, which takes a processor for a minute.
        parameters = ["openssl", "dhparam", "-dsaparam", "-out", str(configuration / "dhparams.pem"), "2048"]
        subprocess.run(parameters, check=True, capture_output=True)
        (self._directory / "node_modules").symlink_to(_HOME / "node_modules")

    def start(self, processes: Processes, sink_port: int) -> Running:
        (self._directory / "plugins" / "to_sink.js").write_text(_TO_SINK.format(sink_port=sink_port))
        shutil.rmtree(self._directory / "queue", ignore_errors=True)
        (self._directory / "queue").mkdir()
        trust = {"NODE_EXTRA_CA_CERTS": str(self._ground.authority)}
        with self.log.open("wb") as log:
            processes.start([_PROGRAM, "-c", self._directory], log=log, environment=trust)
        return Running(self.name, self._port, "app:secretsecret", processes)

    def stop(self) -> None:
        return
