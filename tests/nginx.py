"""nginx with the configuration that docs/deploy shows: other addresses, and a certificate of the test's own, or none."""

import asyncio
import os
import re
import shutil
import ssl
from pathlib import Path

import httpx
import trustme

from sandbox.here import Here

EXAMPLE = Path(__file__).parents[1] / "docs/deploy/nginx.conf"
NAME = "campaign.example.org"
LOG = "'$request_method $uri $status $upstream_addr'"
WHOLE = """
{user}daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/errors.log info;
events {{ worker_connections 512; }}
http {{
    log_format answered {log}; access_log {folder}/answered.log answered;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


class Nginx:
    """`await start()`, `await stop()`; what it answered, and which process with it, is in `answered()`."""

    def __init__(self, folder: Path, port: int, plain: int, *processes: int, tls: bool = True) -> None:
        """Without TLS it serves all of it at http, to who knows no authority of ours, such as the stand-ins."""
        self.folder, self.port, self.plain, self.tls = folder, port, plain, tls
        folder.mkdir()
        authority = trustme.CA()
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.authority)
        made = authority.issue_cert(NAME)
        made.private_key_pem.write_to_path(folder / "privkey.pem")
        made.cert_chain_pems[0].write_to_path(folder / "fullchain.pem")
        authority.cert_pem.write_to_path(folder / "authority.pem")
        self._context = ssl.create_default_context()
        authority.configure_trust(self._context)
        (folder / "site.conf").write_text(self._site(processes))
        user = "user root;\n" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(WHOLE.format(user=user, folder=folder, log=LOG))
        self._process: asyncio.subprocess.Process | None = None

    def _site(self, processes: tuple[int, ...]) -> str:
        """The example, each of its own addresses and files replaced once."""
        replaced = {
            r"listen 80;": f"listen 127.0.0.1:{self.plain};",
            r"listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            r"/etc/letsencrypt/live/campaign\.example\.org/privkey\.pem": f"{self.folder}/privkey.pem",
            r"/etc/letsencrypt/live/campaign\.example\.org/fullchain\.pem": f"{self.folder}/fullchain.pem",
            r"/var/cache/nginx/porte-voix": f"{self.folder}/cache",
        } | {rf"127\.0\.0\.1:800{i}": f"127.0.0.1:{port}" for i, port in enumerate(processes, 1)}
        text = EXAMPLE.read_text()
        for pattern, value in replaced.items():
            text, times = re.subn(pattern, value, text)
            assert times == 1, pattern
        return text if self.tls else re.sub(r"\bssl http2|ssl_certificate.*;", "", text)

    @property
    def site(self) -> str:
        """Where its visitors are sent: the name of the certificate, which `visitor` finds here."""
        return f"https://{NAME}:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"

    def way(self) -> Here:
        """How a browser gets there."""
        return Here(verify=self._context)

    def visitor(self, **headers: str) -> httpx.AsyncClient:
        """Somebody who opens the site by its name."""
        return httpx.AsyncClient(transport=self.way(), base_url=self.site, timeout=60, headers=headers)

    async def start(self) -> None:
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")  # Debian's, whoever asks
        assert nginx, "install nginx-light"
        command = (nginx, "-e", f"{self.folder}/errors.log", "-p", str(self.folder), "-c", "nginx.conf")
        self._process = await asyncio.create_subprocess_exec(*command)
        async with self.visitor() as client:
            while self._process.returncode is None:
                try:
                    await client.get("/nowhere")
                    return
                except httpx.ConnectError:
                    await asyncio.sleep(0.02)
        raise AssertionError((self.folder / "errors.log").read_text())

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    def answered(self) -> list[tuple[str, str, int, list[int]]]:
        """Of each request: method, path, status, and the ports of the processes that were asked, one behind the other."""
        lines = [line.split(maxsplit=3) for line in (self.folder / "answered.log").read_text().splitlines()]
        return [(m, path, int(status), [int(p) for p in re.findall(r":(\d+)", by)]) for m, path, status, by in lines]
