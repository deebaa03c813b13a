"""What to settle before a program can go live, and before it asks, for the first page of the back office."""

from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _


class Task(NamedTuple):
    """Something to set up."""

    words: str
    url: str
    done: bool


def tasks_of(program: Any) -> list[Task]:
    """What to set up, in order; without a program there is only the first thing to do."""
    page = reverse("admin:referrals_program_change", args=[program.pk]) if program else ""
    add = {name: f"{reverse(f'admin:{name}_add')}?program={program.pk if program else ''}" for name in (
        "referrals_idealcustomerprofile", "rewards_incentive", "rewards_rewardrule", "referrals_membership",
    )}  # fmt: skip
    first = Task(
        _("Create the program: its name, promise and voice"),
        page or reverse("admin:referrals_program_add"),
        bool(program),
    )
    if not program:
        return [first]
    return [
        first,
        Task(_("Describe the ideal customer"), add["referrals_idealcustomerprofile"], program.has_profile),
        Task(
            _("Choose what people get, and when"),
            add["rewards_incentive" if not program.has_rule else "rewards_rewardrule"],
            program.has_rule,
        ),
        Task(_("Look at the ways to share"), f"{page}#channels-group", True),
        Task(_("Invite your colleagues"), add["referrals_membership"], program.has_members),
        Task(_("Say who writes and from where, and go live"), page, program.is_live),
    ]


def before_asking(program: Any) -> list[Task]:
    """What a live program needs before it asks by itself; nothing once a plan of it has begun."""
    if program.has_plan:
        return []
    files = reverse("admin:imports")
    return [
        Task(_("Bring your customers in"), f"{files}?what=people", program.has_people),
        Task(
            _("Bring in what they bought, or how satisfied they are: it tells whom to ask"),
            f"{files}?what=purchase",
            program.has_candidates,
        ),
        Task(
            _("Begin with a ready plan, look at its preview, set it live"),
            reverse("admin:campaigns_outreachplan_starters"),
            False,
        ),
    ]
