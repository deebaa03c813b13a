"""Why a reward is what it is, for staff: the rule, its inputs, the outcome."""

from collections.abc import Iterator

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from referrals.money import format_money
from rewards.models import Incentive, Reward, RewardRule

Status = Reward.Status


def for_staff(reward: Reward) -> list[str]:
    """The rule, its inputs as they were, and the outcome, a sentence each."""
    return [*_cause(reward), *_inputs(reward), *_outcome(reward)]


def _cause(reward: Reward) -> Iterator[str]:
    if reward.rule:
        yield _("Rule %(number)d: %(sentence)s") % {
            "number": reward.rule.pk,
            "sentence": reward.rule.sentence,
        }
    if reward.prize:
        yield _("The advocate picked this prize for %(points)d points.") % {"points": reward.inputs["points"]}
    if "goodwill" in reward.inputs:
        yield _("Given as goodwill: %(note)s") % {"note": reward.event.data.get("note") or "–"}
    if "contest" in reward.inputs:
        yield _("Won in a contest, place %(place)d.") % {"place": reward.inputs["place"]}
    yield _("Because of “%(event)s” on %(day)s.") % {
        "event": reward.event,
        "day": date_format(reward.program.local(reward.event.occurred_at), "j F Y, H:i"),
    }


def _inputs(reward: Reward) -> Iterator[str]:
    sale, minimum = reward.inputs.get("sale"), reward.inputs.get("minimum")
    if sale is not None:
        amount = format_money(sale, reward.inputs["sale_currency"])
        least = format_money(minimum or 0, reward.program.currency)
        yield _("The sale was %(amount)s; the rule asks for %(least)s.") % {"amount": amount, "least": least}
    if reward.inputs.get("instead_of"):
        yield _("It was earned by order “%(first)s”, which was taken back; order “%(second)s” earns it too.") % {
            "first": reward.inputs["instead_of"], "second": reward.inputs.get("order"),
        }  # fmt: skip
    if reward.inputs.get("hold_days"):
        yield _("It waits %(days)d days, until %(day)s.") % {
            "days": reward.inputs["hold_days"],
            "day": date_format(reward.program.local(reward.due_at), "DATE_FORMAT"),
        }
    missing = {"budget": _("the budget"), "stock": _("the stock"), "codes": _("the pool of codes")}
    if reward.inputs.get("missing") == "period":
        yield _("When it was earned, no budget covered the day: the last one was over.")
    elif reward.inputs.get("missing"):
        yield _("When it was earned, %(what)s had run out.") % {"what": missing[reward.inputs["missing"]]}
    if reward.wrapped_in:
        yield _("A mystery gift: the draw made it “%(what)s”.") % {"what": reward.incentive}


def _outcome(reward: Reward) -> Iterator[str]:
    yield _("It is “%(status)s” since %(day)s.") % {
        "status": reward.get_status_display(),
        "day": date_format(reward.program.local(reward.status_at), "j F Y, H:i"),
    }
    if reward.status_reason:
        yield _("Reason: %(reason)s.") % {"reason": dict(Reward.Reason.choices).get(reward.status_reason, "")}
    if reward.status == Status.PENDING and reward.needs_approval:
        yield _("Somebody has to approve it.")
    if reward.status == Status.APPROVED and reward.incentive.fulfilment == Incentive.Fulfilment.PERSON:
        yield _("Somebody has to hand it out.")
    if reward.side == RewardRule.Side.FRIEND and reward.referral and reward.referral.erased_at:
        yield _("The friend asked to be forgotten, so nobody can be written to.")
