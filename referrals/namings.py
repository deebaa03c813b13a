"""Languages, countries and kinds of contact, as people and other systems write them, in our languages and German."""

import re
from functools import lru_cache

from babel import Locale
from babel.core import get_global
from django.conf import settings

from referrals.models import Advocate

SPOKEN = (*dict(settings.LANGUAGES), "de")
# Two letters that name something else: an unknown region, unions, places that are made up.
NO_COUNTRIES = {"ZZ", "EU", "EZ", "UN", "QO", "XA", "XB"}
_ALSO = {
    "GB": (
        "uk", "great britain", "england", "scotland", "wales", "northern ireland", "inghilterra", "angleterre",
        "inglaterra", "engeland", "англия", "großbritannien", "gran bretagna", "grande bretagne", "gran bretaña",
        "groot brittannië", "великобритания",
    ),
    "US": ("united states of america", "america", "сша", "eeuu"),
    "NL": ("holland", "olanda", "holanda", "hollande", "голландия", "the netherlands"),
    "CZ": ("czech republic", "tschechische republik"),
    "RU": ("russian federation", "российская федерация"),
    "TR": ("turkey",), "KR": ("korea",), "XK": ("xkx",),
}  # fmt: skip
_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")
Kind = Advocate.Kind
_KINDS = {
    Kind.CUSTOMER: (
        "client", "buyer", "current customer", "cliente", "kunde", "kundin", "bestandskunde", "klant", "клиент",
        "покупатель", "заказчик",
    ),
    Kind.PAST_CUSTOMER: (
        "former customer", "ex customer", "past client", "former client", "ex cliente", "vecchio cliente",
        "antiguo cliente", "cliente anterior", "ancien client", "ancienne cliente", "ex client", "oud klant",
        "voormalige klant", "ex klant", "ehemaliger kunde", "ehemalige kundin", "ex kunde", "altkunde",
        "бывший клиент",
    ),
    Kind.LOST_LEAD: (
        "lost lead", "lost prospect", "lead perso", "contatto perso", "lead perdido", "cliente potencial perdido",
        "prospect perdu", "lead perdu", "verloren lead", "verloren prospect", "verlorener lead",
        "verlorener interessent", "потерянный лид", "упущенный клиент",
    ),
    Kind.LEADER: (
        "leader", "opinion leader", "influencer", "leader di settore", "líder del sector", "líder de opinión",
        "leader d'opinion", "leader du secteur", "influenceur", "opinieleider", "opinieleidster", "branchenführer",
        "meinungsführer", "лидер мнений", "лидер отрасли",
    ),
    Kind.SUPPLIER: (
        "vendor", "fornitore", "proveedor", "fournisseur", "leverancier", "lieferant", "поставщик",
    ),
    Kind.PARTNER: (
        "business partner", "partner commerciale", "socio", "socio comercial", "partenaire", "zakenpartner",
        "geschäftspartner", "партнер", "партнёр",
    ),
    Kind.EMPLOYEE: (
        "staff", "colleague", "team member", "dipendente", "collaboratore", "empleado", "empleada", "employé",
        "employée", "salarié", "medewerker", "werknemer", "mitarbeiter", "mitarbeiterin", "сотрудник",
        "сотрудница", "коллега",
    ),
}  # fmt: skip


def language_of(said: str) -> str | None:
    """The code of our language that is meant – by code, BCP 47 tag or name –, empty for one in which we do not
    write, and None for what is no language."""
    code = _languages().get(_plain(said))
    if code is None and (tag := _TAG.fullmatch(said.strip())):
        base = tag[1].lower()
        base = get_global("language_aliases").get(base, base)
        code = base if base in _all_languages() else None
    return code if code is None or code in dict(settings.LANGUAGES) else ""


def country_of(said: str) -> str | None:
    """The two letters of a country, by two or three letters or name; None for what is none."""
    return _countries().get(_plain(said))


def kind_of(said: str) -> str | None:
    """The kind of contact that is meant; None for what is none."""
    return _kinds().get(_plain(said))


def _plain(said: str) -> str:
    return re.sub(r"[\s_-]+", " ", said.replace(".", "").replace("’", "'").casefold()).strip()


@lru_cache(maxsize=1)
def _all_languages() -> frozenset[str]:
    return frozenset(Locale("en").languages)


@lru_cache(maxsize=1)
def _languages() -> dict[str, str]:
    return {
        _plain(str(name)): code
        for speaker in SPOKEN
        for code, name in Locale.parse(speaker).languages.items()
        if len(code) <= 3
    }


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    named = {
        _plain(name): code
        for speaker in SPOKEN
        for code, name in Locale.parse(speaker).territories.items()
        if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES
    }
    codes = {code.casefold(): code for code in named.values()}
    three = {
        old.casefold(): new[0]
        for old, new in get_global("territory_aliases").items()
        if len(old) == 3 and old.isalpha() and len(new) == 1 and new[0] in codes.values()
    }
    also = {word: code for code, words in _ALSO.items() for word in words}
    return three | named | codes | also


@lru_cache(maxsize=1)
def _kinds() -> dict[str, str]:
    found = {_plain(word): str(kind) for kind, words in _KINDS.items() for word in words}
    return found | {_plain(text): value for value, label in Kind.choices for text in (value, str(label))}
