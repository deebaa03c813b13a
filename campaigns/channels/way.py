from types import TracebackType
from typing import ClassVar, NamedTuple, Self

from campaigns.models import Message


class Answer(NamedTuple):
    """What became of a message. QUEUED means: not now, try again. ``reference`` is the provider's own number."""

    status: str
    reason: str
    reference: str = ""


class Way:
    """A way out of the building, open for one batch; what a new channel has to be able to do."""

    # So many cut connections in a row, and the other side is taken for down.
    PATIENCE = 3
    # Whether a mailbox can tell a repeat: what may have arrived goes once more only then.
    tells_repeats: ClassVar[bool] = False

    def __init__(self) -> None:
        self.trouble = ""
        self._broken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def leaves() -> bool:
        """Whether this way is set up; otherwise messages are kept here, to be read."""
        raise NotImplementedError

    @property
    def is_down(self) -> bool:
        return self._broken >= self.PATIENCE

    def send(self, message: Message) -> Answer:
        """Hand one message over; never raises for what the other side or the network do."""
        raise NotImplementedError

    def close(self) -> None:
        """The batch is done."""
