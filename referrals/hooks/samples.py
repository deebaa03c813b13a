"""A call that came, as a sample to keep: its form and its figures, and nothing about a person."""

import re
from typing import Any

# Numbers, dates, codes and short marks such as EUR say how to read a call; all other text may name somebody.
_CODE = re.compile(r"(?=.*\d)[\w.,:+/-]{1,40}|[A-Z]{2,3}", re.ASCII)
# What happened, such as order.paid; elsewhere the same form may be a user's name.
_KINDS, _KIND = {"type", "topic", "event", "kind", "action"}, re.compile(r"[a-z_]+([./:][a-z_]+)+")
_PHONE = re.compile(r"[+0][\d ()./-]{7,20}")


def sample_of(payload: Any) -> Any:
    """The same with made-up text where there was text about somebody."""
    match payload:
        case dict():
            return {
                name: value if name in _KINDS and _KIND.fullmatch(str(value)) else sample_of(value)
                for name, value in payload.items()
            }
        case list():
            return [sample_of(value) for value in payload[:3]]
        case str():
            return _made_up(payload)
    return payload


def _made_up(text: str) -> str:
    if "@" in text:
        return "somebody@example.com"
    if _PHONE.fullmatch(text) and not re.match(r"0?\d*[.]\d+$", text):
        return "+39061234567"
    return text if not text or _CODE.fullmatch(text) else "text"
