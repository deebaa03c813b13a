"""Reads the environment; a wrong value stops the start with a sentence that says what to do.

Every name may end in ``_FILE`` and then gives the path of a file that holds the value.
"""

import re
import secrets
from email.utils import parseaddr
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

_ENVIRON = FileAwareMapping(cache=False)
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
_HOST = re.compile(r"\.?[\w-][\w.-]*|\[[0-9a-fA-F:]+\]")
_LOCAL = {"localhost", "127.0.0.1", "::1"}
SHORTEST_KEY = 50


def text(name: str, default: str = "") -> str:
    """The value as it stands, without spaces around it; set but empty counts as not set."""
    try:
        return str(_ENVIRON.get(name) or "").strip() or default
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names a file that cannot be read ({error.strerror}). Correct its path, or unset it."
        ) from error


def words(name: str, default: list[str] | None = None) -> list[str]:
    """A list, written with commas."""
    return [word.strip() for word in text(name).split(",") if word.strip()] or (default or [])


def boolean(name: str, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"{name} is {value!r}. Write true or false.")
    return value in _TRUE


def number(name: str, default: int, *, least: int, most: int) -> int:
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
        raise ImproperlyConfigured(f"{name} is {value!r}. Give a whole number from {least} to {most}.")
    return int(value)


def choice(name: str, default: str, choices: set[str]) -> str:
    value = text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}. Choose one of: {', '.join(sorted(choices))}.")
    return value


def base_url() -> str:
    """Scheme and host that every absolute link starts with, such as ``https://refer.example.com``."""
    value = text("BASE_URL", "http://localhost:8000").rstrip("/")
    try:
        parts = urlsplit(value)
        complete = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        complete = None
    if not complete or parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ImproperlyConfigured(
            f"BASE_URL is {value!r}. Give scheme and host only, such as https://refer.example.com."
        )
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise ImproperlyConfigured(
            f"BASE_URL is {value!r}. Personal links must travel encrypted: use https, "
            "or http only with localhost."
        )
    return value


def allowed_hosts(base_url: str) -> list[str]:
    """The host names this installation answers to; without ALLOWED_HOSTS, the one of its links."""
    host = urlsplit(base_url).hostname or ""
    hosts = words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"] if host in _LOCAL else [host])
    for name in hosts:
        if not _HOST.fullmatch(name):
            raise ImproperlyConfigured(
                f"ALLOWED_HOSTS contains {name!r}. Give host names only, with commas between them, "
                "such as refer.example.com."
            )
    if not any(host == name.strip("[]") or (name[0] == "." and host.endswith(name)) for name in hosts):
        raise ImproperlyConfigured(
            f"ALLOWED_HOSTS does not contain {host!r}, the host of BASE_URL. Add it, or every link would fail."
        )
    return hosts


def key(name: str) -> str:
    """A key to sign or hash with; empty when it is not set."""
    return _long_enough(name, text(name))


def keys(name: str) -> list[str]:
    return [_long_enough(name, value) for value in words(name)]


def secret_key(directory: Path) -> str:
    """The signing key: from the environment, or made once per installation on the embedded default."""
    if value := key("SECRET_KEY"):
        return value
    if text("DATABASE_URL"):
        raise ImproperlyConfigured(
            f"DATABASE_URL is set and SECRET_KEY is not. Set SECRET_KEY to at least {SHORTEST_KEY} random "
            "characters, the same on every machine."
        )
    path = directory / "secret_key"
    if not path.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(64))
    return path.read_text().strip()


def redis_url() -> str:
    value = text("REDIS_URL")
    if value and (urlsplit(value).scheme not in {"redis", "rediss"} or not urlsplit(value).hostname):
        raise ImproperlyConfigured(f"REDIS_URL is {value!r}. Write it as redis://host:6379/0.")
    return value


def basic_auth(name: str) -> str:
    """``name:password`` that another system sends with each request; empty when it is not set."""
    value = text(name)
    user, colon, password = value.partition(":")
    if value and not (user and colon and len(password) >= 16):
        raise ImproperlyConfigured(
            f"{name} is too weak. Write it as name:password, with 16 characters or more."
        )
    return value


def sender() -> str:
    """Who mail comes from when no program says so: ``Name <name@host>``."""
    value = text("DEFAULT_FROM_EMAIL", "Goodword <hello@goodword.example>")
    local, _at, domain = parseaddr(value)[1].rpartition("@")
    if not local or "." not in domain:
        raise ImproperlyConfigured(
            f"DEFAULT_FROM_EMAIL is {value!r}. Write it as Name <name@example.com>, or name@example.com."
        )
    return value


def report_errors(dsn: str) -> None:
    """Send errors to Sentry, without what people typed."""
    try:
        sentry = import_module("sentry_sdk")
    except ImportError as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set and sentry-sdk is not installed. Install it, or unset SENTRY_DSN."
        ) from error
    try:
        sentry.init(
            dsn=dsn, send_default_pii=False, max_request_body_size="never", include_local_variables=False
        )
    except ValueError as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN cannot be read. Copy it from the project's settings."
        ) from error


def _long_enough(name: str, value: str) -> str:
    if value and len(value) < SHORTEST_KEY:
        raise ImproperlyConfigured(f"{name} is too short. Give at least {SHORTEST_KEY} random characters.")
    return value
