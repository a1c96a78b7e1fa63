"""The control API of the sandbox, under `<base>/control`. JSON in, JSON out; errors are `{"error": "a sentence"}`.

Waiting: every `GET` marked (wait) takes `timeout` in seconds, 0 by default and at most 60, and answers as soon as
there is something newer than `after`. `version` is a counter that only rises, over restarts and resets too.

People and chats (`bot` is a username, `chat` a person's id, a channel's id or @name):

    GET   /control/state                              bots, people, channels, accounts, version
    GET   /control/people                             POST {first_name, id?, last_name?, username?, language_code?,
                                                      photo?: shown|hidden|none}; PATCH /control/people/{id} the same
    PUT   /control/people/{id}/photo                  the body is the picture of the profile photo
    GET   /control/channels                           POST {title, id?, username?, type?: channel|group|supergroup};
                                                      PATCH /control/channels/{id} {member?, admin?, title?, migrated_to?};
                                                      the bots hear of what becomes of them
    GET   /control/chats/{bot}/{chat}?after=N (wait)  messages as they stand with edits, keyboard, commands, taps;
                                                      `after` is the version of the last answer
    POST  /control/chats/{bot}/{person}/{action}      start {payload?}, say {text, group?, forwarded_from?},
                                                      edit {message_id, text}, tap {message_id, data}, block, unblock, sticker {emoji?},
                                                      voice {seconds?}, location {latitude, longitude};
                                                      photo, album (several files) and document take multipart: file,
                                                      caption?, forwarded_from?;
                                                      inline {query, offset?}: what is typed behind @bot in any chat;
                                                      choose {id, result_id}: send a result of an inline query
    POST  /control/crowd/{bot}                        {acts: [{person, action, …as above}]}: what many people do, at once
                                                      and in this order; photo and document are not among it
    GET   /control/crowd/{bot}?after=N                {messages, version}: those of all private chats as they stand that
                                                      changed since
    GET   /control/callbacks/{id} (wait)              waits until the bot has answered a tap
    GET   /control/inline/{id} (wait)                 waits until the bot has answered an inline query
    GET   /control/updates/{bot}?below=N (wait)       {pending}: updates that the bot has not confirmed; waits until
                                                      there are fewer than `below`

What was accepted:

    GET   /control/ledger?service=&channel=&after=SEQ (wait)    every message and tweet in the order of acceptance
    GET   /control/requests?service=&operation=&after=SEQ (wait)  every API request with its status; 0 is a cut
    GET   /control/x/{username}?after=VERSION (wait)            tweets as they stand, deleted ones marked
    GET   /control/social/{service}/{account}?after=VERSION (wait)  posts on x, mastodon, bluesky or facebook in one shape
    GET   /control/pictures/{sha256}                            a picture, with its type
    GET   /control/media/{sha256}                               the bytes
    GET   /control/files/{file_id}                              the bytes of a Telegram file
    GET   /control/xmedia/{id}                                  the bytes of a picture on X

Trouble:

    GET    /control/faults                            POST {service, kind, operation?, target?, count?,
                                                      seconds?, new_chat_id?}; count null lasts until it is removed
    DELETE /control/faults                            all of them; DELETE /control/faults/{id} one
    POST   /control/holds                             {service, operation, stage: before|after, target?}
    GET    /control/holds/{id} (wait)                 waits until something is held
    POST   /control/holds/{id}/release
    GET    /control/rates                             PUT {telegram?: {bot|private|group: {per_second, burst}}, burst 0
                                                      is without limit, x?: {operation: limit}, unlimited?: true,
                                                      windows?: {mastodon|bluesky sessions|bluesky points: limit}}
    POST   /control/reset                             back to the beginning
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.control import chats, crowd, social, trouble, what_was
from sandbox.control.common import ControlError
from sandbox.faults import UnknownFault
from sandbox.pictures import NotAPicture
from sandbox.telegram.actions import NotPossible
from sandbox.telegram.errors import Refused

Handler = Callable[[Request], Awaitable[Response]]


def guarded(handler: Handler) -> Handler:
    """The handler with its errors as sentences."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except ControlError as error:
            return JSONResponse({"error": str(error)}, status_code=error.status)
        except NotPossible as error:
            return JSONResponse({"error": str(error)}, status_code=409)
        except Refused as error:
            return JSONResponse({"error": error.description}, status_code=409)
        except (UnknownFault, NotAPicture, TypeError, ValueError) as error:
            return JSONResponse({"error": str(error) or type(error).__name__}, status_code=422)

    return answer


ROUTES = [
    Route(f"/control{path}", guarded(handler), methods=[method])
    for method, path, handler in (
        ("GET", "/state", what_was.state),
        ("GET", "/people", chats.list_people),
        ("POST", "/people", chats.create_person),
        ("PATCH", "/people/{person}", chats.change_person),
        ("PUT", "/people/{person}/photo", chats.change_photo),
        ("GET", "/channels", chats.list_channels),
        ("POST", "/channels", chats.create_channel),
        ("PATCH", "/channels/{channel}", chats.change_channel),
        ("GET", "/chats/{bot}/{chat}", what_was.chat),
        ("POST", "/chats/{bot}/{person}/{action}", chats.act),
        ("POST", "/crowd/{bot}", crowd.act),
        ("GET", "/crowd/{bot}", crowd.changes),
        ("GET", "/callbacks/{tap}", chats.callback),
        ("GET", "/inline/{query}", chats.inline_query),
        ("GET", "/updates/{bot}", chats.pending_updates),
        ("GET", "/ledger", what_was.ledger),
        ("GET", "/requests", what_was.requests),
        ("GET", "/x/{username}", what_was.tweets),
        ("GET", "/social/{service}/{account}", social.feed),
        ("GET", "/pictures/{sha256}", social.picture),
        ("GET", "/media/{sha256}", what_was.media),
        ("GET", "/files/{file_id}", what_was.file),
        ("GET", "/xmedia/{media}", what_was.x_media),
        ("GET", "/faults", trouble.list_faults),
        ("POST", "/faults", trouble.create_fault),
        ("DELETE", "/faults", trouble.remove_faults),
        ("DELETE", "/faults/{fault}", trouble.remove_faults),
        ("GET", "/holds", trouble.list_holds),
        ("POST", "/holds", trouble.create_hold),
        ("GET", "/holds/{hold}", trouble.show_hold),
        ("POST", "/holds/{hold}/release", trouble.release_hold),
        ("GET", "/rates", trouble.show_rates),
        ("PUT", "/rates", trouble.set_rates),
        ("POST", "/reset", trouble.reset),
    )
]
