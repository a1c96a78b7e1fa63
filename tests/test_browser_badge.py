"""The badge page in headless Chromium: by finger, mouse and keyboard, with and without JavaScript, for everybody."""

import io
import re
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.async_playwright import Axe
from PIL import Image, ImageChops, ImageStat
from playwright.async_api import Browser, Locator, Page, Route, expect
from pydantic import SecretStr

from campaigns import engagement, supporters
from campaigns.database import Database
from campaigns.installation import add_campaign, add_territory
from campaigns.models import Campaign, Kind, Purpose
from campaigns.settings import Settings
from sandbox.client import SandboxClient
from sandbox.defaults import DEMO_TOKEN, PORTRAIT
from sandbox.server import SandboxServer
from tests.browser import SMALL_PHONE, WIDE, Camera, person
from tests.conftest import FakeClock
from tests.web.conftest import serve
from tests.web.test_mini_app import signed
from web import create_app

Open = Callable[..., Awaitable[Page]]
BOTH = pytest.mark.parametrize("viewport", [WIDE, SMALL_PHONE], ids=["wide", "phone"])


@dataclass
class Site:
    """The pages of one campaign behind a real server."""

    url: str
    database: Database
    campaign: Campaign
    clock: FakeClock

    async def made(self) -> int:
        async with self.database.read() as session:
            return (await engagement.counts_of_campaign(session, self.campaign.id))[Kind.badge_made]


@pytest.fixture
async def site(database: Database, clock: FakeClock, tmp_path: Path, sandbox_server: SandboxServer) -> Any:
    campaign = Campaign(
        slug="region",
        name="La Région respire",
        slogan="Ensemble, la région respire",
        hashtag="LaRegionRespire",
        primary_colour="#0B6E4F",
        secondary_colour="#12355B",
    )
    async with database.write() as session:
        await add_campaign(session, campaign, clock())
        for name in ("Littoral", "Vallée"):
            await add_territory(session, campaign.id, name)
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=tmp_path,
        database_url=database.url.render_as_string(hide_password=False),
        bot_token=SecretStr(DEMO_TOKEN),
        telegram_base_url=f"{sandbox_server.url}/telegram",
        public_url="",
    )
    own = Database(settings.store_url, database.vault)  # the server lives in a loop of its own
    app = create_app(database=own, settings=settings, clock=clock, secret_key="a key of the tests", bot_username="b")
    with serve(app) as url:
        settings.public_url = url
        yield Site(url, database, campaign, clock)


@pytest.fixture
async def visit(site: Site, chromium: Browser) -> AsyncIterator[Open]:
    """Open the badge page; what its scripts and the policy complain about fails the test."""
    errors: list[str] = []

    async def visit(viewport: dict[str, int] = WIDE, path: str = "/badge", script: str = "", **options: Any) -> Page:
        if viewport is SMALL_PHONE:
            options = {"has_touch": True, "is_mobile": True} | options
        context = await person(chromium, viewport, **options)
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
        if script:
            await page.add_init_script(script)
        await page.goto(site.url + path)
        if options.get("java_script_enabled", True) and "badge" in path:
            await painted(page)
        return page

    yield visit
    assert errors == []


async def painted(page: Page) -> None:
    """The overlay that was asked for is there, and on the canvas."""
    await expect(page.locator("[data-canvas]")).not_to_have_attribute("aria-busy", "true")
    await page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


# The forms that the page's script posts, by their address; Chromium itself does not show the files in them.
KEEP_WHAT_IS_SENT = """window.sent = {};
    const plain = window.fetch;
    window.fetch = (address, options) => {
        if (options?.body instanceof FormData) sent[String(address).split("/").pop()] = options.body;
        return plain(address, options);
    };"""


async def sent(page: Page) -> dict[str, Any]:
    """The fields of the last form with a photo, which comes as bytes."""
    script = """async () => {
        const fields = Object.fromEntries(window.sent.picture);
        const bytes = new Uint8Array(await fields.photo.arrayBuffer());
        return { ...fields, photo: [...bytes].map(byte => String.fromCharCode(byte)).join("") };
    }"""
    fields: dict[str, Any] = await page.evaluate(script)
    return fields | {"photo": fields["photo"].encode("latin-1")}


async def choose(page: Page, photo: Path | dict[str, Any] = PORTRAIT) -> Locator:
    """Choose a photo; the stage then has it."""
    await page.locator("#photo").set_input_files(photo)  # type: ignore[arg-type]
    await expect(page.locator("[data-tools]")).to_be_visible()
    await painted(page)
    return page.locator("[data-canvas]")


async def live(page: Page) -> Image.Image:
    """What the stage shows."""
    await painted(page)
    address = await page.locator("[data-canvas]").evaluate("canvas => canvas.toDataURL('image/png')")
    return Image.open(io.BytesIO(b64decode(address.partition(",")[2]))).convert("RGB")


async def make(page: Page) -> None:
    await page.locator("[data-make]").click()
    await expect(page.locator("[data-made]")).to_be_visible()


async def saved(page: Page, kind: str = "JPEG") -> tuple[str, Image.Image]:
    """The name and the picture of a file that was saved."""
    async with page.expect_download() as download:
        await page.locator(f"[data-save={kind}]").click()
    file = await download.value
    return file.suggested_filename, Image.open(await file.path())


def differs(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures in levels of 255, a little blurred: they were scaled by two programs."""
    small = [picture.convert("RGB").resize((270, 270 * one.height // one.width)) for picture in (one, other)]
    return max(ImageStat.Stat(ImageChops.difference(*small)).mean)


async def drag(page: Page, canvas: Locator, right: float, down: float) -> None:
    box = await canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + right, y + down, steps=4)
    await page.mouse.up()


@BOTH
async def test_the_page_looks_well_and_nothing_leaves_its_width(
    site: Site, visit: Open, camera: Camera, viewport: dict[str, int]
) -> None:
    page, size = await visit(viewport), "phone" if viewport is SMALL_PHONE else "wide"
    names = {"wide": ("badge-form", "badge-made"), "phone": ("badge-phone", "badge-phone-made")}[size]

    async def fits() -> None:
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    await fits()
    await choose(page)
    await page.locator("#name").fill("Chloé")
    await expect_name(page)
    await fits()
    await camera.shot(page, names[0], whole=size == "wide")
    await make(page)
    await fits()
    assert await page.evaluate("scrollY") == 0  # the badge itself is what is seen first
    await camera.shot(page, names[1])
    for shape in ("story", "banner"):
        await page.locator(f"[data-made-formats] .format:has([value={shape}])").click()
        await expect(page.locator("[data-badge]")).to_have_attribute(
            "width", {"story": "1080", "banner": "1500"}[shape]
        )
        await fits()
    await page.goto(f"{site.url}/wall")
    await fits()


@pytest.mark.parametrize("format", ["square", "profile", "story", "cover", "banner"])
async def test_what_is_saved_is_what_was_seen(visit: Open, format: str) -> None:
    page = await visit()
    canvas = await choose(page)
    untouched = await live(page)
    await page.locator("#name").fill("Zoé Lefèvre")
    await page.locator(f".maker .format:has([value={format}])").click()
    await painted(page)  # the stage has its new shape, under the mouse too
    await page.mouse.move(*await middle(canvas))
    for _ in range(4):
        await page.mouse.wheel(0, -120)
    await drag(page, canvas, -40, 30)
    await expect(page.locator("[data-zoom]")).not_to_have_value("1")
    await expect_name(page)
    seen = await live(page)
    await make(page)
    name, file = await saved(page)
    assert (name, file.format, file.size) == (f"badge-region-{format}.jpg", "JPEG", seen.size)
    assert differs(seen, file) < 3
    if format == "square":
        assert differs(untouched, file) > 10  # so the test above can tell


async def middle(canvas: Locator) -> tuple[float, float]:
    box = await canvas.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def expect_name(page: Page) -> None:
    """Until the overlay with the name, which is asked for a moment after the last key, has been drawn."""
    await page.wait_for_function(
        "() => performance.getEntriesByType('resource').filter(e => e.name.endsWith('/overlay')).length >= 2"
    )
    await painted(page)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_each_kind_is_saved_and_reported_once(site: Site, visit: Open, kind: str) -> None:
    page = await visit()
    await choose(page)
    await make(page)
    for _ in range(2):
        name, file = await saved(page, kind)
    assert (name.rpartition(".")[2], file.format) == ({"JPEG": "jpg"}.get(kind, kind.lower()), kind)
    assert await site.made() == 1
    async with site.database.read() as session:
        counts = await engagement.counts_of_campaign(session, site.campaign.id)
    assert counts[Kind.badge_downloaded] <= 1


async def test_the_keyboard_alone_makes_a_badge(visit: Open) -> None:
    page = await visit()
    canvas = await choose(page)
    await expect(canvas).to_be_focused()  # right after the photo, the arrows move it
    before = await live(page)
    for key in ("+", "+", "+", "ArrowLeft", "ArrowDown", "Shift+ArrowLeft"):
        await page.keyboard.press(key)
    moved = await live(page)
    assert differs(before, moved) > 5
    await expect(page.locator("[data-status]")).to_have_text(re.compile("Zoom 133"))
    await page.keyboard.press("0")
    assert differs(before, await live(page)) < 0.5
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.locator("[data-make]").evaluate("button => button === document.activeElement"):
            break
    await page.keyboard.press("Enter")
    await expect(page.locator("#made-title")).to_be_focused()


async def test_a_photo_begins_where_its_face_shows_until_a_hand_moves_it(visit: Open) -> None:
    page = await visit(script=KEEP_WHAT_IS_SENT)
    await choose(page)
    await page.locator(".maker .format:has([value=banner])").click()
    await painted(page)
    await make(page)
    fields = await sent(page)
    found = [float(fields[name]) for name in ("x", "y", "zoom")]
    small = await page.evaluate("createImageBitmap(window.sent.crop.get('photo')).then(b => [b.width, b.height])")
    assert max(small) == 480  # a light copy is asked about
    assert found != [0.5, 0.5, 1]
    await page.locator("[data-change]").click()
    for key in ("+", "+", "ArrowLeft"):
        await page.locator("[data-canvas]").press(key)
    await page.locator(".maker .format:has([value=square])").click()
    moved = await live(page)
    await page.locator("[data-centre]").click()
    assert differs(moved, await live(page)) > 1


async def test_the_slider_and_the_button_do_what_the_wheel_does(visit: Open) -> None:
    page = await visit()
    await choose(page)
    before = await live(page)
    await page.locator("[data-zoom]").fill("2.5")
    assert differs(before, await live(page)) > 5
    await page.locator("[data-centre]").click()
    await expect(page.locator("[data-zoom]")).to_have_value("1")
    assert differs(before, await live(page)) < 0.5


async def test_two_fingers_zoom_and_one_moves(visit: Open) -> None:
    page = await visit(SMALL_PHONE)
    canvas = await choose(page)
    await canvas.scroll_into_view_if_needed()
    x, y = await middle(canvas)
    touch = await page.context.new_cdp_session(page)

    async def fingers(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": px, "y": py, "id": i} for i, (px, py) in enumerate(points)]
        await touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    await fingers("touchStart", (x - 20, y), (x + 20, y))
    for apart in (30, 40, 60):
        await fingers("touchMove", (x - apart, y), (x + apart, y))
    await fingers("touchEnd")
    zoom = float(await page.locator("[data-zoom]").input_value())
    assert 2.5 < zoom < 3.5  # three times as far apart
    before = await live(page)
    await fingers("touchStart", (x, y))
    await fingers("touchMove", (x + 50, y + 20))
    await fingers("touchEnd")
    assert differs(before, await live(page)) > 5
    assert float(await page.locator("[data-zoom]").input_value()) == zoom


@pytest.mark.parametrize("way", ["drop", "paste"])
async def test_a_photo_may_be_dropped_or_pasted(visit: Open, way: str) -> None:
    page = await visit()
    empty = await live(page)
    await page.evaluate(
        """([way, letters]) => {
            const bytes = Uint8Array.from(atob(letters), letter => letter.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "me.jpg", { type: "image/jpeg" }));
            const target = way === "drop" ? document.querySelector("[data-stage]") : document.body;
            const event = way === "drop"
                ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
                : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
            target.dispatchEvent(event);
        }""",
        [way, b64encode(PORTRAIT.read_bytes()).decode()],
    )
    await expect(page.locator("[data-tools]")).to_be_visible()
    assert differs(empty, await live(page)) > 5


def large_photo() -> dict[str, Any]:
    """Twelve megapixels as a phone stores them: sideways, with a tag that says so; its top is red, its foot blue."""
    photo = Image.effect_noise((4000, 3000), 60).convert("RGB")
    photo.paste("#D02020", (0, 0, 700, 3000))  # the left edge as stored is the top of what is seen
    photo.paste("#2020D0", (3300, 0, 4000, 3000))
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    photo.save(file, "JPEG", quality=90, exif=exif)
    return {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


async def test_a_large_photo_is_made_smaller_before_it_is_sent_and_stays_upright(visit: Open) -> None:
    page, photo = await visit(script=KEEP_WHAT_IS_SENT), large_photo()
    assert len(photo["buffer"]) > 3_000_000
    await page.locator(".frame").nth(1).click()
    await choose(page, photo)
    seen = await live(page)
    red, _green, blue = seen.getpixel((540, 60))  # type: ignore[misc]
    assert red > 150 and blue < 90
    await make(page)
    photo_sent = (await sent(page))["photo"]
    with Image.open(io.BytesIO(photo_sent)) as smaller:
        assert smaller.width == pytest.approx(1350, abs=2)  # 1.25 x 1080
        assert not smaller.getexif()
    assert len(photo_sent) < 2_000_000
    assert differs(seen, (await saved(page))[1]) < 3


async def test_a_photo_that_this_browser_cannot_show_is_sent_as_it_is(visit: Open) -> None:
    page = await visit(script=KEEP_WHAT_IS_SENT)
    heic = b"\x00\x00\x00\x18ftypheic" + b"\0" * 500
    await choose(page, {"name": "me.heic", "mimeType": "image/heic", "buffer": heic})
    await expect(page.locator("[data-note]")).to_contain_text("ne sait pas montrer")
    await page.locator("[data-make]").click()
    await expect(page.locator("[data-wrong=photo]")).to_contain_text("HEIC")  # this one is no picture at all
    form = await sent(page)
    assert form["photo"] == heic and "zoom" not in form


async def test_mistakes_stand_beside_their_field_in_the_visitors_language(visit: Open) -> None:
    page = await visit(locale="en-GB")
    await page.locator("[data-make]").click()
    await expect(page.locator("[data-wrong=photo]")).to_have_text("Choose a photo first.")
    await page.locator("#photo").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"})
    await expect(page.locator("[data-wrong=photo]")).to_contain_text("This is not a photo.")
    await choose(page)
    await expect(page.locator("[data-wrong=photo]")).to_be_hidden()
    await page.locator("#name").fill("\U0001d15e")
    await expect(page.locator("[data-wrong=name]")).to_contain_text("No font here")
    await page.locator("#name").fill("Zoé")
    await expect(page.locator("[data-wrong=name]")).to_be_hidden()


async def test_what_a_process_was_asked_for_when_it_died_is_asked_for_again(visit: Open) -> None:
    """A proxy says 502 then; another process answers."""
    page = await visit()
    deaths = iter([502, 504])

    async def die(route: Route) -> None:
        status = next(deaths, None)
        await (route.fulfill(status=status, body="<h1>Bad Gateway</h1>") if status else route.continue_())

    await page.route("**/badge/picture", die)
    await choose(page)
    await page.locator("[data-make]").click()
    await expect(page.locator("[data-made]")).to_be_visible()
    assert next(deaths, None) is None


async def test_going_back_finds_everything_as_it_was(site: Site, visit: Open) -> None:
    page = await visit()
    await choose(page)
    await page.locator("#name").fill("Zoé")
    await make(page)
    await page.go_back()
    await expect(page.locator(".maker")).to_be_visible()
    await expect(page.locator("#name")).to_have_value("Zoé")
    await page.locator(".frame", has_text="Bandeau").click()
    await make(page)
    assert await site.made() == 1  # the same photo in another frame is the same badge
    await page.go_back()
    await choose(page, large_photo())
    await make(page)
    assert await site.made() == 2


async def test_where_the_browser_can_the_file_itself_is_shared(visit: Open) -> None:
    script = """navigator.canShare = data => data.files.every(file => file.type === "image/jpeg");
        navigator.share = async data => { window.shared = data; };"""
    page = await visit(SMALL_PHONE, script=script)
    await choose(page)
    await make(page)
    await page.locator("[data-share]").click()
    shared = await page.evaluate("({ text: shared.text, name: shared.files[0].name, size: shared.files[0].size })")
    assert shared["name"] == "badge-region-square.jpg" and shared["size"] > 50_000
    assert "Ensemble, la région respire" in shared["text"] and shared["text"].endswith("/c/region/badge")


async def test_where_it_cannot_the_campaigns_share_links_are_there(site: Site, visit: Open) -> None:
    page = await visit()
    await choose(page)
    await make(page)
    await expect(page.locator("[data-share]")).to_be_hidden()
    address = await page.locator(".share-panel a", has_text="WhatsApp").get_attribute("href")
    assert address is not None and address.startswith("https://wa.me/?text=Ensemble%2C%20la%20r")


async def test_a_section_chooses_its_frames_and_the_photo_stays(visit: Open) -> None:
    page = await visit(script=KEEP_WHAT_IS_SENT)
    await choose(page)
    seen = await live(page)
    async with page.expect_response(re.compile(r"/frames/ring\.png\?section=")):
        await page.locator("#section").select_option(label="Vallée")
    await painted(page)
    assert differs(seen, await live(page)) < 20  # the photo is still there
    await make(page)
    assert (await sent(page))["section"].isdigit()
    await expect(page.locator("#wall-section option:checked")).to_have_text("Vallée")


async def test_on_the_wall_by_a_yes_and_off_it_by_the_secret_address(site: Site, visit: Open, camera: Camera) -> None:
    page = await visit()
    await choose(page)
    await page.locator("#name").fill("Chloé Martin")
    await page.locator(".maker .format:has([value=story])").click()
    await make(page)
    await expect(page.locator("#first-name")).to_have_value("Chloé")
    await page.locator("[data-wall] button").click()
    await expect(page.locator("[data-wall-done]")).to_be_hidden()  # the box is not ticked
    await page.locator("[data-wall] [name=consent]").check()
    await page.locator("[data-wall] button").click()
    await expect(page.locator("[data-wall-done]")).to_be_focused()
    secret = await page.locator("[data-wall-address]").get_attribute("href")
    assert secret is not None
    await page.goto(f"{site.url}/wall")
    picture = page.locator(".wall-badge img")
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 240
    await camera.shot(page, "wall")
    await page.goto(secret)
    await page.locator("form button[type=submit]").click()
    await page.goto(f"{site.url}/wall")
    await expect(picture).to_have_count(0)


@pytest.mark.parametrize("viewport", [WIDE, SMALL_PHONE], ids=["wide", "phone"])
async def test_without_javascript_the_plain_form_makes_a_badge_and_puts_it_on_the_wall(
    site: Site, visit: Open, viewport: dict[str, int]
) -> None:
    page = await visit(viewport, java_script_enabled=False)
    await expect(page.locator("[data-stage]")).to_be_hidden()
    await page.locator("#photo").set_input_files(PORTRAIT)
    await page.locator(".frame", has_text="Anneau").click()
    await page.locator("#name").fill("Chloé")
    await page.locator(".maker .format", has_text="Story").click()
    await page.locator(".maker button[type=submit]").click()
    await expect(page.locator("img.badge")).to_be_visible()
    async with page.expect_download() as download:
        await page.locator("a[download$='.png']").click()
    file = await download.value
    assert file.suggested_filename == "badge-region-ring-story.png"
    with Image.open(await file.path()) as picture:
        assert (picture.format, picture.size) == ("PNG", (1080, 1920))
    await page.locator("[name=consent]").check()
    await page.locator(".wall-form button").click()
    await expect(page.locator("#address")).to_have_value(re.compile(r"/wall/\S{20,}"))


async def test_inside_of_telegram_the_badge_is_the_supporters_and_goes_to_their_chat(
    site: Site, visit: Open, sandbox: SandboxClient, camera: Camera
) -> None:
    telegram_id = await sandbox.person("Zoé")
    await sandbox.start(telegram_id)
    yes = frozenset({Purpose.contact, Purpose.counting})
    async with site.database.write() as session:
        joining = supporters.Joining(site.campaign.id, telegram_id, "Zoé", "fr", yes, site.clock())
        supporter, _ = await supporters.join(session, joining)
    data = quote(signed(telegram_id, site.clock()))
    path = f"/c/region/badge/app#tgWebAppData={data}&tgWebAppVersion=8.0&tgWebAppPlatform=android"
    told = """window.told = [];
        window.TelegramWebviewProxy = { postEvent: (event, data) => told.push([event, JSON.parse(data)]) };"""
    page = await visit(SMALL_PHONE, path, script=told)
    assert await page.evaluate("told.map(([event]) => event)") == ["web_app_ready", "web_app_expand"]
    await choose(page)
    await camera.shot(page, "badge-telegram")
    await make(page)
    await page.locator("[data-send]").click()
    await expect(page.locator("[data-made-note]")).to_have_text("Il est dans votre discussion Telegram.")
    sent = (await sandbox.chat(telegram_id))["messages"][-1]
    assert sent["document"]["file_name"] == "badge-region-square.png"
    async with site.database.read() as session:
        counts = await engagement.counts_of(session, supporter.id, site.campaign.id)
    assert (counts[Kind.badge_made], counts[Kind.badge_downloaded]) == (1, 1)


@BOTH
async def test_axe_finds_nothing_that_keeps_people_out(site: Site, visit: Open, viewport: dict[str, int]) -> None:
    axe = Axe()

    async def clean(page: Page) -> None:
        found = await axe.run(page)
        assert found.violations_count == 0, found.generate_report()

    page = await visit(viewport)
    await clean(page)
    await page.locator("[data-make]").click()
    await expect(page.locator("[data-wrong=photo]")).to_be_visible()
    await clean(page)
    await choose(page)
    await page.locator("#name").fill("Chloé")
    await expect_name(page)
    await clean(page)
    await make(page)
    await clean(page)
    await page.locator("[data-wall] [name=consent]").check()
    await page.locator("[data-wall] button").click()
    await expect(page.locator("[data-wall-done]")).to_be_visible()
    await clean(page)
    secret = await page.locator("[data-wall-address]").get_attribute("href")
    assert secret is not None
    for address in (f"{site.url}/wall", secret, f"{site.url}/c/region/badge/app"):
        await page.goto(address)
        await clean(page)
    await page.goto(secret)
    await page.locator("form button[type=submit]").click()
    await clean(page)


async def test_axe_finds_nothing_in_the_pages_without_javascript(site: Site, visit: Open) -> None:
    """The page of a made badge, and the form with what was wrong, as the server alone sends them."""
    page = await visit(path="/wall")
    photo = {"photo": {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": PORTRAIT.read_bytes()}}
    html = ""

    async def plain(route: Route) -> None:
        await route.fulfill(body=html, content_type="text/html")

    await page.route("**/plain", plain)
    for fields in ({"frame": "ring", "name": "Zoé", "format": "story"}, {"frame": "no such frame"}):
        answer = await page.request.post(f"{site.url}/badge", multipart={**fields, **photo})
        html = re.sub(r'<script src="/static/badge/[^>]*></script>', "", await answer.text())
        await page.goto(f"{site.url}/plain")
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
