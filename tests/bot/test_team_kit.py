"""/team: the campaign's kit for the section that one leads, as a file in the chat and by an address."""

import io
import zipfile
from datetime import timedelta

import pytest
from sqlmodel import col, select

from campaigns.models import Campaign, ShareLink
from campaigns.silence_windows import add_window
from tests.bot.conftest import written


@pytest.fixture
async def valley(territories):
    return (await territories("Vallée & <b>", "Littoral"))[0]


async def test_a_referent_gets_the_kit_of_their_section(lead, valley, database, add, sandbox):
    await add()
    zoe = await lead("Zoé", valley)
    await zoe.say("/team")
    reply = await zoe.tap(f"team:kit::{valley.id}")
    [message] = reply.messages
    assert message["document"]["file_name"] == "kit-vallee-b.zip"
    assert "Le kit de Vallée & <b>" in written(message) and "Sur un ordinateur" in written(message)
    kit = zipfile.ZipFile(io.BytesIO(await sandbox.file(message["document"]["file_id"])))
    assert "Affiches/Affiche A4.pdf" in kit.namelist()
    [text] = [name for name in kit.namelist() if name.endswith("WhatsApp.txt")]
    async with database.read() as session:
        token = await session.scalar(select(ShareLink.token).where(col(ShareLink.territory_id) == valley.id))
    assert f"/s/{token}" in kit.read(text).decode()


async def test_near_a_vote_no_kit_is_handed_out(lead, valley, database, campaign, clock):
    zoe = await lead("Zoé", valley)
    await zoe.say("/team")
    async with database.write() as session:
        orne = await session.get_one(Campaign, campaign.id)
        await add_window(session, orne, clock(), clock() + timedelta(days=2), "veille du vote")
    reply = await zoe.tap(f"team:kit::{valley.id}")
    assert not reply.messages and "silence" in reply.toast


async def test_nobody_else_gets_a_kit(lead, valley, zoe, hand_made):
    await lead("Léo", valley)
    await zoe.join(f"t-{valley.id}")
    reply = await hand_made(zoe, f"team:kit::{valley.id}")
    assert "Vous n’êtes pas référent·e" in reply.toast and not reply.messages
