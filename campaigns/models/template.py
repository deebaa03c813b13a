from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from referrals.models import Advocate, Program
from referrals.models.program import ScopedQuerySet


class Purpose(models.TextChoices):
    """What a message is for; decides who gets it and which placeholders its words may use."""

    CONFIRM = "confirm", _("advocate: confirm the address")
    REFERRAL_THANKS = "referral_thanks", _("advocate: thanks for recommending")
    FRIEND_CAME = "friend_came", _("advocate: a friend came by your link")
    SUCCESS_THANKS = "success_thanks", _("advocate: your friend became a customer")
    REWARD_ADVOCATE = "reward_advocate", _("advocate: your reward")
    REWARD_WAITING = "reward_waiting", _("advocate: your reward waits in line")
    REWARD_PROMISED = "reward_promised", _("advocate: your reward is set aside after all")
    REWARD_DECLINED = "reward_declined", _("advocate: a reward you do not get")
    REWARD_CLAIMED = "reward_claimed", _("advocate: a reward that no longer counts")
    REWARD_EXPIRING = "reward_expiring", _("advocate: your reward expires soon")
    PRIZE_PICKED = "prize_picked", _("advocate: the prize you picked")
    CONTEST_WON = "contest_won", _("advocate: you won")
    TIER_REACHED = "tier_reached", _("advocate: you reached a tier")
    INVITATION = "invitation", _("friend: invitation")
    FRIEND_THANKS = "friend_thanks", _("friend: thanks for your yes")
    WELCOME = "welcome", _("friend: thanks for buying")
    REWARD_FRIEND = "reward_friend", _("friend: your reward")
    FRIEND_REWARD = "friend_reward", _("friend: news of your reward")
    SHARE_WORDS = "share_words", _("ready words to share")
    ASK = "ask", _("advocate: ask for a recommendation")
    ASK_FOLLOW_UP = "ask_follow_up", _("advocate: follow-up of an ask")
    ASK_LAST = "ask_last", _("advocate: last reminder of an ask")
    ADVOCATE_INVITE = "advocate_invite", _("advocate: invited after becoming a customer")
    PROGRESS = "progress", _("advocate: what your recommendations did")
    CONTACTED_NEWS = "contacted_news", _("advocate: we have talked to your friend")
    QUALIFIED_NEWS = "qualified_news", _("advocate: your friend is a good fit")
    LOST_NEWS = "lost_news", _("advocate: it did not work out, and why")
    CLAIM_NEWS = "claim_news", _("advocate: what became of your claim")
    REWARD_REMINDER = "reward_reminder", _("advocate: a reward waits for you")
    ANNIVERSARY = "anniversary", _("advocate: a year in the program")
    PERSONAL_THANKS = "personal_thanks", _("advocate: personal thank-you letter")
    SURVEY_INVITE = "survey_invite", _("advocate: survey")
    REVIEW_REQUEST = "review_request", _("advocate: please leave a review")
    FRIEND_REMINDER = "friend_reminder", _("friend: reminder of the invitation")
    NURTURE = "nurture", _("friend: nurture message")
    NEWSLETTER_BLOCK = "newsletter_block", _("block for a newsletter")
    BLOG_BLOCK = "blog_block", _("block for a blog")
    LANDING_COPY = "landing_copy", _("words for a landing page")
    CHAT_WORDS = "chat_words", _("words for live chat and chatbot")
    CALL_SCRIPT = "call_script", _("script: call an advocate")
    SALES_SCRIPT = "sales_script", _("script: sales calls a friend")
    SUPPORT_SCRIPT = "support_script", _("script: support asks after helping")
    UNHAPPY_SCRIPT = "unhappy_script", _("script: call who is not satisfied")
    CALL_SOON = "call_soon", _("staff: a call is due soon")
    CALL_OVERDUE = "call_overdue", _("staff: a call is overdue")
    CALL_ESCALATED = "call_escalated", _("staff: a call has been escalated to you")
    FRIEND_BACK = "friend_back", _("staff: a friend came back to the page")
    SALES_ALERT = "sales_alert", _("staff: call this friend")
    DIGEST = "digest", _("staff: digest")
    STAFF_NOTICE = "staff_notice", _("staff: something is wrong")
    SIGN_IN = "sign_in", _("account: sign-in")


# Somebody at our door asked for these a moment ago: they are no mailing, and nobody can unsubscribe.
ASKED_FOR = frozenset({Purpose.SIGN_IN, Purpose.CONFIRM})
# What is somebody's already, handed over with this mail: no mailing either. Only a mailbox that does not exist, that
# reported us, or whose owner is forgotten gets none.
OWED = frozenset({Purpose.REWARD_ADVOCATE, Purpose.REWARD_FRIEND})
TO_STAFF = frozenset(
    {
        Purpose.SALES_ALERT,
        Purpose.CALL_SOON,
        Purpose.CALL_OVERDUE,
        Purpose.CALL_ESCALATED,
        Purpose.FRIEND_BACK,
        Purpose.DIGEST,
        Purpose.STAFF_NOTICE,
    }
)
TO_FRIEND = frozenset(
    {
        Purpose.INVITATION,
        Purpose.FRIEND_THANKS,
        Purpose.WELCOME,
        Purpose.REWARD_FRIEND,
        Purpose.FRIEND_REWARD,
        Purpose.FRIEND_REMINDER,
        Purpose.NURTURE,
    }
)
# What asks something of people who may not have recommended anybody yet.
ASKING = frozenset(
    {
        Purpose.ASK,
        Purpose.ASK_FOLLOW_UP,
        Purpose.ASK_LAST,
        Purpose.ADVOCATE_INVITE,
        Purpose.SURVEY_INVITE,
        Purpose.REVIEW_REQUEST,
    }
)
# What we send of our own accord: counted in everybody's contact budget, and never in quiet hours.
UNASKED = frozenset(
    {
        Purpose.ASK,
        Purpose.ASK_FOLLOW_UP,
        Purpose.ASK_LAST,
        Purpose.ADVOCATE_INVITE,
        Purpose.PROGRESS,
        Purpose.REWARD_REMINDER,
        Purpose.ANNIVERSARY,
        Purpose.PERSONAL_THANKS,
        Purpose.SURVEY_INVITE,
        Purpose.REVIEW_REQUEST,
        Purpose.FRIEND_REMINDER,
        Purpose.NURTURE,
        Purpose.NEWSLETTER_BLOCK,
    }
)


class Topic(models.TextChoices):
    """What people can have less of, one by one."""

    ASKS = "asks", _("Asking whether I know somebody")
    PROGRESS = "progress", _("What became of my recommendations")
    SURVEYS = "surveys", _("Questions about how satisfied I am")
    NEWS = "news", _("News from the company")


TOPIC_OF: dict[str, Topic] = {
    Purpose.ASK: Topic.ASKS,
    Purpose.ASK_FOLLOW_UP: Topic.ASKS,
    Purpose.ASK_LAST: Topic.ASKS,
    Purpose.ADVOCATE_INVITE: Topic.ASKS,
    Purpose.PROGRESS: Topic.PROGRESS,
    Purpose.REWARD_REMINDER: Topic.PROGRESS,
    Purpose.ANNIVERSARY: Topic.NEWS,
    Purpose.PERSONAL_THANKS: Topic.PROGRESS,
    Purpose.NEWSLETTER_BLOCK: Topic.NEWS,
    Purpose.SURVEY_INVITE: Topic.SURVEYS,
    Purpose.REVIEW_REQUEST: Topic.SURVEYS,
}


class MessageChannel(models.TextChoices):
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("text message")
    SOCIAL = "social", _("social post")
    MESSENGER = "messenger", _("messenger")
    CHAT = "chat", _("chat")
    CALL = "call", _("call")
    PAGE = "page", _("page")
    NEWSLETTER = "newsletter", _("newsletter")


class MessageTemplateQuerySet(ScopedQuerySet):
    def for_message(
        self,
        purpose: str,
        *,
        program: Program | None,
        language: str,
        kind: str = "",
        channel: str = MessageChannel.EMAIL,
        variant: str = "",
    ) -> "MessageTemplateQuerySet":
        """The templates that fit, best first: the person's language before English, the variant asked for
        before the usual words, this program's own before the bank's, words for this kind of contact before
        words for anyone."""
        fitting = self.filter(
            Q(program=program) | Q(program=None), purpose=purpose, channel=channel,
            contact_kind__in={kind, ""}, language__in={language, settings.LANGUAGE_CODE},
            variant__in={variant, ""},
        )  # fmt: skip
        return fitting.order_by(
            models.Case(models.When(language=language, then=0), default=1),
            F("variant").desc(),
            F("program").desc(nulls_last=True),
            F("contact_kind").desc(),
        )

    def for_staff(self, user: Any) -> "MessageTemplateQuerySet":
        """The bank, and what the staff member's own programs made of it."""
        return self.filter(Q(program=None) | Q(program__in=Program.objects.for_staff(user)))


class MessageTemplate(models.Model):
    """Words for one purpose, written in Liquid over Markdown: shipped in the bank, or a program's own."""

    program = models.ForeignKey(
        Program,
        models.CASCADE,
        null=True,
        blank=True,
        verbose_name=_("program"),
        help_text=_("Empty: the bank, for every program."),
    )
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    channel = models.CharField(
        _("channel"), max_length=10, choices=MessageChannel, default=MessageChannel.EMAIL
    )
    contact_kind = models.CharField(
        _("kind of contact"), max_length=15, choices=Advocate.Kind, blank=True, help_text=_("Empty: anyone.")
    )
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    variant = models.SlugField(
        _("variant"),
        max_length=20,
        blank=True,
        db_index=False,
        help_text=_(
            "Empty: the usual words. Others are chosen by name: “short”, a network such as “linkedin”, a test."
        ),
    )
    # Longer than what is read: both forms of address may stand in it.
    subject = models.CharField(_("subject"), max_length=400, blank=True)
    body = models.TextField(_("words"), max_length=20_000)

    objects = MessageTemplateQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        ordering = ["purpose", "channel", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "purpose", "channel", "contact_kind", "language", "variant"],
                condition=Q(program__isnull=False),
                name="template_once_per_program",
                violation_error_message=_("This program has words for this purpose already. Change those."),
            ),
            models.UniqueConstraint(
                fields=["purpose", "channel", "contact_kind", "language", "variant"],
                condition=Q(program=None),
                name="template_once_in_bank",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} ({self.language})"
