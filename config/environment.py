"""Reads the environment; a wrong value stops the start with a sentence that says what to do."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.FileAwareEnv()


def base_url() -> str:
    """Scheme and host that every absolute link starts with, such as ``https://refer.example.com``."""
    value: str = env.str("BASE_URL", default="http://localhost:8000").rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
        raise ImproperlyConfigured(
            f"BASE_URL is {value!r}. Give scheme and host only, such as https://refer.example.com."
        )
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme == "http" and not local:
        raise ImproperlyConfigured(
            f"BASE_URL is {value!r}. Personal links must travel encrypted: use https, "
            "or http only with localhost."
        )
    return value


def secret_key(directory: Path) -> str:
    """The signing key: from the environment, or made once per installation on the embedded default."""
    value: str = env.str("SECRET_KEY", default="")
    if value:
        if len(value) < 50:
            raise ImproperlyConfigured("SECRET_KEY is too short. Give at least 50 random characters.")
        return value
    if "DATABASE_URL" in env.ENVIRON or "DATABASE_URL_FILE" in env.ENVIRON:
        raise ImproperlyConfigured(
            "DATABASE_URL is set and SECRET_KEY is not. Set SECRET_KEY to at least 50 random "
            "characters, the same on every machine."
        )
    path = directory / "secret_key"
    directory.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(64))
    return path.read_text().strip()


def database(name: str, default: str = "") -> dict[str, object]:
    """Database settings from an address, with what SQLite and PostgreSQL each need to be safe."""
    try:
        config: dict[str, object] = env.db_url(name, default=default)
    except (ValueError, environ.ImproperlyConfigured) as error:
        raise ImproperlyConfigured(
            f"{name} cannot be read. Write it as postgres://name:password@host:5432/database."
        ) from error
    engine = str(config.get("ENGINE", ""))
    if engine.endswith("sqlite3"):
        # Without immediate transactions, concurrent writers die with "database is locked".
        config["OPTIONS"] = {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    elif engine.endswith("postgresql"):
        config["CONN_MAX_AGE"] = 600
        config["CONN_HEALTH_CHECKS"] = True
        config["OPTIONS"] = {
            "connect_timeout": 3,
            "options": "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000",
        }
    else:
        raise ImproperlyConfigured(f"{name} names {engine!r}. Use postgres:// or sqlite://.")
    return config
