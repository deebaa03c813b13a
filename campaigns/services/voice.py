"""How programs speak: what their brand voice puts into every message."""

from collections.abc import Iterable
from typing import Any

from campaigns.models import BrandVoice
from campaigns.services.composing import Value
from referrals.models import Program

WITH_VOICE = ("program__voice", "program__profile")


def programs_with_voice(programs: Iterable[Program]) -> dict[int, Program]:
    """These programs with their voice and their ideal customer: in one query, or none where both came along,
    as with ``select_related(*WITH_VOICE)``."""
    given = {program.pk: program for program in programs}
    lacking = [pk for pk, program in given.items() if not all(part.is_cached(program) for part in _parts())]
    rows = Program.objects.filter(pk__in=lacking).select_related("voice", "profile") if lacking else ()
    return given | {program.pk: program for program in rows}


def _parts() -> tuple[Any, ...]:
    return Program._meta.get_field("voice"), Program._meta.get_field("profile")


def voice_of(program: Program | None) -> BrandVoice:
    """The program's voice, or the usual one."""
    return getattr(program, "voice", None) or BrandVoice()


def voice_values(program: Program, language: str) -> dict[str, Value]:
    """What the voice and the ideal customer give to the words, for a reader of this language."""
    voice, profile = voice_of(program), getattr(program, "profile", None)
    return {
        "formal": "yes" if voice.is_formal(language) else "",
        # Written once, in the program's language; elsewhere the texts have their own.
        "sign_off": voice.sign_off if language == program.language else "",
        "signature": voice.signature or program.sender_name or program.company,
        "looking_for": profile.told.headline.rstrip(".") if profile else "",
    }
