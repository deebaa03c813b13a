from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import get_script_prefix, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.services import desk
from referrals.models import Membership
from referrals.roles import roles_of

# The back office in the order in which a manager thinks; what is not named here – the queue's tables – stands
# under System, for superusers.
GROUPS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("program", _("Program"), ("Program", "IdealCustomerProfile", "Membership", "Absence")),
    ("people", _("People"), ("Advocate", "Segment", "Tag", "CallTask", "Finder", "Enrolment")),
    (
        "referrals",
        _("Referrals"),
        ("FollowUp", "Referral", "Mention", "Claim", "Conversion", "Attribution", "Lead", "Consent", "Event"),
    ),
    (
        "rewards",
        _("Rewards"),
        (
            "Reward",
            "FulfilmentCall",
            "RewardScheme",
            "RewardRule",
            "Incentive",
            "CouponCode",
            "MysteryBox",
            "Budget",
            "Tier",
            "Prize",
            "Charity",
            "Contest",
            "TaxThreshold",
            "LedgerTransaction",
        ),
    ),
    (
        "systems",
        _("Other systems"),
        ("SiteWidget", "ApiKey", "HookSource", "HookDelivery", "WebhookEndpoint", "WebhookCall"),
    ),
    (
        "asking",
        _("Asking"),
        ("OutreachPlan", "Ask", "Survey", "SurveyResponse", "Testimonial", "ReviewPlace", "Experiment"),
    ),
    (
        "messages",
        _("Messages"),
        (
            "Message",
            "ByHand",
            "HeldBack",
            "MessageTemplate",
            "RegularMail",
            "ContactPolicy",
            "Suppression",
            "AlertChoice",
        ),
    ),
    ("settings", _("Settings"), ("User", "BrandVoice", "DigestSubscription")),
)
# What those who call and help do not set up: it stays open to them where something leads there.
SET_UP = {
    "Program", "Finder", "Enrolment", "Consent", "Event", "Attribution", "RewardScheme", "RewardRule", "CouponCode",
    "MysteryBox", "Tier", "Prize", "Charity", "TaxThreshold", "incentives-compared", "OutreachPlan", "Ask", "Survey",
    "Testimonial", "ReviewPlace", "Experiment", "MessageTemplate", "RegularMail", "ContactPolicy", "BrandVoice",
    "chains",
}  # fmt: skip
SETS_UP = {Membership.Role.MANAGER, Membership.Role.ANALYST}


class Page(NamedTuple):
    """A page of the back office that is no list of rows: in which group, and who sees it."""

    group: str
    name: Any
    url_name: str
    permission: str


PAGES = (
    Page("referrals", _("My calls"), "calls", "referrals.change_followup"),
    Page("people", _("Whom to ask next"), "whom-to-ask", "referrals.view_finder"),
    Page("people", _("Bring in people, sales or events"), "imports", "referrals.add_importfile"),
    Page("referrals", _("Suspicious referrals"), "review", "referrals.view_referral"),
    Page("program", _("In other languages"), "other-languages", "referrals.change_program"),
    Page("messages", _("What we say when"), "what-we-say", "campaigns.view_messagetemplate"),
    Page("people", _("Referral chains"), "chains", "referrals.view_referral"),
    Page("referrals", _("How fast we call"), "contact-speed", "referrals.view_referral"),
    Page("people", _("Where is my reward?"), "where", "rewards.view_reward"),
    Page("rewards", _("Which incentive works"), "incentives-compared", "rewards.view_incentive"),
)


class AdminSite(admin.AdminSite):
    """The back office."""

    site_header = site_title = "Goodword"
    index_title = _("Your desk")
    index_template = "admin/desk.html"

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        return super().index(
            request, {"desk": desk.look(request.user, now=timezone.now())} | (extra_context or {})
        )

    def get_urls(self) -> list[Any]:
        # Admin modules register with this site: they can be imported once it is there.
        from campaigns.admin.chains import referral_chains
        from campaigns.admin.contact_speed import show_contact_speed
        from campaigns.admin.finder import whom_to_ask
        from campaigns.admin.imports import bring_in, show_import
        from campaigns.admin.my_calls import show_my_calls
        from campaigns.admin.other_languages import translate_program
        from campaigns.admin.report import compare_incentives
        from campaigns.admin.review import review
        from campaigns.admin.support import where_is_my_reward
        from campaigns.admin.what_we_say import show_what_we_say

        return [
            path("contact-speed/", self.admin_view(show_contact_speed), name="contact-speed"),
            path("calls/", self.admin_view(show_my_calls), name="calls"),
            path("whom-to-ask/", self.admin_view(whom_to_ask), name="whom-to-ask"),
            path("review/", self.admin_view(review), name="review"),
            path("chains/", self.admin_view(referral_chains), name="chains"),
            path("where/", self.admin_view(where_is_my_reward), name="where"),
            path("incentives-compared/", self.admin_view(compare_incentives), name="incentives-compared"),
            path("imports/", self.admin_view(bring_in), name="imports"),
            path("imports/<int:pk>/", self.admin_view(show_import), name="import-file"),
            path("other-languages/", self.admin_view(translate_program), name="other-languages"),
            path("what-we-say/", self.admin_view(show_what_we_say), name="what-we-say"),
            *super().get_urls(),
        ]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        if app_label is not None:
            return super().get_app_list(request, app_label)
        models = {link["object_name"]: link for link in self._lists(request)}
        user: Any = request.user
        hidden = _hidden_from(user)
        found = [
            _group(
                label,
                name,
                [
                    link
                    for link in (*_pages(label, user), *(models.pop(n) for n in names if n in models))
                    if link["object_name"] not in hidden
                ],
            )
            for label, name, names in GROUPS
        ]
        system = sorted(models.values(), key=lambda link: str(link["name"])) if user.is_superuser else []
        return [group for group in (*found, _group("system", _("System"), system)) if group["models"]]

    def _lists(self, request: HttpRequest) -> Iterator[dict[str, Any]]:
        """The lists of rows that the person may see. Every page shows them, so that no more is found out about each
        than its link needs: Django's own way takes a third of the time of a page."""
        for model, model_admin in self._registry.items():
            if model_admin.has_module_permission(request) and (
                model_admin.has_view_permission(request) or model_admin.has_change_permission(request)
            ):
                names = model._meta
                yield {
                    "name": names.verbose_name_plural,
                    "object_name": names.object_name,
                    "admin_url": _address(
                        f"admin:{names.app_label}_{names.model_name}_changelist", get_script_prefix()
                    ),
                }


@cache
def _address(name: str, _prefix: str) -> str:
    """Where this page of the back office is; the same as long as the product runs under one prefix."""
    return reverse(name)


def _hidden_from(user: Any) -> set[str]:
    """What this person's roles do not need among the links."""
    if user.is_superuser or SETS_UP & set(roles_of(user).values()):
        return set()
    return SET_UP


def _group(label: str, name: Any, models: list[Any]) -> dict[str, Any]:
    return {"name": name, "app_label": label, "app_url": "", "has_module_perms": True, "models": models}


def _pages(label: str, user: Any) -> list[Any]:
    """The pages of this group that the person may see, in the shape of Django's list of models."""
    return [
        {
            "name": page.name,
            "object_name": page.url_name,
            "admin_url": _address(f"admin:{page.url_name}", get_script_prefix()),
        }
        for page in PAGES
        if page.group == label and user.has_perm(page.permission)
    ]
