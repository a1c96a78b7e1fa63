"""Results: what supporters did and what became of publications, in a period, for reading and for taking away."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaigns import engagement, overviews, posts, result_files, results, wording_results
from campaigns.decisions import STATES
from campaigns.engagement import counts_of_posts
from campaigns.figures import SMALLEST
from campaigns.made_results import wanted_of
from campaigns.models import FileKind, Kind, Post, Territory
from campaigns.overviews import KINDS, METRICS, TABLES, listed, name_of, overview_of, sheet_of, sheets_of
from campaigns.periods import PERIODS, Period, period_of
from campaigns.results import OF_POSTS, Acts, best_hours
from campaigns.sentences import told
from campaigns.territory_results import Part, find, lines_of, territories_of
from campaigns.times import TimeProblem, zone
from campaigns.words import Words, mark
from networks import READ_PRICES, REPORTS
from web.console.access import Desk, desk_of
from web.console.charts import Chart, columns, heat, pieces
from web.console.files import made_file
from web.pages import nothing_here, page, row, words_of
from web.site import site_of

_ = mark
router = APIRouter()
PEOPLE = 200  # rows
DRAWN = (Kind.visit, Kind.opened, Kind.said_shared, Kind.received, Kind.recruited, Kind.badge_made)
VERDICTS = {
    wording_results.Verdict.too_few: _("Too few people to tell which wording brings more visits."),
    wording_results.Verdict.no_difference: _("No difference that could not be chance."),
    wording_results.Verdict.best: _("“{text}” is ahead of every other beyond chance."),
}


class Asked:
    """The period of a request, and what was wrong with it."""

    def __init__(self, request: Request, desk: Desk) -> None:
        given, now = request.query_params, site_of(request).clock()
        self.first, self.last, self.problem = given.get("from", ""), given.get("until", ""), ""
        try:
            self.period = period_of(desk.campaign, now, given.get("period", ""), self.first, self.last)
        except TimeProblem as problem:
            self.period, self.problem = period_of(desk.campaign, now), str(problem)

    @property
    def query(self) -> str:
        """The period as the end of an address."""
        if self.period.name:
            return f"?period={self.period.name}"
        return f"?from={self.period.first.isoformat()}&until={self.period.last.isoformat()}"


def _shown(request: Request, template: str, desk: Desk, asked: Asked, **values: Any) -> Response:
    return page(
        request,
        template,
        desk=desk,
        campaign=desk.campaign,
        period=asked.period,
        periods=PERIODS,
        query=asked.query,
        problem=asked.problem,
        kinds=KINDS,
        metrics=METRICS,
        said=lambda sentence: told(words_of(request), sentence),
        **values,
    )


def charts_of(acts: Acts, period: Period, words: Words, kinds: Sequence[Kind] = DRAWN) -> list[Chart]:
    """A chart of each kind of act that happened."""
    labels = [words.day(step, "d MMM" if period.daily else "MMM yyyy") for step in acts.steps]
    made = []
    for kind in kinds:
        counts = [by_kind[kind] for by_kind in acts.steps.values()]
        if any(counts):
            made.append(columns(words(KINDS[kind][0]), labels, counts, [words.number(count) for count in counts]))
    return made


def _change(words: Words) -> Callable[[int, int], str]:
    """How a sum stands to the one before; empty where that was nothing or too little to be a measure."""

    def said(now: int, before: int) -> str:
        if before < SMALLEST:
            return ""
        sign = "+" if now > before else "−" if now < before else "±"
        return f"{sign}{words.percent(abs(now - before) / before)}"

    return said


@router.get("/console/c/{slug}/results")
async def campaign_results(request: Request, slug: str) -> Response:
    desk = await desk_of(request, slug)
    asked, words, site = Asked(request, desk), words_of(request, desk.campaign), site_of(request)
    async with site.database.read() as session:
        seen = await overview_of(session, desk.campaign, asked.period, site.clock(), places=False)
    days = sheets_of(seen, words)[0]
    return _shown(
        request,
        "console/results.html",
        desk,
        asked,
        seen=seen,
        change=_change(words),
        charts=charts_of(seen.acts, asked.period, words),
        days=days,
        heat=heat(seen.acts.hours),
        best=listed(best_hours(seen.acts.hours), words),
        bars={
            each.channel.id: pieces(
                [
                    ("in_time", each.in_time),
                    ("late", each.late),
                    ("open", each.open),
                    ("missed", each.missed + each.failed),
                ]
            )
            for each in seen.channels
        },
        tells=lambda channel: (
            channel.network in REPORTS and (channel.network not in READ_PRICES or channel.metrics_cap)
        ),
        of_posts=OF_POSTS,
    )


@router.get("/console/c/{slug}/figures")
async def figures(request: Request, slug: str) -> Response:
    """Where results were before."""
    return RedirectResponse(f"/console/c/{(await desk_of(request, slug)).campaign.slug}/results", 301)


@router.get("/console/c/{slug}/results/supporters")
async def supporters(request: Request, slug: str) -> Response:
    """Since the beginning, of each person who agreed to be counted; for organizers only, and in no file."""
    desk = await desk_of(request, slug)
    async with site_of(request).database.read() as session:
        people = await engagement.counts_of_supporters(session, desk.campaign.id, PEOPLE)
        joined = await engagement.count_of_supporters(session, desk.campaign.id)
    return page(
        request,
        "console/results_supporters.html",
        desk=desk,
        campaign=desk.campaign,
        people=people,
        joined=joined,
        kinds=KINDS,
    )


@router.get("/console/c/{slug}/results/territories")
async def territory_list(request: Request, slug: str) -> Response:
    return await _territories(request, slug, None)


@router.get("/console/c/{slug}/results/territories/{territory_id:int}")
async def one_territory(request: Request, slug: str, territory_id: int) -> Response:
    return await _territories(request, slug, row(territory_id))


async def _territories(request: Request, slug: str, territory_id: int | None) -> Response:
    desk = await desk_of(request, slug)
    asked, words, site = Asked(request, desk), words_of(request, desk.campaign), site_of(request)
    today = site.clock().astimezone(zone(desk.campaign.timezone)).date()
    async with site.database.read() as session:
        tops = await territories_of(session, desk.campaign.id, asked.period, today)
    here: Part | None = None
    above: tuple[Territory, ...] = ()
    if territory_id is not None:
        found = find(tops, territory_id)
        if found is None:
            raise nothing_here()
        here, above = found
    lines = lines_of(here.below if here else tops, deepest=0 if here else 1)
    return _shown(
        request,
        "console/results_territories.html",
        desk,
        asked,
        here=here,
        above=above,
        lines=lines,
        highest=max([1, *(line.whole.sums[Kind.visit] for line in lines)]),
        name_of=lambda line: name_of(line, words),
        smallest=SMALLEST,
    )


@router.get("/console/c/{slug}/results/posts/{post_id:int}")
async def post_results(request: Request, slug: str, post_id: int) -> Response:
    desk = await desk_of(request, slug)
    words, site = words_of(request, desk.campaign), site_of(request)
    async with site.database.read() as session:
        post = await posts.find_post(session, desk.campaign.id, row(post_id))
        if post is None:
            raise nothing_here()
        period = _life_of(post, desk, request)
        acts = await results.acts_of_post(session, post.id, period)
        counts = (await counts_of_posts(session, [post.id]))[post.id]
        placed = await results.placed(session, post.id)
        compared = await wording_results.wordings_compared(session, post, site.clock())
    best = next((each for each in compared.wordings if each.number == compared.best), None) if compared else None
    return page(
        request,
        "console/results_post.html",
        desk=desk,
        campaign=desk.campaign,
        post=post,
        counts=counts,
        period=period,
        charts=charts_of(acts, period, words, OF_POSTS),
        acts=acts,
        kinds=KINDS,
        metrics=METRICS,
        of_posts=OF_POSTS,
        heat=heat(acts.hours),
        best=listed(best_hours(acts.hours), words),
        placed=placed,
        states=STATES,
        reports=REPORTS,
        read_prices=READ_PRICES,
        compared=compared,
        verdict=words(VERDICTS[compared.verdict], text=best.text if best else "") if compared else "",
    )


def _life_of(post: Post, desk: Desk, request: Request) -> Period:
    """A post's first thirty days, as far as they are over."""
    place = zone(desk.campaign.timezone)
    today = site_of(request).clock().astimezone(place).date()
    first = min((post.publish_at or post.created_at).astimezone(place).date(), today)
    return Period("", first, min(today, first + timedelta(days=29)), desk.campaign.timezone)


@router.get("/console/c/{slug}/results/table.csv")
async def as_csv(request: Request, slug: str) -> Response:
    """One of campaigns.overviews.TABLES, named by `table`; without a name, the first."""
    name = request.query_params.get("table", next(iter(TABLES)))
    if name not in TABLES:
        raise nothing_here()
    rows, places = (overviews.IN_A_FILE if name == "posts" else 0), name == "territories"
    desk, site = await desk_of(request, slug), site_of(request)
    words, period = words_of(request, desk.campaign), Asked(request, desk).period
    async with site.database.read() as session:
        seen = await overview_of(session, desk.campaign, period, site.clock(), posts=rows, places=places)
    made = await asyncio.to_thread(lambda: result_files.as_csv(sheet_of(seen, words, name)))
    file = f"{desk.campaign.slug}-{period.first.isoformat()}-{period.last.isoformat()}-{name}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file}"'}
    return Response(made, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/console/c/{slug}/results/all.xlsx")
async def as_workbook(request: Request, slug: str) -> Response:
    return await _made(request, slug, FileKind.results_xlsx)


@router.get("/console/c/{slug}/results/report.pdf")
async def as_report(request: Request, slug: str) -> Response:
    return await _made(request, slug, FileKind.report_pdf)


async def _made(request: Request, slug: str, kind: FileKind) -> Response:
    desk = await desk_of(request, slug)
    period, words = Asked(request, desk).period, words_of(request)
    first, last = (words.day(day, "d MMMM y") for day in (period.first, period.last))
    return await made_file(
        request, desk, kind, words("From {first} to {last}", first=first, last=last), wanted_of(period, words)
    )
