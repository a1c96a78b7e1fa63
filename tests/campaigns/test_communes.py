"""Communes: a list is read with every mistake named; a few letters, a postcode or a location find the right ones."""

import pytest

from campaigns import communes
from campaigns.communes import NewCommune, fold
from campaigns.installation import add_territory, territories
from campaigns.models import Participation
from campaigns.post_files import FileRefused
from sandbox.defaults import COMMUNES
from sandbox.stage import TERRITORIES


@pytest.fixture
async def places(database, campaign):
    """Name -> territory, as the demo has them."""
    async with database.write() as session:
        return {name: await add_territory(session, campaign.id, name) for name in TERRITORIES}


@pytest.fixture
def read(tmp_path, places):
    def from_text(text: str, encoding: str = "utf-8") -> communes.ReadCommunes:
        file = tmp_path / "communes.csv"
        file.write_bytes(text.encode(encoding))
        return communes.read_communes(file, list(places.values()))

    return from_text


@pytest.fixture
def stored(database, campaign, places):
    """Stores the sample of the demo; gives what a search finds."""

    async def find(typed: str, limit: int = 9) -> list[str]:
        async with database.write() as session:
            if not await communes.any_known(session, campaign.id):
                sample = communes.read_communes(COMMUNES, list(places.values()))
                assert sample.bad == ()
                await communes.store_communes(session, campaign.id, sample.communes)
        async with database.read() as session:
            return [town.name for town in await communes.find(session, campaign.id, typed, limit)]

    return find


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("L’Étang-Bleu", "l etang bleu"),
        ("St-Martin", "saint martin"),
        ("Ste Ondine / mer", "sainte ondine mer"),
        ("ŒUVREVENT", "oeuvrevent"),
        ("  Bief--le  Moulin ", "bief le moulin"),
        ("%_'\"\\", ""),
        ("", ""),
    ],
)
def test_names_are_compared_without_accents_hyphens_and_abbreviations(name, folded):
    assert fold(name) == folded


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("port", ["Port-Clair"]),
        ("PORT CLAIR", ["Port-Clair"]),
        ("etang", ["L’Étang-Bleu"]),
        ("l'étang", ["L’Étang-Bleu"]),
        ("œuv", ["Œuvrevent"]),
        ("oeuv", ["Œuvrevent"]),
        ("st mart", ["Saint-Martin-des-Vents", "Saint-Martin-sur-Vive"]),
        ("saint-martin-s", ["Saint-Martin-sur-Vive"]),
        ("viv", ["Vivemont", "Saint-Martin-sur-Vive"]),  # what begins so comes first
        ("991", ["Anse-aux-Mouettes", "Grève-Haute", "Port-Clair", "Sainte-Ondine-sur-Mer"]),
        ("99110", ["Anse-aux-Mouettes", "Grève-Haute"]),
        ("99300 saint", ["Saint-Martin-sur-Vive"]),
        ("Grandpont 99001", ["Grandpont"]),
        ("99 110", ["Anse-aux-Mouettes", "Grève-Haute"]),
        ("p", []),  # one letter would mean half of the country
        ("9", []),
        ("", []),
        ("%", []),
        ("_____", []),
        ("' OR 1=1 --", []),
        ("🦊" * 200, []),
        ("x" * 4000, []),
        ("00000", []),
    ],
)
async def test_what_is_typed_finds_the_towns_that_it_may_mean(stored, typed, found):
    assert await stored(typed) == found


async def test_no_more_are_found_than_asked_for(stored):
    assert len(await stored("99", 5)) == 5


@pytest.mark.parametrize(
    ("latitude", "longitude", "found"),
    [
        (44.1030, -1.1980, "Port-Clair"),  # in the town itself
        (44.40, -0.52, "Hautbois"),
        (44.3, -1.7, "Sainte-Ondine-sur-Mer"),  # at sea, 40 km off
        (48.85, 2.35, None),
        (-90.0, 0.0, None),
        (90.0, 180.0, None),
        (0.0, -180.0, None),
    ],
)
async def test_a_location_finds_the_nearest_within_reach(database, campaign, stored, latitude, longitude, found):
    await stored("x")
    async with database.read() as session:
        near = await communes.near(session, campaign.id, latitude, longitude, 3)
    assert (near[0].name if near else None) == found
    assert len(near) == (3 if found else 0)


async def test_another_campaigns_towns_are_not_found(database, rival, stored):
    await stored("x")
    async with database.read() as session:
        assert await communes.find(session, rival.id, "grandpont", 9) == []
        assert await communes.near(session, rival.id, 44.1, -0.8, 9) == []
        assert not await communes.any_known(session, rival.id) and not await communes.any_located(session, rival.id)


async def test_a_new_list_replaces_the_old_one_and_moves_nobody(database, campaign, places, join, stored):
    await stored("x")
    _, place = await join(42, territory_id=places["Vallée"].id)
    async with database.write() as session:
        await communes.store_communes(session, campaign.id, [NewCommune("Neuville", "99900", places["Plateau"].id)])
    assert await stored("grandpont") == [] and await stored("neuv") == ["Neuville"]
    async with database.read() as session:
        assert (await session.get_one(Participation, place.id)).territory_id == places["Vallée"].id
        assert not await communes.any_located(session, campaign.id)
        assert len(await territories(session, campaign.id)) == len(places)


def test_a_good_list_is_read_whatever_made_it(read, places):
    text = "\ufeffName;Postcode;Territory;lat;lon\r\nPort-Clair;99100;vallée;44,5;-1,25\r\n;;;;\r\nHautbois;99210;Plateau;;\r\n"
    assert read(text) == communes.ReadCommunes(
        (
            NewCommune("Port-Clair", "99100", places["Vallée"].id, 44.5, -1.25),
            NewCommune("Hautbois", "99210", places["Plateau"].id),
        ),
        (),
    )


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        (",99100,Vallée,,", "name", "must be a name"),
        ("--,99100,Vallée,,", "name", "must be a name"),
        ("x" * 81 + ",99100,Vallée,,", "name", "at most 80"),
        ("Port,,Vallée,,", "postcode", "is none: 2 to 10 digits"),
        ("Port,12a45,Vallée,,", "postcode", "“12a45” is none"),
        ("Port,9910,Vallée,,", "postcode", "a spreadsheet took the first 0"),
        (
            "Port,99100,Ailleurs,,",
            "territory",
            "“Ailleurs” is unknown; there are: Littoral, Métropole, Plateau, Vallée",
        ),
        ("Port,99100,,,", "territory", "is unknown"),
        ("Port,99100,Vallée,91,0", "lat", "from -90 to 90"),
        ("Port,99100,Vallée,nord,0", "lat", "is no number"),
        ("Port,99100,Vallée,nan,0", "lat", "is no number"),
        ("Port,99100,Vallée,44.1,", "lon", "is empty while the other one is not"),
        ("Bon,99000,Vallée,,", "name", "stands on line 2 already"),
    ],
)
def test_what_is_wrong_in_a_line_is_named(read, line, column, said):
    found = read(f"name,postcode,territory,lat,lon\nBon,99000,Vallée,,\n{line}\n")
    assert [town.name for town in found.communes] == ["Bon"]
    assert [(bad.line, bad.column) for bad in found.bad] == [(3, column)]
    assert said in found.bad[0].message


@pytest.mark.parametrize(
    "header",
    ["name,postcode", "name,postcode,territory,mayor", "name,name,postcode,territory", "", "nom;cp;territoire"],
)
def test_other_columns_are_refused_with_those_that_are_known(read, header):
    with pytest.raises(FileRefused, match="line 1: the columns are name, postcode, territory"):
        read(f"{header}\nPort,99100,Vallée\n")


def test_a_list_in_another_encoding_is_refused_with_what_to_do(read):
    with pytest.raises(FileRefused, match="save the file as “CSV UTF-8”"):
        read("name,postcode,territory\nPort,99100,Vallée\n", "latin-1")
