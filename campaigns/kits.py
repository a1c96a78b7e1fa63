"""A section's kit: texts, pictures, frames and posters in one zip, for its referents to hand on by hand.

Its links are the section's own. Many people hand them on, so a visit counts for the post and for nobody's figures; the code
on the poster opens the bot in the section, where whoever joins is counted as somebody who joined.
"""

import hashlib
import json
import re
import threading
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from badges import BadgeError, overlay, preview
from campaigns import installation, models, share_kits, share_links
from campaigns.badge_frames import frame_of, frame_path, frames_for
from campaigns.media_stores import Folder, MediaHome, opened
from campaigns.mirrors import FramesHome
from campaigns.models import Campaign, Territory
from campaigns.posters import SIZES, Poster, poster_pdf
from campaigns.posts import pictures_of
from campaigns.settings import Settings
from campaigns.stamp import stamp_of
from campaigns.words import Words
from networks.share_intents import LABELS, SHARE_INTENTS, fitting

MOST_POSTS = 30  # the newest
EXAMPLE = 1080  # pixels of a frame's example
AS_MADE = (1980, 1, 1, 0, 0, 0)  # of every file in it, so that the same kit is the same file
MAKING = "3"  # changes when a kit of the same content looks otherwise
KEY = re.compile(r"[0-9a-f]{32}")
_one_at_a_time = threading.Semaphore(1)  # a kit takes a core for seconds


@dataclass(frozen=True, slots=True)
class KitPost:
    """A post in a kit: a text for each network with the section's link, the other wordings, its pictures."""

    title: str
    link: str
    texts: dict[str, str]
    wordings: list[str]
    pictures: list[tuple[str, str]]  # file in the media folder, description


@dataclass(frozen=True, slots=True)
class Kit:
    """All that goes into a zip, ready to be drawn: no table is asked any more."""

    campaign: Campaign
    section: str
    posts: list[KitPost]
    frames: list[models.Frame]
    poster: Poster
    words: Words

    def key(self, frames_dir: FramesHome) -> str:
        """Another one as soon as anything in it is."""
        made = [frame_path(frames_dir, self.campaign, frame.design) for frame in self.frames]
        changed = [sorted((f.name, _content(f)) for f in _files(path)) for path in made if path]
        content = [MAKING, self.section, [asdict(post) for post in self.posts], asdict(self.poster), changed]
        content += [[(frame.design, frame.name) for frame in self.frames], self.words.language]
        return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:32]


def _files(path: Path) -> Iterator[Path]:
    return (each for each in path.rglob("*") if each.is_file()) if path.is_dir() else iter((path,))


def _content(file: Path) -> str:
    """The same on every machine, so that all of them know a kit by one address."""
    with file.open("rb") as opened_file:
        return hashlib.file_digest(opened_file, "sha256").hexdigest()


async def gather(
    session: AsyncSession,
    campaign: Campaign,
    territory: Territory | None,
    settings: Settings,
    bot: str | None,
    words: Words,
    now: datetime,
) -> Kit:
    """What a section's kit holds now; without a territory, the campaign's. Makes its links: call it in a session that writes.

    `bot` is the bot's user name. Where the law imposes silence there are no posts in it.
    """
    above = await installation.with_those_above(session, territory.id if territory else None)
    found = await share_kits.open_posts(session, campaign.id, now, limit=MOST_POSTS)
    posts = [
        await _post(session, post, territory, settings.site_url, now)
        for post in found
        if (post.territory_id is None or post.territory_id in above)
        and await share_kits.is_open(session, post, now, territory.id if territory else None)
    ]
    frames = await frames_for(session, campaign.id, territory.id if territory else None)
    return Kit(campaign, territory.name if territory else "", posts, frames, _poster(campaign, territory, settings, bot, words), words)  # fmt: skip


def _poster(
    campaign: Campaign, territory: Territory | None, settings: Settings, bot: str | None, words: Words
) -> Poster:
    public = f"{settings.site_url}/c/{campaign.slug}"
    start = f"t-{territory.id}" if territory else f"c-{campaign.slug}"
    return Poster(
        campaign.name,
        campaign.slogan,
        territory.name if territory else "",
        campaign.hashtag,
        words("Scan it, and join us"),
        f"{settings.telegram_link}/{bot}?start={start}" if bot else public,
        re.sub(r"^https?://", "", public),
        stamp_of(campaign),
        campaign.primary_colour,
        campaign.secondary_colour,
        campaign.text_colour,
        words.language,
    )


async def _post(
    session: AsyncSession, post: models.Post, territory: Territory | None, site_url: str, now: datetime
) -> KitPost:
    row = await share_links.link_for(session, post, None, site_url, now, territory_id=territory.id if territory else None)  # fmt: skip
    link = f"{site_url}/s/{row.token}"
    texts = {
        network: f"{fitting(network, await share_kits.text_of(session, row, network, 0), link)}\n\n{link}"
        for network in SHARE_INTENTS
    }
    wordings = [f"{text}\n\n{link}" for text in (await share_kits.texts_of(session, post))[1:]]
    pictures = [(each.file, each.alt) for each in await pictures_of(session, post.id)]
    return KitPost(post.title, link, texts, wordings, pictures)


def build(kit: Kit, settings: Settings, name: str) -> Path:
    """The zip of a kit, made where it is not there yet; takes seconds, so call it in a thread. `name` begins its file's."""
    folder, began = settings.kits_dir / kit.campaign.slug, f"{name}-{kit.words.language}-"
    path = folder / f"{began}{kit.key(settings.frames)}.zip"
    with _one_at_a_time:
        if not path.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{threading.get_ident()}.part")
            with zipfile.ZipFile(unfinished, "w") as file:
                for inside, content in _contents(kit, settings):
                    _add(file, inside, content)
            unfinished.replace(path)
            for old in folder.glob(f"{began}*.zip"):
                if old != path:
                    old.unlink(missing_ok=True)
            _share(settings.kits, path, f"{kit.campaign.slug}/{began}")
    return path


def _share(home: MediaHome, path: Path, began: str) -> None:
    """Lay a kit where every process finds it, in place of the one before."""
    if isinstance(home, Path):
        return
    name = f"{path.parent.name}/{path.name}"
    home.store(name, path.read_bytes())
    for old, _content in list(home.files(path.parent.name)):
        if old.startswith(began) and old != name:
            home.delete(old)


def find(settings: Settings, slug: str, key: str) -> Path | None:
    """The kit of that key, while it is the newest; None for any other. Takes seconds where another process made it."""
    if not KEY.fullmatch(key):
        return None
    folder, home = settings.kits_dir / slug, settings.kits
    if isinstance(home, Path):
        return next(folder.glob(f"*-{key}.zip"), None)
    name = next((name for name, _content in home.files(slug) if name.endswith(f"-{key}.zip")), None)
    if name is None:
        return None
    near = Folder(settings.kits_dir)
    if not near.has(name):
        near.store(name, home.load(name))
    return settings.kits_dir / name


def key_of(path: Path) -> str:
    return path.stem.rpartition("-")[2]


def file_name(kit_section: str, campaign: Campaign) -> str:
    """What the zip is called where it is saved: plain letters, which every header and system takes."""
    return f"kit-{installation.slug_of(kit_section or campaign.name)}.zip"


def _contents(kit: Kit, settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Each file of a kit by its name in the zip."""
    words, called, pictures = kit.words, _called(kit.words), opened(settings.media)
    yield words("READ ME") + ".txt", _text(_read_me(kit))
    for size in SIZES:
        yield f"{called['posters']}/{called['poster']} {size}.pdf", poster_pdf(kit.poster, size)
    for n, post in enumerate(kit.posts, 1):
        folder = f"{called['texts']}/{n:02} {safe(post.title)}"
        for network, text in post.texts.items():
            yield f"{folder}/{LABELS[network]}.txt", _text(text)
        for i, text in enumerate(post.wordings, 1):
            yield f"{folder}/{called['wording']} {i}.txt", _text(text)
        for i, (file, alt) in enumerate(post.pictures, 1):
            with suppress(FileNotFoundError):
                yield f"{folder}/{called['picture']} {i}{Path(file).suffix}", pictures.load(file)
                yield f"{folder}/{called['picture']} {i}.txt", _text(alt or words("This picture has no description."))
    yield from _frames(kit, settings, called["frames"])


def _frames(kit: Kit, settings: Settings, folder: str) -> Iterator[tuple[str, bytes]]:
    """Each frame with a silhouette, and alone with its hole. One whose file is broken is left out."""
    for n, row in enumerate(kit.frames, 1):
        try:
            frame = frame_of(kit.campaign, row.design, kit.section, frames_dir=settings.frames)
            yield f"{folder}/{n:02} {safe(row.name)}.png", preview(frame, EXAMPLE)
            if "square" in frame.formats:
                yield f"{folder}/{n:02} {safe(row.name)} ({kit.words('transparent')}).png", overlay(frame, "")
        except BadgeError:
            continue


def _called(words: Words) -> dict[str, str]:
    """Names of folders and files, in the reader's language."""
    return {
        "posters": words("Posters"),
        "poster": words("Poster"),
        "texts": words("Texts"),
        "wording": words("Other wording"),
        "picture": words("Picture"),
        "frames": words("Frames"),
    }


def _read_me(kit: Kit) -> str:
    words = kit.words
    lines = [
        f"{kit.campaign.name} · {kit.section}" if kit.section else kit.campaign.name,
        "",
        words("Posters: A4 and A3, to be printed. The code opens the bot in your section."),
        words("Texts: one for each network, with a link of your section. Its visits count for the post, and for nobody’s own figures."),
        words("Each picture has its description beside it: paste it where the network asks for one."),
        words("Frames: for badges; people make their own at {address}/badge.", address=kit.poster.address),
        words("Near a vote the law imposes silence: then hand nothing on, and put up nothing new."),
        "",
        *(f"{n:02} {post.title}: {post.link}" for n, post in enumerate(kit.posts, 1)),
    ]  # fmt: skip
    if not kit.posts:
        lines.append(words("No post may be shared now: the kit has none."))
    return "\n".join(lines)


def _text(text: str) -> bytes:
    """As the editors of every system read it: UTF-8 that says so, and line ends of Windows."""
    return ("\ufeff" + text.replace("\r\n", "\n").replace("\n", "\r\n") + "\r\n").encode()


def safe(name: str) -> str:
    """A name that no system refuses, and that leads out of no folder: accents stay, signs of paths go."""
    plain = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", name))
    return " ".join(re.sub(r'[\\/:*?"<>|]', " ", plain).split())[:60].strip(" .") or "–"


def _add(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, AS_MADE)  # its name is marked as UTF-8 where it is not plain ASCII
    info.external_attr = 0o644 << 16
    info.compress_type = (
        zipfile.ZIP_DEFLATED if name.endswith(".txt") else zipfile.ZIP_STORED
    )  # pictures do not get smaller
    file.writestr(info, content)
