"""Where a recommendation stands, in the words of whoever recommended: state, why, what comes next.

The friend's reasons stay the friend's: the advocate reads that somebody decided against it, not why.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from referrals.models import Referral

GOOD, WAITING, OVER = "good", "waiting", "over"
THIS_WEEK = timedelta(days=6)


class Standing(NamedTuple):
    """``tone`` is for the dot's colour; ``state`` a word or two, ``why`` a sentence, ``then`` another or none."""

    tone: str
    state: str
    why: str
    then: str = ""


def of_referral(referral: Referral, *, call_by: datetime | None, now: datetime) -> Standing:
    """``call_by`` is when the open call is due, if there is one. Reads only the referral and its program."""
    names = {"friend": referral.first_name or _("your friend")}
    if referral.erased_at:
        return Standing(
            OVER, _("Forgotten"), _("This person asked us to delete what we know of them, and we did.")
        )
    match referral.status:
        case Referral.Status.UNDER_REVIEW:
            return Standing(
                WAITING,
                _("Being looked at"),
                _("Somebody here looks at this one before we go on. You have nothing to do.") % names,
            )
        case Referral.Status.QUALIFIED:
            return Standing(
                WAITING,
                _("Talking"),
                _("We have talked, and %(friend)s may be just right for us.") % names,
                _("You hear from us as soon as it is decided."),
            )
        case Referral.Status.CONVERTED:
            return Standing(GOOD, _("Customer"), _("%(friend)s became a customer. Thank you.") % names)
        case Referral.Status.LOST:
            return Standing(OVER, _("Did not work out"), _why_lost(referral) % names, _after_lost(referral))
        case Referral.Status.REJECTED:
            return _of_rejected(referral, names)
    return _of_open(referral, names, call_by, now)


def moment(referral: Referral, at: datetime, now: datetime) -> str:
    """The moment on the clock of the program's office: “Thursday, 14:00” within a week, else “March 12, 14:00”."""
    local = referral.program.local(at)
    day = "l" if abs(at - now) < THIS_WEEK else "MONTH_DAY_FORMAT"
    return f"{date_format(local, day)}, {date_format(local, 'H:i')}"


def _of_open(referral: Referral, names: dict[str, str], call_by: datetime | None, now: datetime) -> Standing:
    said_yes = _("%(friend)s said yes and wants to hear from us.") % names
    then = _("We get in touch with %(friend)s.") % names
    if call_by:
        names = names | {"when": moment(referral, call_by, now)}
        then = _("We call %(friend)s by %(when)s.") % names
        if call_by < now:
            then = _("We meant to call %(friend)s by %(when)s and are late. Our people know.") % names
    if referral.status == Referral.Status.CONTACTED:
        why = _("We have been in touch with %(friend)s.") % names
        return Standing(WAITING, _("In touch"), why, then if call_by else _("We stay in touch."))
    why = said_yes if referral.accepted_at else _("%(friend)s knows from us that you recommended us.") % names
    return Standing(WAITING, _("New"), why, then)


def _of_rejected(referral: Referral, names: dict[str, str]) -> Standing:
    known = {
        Referral.Reason.EXISTING_CUSTOMER,
        Referral.Reason.ALREADY_REFERRED,
        Referral.Reason.CIRCLE,
    }
    if referral.status_reason in known:
        why = _("We were already in touch with %(friend)s, so this one cannot count.")
        return Standing(OVER, _("Does not count"), why % names, _("Whom else do you know?"))
    why = _("We looked at this one, and it cannot count.")
    return Standing(OVER, _("Does not count"), why, ask_us())


def _why_lost(referral: Referral) -> str:
    reasons: dict[str, Callable[[], str]] = {
        Referral.Reason.DECLINED: lambda: _("%(friend)s said no thanks, and we leave it there."),
        Referral.Reason.WRONG_PERSON: lambda: _("The address or number we have did not lead to %(friend)s."),
        Referral.Reason.NO_ANSWER: lambda: _("We tried several times and could not reach %(friend)s."),
        Referral.Reason.NOT_A_FIT: lambda: _("We are not the right ones for %(friend)s, and said so."),
    }
    chosen = reasons.get(referral.status_reason)
    return chosen() if chosen else _("%(friend)s decided against it this time.")


def _after_lost(referral: Referral) -> str:
    if referral.status_reason in {Referral.Reason.WRONG_PERSON, Referral.Reason.NO_ANSWER}:
        return _("Do you know another way to reach them? Write to us.")
    return _("Thank you for thinking of us.")


def ask_us() -> str:
    return _("You think that is wrong? Write to us.")
