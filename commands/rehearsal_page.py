"""A rehearsal as one page that can be printed: in French, for the wall of the campaign's office."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from campaigns.models import Campaign
from campaigns.sentences import within
from campaigns.times import zone
from campaigns.words import Words
from schedules.rehearsal import RESTS, STILL_WAITS, UNAPPROVED, Act, Faults, Outcome, Rehearsal, Scene
from schedules.rehearsal_concerns import OTHER_POLICY, X_POLICY, Concern, Warned
from schedules.rehearsal_networks import Note, Told

OUTCOMES = {
    Outcome.out: "part",
    Outcome.held: "retenu",
    Outcome.missed: "manqué",
    Outcome.failed: "échoue",
    Outcome.unknown: "incertain",
    Outcome.waits: "attend",
    Outcome.refused: "impossible",
}
COUNTED = {
    Outcome.out: ("envoi part", "envois partent"),
    Outcome.held: ("retenu", "retenus"),
    Outcome.missed: ("manqué", "manqués"),
    Outcome.failed: ("échoue", "échouent"),
    Outcome.unknown: ("incertain", "incertains"),
    Outcome.waits: ("attend", "attendent"),
    Outcome.refused: ("impossible", "impossibles"),
}
NOTES = {
    Told.wait: "le réseau demande d’attendre {seconds} s",
    Told.down: "le réseau est injoignable",
    Told.silent_out: "le réseau l’a pris sans répondre : il est en ligne, et le programme ne peut pas le savoir",
    Told.silent_lost: "le réseau n’a pas répondu : il n’est pas en ligne, et le programme ne peut pas le savoir",
    Told.killed_before: "programme tué avant l’envoi : il n’est pas en ligne, et le programme ne peut pas le savoir",
    Told.killed_after: "programme tué après l’envoi : il est en ligne, et le programme ne peut pas le savoir",
    Told.killed_idle: "programme tué avant de commencer : rien n’est perdu, il part après le redémarrage",
}
CONCERNS = {
    Concern.refused: "« {title} » sur {channel} ({when}) sera refusé : {problem}",
    Concern.silent: "« {title} » sur {channel} ({when}) tombe dans un silence ({window}, jusqu’au {until}) : il sera retenu",
    Concern.alike: "« {title} » sur {channel} ({when}) et « {other} » sur {other_channel} ({other_when}) se ressemblent à {percent} %. {policy}",
    Concern.close: "« {title} » et « {other} » sur {channel} : {minutes} min d’écart ({when}, {other_when})",
}
CONCERN_TITLES = {
    Concern.refused: "Refusés par un réseau",
    Concern.silent: "Dans un silence légal",
    Concern.alike: "Textes presque identiques",
    Concern.close: "Moins de 5 minutes d’écart",
}
FAULTS = {
    Faults.storm: "Tempête : les réseaux demandent d’attendre, sont injoignables, ne répondent pas (tirage {seed}).",
    Faults.crash: "Coupures : le programme est tué puis redémarré (tirage {seed}).",
    Faults.dst: "Changements d’heure : le programme entier est déplacé sur les deux prochaines nuits.",
}
# What only a rehearsal says; the rest is in the catalog.
REASONS = {
    X_POLICY: "X interdit les textes presque identiques entre comptes : donnez à chaque compte sa propre formulation",
    OTHER_POLICY: "Qui suit les deux comptes le lit deux fois : donnez à chaque compte sa propre formulation",
    UNAPPROVED: "n’est pas encore approuvé et programmé : quelqu’un doit le faire d’abord",
    RESTS: "le canal est au repos : {reason}",
    STILL_WAITS: "attend toujours dans la file de son canal",
}
FRENCH = Words("fr")


@dataclass(frozen=True, slots=True)
class Line:
    """One publication on the page."""

    clock: str
    zone: str
    title: str
    channel: str
    outcome: Outcome
    said: str
    details: tuple[str, ...]
    cost: str


def page(found: Rehearsal) -> str:
    """The whole page: no other file belongs to it."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    home = found.campaign.timezone
    warnings = [(CONCERN_TITLES[c], [concern(w) for w in found.warnings if w.concern is c]) for c in Concern]
    return environment.get_template("rehearsal.html").render(
        campaign=found.campaign,
        made=format_datetime(found.now, "d MMMM yyyy 'à' HH:mm", tzinfo=zone(home), locale="fr"),
        faults=FAULTS[found.faults].format(seed=found.seed) if found.faults else "",
        scenes=[_scene(scene, found.campaign) for scene in found.scenes],
        warnings=[(title, lines) for title, lines in warnings if lines],
    )


def _scene(scene: Scene, campaign: Campaign) -> dict[str, Any]:
    days = []
    # By the campaign's days, so that overseas posts stand among the others in the order of time.
    for day, acts in groupby(scene.acts, lambda act: act.due_at.astimezone(zone(campaign.timezone)).date()):
        days.append((format_date(day, "EEEE d MMMM yyyy", locale="fr"), _lines(list(acts), campaign.timezone)))
    night = scene.night
    return {
        "night": night
        and f"Nuit du {format_date(night.day, 'd MMMM yyyy', locale='fr')} : {night.before:%H:%M} devient {night.after:%H:%M} ({night.zone})",
        "days": days,
        "posts": len({act.post_id for act in scene.acts}),
        "counts": [(outcome, n, COUNTED[outcome][n > 1]) for outcome in Outcome if (n := scene.counts[outcome])],
        "costs": [(channel, FRENCH.dollars(cost)) for channel, cost in scene.costs.items()],
        "cost": FRENCH.dollars(sum(scene.costs.values())) if scene.costs else "0\u202f$",
    }


def _lines(acts: Sequence[Act], home: str) -> list[Line]:
    found, before = [], None
    for act in acts:
        again = before is not None and (before.post_id, before.due_at) == (act.post_id, act.due_at)
        before = act
        found.append(
            Line(
                clock="" if again else f"{act.due_at.astimezone(zone(act.zone)):%H:%M}",
                zone="" if again or act.zone == home else act.zone,
                title="" if again else act.title,
                channel=act.channel,
                outcome=act.outcome,
                said=_said(act),
                details=tuple(_details(act)),
                cost=FRENCH.dollars(act.cost) if act.cost else "",
            )
        )
    return found


def _said(act: Act) -> str:
    said = OUTCOMES[act.outcome]
    if act.sent_at is not None and act.late >= timedelta(minutes=1):
        said += f" à {act.sent_at.astimezone(zone(act.zone)):%H:%M}"
    return said


def _details(act: Act) -> list[str]:
    told_by_notes = act.outcome is Outcome.out or (act.outcome is Outcome.unknown and act.notes)
    found = [french(act.reason)] if act.reason and not told_by_notes else []
    found += [note(n, act.zone) for n in act.notes]
    if act.moved is not None and act.moved.was != act.moved.now:
        found.append(
            f"{act.moved.local:%H:%M} reste {act.moved.local:%H:%M} : {_utc(act.moved.was)} → {_utc(act.moved.now)}"
        )
    if act.moved is not None and act.moved.twice:
        found.append(f"{act.moved.local:%H:%M} vient deux fois cette nuit-là : la première compte")
    return [line.replace(" :", "\u202f:").replace(" ;", "\u202f;") for line in found]


def note(of: Note, zone_name: str) -> str:
    return f"{of.at.astimezone(zone(zone_name)):%H:%M} · {NOTES[of.told].format(seconds=of.seconds)}"


def concern(warned: Warned) -> str:
    """A warning in French; what a rule or a network said within it too."""
    values = dict(warned.values)
    for name in ("problem", "policy"):
        if name in values:
            values[name] = french(values[name])
    return (
        CONCERNS[warned.concern]
        .format(**values)
        .replace("« ", "«\u202f")
        .replace(" »", "\u202f»")
        .replace(" :", "\u202f:")
    )


def french(sentence: str) -> str:
    """A rule's or a network's sentence in French where it is a known one, else as it is."""
    for english, translated in REASONS.items():
        parts = re.split(r"\{(\w+)\}", english)
        shape = "".join(f"(?P<{part}>.+?)" if i % 2 else re.escape(part) for i, part in enumerate(parts))
        if known := re.fullmatch(shape, sentence, re.DOTALL):
            return translated.format(**known.groupdict())
    return within(FRENCH, sentence)


def _utc(offset: timedelta) -> str:
    minutes = int(abs(offset).total_seconds()) // 60
    return f"UTC{'−' if offset < timedelta() else '+'}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")
