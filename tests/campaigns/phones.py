"""A provider of text messages within the test process that answers as it is told to."""

from campaigns.channels import Answer


class Kept:
    """Keeps every text; says what stands in ``answers`` for a number, else that it has sent it."""

    texts: list[tuple[str, str]] = []
    answers: dict[str, Answer] = {}

    def carry(self, to: str, text: str) -> Answer:
        self.texts.append((to, text))
        return self.answers.get(to, Answer("sent", "Accepted.", f"SM{len(self.texts)}"))
