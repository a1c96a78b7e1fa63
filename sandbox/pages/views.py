"""The pages of the sandbox: home, chat, feeds, faults. What is live on them comes from the control API."""

from pathlib import Path
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from sandbox.control.chats import person_json
from sandbox.control.social import FEEDS, SOCIAL
from sandbox.defaults import PORTRAIT
from sandbox.telegram.state import Person
from sandbox.world import World, world_of
from sandbox.x.limits import PER_USER

TEMPLATES = Jinja2Templates(directory=Path(__file__).parent.parent / "templates")
POLICY = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
WHO = "sandbox_person"  # the cookie with the person last chosen, so that deep links keep her
LANGUAGES = {"fr": "français", "en": "anglais", "es": "espagnol", "de": "allemand", "br": "breton"}


def base_of(request: Request) -> str:
    """The prefix under which the sandbox is mounted, without a slash at its end."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def page(request: Request, template: str, **values: object) -> Response:
    """A rendered page that may load nothing from elsewhere."""
    values |= {"base": base_of(request), "languages": LANGUAGES}
    answer = TEMPLATES.TemplateResponse(request, template, values)
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def home(request: Request) -> Response:
    """GET /"""
    world = world_of(request)
    return page(request, "home.html", links=world.home_links, here="home")


def _person(request: Request, world: World) -> Person | None:
    for given in (request.query_params.get("person", ""), request.cookies.get(WHO, "")):
        if given.isdecimal() and int(given) in world.telegram.people:
            return world.telegram.people[int(given)]
    return next(iter(world.telegram.people.values()), None)


async def chat(request: Request) -> Response:
    """GET /chat?person=ID&bot=USERNAME&start=PAYLOAD"""
    world = world_of(request)
    bot = world.telegram.bot_named(request.query_params.get("bot", "")) or next(
        iter(world.telegram.bots.values()), None
    )
    person = _person(request, world)
    if bot is None or person is None:
        return PlainTextResponse("Il faut au moins un bot et une personne dans le bac à sable.", 404)
    answer = page(
        request,
        "chat.html",
        here="chat",
        bot=bot,
        bots=[each.username for each in world.telegram.bots.values()],
        person=person_json(person),
        people=[person_json(each) for each in world.telegram.people.values()],
        payload=request.query_params.get("start"),
        has_portrait=PORTRAIT.exists(),
    )
    answer.set_cookie(WHO, str(person.id), path=f"{base_of(request)}/", samesite="lax", httponly=True)
    return answer


async def deep_link(request: Request) -> Response:
    """GET /telegram/t.me/{bot}?start=PAYLOAD: what t.me does for a real bot"""
    world = world_of(request)
    bot = world.telegram.bot_named(request.path_params["bot"])
    if bot is None:
        return PlainTextResponse(f"Aucun bot @{request.path_params['bot']} dans ce bac à sable.", 404)
    query = {"bot": bot.username} | {
        name: request.query_params[name] for name in ("start",) if name in request.query_params
    }
    return RedirectResponse(f"{base_of(request)}/chat?{urlencode(query)}", 302)


async def feeds(request: Request) -> Response:
    """GET /feeds"""
    world = world_of(request)
    channels = [each for each in world.telegram.chats.values() if each.type != "private"]
    counts = {
        each.key: sum(not message.deleted for message in world.telegram.messages.get(each.key, {}).values())
        for each in channels
    }
    accounts = [(account, len(world.x.timeline(account))) for account in world.x.accounts.values()]
    others = [
        (service, SOCIAL[service], found["account"]["name"], name, sum(not each["deleted"] for each in found["tweets"]))
        for service, names in (("mastodon", world.mastodon.members), ("bluesky", world.bluesky.actors))
        for name in names
        if (found := FEEDS[service](world, name))
    ]
    return page(request, "feeds.html", here="feeds", channels=channels, counts=counts, accounts=accounts, others=others)


async def telegram_feed(request: Request) -> Response:
    """GET /feeds/telegram/{chat}"""
    world = world_of(request)
    given = request.path_params["chat"]
    found = world.telegram.chat_named(given) or world.telegram.chats.get(given)
    bot = next(iter(world.telegram.bots.values()), None)
    if found is None or found.type == "private" or bot is None:
        return PlainTextResponse(f"Aucun canal {given} dans ce bac à sable.", 404)
    return page(request, "telegram_feed.html", here="feeds", channel=found, bot=bot)


async def x_feed(request: Request) -> Response:
    """GET /feeds/x/{username}"""
    world = world_of(request)
    account = world.x.accounts.get(request.path_params["username"].lstrip("@"))
    if account is None:
        return PlainTextResponse(f"Aucun compte @{request.path_params['username']} dans ce bac à sable.", 404)
    return page(request, "x_feed.html", here="feeds", account=account, network="X", feed=f"/x/{account.username}")


async def social_feed(request: Request) -> Response:
    """GET /feeds/mastodon/{account} and /feeds/bluesky/{account}"""
    service, name = request.path_params["service"], request.path_params["account"].lstrip("@")
    found = FEEDS[service](world_of(request), name) if service in FEEDS else None
    if found is None:
        return PlainTextResponse(f"Aucun compte @{name} dans ce bac à sable.", 404)
    shown = {"network": SOCIAL[service], "feed": f"/social/{service}/{name}"}
    return page(request, "x_feed.html", here="feeds", account=found["account"], **shown)


async def faults(request: Request) -> Response:
    """GET /faults"""
    world = world_of(request)
    return page(request, "faults.html", here="faults", x_operations=list(PER_USER), world=world)


async def portrait(request: Request) -> Response:
    """GET /material/portrait.jpg"""
    return FileResponse(PORTRAIT) if PORTRAIT.exists() else PlainTextResponse("Pas de portrait d’exemple.", 404)


ROUTES = [
    Route("/", home),
    Route("/chat", chat),
    Route("/telegram/t.me/{bot}", deep_link),
    Route("/feeds", feeds),
    Route("/feeds/telegram/{chat}", telegram_feed),
    Route("/feeds/x/{username}", x_feed),
    Route("/feeds/{service}/{account}", social_feed),
    Route("/faults", faults),
    Route("/material/portrait.jpg", portrait),
]
