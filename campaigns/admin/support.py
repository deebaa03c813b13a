"""“Where is my reward?”: what support answers whoever asks, on one page."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.services.answers import Answer, Found, look_up
from referrals.admin.cells import colleague, link_to, moment, person, status_word
from referrals.admin.history import what
from referrals.contacts import clean_text
from referrals.models import Event
from rewards.admin.reward import step_reason
from rewards.models import Reward, RewardRule
from rewards.services.unrewarded import Friend


class AskForm(forms.Form):
    asked = forms.CharField(
        label=gettext_lazy("Who asks?"),
        min_length=2,
        max_length=254,
        error_messages={"required": gettext_lazy("Write an address, a phone number, a name or a customer number.")},
        help_text=gettext_lazy("E-mail, phone, name, customer number or share code, of an advocate or a friend."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True, "enterkeyhint": "search"}),
    )  # fmt: skip

    def clean_asked(self) -> str:
        return clean_text(self.cleaned_data["asked"], 254)


def may_ask(user: Any) -> bool:
    """Whoever may see rewards, of whichever program."""
    return bool(user.has_perm("rewards.view_reward"))


def where_is_my_reward(request: HttpRequest) -> HttpResponse:
    """Posted, so that no address stands in a link, a log or the browser's history."""
    if not may_ask(request.user):
        raise PermissionDenied
    form = AskForm(request.POST if request.method == "POST" else None)
    shown: dict[str, Any] = {"form": form, "title": _("Where is my reward?")}
    if form.is_bound and form.is_valid():
        found = look_up(form.cleaned_data["asked"], request.user, now=timezone.now())
        shown |= {"found": found, "cards": _cards(found), "people": _people(found)}
        shown["without"] = [_without(friend) for friend in found.without]
    return TemplateResponse(
        request, "admin/where_is_my_reward.html", admin.site.each_context(request) | shown
    )


def _people(found: Found) -> list[Any]:
    return [
        *(
            person(link_to(row), " · ".join(filter(None, (_("recommends"), row.company, row.external_id))))
            for row in found.advocates
        ),
        *(
            person(
                link_to(row),
                _("recommended by %(advocate)s in %(program)s")
                % {"advocate": row.enrolment.advocate, "program": row.program},
            )
            for row in found.friends
        ),
    ]


def _cards(found: Found) -> list[dict[str, Any]]:
    several = len({answer.reward.program_id for answer in found.answers}) > 1
    return [_card(answer) | {"program": answer.reward.program if several else ""} for answer in found.answers]


def _card(answer: Answer) -> dict[str, Any]:
    reward, standing = answer.reward, answer.standing
    return {
        "gift": link_to(reward, reward.incentive.name),
        "worth": reward.worth,
        "recipient": reward.recipient_name,
        "side": reward.get_side_display(),
        "friend": reward.referral if reward.side == RewardRule.Side.ADVOCATE else None,
        "state": status_word(reward.status, reward.get_status_display()),
        "say": " ".join(filter(None, (standing.why, standing.then))),
        "headline": standing.state,
        "reasons": answer.reasons,
        "steps": [_step(event, reward) for event in answer.steps],
    }


def _step(event: Event, reward: Reward) -> tuple[Any, ...]:
    by = colleague(event.actor) or _("the product")
    return moment(event.occurred_at, reward.program.zone), what(event), step_reason(event), by


def _without(friend: Friend) -> dict[str, Any]:
    row = friend.referral
    for_friend = friend.side == RewardRule.Side.FRIEND
    return {
        "name": str(row),
        "friend": link_to(row, _("Open the referral")),
        "program": row.program,
        "whom": row if for_friend else row.enrolment.advocate,
        "state": status_word(row.status, row.get_status_display()),
        "reasons": [(rule.sentence, why) for rule, why in friend.reasons],
    }
