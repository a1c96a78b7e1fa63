"""The real program, killed again and again while it publishes a queue on the stand-ins with faults on.

The same storm as in `python -m bench kills`, shorter; here the whole program dies, bot and pages included.
"""

from pathlib import Path

import pytest

from bench.storm import SEND, Storm
from sandbox.client import SandboxClient
from tests.program import Program

KILLS = 3
POSTS = 20
PATIENCE = 12.0  # seconds: the program loads a network's library at the first send


@pytest.mark.parametrize("seed", [20_270_418])
async def test_killed_three_times_in_a_storm_every_post_is_out_once_or_says_why_not(
    program: Program, sandbox: SandboxClient, tmp_path: Path, seed: int
) -> None:
    storm = Storm(
        tmp_path / "data",
        sandbox,
        program,
        seed=seed,
        posts=POSTS,
        kills=KILLS,
        patience=PATIENCE,
        store=program.store_url,
    )
    await storm.prepare()
    figures = await storm.rage()
    assert (figures.doubles, figures.lost, figures.wrong) == ([], [], []), program.output
    assert figures.kills == KILLS
    assert sum(figures.states.values()) == POSTS
    assert figures.unknown.total() > 0, "no kill hit a publication on its way: the storm was none"
    assert {entry["service"] for entry in await sandbox.ledger()} == set(SEND)
