"""What every room's tests start from: a migrated database of their own, a clock that obeys, and a campaign."""

import gc
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.async_api import Browser, async_playwright

from campaigns.database import Database
from campaigns.installation import add_campaign, add_channel
from campaigns.models import Campaign, Channel
from campaigns.vault import Vault
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN, PORTRAIT
from sandbox.server import SandboxServer
from tests.browser import CHROMIUM, FLAGS, Camera
from tests.bucket import Storage
from tests.planning import Planner
from tests.program import Program
from tests.stores import PostgresqlStores, SqliteStores, Stores

X_KEYS = dict.fromkeys(("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "secret")
MATERIAL = Path(__file__).with_name("material")

# A busy machine is no failure; a fixture may serve all examples of a test.
settings.register_profile("ours", deadline=None, suppress_health_check=set(HealthCheck) - {HealthCheck.filter_too_much})
settings.load_profile("ours")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", metavar="FOLDER", help="keep the screenshots of the browser tests there")
    parser.addoption("--store", choices=("sqlite", "postgresql"), default="sqlite", help="the kind of every store")
    parser.addoption("--updates", choices=("polling", "webhook"), default="polling", help="how bots of tests/bot hear")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is about the other kind of store, or the other way to hear, does not belong to this run.

    Nor, on a server, what has no store, and what is looked at in a browser: the run on files has looked.
    """
    server = config.getoption("--store") == "postgresql"
    others = ["about_files" if server else "about_servers"]
    others += ["about_polling"] if config.getoption("--updates") == "webhook" else []

    def belongs(item: pytest.Item) -> bool:
        if any(map(item.get_closest_marker, others)):
            return False
        fixtures = item.fixturenames  # type: ignore[attr-defined]
        return (
            not server
            or bool(item.get_closest_marker("about_servers"))
            or ("stores" in fixtures and "chromium" not in fixtures)
        )

    left_out: list[pytest.Item] = []
    mine: list[pytest.Item] = []
    for item in items:
        (mine if belongs(item) else left_out).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = sorted(mine, key=lambda item: item.get_closest_marker("takes_long") is None)


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end: to look again and again for what of them could go took a fifth of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)  # once a test, not twenty times


def pytest_sessionfinish() -> None:
    """A last look at all of it took longer than the five seconds that a worker is given to end."""
    gc.freeze()


@pytest.fixture
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Camera:
    folder = request.config.getoption("--pictures")
    return Camera(Path(folder) if folder else tmp_path)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


class FakeClock:
    """A campaigns.times.Clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def material() -> Path:
    return MATERIAL


@pytest.fixture(scope="session")
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """Where stores come from; migrating one takes longer than most tests."""
    if request.config.getoption("--store") == "sqlite":
        yield SqliteStores(tmp_path_factory.mktemp("migrated"))
        return
    made = PostgresqlStores()
    yield made
    made.cluster.remove()


@pytest.fixture
def store_url(stores: Stores, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated store of the test's own."""
    with stores.fresh(tmp_path) as url:
        yield url


@pytest.fixture
def blank_url(stores: Stores, tmp_path: Path) -> Iterator[str]:
    """The address of a store of the test's own in which there is nothing yet."""
    with stores.blank(tmp_path) as url:
        yield url


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    opened = Database(store_url, Vault("a key of the tests"))
    yield opened
    await opened.close()


@pytest.fixture
async def campaign(database: Database, clock: FakeClock) -> Campaign:
    """La Région qui ose, a fictional regional list."""
    new = Campaign(slug="", name="La Région qui ose", slogan="Osons la région !", hashtag="#LaRégionQuiOse")
    async with database.write() as session:
        return await add_campaign(session, new, clock())


@pytest.fixture
def planner(database: Database, campaign: Campaign, clock: FakeClock) -> Planner:
    """Events and buses of La Région qui ose."""
    return Planner(database, campaign, clock)


@pytest.fixture
async def telegram(database: Database, campaign: Campaign) -> Channel:
    async with database.write() as session:
        return await add_channel(session, campaign.id, "telegram", "Canal Telegram", {"chat_id": "@laregionquiose"})


@pytest.fixture
async def x(database: Database, campaign: Campaign) -> Channel:
    async with database.write() as session:
        return await add_channel(session, campaign.id, "x", "Compte X", X_KEYS)


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[SandboxServer]:
    """The stand-ins for Telegram and X, in a process of their own."""
    with SandboxServer() as server:
        yield server


@pytest.fixture
async def sandbox(sandbox_server: SandboxServer) -> AsyncIterator[SandboxClient]:
    """Clean stand-ins without rate limits."""
    async with sandbox_server.client() as client:
        await client.reset()
        await client.rates(unlimited=True)
        yield client


@pytest.fixture
def storage() -> Iterator[Storage]:
    """A storage of pictures that speaks S3, with nothing in it."""
    made = Storage()
    yield made
    made.stop()


@pytest.fixture
async def program(sandbox_server: SandboxServer, stores: Stores, tmp_path: Path) -> AsyncIterator[Program]:
    """The program on the stand-ins, with a data folder and a store of its own; stopped when the test ends."""
    folder = tmp_path / "data"
    folder.mkdir()
    with stores.fresh(folder) as url:
        made = Program(
            {
                "PORTEVOIX_DATA_DIR": str(folder),
                "PORTEVOIX_DATABASE_URL": "" if stores.kind == "sqlite" else url,  # empty: the file in its folder
                "PORTEVOIX_BOT_TOKEN": DEMO_TOKEN,
                "PORTEVOIX_TELEGRAM_BASE_URL": sandbox_server.url + "/telegram",
                "PORTEVOIX_PORT": str(free_port()),
            }
        )
        yield made
        await made.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def portrait() -> bytes:
    """A public-domain portrait, saved as a phone does: sideways, with its EXIF orientation."""
    return PORTRAIT.read_bytes()
