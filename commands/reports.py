"""Errors for Sentry and traces for OpenTelemetry, where the settings name a place; neither is there unless it is asked for.

What goes out is built anew from what may be known: classes, places in the code, fixed words, numbers of rows.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from campaigns.settings import Settings, SettingsProblem
from campaigns.traces import ids_now, trace_with
from commands.logs import told, words_of

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

NAME = "porte-voix"
FLUSH = 2.0  # seconds at the end for what was not sent yet


def begin(settings: Settings) -> None:
    """Report to where the settings say; raises SettingsProblem where a package is missing or a place is none."""
    if dsn := settings.sentry_dsn.get_secret_value():
        _report_errors(dsn)
    if settings.otlp_endpoint:
        trace_with(Spans(settings.otlp_endpoint))


def _needed(package: str, setting: str, extra: str) -> Any:
    try:
        return import_module(package)
    except ImportError:
        raise SettingsProblem(
            f"{setting} is set, and its package is not installed: run `.venv/bin/uv pip install --python .venv/bin/python"
            f" -r pyproject.toml --extra {extra}`, or leave {setting} empty"
        ) from None


def _report_errors(dsn: str) -> None:
    sentry = _needed("sentry_sdk", "PORTEVOIX_SENTRY_DSN", "sentry")
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration
    from sentry_sdk.utils import BadDsn

    try:
        sentry.init(
            dsn,
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[
                LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None),
                AtexitIntegration(callback=lambda pending, timeout: None),  # what waits is sent, and nothing printed
            ],
            send_default_pii=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            auto_session_tracking=False,
            send_client_reports=False,
            server_name="",
            shutdown_timeout=FLUSH,
            before_send=bare,
        )
    except BadDsn:
        raise SettingsProblem("PORTEVOIX_SENTRY_DSN is not an address of Sentry's: https://KEY@HOST/NUMBER") from None


def bare(event: "Event", hint: "Hint") -> "Event":
    """An event built anew of what may be sent, whatever the library found."""
    record: logging.LogRecord | None = hint.get("log_record")
    kept: Any = {key: event[key] for key in ("event_id", "timestamp", "platform", "level", "release") if key in event}
    if record is not None:
        kept |= {
            "logger": record.name,
            "message": words_of(record, record.getMessage()),
            "tags": {key: str(value) for key, value in ids_now().items()},
        }
    if hint.get("exc_info"):
        kept["exception"] = {"values": [_exception(each) for each in reversed(told(hint["exc_info"][1]))]}
    return kept  # type: ignore[no-any-return]


def _exception(error: Mapping[str, Any]) -> dict[str, Any]:
    """As Sentry reads it; its value is what a library calls the error, never the error's own words."""
    frames = []
    for frame in error["frames"]:
        place, _, function = frame.partition(" in ")
        file, _, line = place.rpartition(":")
        frames.append({"filename": file, "lineno": int(line), "function": function})
    return {"type": error["type"], "value": error.get("code", ""), "stacktrace": {"frames": frames}}


class Spans:
    """Takes each span to a collector by OTLP over HTTP, in a thread and in batches."""

    def __init__(self, endpoint: str) -> None:
        _needed("opentelemetry.exporter.otlp.proto.http.trace_exporter", "PORTEVOIX_OTLP_ENDPOINT", "otel")
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._provider: TracerProvider = TracerProvider(resource=Resource({"service.name": NAME}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
        self._tracer = self._provider.get_tracer(NAME)

    @contextmanager
    def span(self, what: str, ids: Mapping[str, int | str]) -> Iterator[None]:
        """An error is told by its class alone: the library would add its words and its traceback."""
        from opentelemetry.trace import Status, StatusCode

        with self._tracer.start_as_current_span(what, record_exception=False, set_status_on_exception=False) as span:
            try:
                yield
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                for key, value in ids.items():
                    span.set_attribute(f"{NAME}.{key}", value if isinstance(value, int) else str(value))
