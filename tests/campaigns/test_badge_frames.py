"""What a campaign has reaches its frames, and a supporter chooses among those of their place."""

from pathlib import Path

import pytest

from badges import DESIGNS, SPONSOR_LIMIT, FrameRefused, Problem
from badges.starting_frame import write_starting_frame
from campaigns import installation
from campaigns.badge_frames import frame_of, frames_for
from campaigns.models import Campaign


def test_the_sponsor_line_and_its_address_reach_the_frame() -> None:
    campaign = Campaign(slug="osons", name="Osons", sponsor_line="Payé par Osons", notice_url="https://osons.fr/avis")
    assert frame_of(campaign, "banner").sponsor == "Payé par Osons https://osons.fr/avis"
    assert frame_of(Campaign(slug="osons", name="Osons"), "banner").sponsor == ""


def test_a_sponsor_line_is_never_cut_but_refused() -> None:
    campaign = Campaign(slug="osons", name="Osons", sponsor_line="x" * (SPONSOR_LIMIT + 1))
    with pytest.raises(FrameRefused) as caught:
        frame_of(campaign, "ring")
    assert caught.value.code is Problem.SLOGAN_TOO_LONG


def test_a_designers_frame_is_found_in_the_campaigns_folder(tmp_path: Path) -> None:
    write_starting_frame(tmp_path / "osons" / "national")
    campaign = Campaign(slug="osons", name="Osons")
    assert frame_of(campaign, "national", "Lille", frames_dir=tmp_path).formats == ("square", "story")
    assert frame_of(campaign, "national", "Lille", frames_dir=tmp_path).section == "Lille"
    for design, folder in (("national", None), ("../osons/national", tmp_path), ("nothing", tmp_path)):
        with pytest.raises(FrameRefused) as caught:
            frame_of(campaign, design, frames_dir=folder)
        assert caught.value.code is Problem.DESIGN_UNKNOWN


async def test_frames_of_ones_own_place_come_first_and_others_do_not_come(database, campaign) -> None:
    async with database.write() as session:
        federation = await installation.add_territory(session, campaign.id, "Nord")
        section = await installation.add_territory(session, campaign.id, "Lille", federation)
        elsewhere = await installation.add_territory(session, campaign.id, "Var")
        for key, place in (("nord", federation), ("lille", section), ("var", elsewhere), ("plus", None)):
            await installation.put_frame(session, campaign.id, key, key, place)
    own = [*DESIGNS, "plus"]
    async with database.read() as session:
        for territory, first in ((None, []), (federation.id, ["nord"]), (section.id, ["lille", "nord"])):
            assert [row.design for row in await frames_for(session, campaign.id, territory)] == [*first, *own]
