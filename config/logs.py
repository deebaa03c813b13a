"""Log lines without personal data, as text or as JSON."""

import json
import logging
import re
from datetime import UTC, datetime

_ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+\.[\w.-]+")
_SECRET_PATH = re.compile(r"(/(?:a|f|s|u|confirm)/)[\w-]{8,}")


class MaskAddresses(logging.Filter):
    """Cuts e-mail addresses, and the tokens of personal links, out of every line."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        masked = _SECRET_PATH.sub(r"\1…", _ADDRESS.sub("…@…", text))
        if masked != text:
            record.msg, record.args = masked, None
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message and, after an error, the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
