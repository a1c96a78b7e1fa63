"""Saying in an organizer's language what the rules and the networks say in English.

Rules and networks speak plain English, because their sentences also go to the command line and are kept beside a
publication as the reason of its state. Here the known ones are recognised by their shape; the others stay as they are.
"""

import re
from functools import lru_cache

from campaigns.words import Words, mark

_ = mark
KNOWN = (
    # campaigns.posts
    _("is empty: give the post a title"),
    _("is empty: write what is to be said"),
    _("has {length} characters, at most {limit}"),
    _("names no channel, and there is no share kit: the post would go nowhere"),
    _("“{link}” is not a web address: it must begin with https:// and hold no space"),
    _("{moment} ({zone}) is in the past"),
    # campaigns.channel_secrets
    _(
        "channel {channel}: its {name} was locked with another secret key: set PORTEVOIX_OLD_SECRET_KEY to that key, or give the channel a new one"
    ),
    # web.console.channel_care
    _("give the channel a name of at most 80 characters"),
    _("a channel of this name exists already: mend it, or choose another name"),
    _("The bot does not know you yet: make a link on your account's page first."),
    _("is not there any more: choose another one"),
    # campaigns.times
    _("time zone “{zone}” does not exist; write one such as Europe/Paris"),
    _("{moment} does not exist in {zone}: clocks go forward that night; write {earlier} or {later}"),
    _("“{text}” is not a date and time; write 2026-12-01 08:30 or 01/12/2026 08:30"),
    _("{moment} is not a date that can be used; check the year"),
    # campaigns.periods
    _("“{text}” is no day; write one such as 2026-11-01"),
    _("the first day lies behind the last: change one of them"),
    # campaigns.from_messages
    _("“{text}” is no moment; write one such as tomorrow 18:00, Saturday 10:30 or 01/12/2026 08:30"),
    # campaigns.media
    _("picture {name} is empty"),
    _("picture {name} has {size} MB; at most {limit} MB"),
    _("picture {name} is too large: {size}"),
    _("picture {name} is not a JPEG, PNG, WebP or GIF"),
    _("picture {name} has no description, which this campaign asks for: say what it shows"),
    # campaigns.editing
    _("picture {name} is gone from the data folder: write the post anew with its picture, and take this one back"),
    # badges.folder_frames and badges.frame_files
    _("{file}, line {line}, {key}"),
    _("{file}, line {line}"),
    _("{name} measures {size}; a {format} needs {wanted}, or the same shape larger"),
    _(
        "{name} lets no photo through; make its hole transparent, or say where the photo goes: window = [left, top, width, height]"
    ),
    _("it measures {size}, which is no format; make it one of {sizes}"),
    _("it lets no photo through; make the place of the photo transparent"),
    _("{name} weighs more than {limit} MB; save a smaller PNG"),
    _("{name} measures {size}; save it smaller"),
    _("{name} has no transparency; save it as a PNG whose hole is transparent"),
    _("there is no file {name}; put it there, or write another name"),
    _("there is no file {name}"),
    _("{name} is not a PNG; save the picture as PNG with transparency"),
    _("{name} cannot be read ({said}); save it once more"),
    _("no format is given; write a table such as [square], of {formats}"),
    _('write the name of the folder beside this one whose frame is taken up, such as "national"'),
    _("there is no folder {name}; put the parent frame there first"),
    _("these frames inherit from one another in a circle; take this line out"),
    _("the file is missing; `frames new FOLDER` writes one to start from"),
    _("the file cannot be read ({said}); save it as UTF-8 text"),
    _("this is not TOML: {said}"),
    _("there is no such key; did you mean {near}?"),
    _("there is no such key; take it out; docs/frames.md lists the keys"),
    _("the picture is missing; write picture = {example}"),
    _("write the name of a PNG in this folder, such as picture = {example}"),
    _("write the name of a file in this folder, without a path"),
    _("write four whole numbers of pixels: [left, top, width, height]"),
    _("{box} leaves the picture, which is {size}: left + width may be {width} at most, top + height {height}"),
    _("{table} needs its place; write box = [left, top, width, height]"),
    _("{box} leaves the safe area {area}; move it inside, or change {key}"),
    _("write the name of a font file, such as {example}"),
    _("there is no font “{name}”; put the file into {folder}, or take one of {names}"),
    _("“{name}” is not a font that can be used; take a .ttf or .otf file"),
    _("write the largest and the smallest size in pixels, such as [66, 30]"),
    _("{sizes} cannot be: the largest comes first, and both are from 6 to 500 pixels"),
    _('{value} is no colour; write "primary", "secondary", "text", or six digits as "#C8102E"'),
    _('{value} is no alignment; write "left", "centre" or "right"'),
    _("write how many lines the words may take, from 1 to 6"),
    _("write true or false"),
    # campaigns.frame_uploads
    _("it holds more than {limit} files; leave out what the frame does not need"),
    _("unpacked it weighs more than {limit} MB; save smaller pictures"),
    _("the zip cannot be read ({said}); pack it once more, without a password"),
    # networks.limits
    _("{network} takes {limit} {unit}, the text has {length}: shorten it, or write a version for {same}"),
    _(
        "{network} takes {limit} {unit}, part {part} of the thread has {length}: shorten it, or write a version for {same}"
    ),
    _("bluesky takes {limit} bytes, the text has {length}"),
    _("bluesky takes {limit} bytes, part {part} of the thread has {length}"),
    _("pictures: {network} takes {limit}, the post has {number}"),
    _("picture {name}: {network} takes {limit} MB, it has {size} MB"),
    _("picture {name}: {network} takes width + height up to {limit} pixels, it has {sides}"),
    _("picture {name}: {network} takes a ratio up to {limit}, it has {ratio}"),
    _("picture {name}: {network} takes {kinds}, this is {mime}"),
    _("description of {name}: {network} takes {limit} characters, it has {length}"),
    _("a share kit takes {limit} characters with title and link, this has {length}: shorten it"),
    _("channel “{channel}” has no posting slots; give it some, or write a moment"),
    _("the next slot needs a channel, and neither a moment nor a recurrence beside it"),
    # campaigns.communes
    _("must be a name of at most {limit} characters"),
    _("“{postcode}” is none: 2 to 10 digits"),
    _("has 4 digits, others have 5: a spreadsheet took the first 0; make the column text"),
    _("“{name}” with postcode {postcode} stands on line {line} already"),
    _("territory “{territory}” is unknown; there are: {known}"),
    _("“{text}” is no number of degrees from {least} to {most}"),
    _("is empty while the other one is not"),
    _("{file}, line 1: the columns are name, postcode, territory, and, if you have them, lat, lon"),
    _("{file}, line {line}: not UTF-8; save the file as “CSV UTF-8”"),
    _("{file}, line {line}: {cells} cells under {columns} columns; put quotes around a text with a comma"),
    _("{file} has {size} MB; at most {limit} MB"),
    # campaigns.post_files, campaigns.post_packages
    _("{file}, line 1: column {columns} is missing; the columns are {known}"),
    _("{file}, line 1: column {columns} is unknown; the columns are {known}"),
    _("{file}, line 1: column {columns} stands twice"),
    _("{file}, line {line}: {said}; a quote may be missing"),
    _("{file} has {n} posts; at most {most} at a time: split it"),
    _("{file} holds {n} CSV files; pack one, with its pictures beside it"),
    _("{file} holds more than {n} files; split it"),
    _("{file} is too large: unpacked it weighs more than {size} MB; split it"),
    _("{file} cannot be unpacked ({said}); pack it once more, without a password"),
    _("is empty: write 2026-12-01 08:30, or “queue” for the next free slot"),
    _("“{text}” is neither yes nor no"),
    _("“{text}” is none of {known}"),
    _("“{text}” is not a number of minutes"),
    _("“{text}” is not a number of days"),
    _("channel “{channel}” is unknown; there are: {known}"),
    _("describes {alts} images, the post has {images}"),
    _("{name} lies outside the file's folder; copy it beside the CSV"),
    _("“{name}” is not the name of a file"),
    # badges.headers
    _("JPEG, PNG, WebP, HEIC or GIF"),
    # badges.wishes
    _("line {line} ({photo})"),
    _("line {line}"),
    _("no photo is named"),
    _("there is no format {format}; choose among {formats}"),
    _("the crop “{crop}” is not x,y,zoom with x and y from 0 to 1 and a zoom from 1 to {zoom}"),
    _("this is no text in UTF-8; save it as CSV UTF-8"),
    _("there is no column photo; the columns are {columns}"),
    _("unknown columns {unknown}; they are {columns}"),
    _("there is no line below the first one"),
    # campaigns.post_export
    _("channel “{channel}” has a “|” in its name, which a CSV cannot hold; export a .json"),
    _("picture {name} cannot be read: {said}"),
    # campaigns.plans, campaigns.event_planning, web.console.planning
    _("the {field} is empty: write one"),
    _("the {field} has {length} characters; at most {limit}"),
    _("the {field} “{text}” is not a whole number: write one, or nothing"),
    _("{moment} ({zone}) is in the past; write a moment to come"),
    _("a place for {n} people is none; write 1 or more, or leave it out: no limit"),
    _("{coming} people come already: write no fewer, or leave it out: no limit"),
    _("“{title}” is called off already"),
    _("“{title}” has begun already; what is past stays as it was"),
    _("it ends before it begins, or lasts more than {days} days; write another end"),
    _("“{part}” is not when a reminder can come; write hours or days before, such as 2d, 3h"),
    _("{n} reminders are too many; at most {most}"),
    _("“{title}” has {n} buses already; at most {most}"),
    _("the bus from {town} would have left already; write a later beginning"),
    _("the bus from {town} would leave after the beginning; write an earlier hour"),
    _("the bus from {town} cannot have {n} seats; write {least} or more"),
    _("a bus from {town} leaves at that hour already; give the one that is there more seats"),
    # campaigns.silence
    _("{label}, polling day {day}"),
    _("polling day {day}"),
    # campaigns.keeping_back, campaigns.series
    _("silence: {reason}, until {until} UTC; send it after, or drop it"),
    _("the month's cap of {cap} is reached: {spent} is spent, this costs {cost}; raise the cap or drop it"),
    _("the day's quota of {quota} posts is reached; send it tomorrow, or drop it"),
    _("late by {late}: dropped, as its late policy says"),
    _("late by {late}: its late policy asks you; send it now, or drop it"),
    _("late by {late}: a newer post of the channel caught up; send it now, or drop it"),
    _("every text of the series was used within its {days} days; write another wording, or send this one again"),
    # campaigns.coming_back
    _("it was due between the backup of {moment} UTC and its restore, and may be out: look at the channel"),
    _("the store comes from a backup: it may have been sent"),
    # campaigns.publications, networks.errors
    _(
        "the program stopped, or lost the network, while this was being sent: look at the channel, then say “it is there” or “send again”"
    ),
    _("{parts} of its parts or messages are out, the rest is not: {reason}; “try again” goes on with the rest"),
    # networks
    _("could not log in: {reason}"),
    _("X refuses the channel's keys ({said}); make new ones, then run `channels mend`"),
    _("X: {said}; the account's credit is spent, add credit in X's developer console"),
    _("X already has a post with this text on this account; change the text, or look whether it is already there"),
    _("Facebook refuses the Page's token ({said}); make a new one, then run `channels mend`"),
    _("{where} refuses the access token ({said}); make a new one with read, write:statuses and write:media"),
    _("Bluesky refuses the account ({said}); make a new app password and set it"),
    _(
        "Telegram refuses the bot token; take the one @BotFather shows, for PORTEVOIX_BOT_TOKEN or the channel's own bot"
    ),
    _("Telegram: {said}; make the bot an administrator of the channel again"),
    _("{where} refuses username and password ({said}); set them again"),
    _("{where} could not be reached; look whether the server is up and base_url is right"),
    _("{where} could not be reached: {said}"),
    _("{where} shows no certificate that can be trusted; have it mended, or look at base_url"),
    _("the connection to {where} broke before it answered; look at the account"),
    _("{where} did not answer in time; look at the account"),
    _("the network did not answer within {seconds} s; look at the channel"),
    _("{where} answered in a way that cannot be read; look at the account, and at base_url"),
    _("{where} answered {status}; look at the account before it is sent again"),
    _("{where} asks to wait until its rate window ends"),
    _("the network asks to wait {seconds} s"),
    _("its picture {name} is gone ({said}): write the post again with the picture"),
    _(
        "its pictures cannot be read: {where} does not answer ({said}); it goes out by itself when that does, so look at the storage, and at PORTEVOIX_MEDIA_URL and its keys"
    ),
    _("no address receives this channel's posts: add some with `addresses import`"),
    _("{sent} are out, {left} follow"),
    _("the mail server defers {who}; it is tried again"),
    _("the mail server refuses every address: {who}"),
    _("refused: {who}"),
    _("The network refuses this post; sending it again changes nothing."),
    _("The network could not be reached; the post certainly did not go out and may be tried again."),
    _("The network took the request and did not answer; the post may have gone out."),
    _(
        "The database went away before the addresses could be read, to which this goes; it goes out as soon as it is back."
    ),
    _(
        "Whoever was sending this slept, or lost the database, for so long that another goes on; no more of it was sent."
    ),
    # campaigns.post_files: last, since others have this shape too
    _("{name} cannot be read: {said}"),
)
FIELDS = {  # of a form
    "title": _("title"),
    "place": _("place"),
    "aim": _("aim"),
    "description": _("description"),
    "town": _("town"),
    "stop": _("stop"),
    "number of people": _("number of people"),
    "number of seats": _("number of seats"),
}
DAYS = _(" d ")  # of a lateness
UNITS = {
    "characters": _("characters"),
    "weighted characters": _("weighted characters"),
    "graphemes": _("characters"),
}


@lru_cache
def _shapes() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each sentence as an expression; a placeholder takes what stands in its place."""

    def shape(sentence: str) -> re.Pattern[str]:
        parts = re.split(r"\{(\w+)\}", sentence)
        pieces = [f"(?P<{part}>.+?)" if i % 2 else re.escape(part) for i, part in enumerate(parts)]
        return re.compile("".join(pieces), re.DOTALL)

    return tuple((shape(sentence), sentence) for sentence in KNOWN)


def told(words: Words, sentence: str) -> str:
    """The sentence in the reader's language where it is a known one, else as it is; with a capital."""
    said = within(words, sentence)
    return said[:1].upper() + said[1:]


def within(words: Words, sentence: str) -> str:
    """The same for what stands inside another sentence: as it is written, without a capital."""
    for shape, known in _shapes():
        if found := shape.fullmatch(sentence):
            values = {name: words.counted(value) for name, value in found.groupdict().items()}
            if "unit" in values:
                values["unit"] = words(UNITS.get(values["unit"], values["unit"]))
            if "field" in values:
                values["field"] = words(FIELDS.get(values["field"], values["field"]))
            if "reason" in values:  # a sentence of its own
                values["reason"] = within(words, values["reason"])
            if "late" in values:  # "2 d 3 h 05 min"
                values["late"] = values["late"].replace(DAYS, words(DAYS))
            return words(known, **values)
    return sentence
