"""The console's menu: what lies where, and from which role on it is shown."""

from dataclasses import dataclass

from campaigns.models import Role
from campaigns.words import mark

_ = mark
RANKS = {role: rank for rank, role in enumerate(Role)}  # viewer, editor, approver, admin


@dataclass(frozen=True, slots=True)
class Entry:
    """A page. `path` stands behind the campaign's own address; the page itself checks the role once more."""

    label: str  # a msgid
    path: str
    icon: str  # a name of Font Awesome's solid set
    least: Role = Role.viewer
    territories: bool = False  # whether a role of one territory finds its own there


@dataclass(frozen=True, slots=True)
class Group:
    label: str  # a msgid; empty: the entries stand alone
    entries: tuple[Entry, ...]


MENU = (
    Group("", (Entry(_("Overview"), "", "gauge-high", territories=True),)),
    Group(
        _("Publishing"),
        (
            Entry(_("Write"), "/posts/new", "pen-to-square", Role.editor, territories=True),
            Entry(_("Posts"), "/posts", "newspaper", territories=True),
            Entry(_("Calendar"), "/calendar", "calendar-days"),
            Entry(_("Queue"), "/queue", "list-check"),
            Entry(_("Approvals"), "/approvals", "clipboard-check"),
            Entry(_("Live"), "/live", "tower-broadcast"),
            Entry(_("Results"), "/results", "chart-line"),
            Entry(_("Files"), "/files", "folder-open"),
        ),
    ),
    Group(
        _("People"),
        (
            Entry(_("Supporters"), "/people", "users", Role.editor),
            Entry(_("Territories"), "/territories", "sitemap"),
            Entry(_("Broadcasts"), "/broadcasts", "bullhorn"),
            Entry(_("Missions"), "/missions", "person-walking"),
            Entry(_("Events"), "/events", "bus"),
            Entry(_("Ideas"), "/ideas", "lightbulb", Role.editor),
            Entry(_("Referents and themes"), "/team", "people-group", Role.editor),
            Entry(_("Wall"), "/wall", "images"),
            Entry(_("Campaign kit"), "/kit", "box-open"),
            Entry(_("Badges by the dozen"), "/badges", "id-badge", Role.editor),
        ),
    ),
    Group(
        _("Set-up"),
        (
            Entry(_("Campaign"), "/setup/campaign", "sliders", Role.admin),
            Entry(_("Channels"), "/channels", "plug"),
            Entry(_("Frames"), "/setup/frames", "image-portrait", Role.admin),
            Entry(_("Organizers"), "/setup/organizers", "user-shield", Role.admin, territories=True),
            Entry(_("First steps"), "/start", "shoe-prints", Role.admin),
            Entry(_("Access"), "/setup/access", "key", Role.admin),
            Entry(_("Audit"), "/setup/audit", "clock-rotate-left", Role.admin),
        ),
    ),
)


def menu_for(role: Role, *, whole: bool = True) -> list[Group]:
    """The groups with the entries that a role sees, of the whole campaign or of a territory; no group is empty."""

    def sees(entry: Entry) -> bool:
        return RANKS[role] >= RANKS[entry.least] and (whole or entry.territories)

    seen = [Group(group.label, tuple(filter(sees, group.entries))) for group in MENU]
    return [group for group in seen if group.entries]


def current(role: Role, path: str) -> str:
    """The path of the entry that a page lies under: the longest that fits; empty for the overview."""
    paths = [entry.path for group in menu_for(role) for entry in group.entries if entry.path]
    return max((each for each in paths if path == each or path.startswith(f"{each}/")), key=len, default="")
