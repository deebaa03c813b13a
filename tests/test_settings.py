from pathlib import Path
from tempfile import gettempdir

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import addresses, environment

LONG = "k" * 60
EMBEDDED = Path(gettempdir(), "goodword.sqlite3")


@pytest.fixture
def settle(monkeypatch):
    """Sets the environment, and nothing else in it that we read."""

    def settle(**values: str) -> None:
        for name in (
            "BASE_URL",
            "DATABASE_URL",
            "REDIS_URL",
            "EMAIL_URL",
            "SMS_URL",
            "SECRET_KEY",
            "ALLOWED_HOSTS",
        ):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return settle


def _hosts() -> object:
    return environment.allowed_hosts(environment.base_url())


def _database() -> object:
    return addresses.database(EMBEDDED)


def _workers() -> object:
    return environment.number("WORKERS", 2, least=1, most=64)


@pytest.mark.parametrize(
    ("name", "value", "read", "sentence"),
    [
        ("BASE_URL", "refer.example.com", environment.base_url, "Give scheme and host only"),
        ("BASE_URL", "https://refer.example.com/app", environment.base_url, "Give scheme and host only"),
        ("BASE_URL", "https://me:pw@refer.example.com", environment.base_url, "Give scheme and host only"),
        ("BASE_URL", "https://refer.example.com:port", environment.base_url, "Give scheme and host only"),
        ("BASE_URL", "http://refer.example.com", environment.base_url, "Personal links must travel encrypted"),
        ("ALLOWED_HOSTS", "*", _hosts, "Give host names only"),
        ("ALLOWED_HOSTS", "localhost, https://refer.example.com", _hosts, "Give host names only"),
        ("ALLOWED_HOSTS", "other.example.com", _hosts, "does not contain 'localhost', the host of BASE_URL"),
        ("DATABASE_URL", "nonsense", _database, "Write it as postgres://"),
        ("DATABASE_URL", "mysql://u:p@host/db", _database, "Write it as postgres://"),
        ("DATABASE_URL", "postgres://u:p@host:5432", _database, "Write it as postgres://"),
        ("DATABASE_URL", "postgres://u:p@host:port/db", _database, "Write it as postgres://"),
        ("DATABASE_URL", "sqlite://:memory:", _database, "Write it as postgres://"),
        ("REDIS_URL", "localhost:6379", environment.redis_url, "Write it as redis://host:6379/0"),
        ("EMAIL_URL", "mail.example.com", addresses.mail, "Write it as smtp"),
        ("EMAIL_URL", "smtp://", addresses.mail, "Write it as smtp"),
        ("EMAIL_URL", "smtp://host:port", addresses.mail, "Write it as smtp"),
        ("EMAIL_URL", "anymail+pigeon://key@", addresses.mail, "Write it as smtp"),
        ("EMAIL_URL", "anymail+mailgun://key@", addresses.mail, "anymail+mailgun://KEY@domain"),
        ("EMAIL_URL", "anymail+postmark://", addresses.mail, "anymail+postmark://TOKEN@"),
        ("SMS_URL", "twilio://AC1:token@", addresses.texts, "Write it as twilio://SID:TOKEN@/+15551234567"),
        ("SMS_URL", "twilio://AC1@/+15551234567", addresses.texts, "Write it as twilio://"),
        ("SMS_URL", "pigeon://AC1:token@/+15551234567", addresses.texts, "or consolesms://"),
        ("MAIL_HOOK_SECRET", "short", lambda: environment.basic_auth("MAIL_HOOK_SECRET"), "Write it as name:password"),
        ("DEFAULT_FROM_EMAIL", "Acme", environment.sender, "Write it as Name <name@example.com>"),
        ("DEBUG", "maybe", lambda: environment.boolean("DEBUG", False), "Write true or false"),
        ("WORKERS", "0", _workers, "Give a whole number from 1 to 64"),
        ("WORKERS", "two", _workers, "Give a whole number from 1 to 64"),
        ("LOG_FORMAT", "xml", lambda: environment.choice("LOG_FORMAT", "text", {"text", "json"}), "json, text"),
        ("HASH_KEY", "short", lambda: environment.key("HASH_KEY"), "at least 50 random characters"),
        ("SECRET_KEY_FALLBACKS", f"{LONG},short", lambda: environment.keys("SECRET_KEY_FALLBACKS"), "at least 50"),
        ("SECRET_KEY_FILE", "/nowhere/key", lambda: environment.key("SECRET_KEY"), "a file that cannot be read"),
        ("SENTRY_DSN", "https://1@sentry.example/1", lambda: environment.report_errors("x"), "is not installed"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_its_name_and_what_to_do(settle, name, value, read, sentence):
    settle(**{name: value})

    with pytest.raises(ImproperlyConfigured) as refusal:
        read()

    assert str(refusal.value).startswith(name)
    assert sentence in str(refusal.value)


def test_an_address_that_cannot_be_read_is_not_shown_since_it_holds_a_password(settle):
    settle(DATABASE_URL="mysql://u:hunter2@host/db", EMAIL_URL="pop://u:hunter2@host")

    for read in (_database, addresses.mail):
        with pytest.raises(ImproperlyConfigured) as refusal:
            read()
        assert "hunter2" not in str(refusal.value)


def test_without_any_environment_everything_is_local(settle, tmp_path):
    settle()

    assert environment.base_url() == "http://localhost:8000"
    assert _hosts() == ["localhost", "127.0.0.1", "[::1]"]
    assert addresses.database(EMBEDDED)["NAME"] == str(EMBEDDED)
    assert addresses.database(EMBEDDED)["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert not addresses.mail().leaves
    assert environment.redis_url() == ""


def test_the_signing_key_is_made_once_and_for_its_owner_alone(settle, tmp_path):
    settle()

    first, second = environment.secret_key(tmp_path / "var"), environment.secret_key(tmp_path / "var")

    assert first == second
    assert len(first) >= environment.SHORTEST_KEY
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_with_a_database_of_ones_own_the_signing_key_must_be_given(settle, tmp_path):
    settle(DATABASE_URL="postgres://u:p@host/db")

    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL is set and SECRET_KEY is not"):
        environment.secret_key(tmp_path)

    assert not list(tmp_path.iterdir())


def test_a_secret_is_read_from_a_file_and_taken_as_it_stands(settle, tmp_path):
    path = tmp_path / "key"
    path.write_text(f"$HOME{LONG}\n")
    settle(SECRET_KEY_FILE=str(path))

    assert environment.secret_key(tmp_path) == f"$HOME{LONG}"


def test_postgresql_keeps_its_connections_and_what_the_address_asks_for(settle):
    settle(DATABASE_URL="postgres://u:p%40@host:5433/db?sslmode=require")

    database = addresses.database(EMBEDDED)

    assert (database["HOST"], database["PORT"], database["PASSWORD"]) == ("host", 5433, "p@")
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["CONN_MAX_AGE"] == 600


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("smtp://localhost:1025", ("localhost", 1025, "", "", False, False)),
        ("smtp+tls://me:p%40ss@mail.example", ("mail.example", 587, "me", "p@ss", True, False)),
        ("smtp+ssl://me:pw@mail.example", ("mail.example", 465, "me", "pw", False, True)),
    ],
)
def test_mail_leaves_as_its_address_says(settle, address, expected):
    settle(EMAIL_URL=address)

    mail = addresses.mail()

    assert mail.leaves
    assert (mail.host, mail.port, mail.user, mail.password, mail.use_tls, mail.use_ssl) == expected


def test_mail_can_be_written_to_files(settle):
    settle(EMAIL_URL="filemail:///var/mail/out")

    assert addresses.mail().directory == "/var/mail/out"


@pytest.mark.parametrize(
    ("value", "backend", "found"),
    [
        ("anymail+postmark://T0ken@", "postmark", {"POSTMARK_SERVER_TOKEN": "T0ken"}),
        ("anymail+mailgun://K%2Fey@mg.acme.example", "mailgun",
         {"MAILGUN_API_KEY": "K/ey", "MAILGUN_SENDER_DOMAIN": "mg.acme.example"}),
        ("anymail+mailjet://Key@Secret", "mailjet", {"MAILJET_API_KEY": "Key", "MAILJET_SECRET_KEY": "Secret"}),
    ],
)  # fmt: skip
def test_mail_leaves_by_a_providers_api(settle, value, backend, found):
    settle(EMAIL_URL=value)

    mail = addresses.mail()

    assert (mail.leaves, mail.backend) == (True, f"anymail.backends.{backend}.EmailBackend")
    assert mail.provider == found


def test_texts_leave_as_one_address_says(settle):
    settle()
    assert not addresses.texts().backend
    settle(SMS_URL="consolesms://")
    assert addresses.texts().backend == "campaigns.channels.phone.Console"
    settle(SMS_URL="twilio://AC1:to%2Fken@/+15551234567")
    assert addresses.texts() == ("campaigns.channels.twilio.Twilio", "AC1", "to/ken", "+15551234567")
