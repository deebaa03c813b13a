"""The names that words may use, what each stands for, and an example of it."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import Purpose


class Placeholder(NamedTuple):
    """``sample`` is what a preview shows. What a stranger may have typed never stands in a subject.
    ``may_lack``: messages queued before there was such a placeholder say nothing there."""

    description: str | Promise
    sample: str | int
    in_subject: bool = True
    may_lack: bool = False


_OF_ALL = {
    "company": Placeholder(_("the company"), "Acme"),
    "program": Placeholder(_("the program's name"), "Friends of Acme"),
    "friend_offer": Placeholder(_("what a friend gets, or nothing"), "a €20 voucher"),
    "advocate_offer": Placeholder(_("what the advocate gets, or nothing"), "a €40 gift card"),
    "call_within": Placeholder(_("how soon you call, in office time"), "4 working hours"),
}
_READER = {
    "first_name": Placeholder(_("the reader's first name; may be empty"), "Ben", in_subject=False),
}
_LINK = {"link": Placeholder(_("the page to open"), "https://refer.example.com/…")}
_ADVOCATE = {"advocate_first_name": Placeholder(_("the advocate's first name"), "Anna")}
_FRIEND = {
    "friend_first_name": Placeholder(_("the friend's first name; may be empty"), "Ben", in_subject=False)
}
_FRIENDS = {
    "friend_names": Placeholder(_("the friends' names"), "Ben and Cleo", in_subject=False),
    "friend_count": Placeholder(_("how many friends"), 2),
}
_REWARD = {
    "reward": Placeholder(_("the reward"), "a €40 gift card"),
    "worth": Placeholder(_("what it is worth, or nothing"), "€40.00"),
    "code": Placeholder(_("its code, or nothing"), "GIFT-7K2M", in_subject=False),
    "how_to_use": Placeholder(_("how to use it, or nothing"), "Enter the code when you pay."),
    "valid_until": Placeholder(_("the last day to use it, or nothing"), "June 30, 2026", may_lack=True),
    "why": Placeholder(
        _("why it is as it is, in a sentence"), "Thank you for Ben.", in_subject=False, may_lack=True
    ),
    "next_step": Placeholder(
        _("what comes next, or nothing"), "A mail from us brings it.", in_subject=False, may_lack=True
    ),
}

_ABOUT_REWARD = _OF_ALL | _READER | _FRIEND | _REWARD | _LINK

PLACEHOLDERS: dict[str, dict[str, Placeholder]] = {
    Purpose.CONFIRM: _OF_ALL | _LINK | {"friend_count": _FRIENDS["friend_count"]},
    Purpose.REFERRAL_THANKS: _OF_ALL | _READER | _FRIENDS | _LINK,
    Purpose.FRIEND_CAME: _OF_ALL | _READER | _FRIEND | _LINK,
    Purpose.SUCCESS_THANKS: _OF_ALL
    | _READER
    | _FRIEND
    | _LINK
    | {
        "promised": Placeholder(
            _("what is set aside for the advocate, or nothing"), "a €40 gift card", may_lack=True
        ),
        "promised_from": Placeholder(
            _("from which day on it comes, or nothing"), "March 18, 2026", may_lack=True
        ),
    },
    Purpose.REWARD_ADVOCATE: _ABOUT_REWARD,
    Purpose.REWARD_WAITING: _ABOUT_REWARD,
    Purpose.REWARD_PROMISED: _ABOUT_REWARD,
    Purpose.REWARD_DECLINED: _ABOUT_REWARD,
    Purpose.REWARD_CLAIMED: _ABOUT_REWARD,
    Purpose.REWARD_EXPIRING: _ABOUT_REWARD
    | {"valid_until": Placeholder(_("the last day to use it"), "June 30, 2026")},
    Purpose.PRIZE_PICKED: _ABOUT_REWARD,
    Purpose.CONTEST_WON: _ABOUT_REWARD,
    Purpose.TIER_REACHED: _OF_ALL
    | _READER
    | _LINK
    | {
        "tier": Placeholder(_("the tier"), "Gold"),
        "perks": Placeholder(_("what it brings, or nothing"), "a card, an invitation"),
    },
    Purpose.INVITATION: _OF_ALL
    | _READER
    | _ADVOCATE
    | _LINK
    | {
        "advocate_name": Placeholder(_("the advocate's full name"), "Anna Rossi"),
        "about": Placeholder(_("what the company does"), "Acme keeps small companies' books."),
    },
    Purpose.FRIEND_THANKS: _OF_ALL | _READER | _ADVOCATE,
    Purpose.WELCOME: _OF_ALL | _READER | _ADVOCATE,
    Purpose.REWARD_FRIEND: _OF_ALL | _READER | _ADVOCATE | _REWARD | _LINK,
    Purpose.FRIEND_REWARD: _OF_ALL | _READER | _ADVOCATE | _REWARD | _LINK,
    Purpose.SHARE_WORDS: _OF_ALL | _ADVOCATE | _LINK,
    Purpose.SALES_ALERT: _OF_ALL
    | _READER
    | _FRIENDS
    | _LINK
    | {
        "advocate_name": Placeholder(_("the advocate's full name"), "Anna Rossi"),
        "friend_company": Placeholder(_("where the friend works, or nothing"), "Weber Ltd", in_subject=False),
        "said_yes": Placeholder(_("“yes” when the friend asked for the call"), ""),
        "call_by": Placeholder(_("by when to call"), "Wednesday 4 March, 14:00"),
    },
}


def samples(purpose: str) -> dict[str, str | int]:
    """Example values for every placeholder of this purpose."""
    return {name: placeholder.sample for name, placeholder in PLACEHOLDERS[purpose].items()}
