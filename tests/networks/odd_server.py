"""A server of the test's own, for what the stand-ins never say. It speaks HTTP/1.0 and closes after each answer."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Says:
    """An answer: `body` is JSON, or bytes as they go out."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    dated: bool = True


Script = dict[str, "Says | list[Says] | Callable[[Asked], Says]"]


class OddServer:
    """Answers by `script`: "METHOD /path" -> an answer, several in turn (the last for ever), or a function. Else 404."""

    def __init__(self, script: Script) -> None:
        self.script, self.asked = script, list[Asked]()
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{server.server_port}"
        self._server, self._thread = server, threading.Thread(target=server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, asked: Asked) -> Says:
        self.asked.append(asked)
        found = self.script.get(str(asked), Says({"error": "Record not found"}, 404))
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found if isinstance(found, Says) else found(asked)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _handler(server: OddServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            at = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            says = server.answer(Asked(self.command, at.path, at.query, headers, self.rfile.read(length)))
            body = says.body if isinstance(says.body, bytes) else json.dumps(says.body).encode()
            self.send_response_only(says.status)
            given = {"Content-Type": "application/json", "Content-Length": str(len(body))} | says.headers
            if says.dated:
                self.send_header("Date", self.date_time_string())
            for name, value in given.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
