import io
import json
import logging

import pytest

from config.logs import JsonFormatter, TextFormatter


def _log(formatter: logging.Formatter, message: str, *args: object, error: Exception | None = None) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    info = (type(error), error, None) if error else None
    handler.handle(logging.LogRecord("shop", logging.INFO, "", 1, message, args, info))
    return stream.getvalue()


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("anna.rossi+x@customer.example", "…@…"),
        ("/a/Xy12_-Zw34567890/sent/", "/a/…/sent/"),
        ("/f/Xy12_-Zw34567890/", "/f/…/"),
        ("/u/Xy12_-Zw34567890/", "/u/…/"),
        ("/account/password/reset/key/2n-d4kc0l-4bbd0df5e1/", "/account/password/reset/key/…/"),
        ("/p/solar/confirm/Xy12_-Zw34567890/", "/p/solar/confirm/…/"),
    ],
)
def test_neither_addresses_nor_tokens_reach_a_log(formatter, secret, shown):
    line = _log(formatter, "seen %s", secret, error=ValueError(f"near\n{secret}"))

    assert secret not in line
    assert line.count(shown) == 2


def test_a_json_line_is_one_object_even_with_a_line_break_before_an_address():
    line = _log(JsonFormatter(), "a\nanna@customer.example")

    assert line.count("\n") == 1
    assert json.loads(line)["message"] == "a\n…@…"
    assert json.loads(line)["level"] == "INFO"


def test_a_line_break_in_a_message_cannot_pass_for_a_line_of_ours():
    assert _log(TextFormatter(), "GET /x\nERROR forged") == "GET /x\\x0aERROR forged\n"
