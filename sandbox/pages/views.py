"""The pages of the sandbox: home, chat, feeds, mailboxes, faults. What is live on them comes from the control API."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.control.chats import person_json
from sandbox.control.social import FEEDS, SOCIAL, accounts
from sandbox.defaults import PORTRAIT
from sandbox.pages.letters import letter, mail_feed
from sandbox.pages.rendering import base_of, page
from sandbox.telegram.state import Person
from sandbox.world import World, world_of
from sandbox.x.limits import PER_USER

WHO = "sandbox_person"  # the cookie with the person last chosen, so that deep links keep her
KINDS = {"x": "compte X", "mastodon": "compte Mastodon", "bluesky": "compte Bluesky", "facebook": "page Facebook"}


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
    feeds = [
        (service, KINDS[service], found["account"]["name"], name, sum(not each["deleted"] for each in found["posts"]))
        for service, name in accounts(world)
        if (found := FEEDS[service](world, name))
    ]
    mails = world.ledger.find(service="mail")
    boxes = len({mail["channel"] for mail in mails})
    shown = {"channels": channels, "counts": counts, "feeds": feeds, "mails": len(mails), "boxes": boxes}
    return page(request, "feeds.html", here="feeds", handle=_handle, **shown)


def _handle(service: str, name: str) -> str:
    """An account's name as its network writes it; a Page has a number only."""
    return {"mastodon": f"@{name}@bac-a-sable.example", "facebook": f"page n° {name}"}.get(service, "@" + name)


async def telegram_feed(request: Request) -> Response:
    """GET /feeds/telegram/{chat}"""
    world = world_of(request)
    given = request.path_params["chat"]
    found = world.telegram.chat_named(given) or world.telegram.chats.get(given)
    bot = next(iter(world.telegram.bots.values()), None)
    if found is None or found.type == "private" or bot is None:
        return PlainTextResponse(f"Aucun canal {given} dans ce bac à sable.", 404)
    return page(request, "telegram_feed.html", here="feeds", channel=found, bot=bot)


async def social_feed(request: Request) -> Response:
    """GET /feeds/{service}/{account}, of x, mastodon, bluesky and facebook"""
    service, name = request.path_params["service"], request.path_params["account"].lstrip("@")
    found = FEEDS[service](world_of(request), name) if service in FEEDS else None
    if found is None:
        return PlainTextResponse(f"Aucun compte @{name} dans ce bac à sable.", 404)
    shown = {"service": service, "network": SOCIAL[service], "kind": KINDS[service], "handle": _handle(service, name)}
    return page(request, "social_feed.html", here="feeds", account=found["account"], **shown)


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
    Route("/feeds/mail", mail_feed),
    Route("/feeds/mail/{seq:int}/html", letter),
    Route("/feeds/{service}/{account}", social_feed),
    Route("/faults", faults),
    Route("/material/portrait.jpg", portrait),
]
