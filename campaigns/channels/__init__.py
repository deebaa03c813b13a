"""The ways out of the building, one class each. A new channel is a class, and a line in ``WAYS``."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from campaigns.channels.mail import Post
from campaigns.channels.phone import Phone
from campaigns.channels.way import Answer, Way
from campaigns.models import Message, MessageChannel

__all__ = ["WAYS", "Answer", "Way", "Ways"]

WAYS: dict[str, type[Way]] = {MessageChannel.EMAIL: Post, MessageChannel.SMS: Phone}


class Ways:
    """The ways that a batch needs, each opened once."""

    def __init__(self) -> None:
        self._open: dict[str, Way] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def of(self, message: Message) -> Way:
        if message.channel not in self._open:
            self._open[message.channel] = self._stack.enter_context(WAYS[message.channel]())
        return self._open[message.channel]
