"""Text messages: to a provider, or to the terminal of whoever tries it out."""

import sys
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from campaigns.channels.way import Answer, Way
from campaigns.models import Message


class Line(Protocol):
    """What carries texts. ``Answer.status`` UNKNOWN: it may have taken the text."""

    def carry(self, to: str, text: str) -> Answer: ...


class Console:
    """Shows texts in the terminal."""

    def carry(self, to: str, text: str) -> Answer:
        sys.stdout.write(f"SMS {to}\n{text}\n\n")
        return Answer(Message.Status.SENT, _("Shown in the terminal."))


class Phone(Way):
    """One line to the provider for many texts."""

    def __init__(self) -> None:
        super().__init__()
        self._line: Line | Any = import_string(settings.SMS_BACKEND)()

    @staticmethod
    def leaves() -> bool:
        return bool(settings.SMS_BACKEND)

    def send(self, message: Message) -> Answer:
        answer: Answer = self._line.carry(message.to_address, message.text)
        in_trouble = answer.status in {Message.Status.QUEUED, Message.Status.UNKNOWN}
        self._broken = self._broken + 1 if in_trouble else 0
        self.trouble = answer.reason
        return answer
