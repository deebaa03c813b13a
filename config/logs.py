"""Log lines without personal data, as text or as JSON."""

import json
import logging
import re
from datetime import UTC, datetime

_ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+\.[\w.-]+")
_SECRET_PATH = re.compile(r"(/(?:a|f|s|u|confirm|password/reset/key)/)[\w-]{8,}")
# A line break in a path must not look like a line of ours.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127)}


def mask(text: str) -> str:
    """The text without e-mail addresses and without the tokens of personal links."""
    return _SECRET_PATH.sub(r"\1…", _ADDRESS.sub("…@…", text))


class TextFormatter(logging.Formatter):
    """One line a message; a traceback follows on lines of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class's name
        return super().formatMessage(record).translate(_CONTROLS)

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message and, after an error, the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": mask(record.getMessage()),
        }
        if record.exc_info:
            line["exception"] = mask(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
