"""What a campaign has reaches its frames."""

import pytest

from badges import SPONSOR_LIMIT, FrameRefused, Problem
from campaigns.badge_frames import frame_of
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
