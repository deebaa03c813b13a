from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from referrals.models.program import ScopedQuerySet
from referrals.signals import event_recorded
from referrals.upsert import insert_new

if TYPE_CHECKING:
    from referrals.models import Program


class EventQuerySet(ScopedQuerySet):
    def record(self, events: list["Event"], *, now: datetime) -> list["Event"]:
        """Store what happened and tell the apps above, in one transaction.

        Returns one stored event for each given one. What was recorded before (same ``dedup_key``)
        comes back as the first one stored and is not announced again: recording is repeatable.
        """
        with transaction.atomic(savepoint=False):
            for event in events:
                event.recorded_at = now
                event.dedup_key = event.dedup_key or str(event.pk)
            # Keys are made here, so what comes back with its own key was stored by this call.
            fresh = insert_new(events)
            if fresh:
                event_recorded.send(sender=self.model, events=fresh, now=now)
            if len(fresh) == len(events):
                return events
        stored = {event.pk for event in fresh}
        keys = [event.dedup_key for event in events if event.pk not in stored]
        known = {event.dedup_key: event for event in self.filter(dedup_key__in=keys)}
        return [event if event.pk in stored else known[event.dedup_key] for event in events]

    def of_program(self, program: "Program") -> "EventQuerySet":
        return self.filter(program=program)

    def newest_first(self) -> "EventQuerySet":
        return self.order_by("-occurred_at", "-pk")


class Event(models.Model):
    """Something that happened. Append-only; everything else can be explained from these rows."""

    class Kind(models.TextChoices):
        REFERRAL_SUBMITTED = "referral.submitted", _("friend named")
        REFERRAL_ACCEPTED = "referral.accepted", _("friend said yes")
        REFERRAL_UNDER_REVIEW = "referral.under_review", _("put under review")
        REFERRAL_RELEASED = "referral.released", _("released from review, or reopened")
        REFERRAL_CONTACTED = "referral.contacted", _("friend contacted")
        REFERRAL_QUALIFIED = "referral.qualified", _("qualified")
        REFERRAL_CONVERTED = "referral.converted", _("became a customer")
        REFERRAL_LOST = "referral.lost", _("lost")
        REFERRAL_REJECTED = "referral.rejected", _("rejected")
        REFERRAL_CORRECTED = "referral.corrected", _("friend's details corrected")
        REFERRAL_HANDED_OVER = "referral.handed_over", _("handed over")
        REFERRAL_ERASED = "referral.erased", _("friend's data deleted")
        FOLLOW_UP_DONE = "follow_up.done", _("call logged")
        CONVERSION_RECORDED = "conversion.recorded", _("sale recorded")
        CONVERSION_REVERSED = "conversion.reversed", _("sale taken back")
        CONVERSION_REDUCED = "conversion.reduced", _("part of a sale refunded")
        CONVERSION_JOINED = "conversion.joined", _("two reports taken for one sale")
        CONVERSION_TOLD_APART = "conversion.told_apart", _("said to be two sales")
        SURVEY_ANSWERED = "survey.answered", _("survey answered")
        REVIEW_LEFT = "review.left", _("review left")
        TESTIMONIAL_MOVED = "testimonial.moved", _("testimonial decided or taken back")
        FOLLOWED = "followed", _("follows the company")
        SHARED = "shared", _("shared a post")
        ANNIVERSARY = "anniversary", _("a year in the program")
        TIER_REACHED = "tier.reached", _("reached a tier")
        TIER_LEFT = "tier.left", _("came down a tier")
        REWARD_WAITING = "reward.waiting", _("reward put on the waiting list")
        REWARD_CLAIMED = "reward.claimed", _("reward to be paid back")
        REWARD_REPAID = "reward.repaid", _("reward paid back")
        REWARD_WAIVED = "reward.waived", _("reward not asked back")
        CONTEST_WON = "contest.won", _("won a contest")
        PRIZE_PICKED = "prize.picked", _("prize picked")
        REWARD_PROMISED = "reward.pending", _("reward promised")
        REWARD_APPROVED = "reward.approved", _("reward approved")
        REWARD_ISSUED = "reward.issued", _("reward handed out")
        REWARD_REDEEMED = "reward.redeemed", _("reward used")
        REWARD_DECLINED = "reward.declined", _("reward declined")
        REWARD_REVOKED = "reward.revoked", _("reward taken back")
        ENROLLED = "advocate.enrolled", _("joined the program")
        PURCHASE = "purchase", _("purchase")
        DEAL_WON = "deal_won", _("deal won")
        DEAL_LOST = "deal_lost", _("deal lost")
        PROJECT_DONE = "project_done", _("project finished")
        RESULT = "result", _("first results")
        MILESTONE = "milestone", _("milestone")
        ENGAGED = "engaged", _("engaged with the company")
        SATISFACTION = "satisfaction", _("said how satisfied they are")
        CUSTOMER_CREATED = "customer_created", _("became known as a customer")
        TAG_APPLIED = "tag_applied", _("tag put on")
        TAG_REMOVED = "tag_removed", _("tag taken off")
        LIST_ADDED = "list_added", _("added to a list")
        FIELD_CHANGED = "field_changed", _("field changed")
        ASKED = "ask.sent", _("asked for a recommendation")
        ASK_CLICKED = "ask.clicked", _("opened the link of an ask")
        ASK_DECLINED = "ask.declined", _("said no to being asked")
        ASK_ENDED = "ask.ended", _("round of asks ended")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        PREFERENCES_CHANGED = "preferences.changed", _("preferences changed")
        REFERRAL_ATTRIBUTED = "referral.attributed", _("attribution decided")
        REFERRAL_ASSIGNED = "referral.assigned", _("given to whoever calls")
        REFERRAL_NOTED = "referral.noted", _("note added")
        REFERRAL_SNOOZED = "referral.snoozed", _("call put off")
        REFERRAL_ESCALATED = "referral.escalated", _("escalated")
        REFERRAL_RETURNED = "referral.returned", _("friend came back to the page")
        CLAIM_MADE = "claim.made", _("claim made")
        CLAIM_DECIDED = "claim.decided", _("claim decided")
        GOODWILL_GIVEN = "goodwill.given", _("goodwill credit given")
        WEBHOOK_SWITCHED_OFF = "webhook.switched_off", _("webhook switched off")
        NURTURE_STARTED = "nurture.started", _("put on a nurture plan")
        NURTURE_ENDED = "nurture.ended", _("nurture plan ended")
        PLAN_MOVED = "plan.moved", _("plan started, paused or ended")
        ADVOCATE_ERASED = "advocate.erased", _("advocate's data deleted")
        ADVOCATE_CALLED = "advocate.called", _("talked on the phone")
        ADVOCATE_NOTED = "advocate.noted", _("note about them")
        CIRCLE_JOINED = "circle.joined", _("picked for the inner circle")
        CIRCLE_LEFT = "circle.left", _("taken out of the inner circle")

    # What other systems may report, and read again.
    OUTSIDE = (
        Kind.PURCHASE, Kind.DEAL_WON, Kind.DEAL_LOST, Kind.PROJECT_DONE, Kind.RESULT, Kind.MILESTONE,
        Kind.ENGAGED, Kind.SATISFACTION, Kind.CUSTOMER_CREATED, Kind.TAG_APPLIED, Kind.TAG_REMOVED,
        Kind.LIST_ADDED, Kind.FIELD_CHANGED, Kind.SURVEY_ANSWERED, Kind.REVIEW_LEFT, Kind.FOLLOWED, Kind.SHARED,
    )  # fmt: skip

    # Time-ordered, so that the table can be partitioned by month; made before the row is stored.
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40, choices=Kind)
    # Their indexes stand below, with what else the queries ask for.
    program = models.ForeignKey("referrals.Program", models.PROTECT, null=True, blank=True, db_index=False)
    advocate = models.ForeignKey("referrals.Advocate", models.PROTECT, null=True, blank=True, db_index=False)
    referral = models.ForeignKey("referrals.Referral", models.PROTECT, null=True, blank=True, db_index=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    data = models.JSONField(default=dict, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    dedup_key = models.CharField(max_length=120, unique=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            # the history on a referral's page
            models.Index(fields=["referral", "occurred_at"], name="event_referral"),
            # the admin list of all that happened, newest first
            models.Index(fields=["-occurred_at", "-id"], name="event_newest"),
            # an advocate's timeline
            models.Index(fields=["advocate", "occurred_at"], name="event_advocate"),
            # a program's counts by kind and period: digest and home page
            models.Index(fields=["program", "kind", "occurred_at"], name="event_program_kind"),
            # the API's list of what happened outside, page by page
            models.Index(
                fields=["program", "id"],
                condition=models.Q(
                    kind__in=[
                        "purchase",
                        "deal_won",
                        "deal_lost",
                        "project_done",
                        "result",
                        "milestone",
                        "engaged",
                        "satisfaction",
                        "customer_created",
                        "tag_applied",
                        "tag_removed",
                        "list_added",
                        "field_changed",
                        "survey.answered",
                        "review.left",
                        "followed",
                        "shared",
                    ]
                ),
                name="event_outside",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())
