"""Where in a call something stands: a JSON pointer (RFC 6901), and what shops and CRMs ask for beyond it.

/data/object/amount                 one place
/transactions/*/amount              that of every item of a list
/items/*[name=code]/value           that of the items of which this holds
/invoice | /payment_intent          the first of them at which there is something
/first_name + /last_name            both, one after the other
"""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

OR, AND = " | ", " + "
# Of one list.
MOST_PARTS = 200
NOWHERE = object()

_EVERY = re.compile(r"\*(?:\[([^\[\]=]+)=([^\[\]]*)\])?")
_POINTER = re.compile(r"(?:/(?:[^~]|~[01])*)+")


def check_places(places: str) -> None:
    """Raises ValidationError, with a sentence, unless this says where something stands."""
    if not all(_POINTER.fullmatch(one) for place in places.split(OR) for one in place.split(AND)):
        raise ValidationError(_("Write a JSON pointer, such as /order/id: it begins with a slash."))


def find(payload: Any, places: str) -> Any:
    """What stands there; NOWHERE where there is nothing, or nothing but emptiness."""
    for place in places.split(OR) if places else ():
        every = [next(iter(_at(payload, one)), None) for one in place.split(AND)]
        if found := [one for one in every if one is not None and one != ""]:
            return found[0] if AND not in place else " ".join(cell for one in found if (cell := cell_of(one)))
    return NOWHERE


def place_of(payload: Any, places: str) -> str:
    """Which of them it is at which there is something; all, where there is nothing."""
    return next((one for one in places.split(OR) if find(payload, one) is not NOWHERE), places)


def find_every(payload: Any, places: str) -> list[str]:
    """Each plain value that stands there, as text."""
    every = (_at(payload, one) for place in places.split(OR) for one in place.split(AND))
    return [cell for found in every for one in found if (cell := cell_of(one))] if places else []


def find_sum(payload: Any, places: str) -> Any:
    """``find()`` of an amount; of several, their sum."""
    for place in places.split(OR):
        before, star, _after = place.partition("/*")
        if not star and AND not in place:
            if (found := find(payload, place)) is not NOWHERE:
                return found
        elif not star or isinstance(find(payload, before), list):
            return _sum(find_every(payload, place))
    return NOWHERE


def pointers_of(payload: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every place of a sample that holds a plain value, as pointer and value."""
    items: Any = ()
    if isinstance(payload, dict):
        items = payload.items()
    elif isinstance(payload, list):
        items = enumerate(payload[:3])
    elif payload is not None and path:
        yield path, payload
    for name, value in items:
        yield from pointers_of(value, f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}")


def cell_of(value: Any) -> str:
    """A plain value as a cell of a file would hold it; nothing for what holds other values."""
    if isinstance(value, bool) or value is None or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def word_of(value: Any) -> str:
    """The same for comparing, where yes and no count as well."""
    return str(value).lower() if isinstance(value, bool) else cell_of(value)


def _at(payload: Any, pointer: str) -> list[Any]:
    found = [payload]
    for step in pointer.split("/")[1:]:
        if (every := _EVERY.fullmatch(step)) and all(isinstance(one, list) for one in found):
            name, wanted = every.groups()
            items = [item for one in found for item in one[:MOST_PARTS]]
            found = [item for item in items if name is None or word_of(_in(item, name)) == wanted]
        else:
            name = step.replace("~1", "/").replace("~0", "~")
            found = [inner for one in found if (inner := _in(one, name)) is not None]
    return found


def _in(holder: Any, name: str) -> Any:
    if isinstance(holder, dict):
        return holder.get(name)
    if isinstance(holder, list) and name.isascii() and name.isdecimal() and len(name) < 6:
        return holder[int(name)] if int(name) < len(holder) else None
    return None


def _sum(cells: list[str]) -> Any:
    try:
        return str(sum(map(Decimal, cells)))
    except InvalidOperation:
        return NOWHERE
