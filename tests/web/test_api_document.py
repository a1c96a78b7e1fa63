"""The API as its own document describes it: whatever is sent, no failure of ours and no answer that is not announced."""

from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from campaigns import webhooks
from campaigns.access_tokens import READING
from campaigns.models import Role, WebhookOccasion
from tests.web.api_world import API, admin_token, bearer, organizer, serve_api, token

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NEVER = {  # needs more than one request, or a state that others bring about; they have tests of their own
    "POST /posts/{post}/submit",
    "POST /publications/{publication}/settle",
    "POST /publications/{publication}/retry",
    "GET /results/territories/{territory}",
    "GET /posts/{post}/pictures/{position}",
}
EXAMPLES = 12  # of each operation, of each kind; the same ones at each run
QUIET = settings(max_examples=EXAMPLES, derandomize=True, database=None)


@pytest.fixture
async def known(world: Any) -> dict[str, int]:
    """A row of each kind, so that what is sent meets one."""
    async with world.database.write() as session:
        target, _ = await webhooks.add_target(
            session, world.orne.id, "https://hooks.example.org/a", list(WebhookOccasion), world.clock()
        )
    return {"post": world.post.id, "publication": 1, "channel": world.channels[0].id, "webhook": target.id, "media": 1}


def meet(case: Any, known: dict[str, int]) -> bool:
    """Change what is sent so that it meets rows that are there; False where there is nothing to meet."""
    hits = {name: known[name] for name in case.path_parameters or {} if name in known}
    case.path_parameters.update(hits)
    real = {
        "channels": [known["channel"]],
        "url": "https://hooks.example.org/b",
        "publish_at": "2026-12-24T08:30",
        "text": "Venez",
        "title": "Venez",
        "link": None,
        "timezone": None,
    }
    for name in ("pictures", "territory", "recurrence", "recurs_until", "next_slot", "versions", "wordings"):
        if isinstance(case.body, dict):
            case.body.pop(name, None)
    if isinstance(case.body, dict) and case.operation.path != "/media":
        case.body.update({name: value for name, value in real.items() if name in case.body})
    return bool(hits or case.body)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
async def test_nothing_that_is_sent_is_answered_by_a_failure_or_by_what_the_document_does_not_say(
    world: Any, known: dict[str, int], mode: GenerationMode
) -> None:
    secret = await admin_token(world)
    seen: dict[str, set[int]] = {}
    with serve_api(world) as address:
        schema = schemathesis.openapi.from_url(f"{address}{API}/openapi.json")
        operations = [found.ok() for found in schema.get_all_operations()]
        for operation in sorted(operations, key=lambda each: each.method.upper() == "DELETE"):
            if operation.path.endswith("/test"):  # calls out; has tests of its own
                continue

            @given(case=operation.as_strategy(generation_mode=mode))
            @QUIET
            def send(case: Any) -> None:
                answers = [case.call(headers=bearer(secret))]
                if meet(case, known):
                    answers.append(case.call(headers=bearer(secret)))
                for answer in answers:
                    case.validate_response(answer, checks=CHECKS)
                    seen.setdefault(case.operation.label, set()).add(answer.status_code)

            send()
    assert len(seen) > 25, seen
    if mode is GenerationMode.POSITIVE:
        assert {label for label in seen if not seen[label] & {200, 201, 204}} <= NEVER
    else:
        assert 422 in set().union(*seen.values()), seen


async def test_every_write_and_every_read_of_the_document_asks_for_a_token(world: Any) -> None:
    with serve_api(world) as address:
        schema = schemathesis.openapi.from_url(f"{address}{API}/openapi.json")
        for found in schema.get_all_operations():
            operation = found.ok()

            @given(case=operation.as_strategy())
            @settings(QUIET, max_examples=1)
            def send(case: Any) -> None:
                answer = case.call()
                assert answer.status_code in (401, 422), (case.operation.label, answer.status_code)
                assert answer.headers["content-type"] == ["application/problem+json"]

            send()


async def test_a_viewer_may_read_and_never_write(world: Any) -> None:
    viewer = await organizer(world, Role.viewer)
    secret = await token(world, READING, who=viewer)
    with serve_api(world) as address:
        schema = schemathesis.openapi.from_url(f"{address}{API}/openapi.json")
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.method.upper() == "GET":
                continue

            @given(case=operation.as_strategy())
            @settings(QUIET, max_examples=2)
            def send(case: Any) -> None:
                assert case.call(headers=bearer(secret)).status_code in (403, 400, 422)

            send()
    async with world.database.read() as session:
        assert (await webhooks.targets_of(session, world.orne.id)) == []
