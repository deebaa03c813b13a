"""Text messages: how long they are, and what every one of them says."""

from math import ceil

from django.utils.translation import gettext as _

from campaigns.models import Message
from campaigns.services.frame import can_unsubscribe

# More than this is no text message any more, and costs as many as it has parts.
MOST_PARTS = 3
# One letter that GSM 03.38 lacks halves each part: whoever is called Łukasz, or reads Russian, must not be left
# out for it.
MOST_HALVED = 5
# GSM 03.38: one septet each; those of the second row take two.
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE = set("\f^{}\\[~]|€")
# One of these in a text, and the whole text takes twice the room.
PLAINER = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-",
                         "…": "...", "\u00a0": " ", "\u202f": " ", "\t": " "})  # fmt: skip
OPT_OUT = {
    "en": "STOP to end",
    "it": "STOP per non ricevere altro",
    "ru": "СТОП – и мы больше не пишем",
    "es": "STOP para no recibir más",
    "nl": "STOP om te stoppen",
    "fr": "STOP pour arrêter",
}


class TooLong(ValueError):
    """A text of more parts than may be; its text says what to do."""


def text_parts(text: str) -> int:
    """In how many parts a text travels, and how often it is paid for."""
    if _is_plain(text):
        length = len(text) + sum(c in GSM_TWICE for c in text)
        return 1 if length <= 160 else ceil(length / 153)
    length = len(text.encode("utf-16-le")) // 2
    return 1 if length <= 70 else ceil(length / 67)


def _is_plain(text: str) -> bool:
    return all(c in GSM or c in GSM_TWICE for c in text)


def finish_text(message: Message, words: str) -> str:
    """The words as a text message: who writes, the words, how to get no more. Raises TooLong."""
    company = message.program.company if message.program else ""
    text = words if not company or company.casefold() in words.casefold() else f"{company}: {words}"
    if can_unsubscribe(message) and "STOP" not in text.upper().split():
        text = f"{text}\n{OPT_OUT.get(message.language, OPT_OUT['en'])}"
    text = text.translate(PLAINER)
    most = MOST_PARTS if _is_plain(text) else MOST_HALVED
    if (parts := text_parts(text)) > most:
        raise TooLong(
            _("It would travel in %(parts)d parts, and %(most)d are the most. Shorten the words.")
            % {"parts": parts, "most": most}
        )
    return text
