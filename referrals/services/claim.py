"""“I recommended you to them”: what an advocate says, who that may be, and what a person makes of it."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from referrals.likeness import are_alike, likeness
from referrals.locks import hold
from referrals.models import Attribution, Claim, Consent, Enrolment, Event, Program, Referral, Touch
from referrals.models.attribution import Way
from referrals.models.person import is_person
from referrals.services.sale import decide
from referrals.services.touch import Buyer, note_touches
from referrals.services.twin import bound, call_soon, hand_to
from referrals.transitions import Moved, Refused

CLAIMS_A_DAY = 5
MOST_CANDIDATES = 20
Status, TieRule = Claim.Status, Program.TieRule


class Candidate(NamedTuple):
    """A referral that the claim may mean: why, and whether a reward has been handed out for it."""

    referral: Referral
    why: str
    is_theirs: bool
    is_handed_out: bool


class Proposal(NamedTuple):
    """What the program's rule says to a claim: a status to bring it to, or nothing, and why."""

    answer: Claim.Status | None
    words: str


def make_claim(
    enrolment: Enrolment, *, name: str, email: str, phone: str, happened_on: date, words: str, now: datetime
) -> Claim:
    """Take a claim in. The same claim again, while it is open, is the same. Raises Refused with a sentence
    after too many in a day."""
    claim = Claim(
        program_id=enrolment.program_id, enrolment=enrolment, name=name, email=email, phone=phone,
        happened_on=happened_on, words=words, made_at=now, status_at=now,
    )  # fmt: skip
    claim.set_keys()
    with transaction.atomic():
        hold([f"advocate:{enrolment.pk}"])
        mine = Claim.objects.filter(enrolment=enrolment)
        same = mine.open().filter(email_key=claim.email_key, phone_key=claim.phone_key, name=name)
        if known := same.first():
            return known
        if mine.filter(made_at__gt=now - timedelta(days=1)).count() >= CLAIMS_A_DAY:
            raise Refused(_("That is as many as we can look into in a day. Please come back tomorrow."))
        claim.save()
        made = Event(
            kind=Event.Kind.CLAIM_MADE, program_id=claim.program_id, advocate_id=enrolment.advocate_id,
            occurred_at=now, data={"claim": claim.pk}, dedup_key=f"claim:{claim.pk}:made",
        )  # fmt: skip
        Event.objects.record([made], now=now)
    return claim


def candidates(claim: Claim) -> list[Candidate]:
    """Referrals of the program that the claim may mean, the likeliest first; in two queries."""
    person = is_person(email_key=claim.email_key, phone_key=claim.phone_key)
    named = Q(name__iexact=claim.name)
    if like := likeness(claim.name, claim.email):
        named |= Q(likeness=like)
    rows = Referral.objects.filter(person | named, program_id=claim.program_id, erased_at=None)
    found = list(
        rows.select_related("enrolment__advocate", "program").order_by("-submitted_at", "-pk")[
            :MOST_CANDIDATES
        ]
    )
    handed_out = bound([row.pk for row in found])
    found.sort(key=lambda row: not _is_same(claim, row))
    return [
        Candidate(row, why, row.enrolment_id == claim.enrolment_id, row.pk in handed_out)
        for row in found
        if (why := _why(claim, row))
    ]


def _is_same(claim: Claim, row: Referral) -> bool:
    return bool({claim.email_key, claim.phone_key} & {row.email_key, row.phone_key} - {""})


def _why(claim: Claim, row: Referral) -> str:
    if _is_same(claim, row):
        return _("same address or number")
    if row.name.lower() == claim.name.lower():
        return _("same name")
    return _("name and address are alike") if are_alike(claim.name, claim.email, row.name, row.email) else ""


def others_about(claim: Claim) -> list[Claim]:
    """Open claims of other advocates that mean the same friend, who talked first coming first."""
    person = is_person(email_key=claim.email_key, phone_key=claim.phone_key)
    same = Claim.objects.open().filter(person | Q(name__iexact=claim.name), program_id=claim.program_id)
    others = same.exclude(enrolment=claim.enrolment_id).select_related("enrolment__advocate")
    return list(others.order_by("happened_on", "pk")[:MOST_CANDIDATES])


def propose(claim: Claim, found: Sequence[Candidate]) -> Proposal:
    """What the program's rule for ties says to this claim. A yes is proposed only where accepting works: a
    friend for whom somebody else was rewarded cannot move, so that goodwill is what is left."""
    others = [candidate for candidate in found if not candidate.is_theirs]
    if not found:
        return _of_unknown(claim)
    if not others:
        return Proposal(None, _("The advocate has this friend already. Look at that referral."))
    by_rule = _by_rule(claim, others[0].referral)
    if by_rule.answer == Status.REJECTED or not others[0].is_handed_out:
        return by_rule
    paid = _("%(other)s has been rewarded for this friend, who can therefore not move: goodwill instead.") % {
        "other": others[0].referral.enrolment.advocate
    }
    answer = Status.GOODWILL if by_rule.answer else None
    return Proposal(answer, f"{by_rule.words} {paid}")


def _of_unknown(claim: Claim) -> Proposal:
    if _missed_sales(claim).exists():
        return Proposal(
            Status.ACCEPTED,
            _(
                "Nobody has named this friend, who bought: accepting makes a new referral, for which it counts."
            ),
        )
    return Proposal(
        None,
        _(
            "Nobody has named this friend: accepting makes a new referral. Nothing shows that they came to you: "
            "ask the advocate, or say that nobody of that name came."
        ),
    )


def _missed_sales(claim: Claim) -> Any:
    """Sales to this friend that count for nobody."""
    person = is_person(email_key=claim.email_key, phone_key=claim.phone_key)
    nobodys = Attribution.objects.filter(standing=Attribution.Standing.NOBODY)
    return nobodys.filter(person, program=claim.program_id)


def _by_rule(claim: Claim, other: Referral) -> Proposal:
    """What the rule would say if nothing had been handed out."""
    names = {"who": claim.enrolment.advocate, "other": other.enrolment.advocate}
    said, came = _moment(claim), other.submitted_at
    match claim.program.tie_rule:
        case TieRule.FIRST_NAMED:
            if said < came:
                return Proposal(
                    Status.ACCEPTED,
                    _("%(who)s was first: they say they talked before %(other)s named the friend.") % names,
                )
            return Proposal(Status.REJECTED, _("%(other)s named the friend first.") % names)
        case TieRule.LAST_TOUCH:
            if said > came:
                words = _("%(who)s was in touch with the friend after %(other)s.") % names
                return Proposal(Status.ACCEPTED, words)
            words = _("%(other)s was in touch with the friend later.") % names
            return Proposal(Status.REJECTED, words)
    return Proposal(
        None, _("Both %(who)s and %(other)s say so. In this program you decide each time.") % names
    )


def accept_claim(
    claims: Any, *, now: datetime, by: Any, referral: Referral | None = None, note: str = ""
) -> Moved:
    """The advocate is right: the chosen referral, with its sales, counts for them; without one there is a new
    referral, and sales that nobody had recommended count for them as well.

    Raises Refused with a sentence when a reward has been handed out to somebody else.
    """
    with transaction.atomic():
        claim = claims.select_related("enrolment__advocate", "program").get()
        if not claim.may_become(Status.ACCEPTED):
            return Moved([], [claim])
        theirs = _attach(claim, referral, now, by, note)
        Claim.objects.filter(pk=claim.pk).update(referral=theirs)
        return Claim.objects.filter(pk=claim.pk).advance(Status.ACCEPTED, now=now, by=by, note=note)


def reject_claims(claims: Any, *, now: datetime, by: Any, reason: str, note: str = "") -> Moved:
    """Say no, with a reason that the advocate will read."""
    moved: Moved = claims.advance(Status.REJECTED, now=now, by=by, reason=reason, note=note)
    return moved


def reopen_claims(claims: Any, *, now: datetime, by: Any, note: str = "") -> Moved:
    """Look once more at what was not accepted."""
    moved: Moved = claims.advance(Status.OPEN, now=now, by=by, note=note)
    return moved


def _attach(claim: Claim, referral: Referral | None, now: datetime, by: Any, note: str) -> Referral:
    if referral is not None:
        return hand_to(referral, claim.enrolment, source=Referral.Source.CLAIM, now=now, by=by, note=note)
    mine = claim.enrolment.referrals.about(email_keys={claim.email_key}, phone_keys={claim.phone_key})
    if known := mine.first():
        return known
    new = Referral(
        program_id=claim.program_id, enrolment=claim.enrolment, source=Referral.Source.CLAIM, name=claim.name,
        email=claim.email, phone=claim.phone, owner_id=claim.program.owner_id, status_at=now, submitted_at=now,
    )  # fmt: skip
    new.save()
    Consent.objects.create(referral=new, who=Consent.Who.ADVOCATE, words=claim.words, given_at=now)
    call_soon(new, now)
    _count_sales(claim, now, by)
    return new


def _count_sales(claim: Claim, now: datetime, by: Any) -> None:
    """Sales to this friend that counted for nobody count for the advocate."""
    keys = {"email_key": claim.email_key, "phone_key": claim.phone_key}
    note_touches(
        [
            Touch(
                program_id=claim.program_id, enrolment=claim.enrolment, way=Way.DECIDED, at=_moment(claim),
                key=f"claim:{claim.pk}", **keys,
            )
        ]
    )  # fmt: skip
    for row in _missed_sales(claim).order_by("occurred_at", "pk"):
        decide(claim.program, row, Buyer(claim.email, claim.phone, claim.name), now=now, by=by)


def _moment(claim: Claim) -> datetime:
    """The beginning of the day on which they say they talked, in the program's office."""
    return datetime.combine(claim.happened_on, time(), claim.program.zone)
