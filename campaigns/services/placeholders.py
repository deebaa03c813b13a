"""The names that words may use, what each stands for, and an example of it."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import Purpose


class Placeholder(NamedTuple):
    """``sample`` is what a preview shows. What a stranger may have typed never stands in a subject: the reader's
    own first name may, where the reader gave it, with other words for whoever gave none.
    ``may_lack``: messages queued without it, or before there was such a placeholder, say nothing there."""

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
    "signature": Placeholder(
        _("who signs, by the brand voice"), "Marta Bianchi, customer care", may_lack=True
    ),
    "sign_off": Placeholder(_("the brand voice's sign-off, or nothing"), "Warm regards,", may_lack=True),
    "formal": Placeholder(_("“yes” when readers are addressed formally, or nothing"), "", may_lack=True),
}
_READER = {"first_name": Placeholder(_("the reader's first name; may be empty"), "Ben")}
# A friend's name was typed by whoever recommended them.
_FRIEND_READER = {
    "first_name": Placeholder(_("the reader's first name; may be empty"), "Ben", in_subject=False),
}
_LINK = {"link": Placeholder(_("the page to open"), "https://refer.example.com/…")}
_ABOUT = {"about": Placeholder(_("what the company does"), "Acme keeps small companies' books.")}
_LOOKING_FOR = {
    "looking_for": Placeholder(
        _("whom you help best, from the ideal customer, or nothing"),
        "Small companies that hate paperwork",
        may_lack=True,
    )
}
_ADVOCATE = {"advocate_first_name": Placeholder(_("the advocate's first name"), "Anna")}
_ADVOCATE_NAME = {"advocate_name": Placeholder(_("the advocate's full name"), "Anna Rossi")}
_FRIEND = {
    "friend_first_name": Placeholder(_("the friend's first name; may be empty"), "Ben", in_subject=False)
}
_FRIENDS = {
    "friend_names": Placeholder(_("the friends' names"), "Ben and Cleo", in_subject=False),
    "friend_count": Placeholder(_("how many friends"), 2),
}
_RESULTS = {
    "friend_count": Placeholder(_("how many friends were recommended so far"), 5, may_lack=True),
    "customer_count": Placeholder(_("how many of them became customers, or nothing"), 3, may_lack=True),
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
_CALLER = {"caller": Placeholder(_("who calls, or nothing"), "Tom Brennan", may_lack=True)}
_CALL = (
    _OF_ALL
    | _READER
    | _LINK
    | _ADVOCATE_NAME
    | {
        "friend_names": _FRIENDS["friend_names"],
        "friend_company": Placeholder(
            _("where the friend works, or nothing"), "Weber Ltd", in_subject=False, may_lack=True
        ),
        "call_by": Placeholder(_("by when to call, or nothing"), "Wednesday 4 March, 14:00", may_lack=True),
        "caller": Placeholder(_("whose call it is, or nothing"), "Tom Brennan", may_lack=True),
    }
)

_ABOUT_REWARD = _OF_ALL | _READER | _FRIEND | _REWARD | _LINK
_ASK = (
    _OF_ALL
    | _READER
    | _LINK
    | _LOOKING_FOR
    | {"product": Placeholder(_("what the reader got from you, or nothing"), "", may_lack=True)}
)
_INVITED = _OF_ALL | _FRIEND_READER | _ADVOCATE | _LINK | _ADVOCATE_NAME | _ABOUT
_NEWS = _OF_ALL | _READER | _FRIEND | _LINK
_TO_PUBLISH = _OF_ALL | _LINK | _ABOUT | _LOOKING_FOR

PLACEHOLDERS: dict[str, dict[str, Placeholder]] = {
    Purpose.CONFIRM: _OF_ALL | _LINK | {"friend_count": _FRIENDS["friend_count"]},
    Purpose.REFERRAL_THANKS: _OF_ALL | _READER | _FRIENDS | _LINK,
    Purpose.FRIEND_CAME: _NEWS,
    Purpose.SUCCESS_THANKS: _NEWS
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
    Purpose.REWARD_REMINDER: _ABOUT_REWARD,
    Purpose.PRIZE_PICKED: _ABOUT_REWARD,
    Purpose.CONTEST_WON: _ABOUT_REWARD,
    Purpose.TIER_REACHED: _OF_ALL
    | _READER
    | _LINK
    | {
        "tier": Placeholder(_("the tier"), "Gold"),
        "perks": Placeholder(_("what it brings, or nothing"), "a card, an invitation"),
    },
    Purpose.INVITATION: _INVITED,
    Purpose.FRIEND_REMINDER: _INVITED,
    Purpose.NURTURE: _INVITED,
    Purpose.FRIEND_THANKS: _OF_ALL | _FRIEND_READER | _ADVOCATE,
    Purpose.WELCOME: _OF_ALL | _FRIEND_READER | _ADVOCATE,
    Purpose.REWARD_FRIEND: _OF_ALL | _FRIEND_READER | _ADVOCATE | _REWARD | _LINK,
    Purpose.FRIEND_REWARD: _OF_ALL | _FRIEND_READER | _ADVOCATE | _REWARD | _LINK,
    Purpose.SHARE_WORDS: _OF_ALL | _ADVOCATE | _LINK,
    Purpose.ASK: _ASK,
    Purpose.ASK_FOLLOW_UP: _ASK,
    Purpose.ASK_LAST: _ASK,
    Purpose.ADVOCATE_INVITE: _ASK
    | {
        "advocate_first_name": Placeholder(_("who recommended the reader, or nothing"), "Anna", may_lack=True)
    },
    Purpose.PROGRESS: _OF_ALL
    | _READER
    | _LINK
    | _RESULTS
    | {
        "news": Placeholder(
            _("what is new, in a sentence, or nothing"),
            "Ben became a customer.",
            in_subject=False,
            may_lack=True,
        )
    },
    Purpose.CONTACTED_NEWS: _NEWS,
    Purpose.QUALIFIED_NEWS: _NEWS,
    Purpose.LOST_NEWS: _NEWS
    | {
        "reason": Placeholder(
            _(
                "why: declined, not_interested, wrong_person, not_a_fit, price, competitor, no_answer, or nothing"
            ),
            "not_a_fit",
            may_lack=True,
        )
    },
    Purpose.CLAIM_NEWS: _NEWS
    | {
        "accepted": Placeholder(_("“yes” when the claim counts, or nothing"), "yes", may_lack=True),
        "why": _REWARD["why"],
        "next_step": _REWARD["next_step"],
    },
    Purpose.ANNIVERSARY: _OF_ALL
    | _READER
    | _LINK
    | _RESULTS
    | {"years": Placeholder(_("how many years"), 1, may_lack=True)},
    Purpose.PERSONAL_THANKS: _NEWS | _RESULTS,
    Purpose.SURVEY_INVITE: _OF_ALL | _READER | _LINK,
    Purpose.REVIEW_REQUEST: _OF_ALL
    | _READER
    | _LINK
    | {"place": Placeholder(_("where the review goes, or nothing"), "Google", may_lack=True)},
    Purpose.NEWSLETTER_BLOCK: _TO_PUBLISH,
    Purpose.BLOG_BLOCK: _TO_PUBLISH,
    Purpose.LANDING_COPY: _TO_PUBLISH,
    Purpose.CHAT_WORDS: _TO_PUBLISH | _READER,
    Purpose.CALL_SCRIPT: _ASK | _CALLER,
    Purpose.SUPPORT_SCRIPT: _ASK | _CALLER,
    Purpose.UNHAPPY_SCRIPT: _ASK | _CALLER,
    Purpose.SALES_SCRIPT: _OF_ALL | _FRIEND | _ADVOCATE | _ADVOCATE_NAME | _ABOUT | _LOOKING_FOR | _CALLER,
    Purpose.SALES_ALERT: _OF_ALL
    | _READER
    | _FRIENDS
    | _LINK
    | _ADVOCATE_NAME
    | {
        "friend_company": Placeholder(_("where the friend works, or nothing"), "Weber Ltd", in_subject=False),
        "said_yes": Placeholder(_("“yes” when the friend asked for the call"), ""),
        "call_by": Placeholder(_("by when to call"), "Wednesday 4 March, 14:00"),
    },
    Purpose.CALL_SOON: _CALL,
    Purpose.CALL_OVERDUE: _CALL,
    Purpose.CALL_ESCALATED: _CALL,
    Purpose.FRIEND_BACK: _CALL,
}


MAY_BE_EMPTY = "first_name"


def samples(purpose: str) -> dict[str, str | int]:
    """Example values for every placeholder of this purpose."""
    return {name: placeholder.sample for name, placeholder in PLACEHOLDERS[purpose].items()}
