"""What each role may do: one table, made equal to Django's groups by ``sync_roles()``.

A role belongs to a membership, so it counts in that program only: the groups say which pages a person
sees at all, ``grants()`` says what they may do with a row of a program.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Exists, OuterRef, Q

from referrals.models import FollowUp, Membership, Program

Role = Membership.Role
VIEW, EDIT, ALL = "v", "vac", "vacd"
VERBS = {"v": "view", "a": "add", "c": "change", "d": "delete"}

# model → what manager, sales, support and analyst may do: v(iew), a(dd), c(hange), d(elete).
TABLE: dict[str, tuple[str, str, str, str]] = {
    "referrals.program": ("vac", VIEW, VIEW, VIEW),
    "referrals.idealcustomerprofile": (EDIT, VIEW, VIEW, VIEW),
    "referrals.question": (ALL, VIEW, VIEW, VIEW),
    "referrals.channel": (ALL, VIEW, VIEW, VIEW),
    "referrals.membership": (ALL, "", "", VIEW),
    "referrals.caller": (ALL, VIEW, VIEW, VIEW),
    "referrals.absence": (ALL, ALL, ALL, VIEW),
    "referrals.apikey": ("vac", "", "", ""),
    "referrals.advocate": (EDIT, EDIT, EDIT, VIEW),
    "referrals.segment": (ALL, VIEW, VIEW, VIEW),
    "referrals.tag": (ALL, VIEW, VIEW, VIEW),
    "referrals.finder": (EDIT, VIEW, VIEW, VIEW),
    "referrals.enrolment": (EDIT, EDIT, EDIT, VIEW),
    "referrals.referral": (EDIT, EDIT, "va", VIEW),
    "referrals.followup": (EDIT, EDIT, "vc", VIEW),
    "referrals.claim": ("vc", VIEW, VIEW, VIEW),
    "referrals.mention": ("vc", "vc", "vc", VIEW),
    "referrals.attribution": ("vc", VIEW, VIEW, VIEW),
    "referrals.risksignal": (ALL, VIEW, VIEW, VIEW),
    "referrals.conversion": ("vc", VIEW, VIEW, VIEW),
    "referrals.lead": ("vd", VIEW, "", VIEW),
    "referrals.consent": (VIEW, VIEW, VIEW, VIEW),
    "referrals.event": (VIEW, VIEW, VIEW, VIEW),
    "referrals.hooksource": ("vac", "", "", VIEW),
    "referrals.hookmapping": (ALL, "", "", VIEW),
    "referrals.hookdelivery": ("vc", "", "vc", VIEW),
    "referrals.sitewidget": (ALL, "", "", VIEW),
    "referrals.webhookendpoint": (ALL, "", "", VIEW),
    "referrals.webhookcall": ("vc", "", "", VIEW),
    "referrals.importfile": ("va", "", "", ""),
    "rewards.rewardscheme": (EDIT, VIEW, VIEW, VIEW),
    "rewards.incentive": (ALL, VIEW, VIEW, VIEW),
    "rewards.couponcode": (VIEW, VIEW, VIEW, VIEW),
    "rewards.mysterybox": (ALL, VIEW, VIEW, VIEW),
    "rewards.mysteryoutcome": (ALL, VIEW, VIEW, VIEW),
    "rewards.rewardrule": (ALL, VIEW, VIEW, VIEW),
    "rewards.tier": (ALL, VIEW, VIEW, VIEW),
    "rewards.prize": (ALL, VIEW, VIEW, VIEW),
    "rewards.charity": (ALL, VIEW, VIEW, VIEW),
    "rewards.contest": (EDIT, VIEW, VIEW, VIEW),
    "rewards.contestaction": (ALL, VIEW, VIEW, VIEW),
    "rewards.contestprize": (ALL, VIEW, VIEW, VIEW),
    "rewards.contestentry": (VIEW, VIEW, VIEW, VIEW),
    "rewards.budget": (ALL, "", "", VIEW),
    "rewards.taxthreshold": (ALL, "", VIEW, VIEW),
    "rewards.reward": (EDIT, VIEW, VIEW, VIEW),
    "rewards.fulfilmentcall": ("vc", "", "vc", VIEW),
    "rewards.ledgertransaction": (VIEW, "", "", VIEW),
    "campaigns.messagetemplate": (ALL, VIEW, VIEW, VIEW),
    "campaigns.calltask": ("vc", "vc", "vc", VIEW),
    "campaigns.brandvoice": (EDIT, VIEW, VIEW, VIEW),
    "campaigns.regularmail": (EDIT, VIEW, VIEW, VIEW),
    "campaigns.message": (EDIT, VIEW, "vc", VIEW),
    "campaigns.outreachplan": (ALL, VIEW, VIEW, VIEW),
    "campaigns.planstep": (ALL, VIEW, VIEW, VIEW),
    "campaigns.survey": (ALL, VIEW, VIEW, VIEW),
    "campaigns.surveytext": (ALL, VIEW, VIEW, VIEW),
    "campaigns.reviewplace": (ALL, VIEW, VIEW, VIEW),
    "campaigns.surveyresponse": ("vc", VIEW, VIEW, VIEW),
    "campaigns.testimonial": ("vc", VIEW, VIEW, VIEW),
    "campaigns.byhand": ("vc", "vc", "vc", VIEW),
    "campaigns.heldback": (VIEW, VIEW, VIEW, VIEW),
    "campaigns.ask": ("vc", VIEW, VIEW, VIEW),
    "campaigns.contactpolicy": ("vc", VIEW, VIEW, VIEW),
    "campaigns.suppression": ("va", "", "va", VIEW),
    "campaigns.experiment": ("vac", VIEW, VIEW, VIEW),
    "campaigns.experimentarm": (ALL, VIEW, VIEW, VIEW),
    "campaigns.alertchoice": (ALL, ALL, ALL, ALL),
    "campaigns.digestsubscription": (ALL, ALL, ALL, ALL),
}
ORDER = (Role.MANAGER, Role.SALES, Role.SUPPORT, Role.ANALYST)


def grants(role: str, verb: str, model: Any) -> bool:
    """Whether this role allows ``verb`` (view, add, change, delete) on rows of this model."""
    row = TABLE.get(model._meta.label_lower)
    return row is not None and any(VERBS[letter] == verb for letter in row[ORDER.index(Role(role))])


def roles_of(user: Any) -> dict[int, str]:
    """The person's role in each of their programs; looked up once for each request's user."""
    if not hasattr(user, "_roles"):
        user._roles = dict(Membership.objects.filter(user=user).values_list("program_id", "role"))
    found: dict[int, str] = user._roles
    return found


def programs_granting(user: Any, verb: str, model: Any) -> Any:
    """The programs in which this person may do this."""
    if user.is_superuser:
        return Program.objects.all()
    granted = [program for program, role in roles_of(user).items() if grants(role, verb, model)]
    return Program.objects.filter(pk__in=granted)


def members_of(program: Program) -> Any:
    """Colleagues with a role in this program."""
    return User.objects.filter(memberships__program=program, is_staff=True, is_active=True).distinct()


def called(people: Iterable[User]) -> dict[str, User]:
    """These colleagues by user name, address and full name, in small letters; a name that two share is nobody's."""
    found: dict[str, set[User]] = {}
    for person in people:
        for name in {person.username, person.email, person.get_full_name()} - {""}:
            found.setdefault(name.casefold(), set()).add(person)
    return {name: min(who, key=lambda one: one.pk) for name, who in found.items() if len(who) == 1}


def callers_in(programs: Any) -> Any:
    """Colleagues who may make a call in at least one of these programs: whoever else got one could not open it."""
    roles = [role for role in ORDER if grants(role, "change", FollowUp)]
    member = Membership.objects.filter(user=OuterRef("pk"), program__in=programs, role__in=roles)
    people = User.objects.filter(is_staff=True, is_active=True).order_by("username")
    return people.filter(Q(is_superuser=True) | Exists(member))


def sync_roles() -> None:
    """Make the groups equal to the table. Repeatable; needs the permissions, so run it after ``migrate``."""
    known = {
        f"{app}.{codename}": pk
        for pk, app, codename in Permission.objects.values_list("pk", "content_type__app_label", "codename")
    }
    for column, role in enumerate(ORDER):
        group, _is_new = Group.objects.get_or_create(name=role.value)
        group.permissions.set(known[name] for name in _permissions(column))


def _permissions(column: int) -> list[str]:
    return [
        f"{app}.{VERBS[letter]}_{model}"
        for (app, model), row in ((label.split("."), row) for label, row in TABLE.items())
        for letter in row[column]
    ]
