"""The fictional campaign that the demo plays: who it is, what it says, and when.

Typography is French: narrow no-break spaces (U+202F) inside «», and before : ; ! ?
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

NAME = "La Région respire"
SLUG = "la-region-respire"
SLOGAN = "Ensemble, la région respire"
HASHTAG = "LaRegionRespire"
ABOUT = (
    "Une liste d’habitantes et d’habitants pour des trains à l’heure, des lycées rénovés et une eau propre. "
    "Portée par quatre territoires, une seule voix\u202f: la vôtre."
)
PRIMARY, SECONDARY, TEXT = "#0B6E4F", "#12355B", "#FFFFFF"
TERRITORIES = ("Littoral", "Métropole", "Plateau", "Vallée")
ACCOUNT = "region_respire"  # on every network but Bluesky, whose names are domains
BLUESKY_HANDLE = "region-respire.test"
CHANNELS = {  # network -> what the team calls its channel
    "telegram": "Canal Telegram",
    "x": "Compte X",
    "mastodon": "Compte Mastodon",
    "bluesky": "Compte Bluesky",
    "facebook": "Page Facebook",
    "mail": "Relais par courriel",
}
EVERYWHERE = tuple(CHANNELS)
SENDER = f"{NAME} <relais@region-respire.example>"
SLOTS = "Mon-Fri 08:00, 12:30, 18:00; Sat-Sun 10:00"
# What X asks for a post, in dollars, and a cap that the demo soon reaches: with a link three fit.
X_PRICE, X_PRICE_LINK, X_CAP = 0.015, 0.200, 0.65
ORGANIZER, COLLEAGUE = "equipe@region-respire.example", "nadia@region-respire.example"
RELAYS = (  # name, territory: two referents each
    ("Aurélie Fontanel", "Littoral"),
    ("Yanis Morvan", "Littoral"),
    ("Solène Achard", "Métropole"),
    ("Idriss Belkacem", "Métropole"),
    ("Marguerite Vialle", "Plateau"),
    ("Loïc Estève", "Plateau"),
    ("Farida Roussel", "Vallée"),
    ("Bastien Corvol", "Vallée"),
)
NEAR_VOTE = 14  # days before the vote in which somebody else must say yes
LINK = "https://region-respire.example"


@dataclass(frozen=True)
class StageMission:
    """A mission `after` the demo's first start, of a territory or of all; `kind` is one of campaigns.models.MissionKind."""

    title: str
    place: str
    after: timedelta
    kind: str
    aim: str = ""
    territory: str | None = None
    capacity: int | None = None


THEMES = ("Le rail", "L’eau", "L’école")

MISSIONS = (
    StageMission(  # begins while the demo is looked at, so that it can be reported on
        "Tractage au marché", "Place du Marché", timedelta(minutes=2), "leaflets", "Parler du train du matin"
    ),
    StageMission(
        "Porte-à-porte à la Gare", "Devant la gare", timedelta(days=2), "doors", "Écouter, puis présenter la liste"
    ),
    StageMission(
        "Réunion chez une voisine",
        "12 rue des Lilas",
        timedelta(days=4),
        "meeting",
        territory="Littoral",
        capacity=8,
    ),
)


@dataclass(frozen=True)
class StageEvent:
    """An event `after` the demo's first start, or on the day of the vote; `kind` is one of campaigns.models.EventKind.

    Buses are (town, stop, how long before the beginning they leave, seats); `reminders` are hours before, None: as usual.
    """

    title: str
    place: str
    kind: str
    after: timedelta | None = None
    lasts: timedelta = timedelta(hours=2)
    about: str = ""
    buses: tuple[tuple[str, str, timedelta, int], ...] = ()
    reminders: tuple[int, ...] | None = None


EVENTS = (
    StageEvent(  # so near that its reminder comes while the demo is looked at
        "Réunion de lancement",
        "Halle aux grains",
        "rally",
        timedelta(hours=2, minutes=5),
        about="Discours, concert, et les quatre territoires à la tribune. Les bus sont gratuits.",
        buses=(
            ("Hautbois", "Gare routière", timedelta(hours=1), 3),
            ("Port-Clair", "Place de la Mairie", timedelta(minutes=55), 52),
        ),
        reminders=(2, 1),
    ),
    StageEvent("Premier tour", "Votre bureau de vote", "vote_day", about="Une pièce d’identité suffit."),
)


@dataclass(frozen=True)
class StagePost:
    """A post `after` the demo's first start. `poster` is a line for a drawn picture, with its description.

    `recurrence` makes it the first of a series; `before_vote` says instead how long before the polling day it comes,
    and `colleague` that somebody else of the team wrote it.
    """

    title: str
    text: str
    after: timedelta
    path: str | None = None
    share_kit: bool = True
    networks: tuple[str, ...] = EVERYWHERE
    versions: Mapping[str, str] = field(default_factory=dict)
    wordings: tuple[str, ...] = ()
    poster: tuple[str, str] | None = None
    recurrence: str | None = None
    before_vote: timedelta | None = None
    colleague: bool = False
    late_policy: str = "send"


def _in(**when: float) -> timedelta:
    return timedelta(**when)


POSTS = (
    StagePost(
        "La campagne est lancée",
        "C’est parti\u202f! Nous lançons «\u202fLa Région respire\u202f»\u202f: 57 bassins de vie, 10 départements, une seule énergie. "
        "Rejoignez-nous et portez la voix de votre territoire. #LaRegionRespire",
        _in(seconds=15),
        "/lancement",
        wordings=(
            "J’ai rejoint «\u202fLa Région respire\u202f». Des trains, des lycées, de l’eau propre\u202f: voilà une campagne qui parle de "
            "nos vies. Et vous\u202f? #LaRegionRespire",
            "Chez nous, tout le monde se plaint des trains. Une liste propose enfin un plan. Je la soutiens. #LaRegionRespire",
        ),
        poster=(
            "C’est parti\u202f!",
            "Affiche verte\u202f: «\u202fC’est parti\u202f!\u202f» et le slogan «\u202fEnsemble, la région respire\u202f».",
        ),
    ),
    StagePost(
        "Un train par heure, partout",
        "Un train par heure dans chaque gare, de 6\u202fh à 22\u202fh\u202f: c’est possible, et c’est chiffré (38\u202fmillions d’€ par an). "
        "Lisez la proposition et faites-la connaître. 🚆 #LaRegionRespire",
        _in(seconds=40),
        "/trains",
        wordings=(
            "Mon TER de 18\u202fh\u202f04 est encore supprimé. Il y a une solution, chiffrée, ici. 🚆 #LaRegionRespire",
        ),
    ),
    StagePost(
        "Portrait d’une référente",
        "«\u202fJe tracte depuis vingt ans, et c’est la première fois qu’on me demande mon avis.\u202f» Rencontre avec l’une de nos "
        "référentes de la Vallée. #LaRegionRespire",
        _in(seconds=100),
        "/portraits",
        networks=("telegram", "facebook", "mastodon"),
    ),
    StagePost(
        "Le plan train en trois temps",
        "Le plan train en trois temps, un fil\u202f🧵 Premier temps\u202f: les trains qui existent roulent enfin. On embauche 120 conducteurs et "
        "conductrices, on répare avant la panne, et la Région publie chaque lundi la ponctualité de chaque ligne, gare par gare. #LaRegionRespire\n---\n"
        "Deuxième temps, dès la deuxième année\u202f: un train par heure dans chaque gare, de 6\u202fh à 22\u202fh, le dimanche aussi. Les "
        "correspondances attendent, les bus partent quand le train arrive. Vingt gares rouvrent leurs guichets.\n---\n"
        "Troisième temps\u202f: le billet à un euro pour les moins de 26 ans et les demandeurs et demandeuses d’emploi. Coût total\u202f: 38\u202fmillions "
        "d’€ par an, moins qu’un échangeur d’autoroute. Tout est chiffré, ligne par ligne. À vous de le dire autour de vous.",
        _in(seconds=60),
        networks=("x", "mastodon", "bluesky"),
        share_kit=False,
    ),
    StagePost(
        "Réunion de lancement\u202f: les bus",
        "Samedi, 13\u202fh\u202f45, halle aux grains\u202f: réunion de lancement\u202f! Des bus partent de toutes les grandes villes. "
        "Réservez votre place, c’est gratuit. 🚌 #LaRegionRespire",
        _in(seconds=80),
        "/bus",
        poster=(
            "Samedi, 13\u202fh\u202f45",
            "Affiche\u202f: réunion de lancement, samedi à 13\u202fh\u202f45, halle aux grains.",
        ),
    ),
    StagePost(
        "Lycées\u202f: le plan rénovation",
        "120 lycées à rénover, et les 30 plus froids dès la première année. Parents, élèves, enseignant·es\u202f: dites-nous ce qui "
        "ne va pas dans le vôtre. #LaRegionRespire",
        _in(minutes=2),
        "/lycees",
    ),
    StagePost(
        "Porte-à-porte de dimanche",
        "Dimanche, porte-à-porte dans les quatre territoires\u202f: départ à 10\u202fh devant les mairies. On fournit les tracts, "
        "le café… et la bonne humeur ☕ #LaRegionRespire",
        _in(minutes=12),
        "/porte-a-porte",
    ),
    StagePost(
        "L’eau, notre bien commun",
        "Une eau propre au robinet, partout\u202f: régie publique, nappes protégées, analyses en ligne chaque semaine. 💧 #LaRegionRespire",
        _in(minutes=30),
        "/eau",
    ),
    StagePost(
        "La convention en direct",
        "La convention commence\u202f! Discours d’ouverture à 12\u202fh\u202f45, puis les quatre territoires à la tribune. À suivre en direct 👉",
        _in(hours=2),
        "/direct",
        networks=("telegram", "mastodon", "bluesky"),
        share_kit=False,
        late_policy="drop",  # told live, or not at all
    ),
    StagePost(
        "Cent badges de soutien",
        "Déjà cent badges de soutien\u202f! Faites le vôtre en une minute, avec votre photo et votre prénom. #LaRegionRespire",
        _in(hours=20),
        "/badge",
    ),
    StagePost(
        "Ce que disent les soignant·es",
        "«\u202fOn ne demande pas la lune, on demande des bus le soir.\u202f» Elles et ils soignent la région\u202f; écoutons-les. #LaRegionRespire",
        _in(days=1, hours=1),
        "/soin",
        versions={
            "x": "«\u202fOn ne demande pas la lune, on demande des bus le soir.\u202f» Les soignant·es de la région #LaRegionRespire"
        },
    ),
    StagePost(
        "Questions, réponses",
        "Qui finance\u202f? Qui décide\u202f? Combien ça coûte\u202f? Toutes vos questions, toutes nos réponses, sans langue de bois. #LaRegionRespire",
        _in(days=2),
        "/questions",
    ),
    StagePost(
        "Dernière ligne droite",
        "Plus que quelques jours. Un message à dix ami·es, c’est dix conversations\u202f: à vous de jouer\u202f! #LaRegionRespire",
        _in(days=4),
        "/a-vous",
        wordings=("Je ne poste jamais de politique. Cette fois, si. #LaRegionRespire",),
    ),
    StagePost(
        "Rendez-vous du mardi",
        "Chaque premier mardi, 18\u202fh\u202f30, on se retrouve dans les quatre territoires. Venez comme vous êtes, repartez avec des tracts. #LaRegionRespire",
        _in(days=5),
        "/mardis",
        networks=("telegram", "facebook", "mail"),
        share_kit=False,
        wordings=(
            "Mardi, c’est réunion\u202f! Une heure pour préparer la semaine, chez vous, dans votre territoire. #LaRegionRespire",
        ),
        recurrence="every first Tuesday at 09:00",
    ),
    StagePost(
        "Notre réponse sur les tarifs",
        "On nous dit que le billet à un euro ruinera la région. Les comptes sont publics\u202f: il coûte moins que les remises "
        "accordées aux autoroutes. Jugez vous-mêmes. #LaRegionRespire",
        _in(),
        "/comptes",
        before_vote=_in(days=4, hours=-9),
        colleague=True,
        late_policy="ask",
    ),
    StagePost(
        "La veille, on se tait",
        "Merci à toutes celles et tous ceux qui ont porté cette campagne. Demain, on vote. #LaRegionRespire",
        _in(),
        before_vote=_in(hours=14),
        networks=("telegram", "mastodon"),
        share_kit=False,
        colleague=True,
    ),
)
