"""The conditions about people that this app offers to segments."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.fields.json import KT, KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, IContains
from django.utils.translation import gettext_lazy as _

from referrals.conditions import (
    Choice,
    Comparison,
    Condition,
    Money,
    Number,
    Pair,
    Row,
    Text,
    register,
)
from referrals.models import Advocate, Enrolment, Event, Program, Spending, Tag, Tagging

BOUGHT = (Event.Kind.PURCHASE, Event.Kind.DEAL_WON)
DAYS = Number(most=36_500, least=1)
FOREVER = float("inf")


def _exists(rows: QuerySet[Any]) -> Q:
    return Q(Exists(rows.filter(advocate=OuterRef("pk"))))


def _since(days: int, now: datetime) -> datetime:
    return now - timedelta(days=days)


def _one_of(column: str, words: Any, not_words: Any) -> dict[str, Comparison]:
    return {
        "is": Comparison(words, lambda value, _now: Q(**{column: value})),
        "is_not": Comparison(not_words, lambda value, _now: ~Q(**{column: value})),
    }


def _count(column: str, at_least: Any, at_most: Any) -> dict[str, Comparison]:
    """Somebody of whom nothing is recorded counts as zero: “at most” is “not more than”."""
    return {
        "at_least": Comparison(
            at_least,
            lambda value, _now: Q(**{f"{column}__gte": value}) if value else Q(pk__isnull=False),
            lambda value: (value, FOREVER),
        ),
        "at_most": Comparison(
            at_most, lambda value, _now: ~Q(**{f"{column}__gt": value}), lambda value: (0, value)
        ),
    }


def _ago(column: str, within: Any, not_within: Any) -> dict[str, Comparison]:
    """Days since something happened; what never happened was not within any days."""
    return {
        "within": Comparison(
            within,
            lambda days, now: Q(**{f"{column}__gte": _since(days, now)}),
            lambda days: (0, days),
        ),
        "not_within": Comparison(
            not_within,
            lambda days, now: ~Q(**{f"{column}__gte": _since(days, now)}),
            lambda days: (days + 1, FOREVER),
        ),
    }


def _yes_no(asks: Q, yes: Any, no: Any) -> dict[str, Comparison]:
    return {
        "yes": Comparison(yes, lambda _value, _now: asks, takes_value=False),
        "no": Comparison(no, lambda _value, _now: ~asks, takes_value=False),
    }


def _spent(value: list[Any], now: datetime) -> Q:
    return _exists(Spending.objects.filter(currency=value[1], amount__gte=value[0]))


def _bought(value: str, now: datetime) -> Q:
    return _exists(_sold().filter(product__iexact=value))


def _bought_some(value: str, now: datetime) -> Q:
    return _exists(_sold().filter(product__icontains=value))


def _sold() -> QuerySet[Any]:
    return Event.objects.filter(kind__in=BOUGHT).annotate(product=KT("data__product"))


def _tagged(value: int, now: datetime) -> Q:
    return _exists(Tagging.objects.filter(tag=value))


def _enrolled(value: int, now: datetime) -> Q:
    return _exists(Enrolment.objects.filter(program=value))


def _attribute(name: str) -> Any:
    """The text of a further field; its name is a value here, never part of a lookup."""
    return Cast(KeyTextTransform(name, "attributes"), TextField())


def _staff(user: Any) -> QuerySet[User]:
    return User.objects.filter(is_staff=True).order_by("username")


def _programs(user: Any) -> Any:
    return Program.objects.for_staff(user) if user else Program.objects.all()


PERSON = (
    Condition(
        "kind", _("kind of contact"),
        _one_of("kind", _("are a %(value)s"), _("are not a %(value)s")),
        Choice(lambda: Advocate.Kind.choices), single=True,
    ),
    Condition(
        "country", _("country"),
        _one_of("country", _("live in %(value)s"), _("do not live in %(value)s")),
        Choice(lambda: [(code, code) for code in sorted(
            Advocate.objects.exclude(country="").order_by().values_list("country", flat=True).distinct())]),
        single=True,
    ),
    Condition(
        "language", _("language"),
        _one_of("language", _("read %(value)s"), _("do not read %(value)s")),
        Choice(lambda: settings.LANGUAGES), single=True,
    ),
    Condition(
        "tag", _("tag"),
        {
            "is": Comparison(_("bear the tag “%(value)s”"), _tagged),
            "is_not": Comparison(_("do not bear the tag “%(value)s”"), lambda v, now: ~_tagged(v, now)),
        },
        Row(lambda _user: Tag.objects.all()),
    ),
    Condition(
        "program", _("program"),
        {
            "is": Comparison(_("are in %(value)s"), _enrolled),
            "is_not": Comparison(_("are not in %(value)s"), lambda v, now: ~_enrolled(v, now)),
        },
        Row(_programs),
    ),
    Condition(
        "owner", _("account manager"),
        _one_of("owner", _("are looked after by %(value)s"), _("are not looked after by %(value)s")),
        Row(_staff, lambda user: user.get_full_name() or user.get_username()), single=True,
    ),
    Condition(
        "known", _("known since"),
        {
            "within": Comparison(
                _("have been known for %(value)s days at most"),
                lambda days, now: Q(created_at__gte=_since(days, now)), lambda days: (0, days),
            ),
            "not_within": Comparison(
                _("have been known for more than %(value)s days"),
                lambda days, now: Q(created_at__lt=_since(days, now)), lambda days: (days + 1, FOREVER),
            ),
        },
        DAYS,
    ),
    Condition(
        "attribute", _("further field"),
        {
            "is": Comparison(
                _("have the field “%(value)s”"), lambda pair, _now: Q(Exact(_attribute(pair[0]), pair[1]))
            ),
            "contains": Comparison(
                _("have in the field “%(value)s”"), lambda pair, _now: Q(IContains(_attribute(pair[0]), pair[1]))
            ),
        },
        Pair(),
    ),
)  # fmt: skip

DEEDS = (
    Condition(
        "purchases", _("purchases"),
        _count("summary__purchases", _("bought at least %(value)s times"), _("bought at most %(value)s times")),
        Number(most=100_000),
    ),
    Condition(
        "product", _("product"),
        {
            "is": Comparison(_("bought “%(value)s”"), _bought),
            "is_not": Comparison(_("never bought “%(value)s”"), lambda v, now: ~_bought(v, now)),
            "contains": Comparison(_("bought something with “%(value)s” in its name"), _bought_some),
        },
        Text(),
    ),
    Condition(
        "bought", _("last purchase"),
        _ago("summary__last_purchase_at", _("bought within the last %(value)s days"),
             _("did not buy within the last %(value)s days")),
        DAYS,
    ),
    Condition(
        "spent", _("spent"),
        {
            "at_least": Comparison(_("spent %(value)s or more"), _spent),
            "less": Comparison(_("spent less than %(value)s"), lambda v, now: ~_spent(v, now)),
        },
        Money(),
    ),
    Condition(
        "satisfaction", _("satisfaction (0–10)"),
        {
            "at_least": Comparison(
                _("gave %(value)s of 10 or more"), lambda v, _now: Q(summary__satisfaction__gte=v),
                lambda v: (v, 10),
            ),
            "at_most": Comparison(
                _("gave %(value)s of 10 or less"), lambda v, _now: Q(summary__satisfaction__lte=v),
                lambda v: (0, v),
            ),
            "unknown": Comparison(
                _("never said how satisfied they are"), lambda _v, _now: Q(summary__satisfaction=None),
                takes_value=False,
            ),
        },
        Number(most=10),
    ),
    Condition(
        "engaged", _("engagement"),
        _ago("summary__engaged_at", _("did something with you within the last %(value)s days"),
             _("did nothing with you within the last %(value)s days")),
        DAYS,
    ),
    Condition(
        "result", _("result"),
        _ago("summary__last_result_at", _("had a result within the last %(value)s days"),
             _("had no result within the last %(value)s days")),
        DAYS,
    ),
    Condition(
        "contact", _("last contact"),
        _ago("summary__contact_at", _("had to do with you within the last %(value)s days"),
             _("had nothing to do with you for %(value)s days")),
        DAYS,
    ),
    Condition(
        "referrals", _("friends named"),
        _count("summary__referrals", _("named at least %(value)s friends"), _("named at most %(value)s friends")),
        Number(most=100_000),
    ),
    Condition(
        "customers", _("customers brought"),
        _count("summary__customers", _("brought at least %(value)s customers"),
               _("brought at most %(value)s customers")),
        Number(most=100_000),
    ),
    Condition(
        "referred", _("came by a recommendation"),
        _yes_no(Q(summary__referred_at__isnull=False), _("came by a recommendation"),
                _("did not come by a recommendation")),
    ),
    Condition(
        "asked", _("last asked"),
        _ago("summary__asked_at", _("were asked within the last %(value)s days"),
             _("were not asked within the last %(value)s days")),
        DAYS,
    ),
    Condition(
        "declined", _("said no to being asked"),
        _yes_no(Q(summary__declined_at__isnull=False), _("said no to being asked"),
                _("never said no to being asked")),
    ),
)  # fmt: skip

register(*PERSON, *DEEDS)
