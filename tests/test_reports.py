"""What Sentry and an OpenTelemetry collector are sent: a local one keeps every byte, and nobody is in them."""

import gzip
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import SecretStr

from campaigns.settings import Settings, SettingsProblem
from commands import reports
from sandbox.client import SandboxClient
from tests.program import Program

PERSONAL = ("Zoé", "Tournesol", "zoe_tournesol", "Cornemuse", "Pissenlit", "127.0.0.1", "Firefox", "SELECT", "Cookie")


class Collector:
    """Takes what is posted to it, and keeps the path and the body as it was before it was packed."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                packed = self.headers.get("Content-Encoding") == "gzip"
                taken.append((self.path, gzip.decompress(body) if packed else body))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *values: Any) -> None:
                """Nothing is printed."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    def errors(self) -> list[dict[str, Any]]:
        """The events of Sentry's envelopes."""
        lines = [line for path, body in self.taken if "envelope" in path for line in body.decode().splitlines()]
        return [event for event in map(json.loads, lines) if "level" in event]

    def spans(self) -> list[tuple[str, dict[str, Any], Any]]:
        """Name, attributes and status of each."""
        found = []
        for path, body in self.taken:
            if path == "/v1/traces":
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for span in (each for scope in resource.scope_spans for each in scope.spans):
                        values = {a.key: a.value.string_value or a.value.int_value for a in span.attributes}
                        found.append((span.name, values, span.status))
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


async def test_what_goes_out_says_what_broke_where_and_nothing_of_whom(
    program: Program, sandbox: SandboxClient, collector: Collector
) -> None:
    program.set(SENTRY_DSN=f"http://public@{collector.place}/1", OTLP_ENDPOINT=f"http://{collector.place}")
    await program.start()
    zoe = await sandbox.person("Zoé", last_name="Tournesol", username="zoe_tournesol", language_code="fr")
    await sandbox.start(zoe)
    await sandbox.message(zoe, lambda m: "text" in m)
    program.ask("ALTER TABLE dialogue RENAME TO gone")
    program.ask("ALTER TABLE campaign RENAME TO gone_too")
    await sandbox.say(zoe, "Une Cornemuse")
    await sandbox.message(zoe, lambda m: "Quelque chose n’a pas marché" in m.get("text", ""))
    async with httpx.AsyncClient(base_url=program.site, headers={"User-Agent": "Firefox", "Cookie": "a=b"}) as browser:
        assert (await browser.get("/c/Pissenlit/badge")).status_code in (500, 503)
    await program.stop()

    errors = [event for event in collector.errors() if event.get("exception")]
    broken = next(event for event in errors if event["tags"].get("update") == "message")
    assert broken["logger"].startswith("bot.") and broken["level"] == "error"
    [last, *_] = reversed(broken["exception"]["values"])
    assert {"type", "value", "stacktrace"} == last.keys()
    assert any(frame["filename"].startswith("bot/") for frame in last["stacktrace"]["frames"])
    assert {key for event in collector.errors() for key in event} <= {
        *("event_id", "timestamp", "platform", "level", "release", "logger", "message", "tags", "exception", "sdk")
    }
    spans = collector.spans()
    assert ("update", "message") in {(name, values.get("porte-voix.update")) for name, values, _ in spans}
    [page] = [values for name, values, _ in spans if values.get("porte-voix.route") == "/c/{slug}/badge"]
    assert page["porte-voix.method"] == "GET" and page["porte-voix.status"] >= 500
    sent = b"".join(body for _, body in collector.taken).decode(errors="replace")
    assert not [each for each in (*PERSONAL, str(zoe), program.token) if each in sent.replace(collector.place, "")]


@pytest.mark.parametrize(
    ("package", "settings", "said"),
    [
        (
            "sentry_sdk",
            {"sentry_dsn": SecretStr("https://k@sentry.example.org/1")},
            "PORTEVOIX_SENTRY_DSN.*--extra sentry",
        ),
        (
            "opentelemetry.exporter.otlp.proto.http.trace_exporter",
            {"otlp_endpoint": "http://127.0.0.1:4318"},
            "PORTEVOIX_OTLP_ENDPOINT.*--extra otel",
        ),
    ],
)
def test_a_setting_without_its_package_is_a_sentence(
    package: str, settings: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SettingsProblem, match=said):
        reports.begin(Settings(_env_file=None, data_dir=tmp_path, **settings))


def test_a_place_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblem, match="https://KEY@HOST/NUMBER"):
        reports.begin(Settings(_env_file=None, data_dir=tmp_path, sentry_dsn=SecretStr("sentry.example.org")))


def test_without_the_settings_neither_library_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "import_module", lambda name: pytest.fail(f"{name} was loaded"))
    reports.begin(Settings(_env_file=None, data_dir=tmp_path))
