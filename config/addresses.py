"""Settings of the database, of mail and of text messages, from one address each."""

import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config import environment

# A number, a name of up to eleven letters, or Twilio's own word for a set of numbers.
_SENDER = re.compile(r"\+\d{6,15}|MG[0-9a-f]{32}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")


class Mail(NamedTuple):
    """What Django's EMAIL_… settings are made of."""

    leaves: bool = False
    backend: str = "django.core.mail.backends.dummy.EmailBackend"
    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    use_tls: bool = False
    use_ssl: bool = False
    directory: str | None = None
    # Settings of django-anymail, for mail that leaves by a provider's API.
    provider: dict[str, str] = {}


class Texts(NamedTuple):
    """How text messages leave; not at all without a backend."""

    backend: str = ""
    account: str = ""
    token: str = ""
    sender: str = ""


def database(embedded: Path) -> dict[str, Any]:
    """Where the data is: DATABASE_URL, or the SQLite file ``embedded``; safe for concurrent writers."""
    value = environment.text("DATABASE_URL")
    if not value:
        embedded.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _sqlite({"ENGINE": "django.db.backends.sqlite3", "NAME": str(embedded)})
    try:
        # Asked first, since the library prints an address it does not know, password included.
        kind = _KINDS[urlsplit(value).scheme]
        config: dict[str, Any] = environ.Env.db_url_config(value)
    except (ValueError, TypeError, KeyError) as error:
        raise _no_database() from error
    if config["NAME"] in {"", ":memory:"}:
        raise _no_database()
    return kind(config)


def _no_database() -> ImproperlyConfigured:
    # The value is not shown: it holds a password.
    return ImproperlyConfigured(
        "DATABASE_URL cannot be read. Write it as postgres://name:password@host:5432/database, "
        "or sqlite:////path/of/a/file."
    )


def _sqlite(config: dict[str, Any]) -> dict[str, Any]:
    # Without immediate transactions, concurrent writers die with "database is locked".
    return config | {
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    }


def _postgresql(config: dict[str, Any]) -> dict[str, Any]:
    # What stood after the question mark, such as sslmode, is kept. Compiling a query (jit) takes seconds where
    # running it takes milliseconds: our long ones are long for all they check, not for many rows.
    return config | {
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": config.get("OPTIONS", {})
        | {
            "connect_timeout": 3,
            "options": "-c jit=off -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000",
        },
    }


_KINDS = {"sqlite": _sqlite, "postgres": _postgresql, "postgresql": _postgresql}


def mail() -> Mail:
    """How mail leaves: as EMAIL_URL says; not at all without it."""
    value = environment.text("EMAIL_URL")
    if not value:
        return Mail()
    if value.startswith("anymail+"):
        return _by_provider(value)
    try:
        config: dict[str, Any] = environ.Env.email_url_config(value)
    except (ValueError, environ.ImproperlyConfigured) as error:
        raise _no_mail() from error
    scheme = urlsplit(value).scheme
    if scheme.startswith("smtp") and not config["EMAIL_HOST"]:
        raise _no_mail()
    return Mail(
        leaves=True,
        backend=config["EMAIL_BACKEND"],
        host=config["EMAIL_HOST"] or "",
        port=config["EMAIL_PORT"] or {"smtps": 587, "smtp+tls": 587, "smtp+ssl": 465}.get(scheme, 25),
        user=config["EMAIL_HOST_USER"] or "",
        password=config["EMAIL_HOST_PASSWORD"] or "",
        use_tls=bool(config.get("EMAIL_USE_TLS")),
        use_ssl=bool(config.get("EMAIL_USE_SSL")),
        directory=f"/{config['EMAIL_FILE_PATH'].lstrip('/')}" if scheme == "filemail" else None,
    )


# Providers that need no further package, and what their settings are called in django-anymail.
_PROVIDERS = {
    "brevo": ("BREVO_API_KEY", ""),
    "mailgun": ("MAILGUN_API_KEY", "MAILGUN_SENDER_DOMAIN"),
    "mailjet": ("MAILJET_API_KEY", "MAILJET_SECRET_KEY"),
    "postmark": ("POSTMARK_SERVER_TOKEN", ""),
    "sendgrid": ("SENDGRID_API_KEY", ""),
}


def _by_provider(value: str) -> Mail:
    """``anymail+mailgun://KEY@domain``: by the provider's API, which also reports what became of a mail."""
    parts = urlsplit(value)
    key, second = _PROVIDERS.get(parts.scheme.removeprefix("anymail+"), ("", ""))
    if not key or not parts.username or bool(second) != bool(parts.hostname):
        raise _no_mail()
    found = {key: unquote(parts.username)} | ({second: parts.hostname or ""} if second else {})
    if second.endswith("SECRET_KEY"):
        # The host stands in lower case; a key does not.
        found[second] = parts.netloc.rpartition("@")[2]
    name = parts.scheme.removeprefix("anymail+")
    return Mail(leaves=True, backend=f"anymail.backends.{name}.EmailBackend", provider=found)


def texts() -> Texts:
    """How text messages leave: as SMS_URL says; they are kept without it."""
    value = environment.text("SMS_URL")
    if not value:
        return Texts()
    parts = urlsplit(value)
    if parts.scheme == "consolesms":
        return Texts("campaigns.channels.phone.Console")
    sender = unquote(parts.path.strip("/"))
    if parts.scheme != "twilio" or not parts.username or not parts.password or not _SENDER.fullmatch(sender):
        # The value is not shown: it holds a password.
        raise ImproperlyConfigured(
            "SMS_URL cannot be read. Write it as twilio://SID:TOKEN@/+15551234567 (the sender's number, name "
            "or messaging service), or consolesms:// to see texts in the terminal."
        )
    return Texts("campaigns.channels.twilio.Twilio", unquote(parts.username), unquote(parts.password), sender)


def _no_mail() -> ImproperlyConfigured:
    return ImproperlyConfigured(
        "EMAIL_URL cannot be read. Write it as smtp+tls://name:password@host:587, smtp+ssl://…:465, "
        "smtp://host:25, anymail+postmark://TOKEN@, anymail+brevo://KEY@, anymail+sendgrid://KEY@, "
        "anymail+mailgun://KEY@domain, anymail+mailjet://KEY@SECRET, or consolemail:// to see mail in the terminal."
    )
