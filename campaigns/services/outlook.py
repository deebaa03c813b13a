"""What would become of a message to one person, told to whoever is writing it: why not, until when it waits, and what
can be done about it. The same rules as the planner's and the outbox's, which are asked here and judge once more."""

from datetime import datetime
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.factors import budget_left
from campaigns.models import UNASKED, Ask, Message, OutreachPlan
from campaigns.services.contact_hours import zone_of
from campaigns.services.holding import Checks
from campaigns.services.pressure import Hold
from campaigns.services.prospects import Hindrance, judged
from referrals.models import Advocate

Held = Message.Held
THANK = gettext_lazy("You may still thank them.")
# What can be done about it, by what the planner or the outbox says.
ADVICE: dict[str, str | Promise] = {
    Held.SUPPRESSED: gettext_lazy(
        "Only they can take that back, on the page to which every mail of ours leads. If the address is wrong, "
        "correct it on their page."
    ),
    Held.TOPIC: gettext_lazy("Only they can change that. Choose words for something else, or call them."),
    Held.CHANNEL: gettext_lazy("Write to them another way, or call them."),
    Held.ADDRESS: gettext_lazy("Add one on their page, or write to them another way."),
    Held.PAUSED: gettext_lazy("Wait until then, or call them if it cannot wait."),
    Hindrance.DECLINED: gettext_lazy("A no is remembered for good. You may still thank them."),
    Hindrance.UNSATISFIED: gettext_lazy("Hear them out first: call them. Ask when it is put right."),
    Hindrance.OTHER_ROUND: gettext_lazy(
        "A plan asks them already. Stop their round there first, or let it end. You may still thank them."
    ),
    Hindrance.RESTING: THANK,
    Hindrance.TOO_EARLY: gettext_lazy("Ask them from tomorrow on. Today you may thank them."),
    Hindrance.OUT: gettext_lazy("They belong to another program of yours. Write to them from there."),
}  # fmt: skip


class Standing(NamedTuple):
    """The plan that keeps such messages, the round that goes on with this person, if one does, and whether something of
    it still waits or has left."""

    plan: OutreachPlan
    ask: Ask | None
    waits: bool = False
    left: bool = False


class Outlook(NamedTuple):
    """Whether it may leave, what becomes of it, and what can be done if that is nothing."""

    may: bool
    said: str
    advice: str = ""
    # Such as how many messages they may still get this month.
    budget: str = ""


def foresee_leaving(message: Message, *, by_hand: bool, now: datetime) -> Outlook:
    """What the outbox would say to it now. A person may write at night, and is told what the person got lately."""
    hold = Checks([message], now=now).hold(message)
    budget = _budget(message, now)
    if hold and hold.status == Message.Status.WITHHELD:
        return _no(hold.reason, hold.why)
    if by_hand:
        said = _("It waits on your list until you have sent it from your own mail program.")
        return Outlook(True, said, budget=budget)
    if hold is None:
        return Outlook(True, _("It leaves at once."), budget=budget)
    return Outlook(True, _waits(message, hold), budget=budget)


def foresee_asking(
    advocate: Advocate, at: Standing, *, follows_up: bool, way: str, now: datetime
) -> Outlook | None:
    """Why nobody may ask this person now, or follow up on that, in person; None if somebody may."""
    if not at.plan.is_live:
        said = _("“%(plan)s” is stopped.") % {"plan": at.plan}
        return Outlook(False, said, _("A manager lets it go on, on the page of that plan."))
    if refusal := _of_round(at, follows_up=follows_up):
        return Outlook(False, *refusal)
    [person] = judged(Advocate.objects.filter(pk=advocate.pk), at.plan, now=now, by_hand=True, way=way)
    hindrance = person.hindrance
    if not hindrance or (at.ask and hindrance == Hindrance.OTHER_ROUND):
        return None
    return _no(str(Hindrance(hindrance).label), hindrance)


def _of_round(at: Standing, *, follows_up: bool) -> tuple[str, str] | None:
    if at.waits:
        return (
            _("The last message to them has not left yet."),
            _("Let it leave first; or hold it back, in the outbox or on your list, and write another."),
        )
    if follows_up and not at.left:
        return _("Nobody has asked them personally lately."), _("Begin with words that ask.")
    if at.left and not follows_up:
        return (
            _("They were asked personally, and their answer is still awaited."),
            _("Follow up on it: choose such words above."),
        )
    if at.ask and at.ask.touches >= at.plan.touches:
        words = ngettext("They got %(count)d message.", "They got %(count)d messages.", at.ask.touches)
        return words % {"count": at.ask.touches}, _("That is as many as one round has. Call them.")
    return None


def _no(reason: str, why: str) -> Outlook:
    said = _("It may not leave: %(reason)s.") % {"reason": reason.rstrip(".")}
    return Outlook(False, said, str(ADVICE.get(why, "")))


def _waits(message: Message, hold: Hold) -> str:
    zone = zone_of(message.advocate, message.program)
    until = hold.until.astimezone(zone) if hold.until else None
    if until is None:
        return _("It waits: %(reason)s.") % {"reason": hold.reason.rstrip(".")}
    return _("It leaves on %(day)s at %(time)s (%(zone)s). Until then: %(reason)s.") % {
        "day": date_format(until, "l j F"), "time": date_format(until, "H:i"), "zone": zone.key,
        "reason": hold.reason.rstrip("."),
    }  # fmt: skip


def _budget(message: Message, now: datetime) -> str:
    if message.purpose not in UNASKED or message.advocate_id is None:
        return ""
    most, left = budget_left([message.advocate_id], now=now)
    words = ngettext(
        "%(left)d of %(most)d message left for them within 30 days, before this one.",
        "%(left)d of %(most)d messages left for them within 30 days, before this one.",
        most,
    )
    return words % {"left": left.get(message.advocate_id, most), "most": most}
