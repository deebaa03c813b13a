"""Settings: the environment first, safe without any. README.md lists the names."""

from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from whitenoise.compress import Compressor

from config import addresses, environment

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(environment.text("VAR_DIR", str(BASE_DIR / "var"))).absolute()

DEBUG = environment.boolean("DEBUG", default=False)
SECRET_KEY = environment.secret_key(VAR_DIR)
SECRET_KEY_FALLBACKS = environment.keys("SECRET_KEY_FALLBACKS")
# Suppression and duplicate detection outlive names; so does the key of their hashes.
# Set it before SECRET_KEY is ever changed.
HASH_KEY = environment.key("HASH_KEY") or SECRET_KEY

BASE_URL = environment.base_url()
SECURE = BASE_URL.startswith("https://")
ALLOWED_HOSTS = environment.allowed_hosts(BASE_URL)
CSRF_TRUSTED_ORIGINS = [BASE_URL]
# Hosts of the own network that webhooks may call, such as a CRM in the same house; all others must be public.
WEBHOOK_HOSTS = environment.words("WEBHOOK_HOSTS", [])
# How many proxies of ours stand in front; only so many addresses of X-Forwarded-For are believed.
TRUSTED_PROXY_COUNT = environment.number("TRUSTED_PROXY_COUNT", 0, least=0, most=9)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

INSTALLED_APPS = [
    "config.apps.ProjectConfig",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "ninja",
    "django_q",
    "simple_history",
    "referrals",
    "rewards",
    "campaigns",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.probes",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.SpeakOneLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.middleware.desk",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "campaigns.context.house",
            ],
        },
    }
]

DATABASES = {"default": addresses.database(embedded=VAR_DIR / "goodword.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = environment.redis_url()
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        # Shared by all workers, so that sign-in limits hold across them.
        else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
    )
}

# Settings that held under load and killed workers; the tables, not the queue, tell what is due.
Q_CLUSTER = {
    "name": "goodword",
    "workers": environment.number("WORKERS", 2, least=1, most=64),
    "poll": 0.2,
    "save_limit": -1,
    "bulk": 10,
    "queue_limit": 20,
    "timeout": 120,
    "retry": 900,
    "max_attempts": 5,
    "ack_failures": False,
    "catch_up": False,
    "recycle": 500,
    "label": _("Background work"),
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Staff knock here, at the admin; the portal asks for a mailed code itself.
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/me/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "campaigns.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
# Nobody signs up; but where sign-up asks for no password, allauth's sign-in form has none either.
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
# Of staff, since their last click; campaigns/sessions.py.
ACCOUNT_SESSION_COOKIE_AGE = 12 * 60 * 60
# Goes to the adapter, which sends nothing; without it, strangers would be answered faster.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_RATE_LIMITS = {"request_login_code": "20/m/ip"}
ACCOUNT_FORMS = {"request_login_code": "campaigns.accounts.RequestCodeForm"}
# Administrators may do everything: with this, not before they have a second factor.
REQUIRE_SECOND_FACTOR = environment.boolean("REQUIRE_SECOND_FACTOR", default=False)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Goodword"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE

SESSION_COOKIE_AGE = 14 * 24 * 60 * 60
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
if SECURE:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    SECURE_SSL_REDIRECT = environment.boolean("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    if TRUSTED_PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz/$", r"^readyz/$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "campaigns.views.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 262_144
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# Without EMAIL_URL nothing leaves the building: messages are kept, readable in the admin.
_mail = addresses.mail()
MAIL_LEAVES = _mail.leaves
EMAIL_BACKEND = _mail.backend
if EMAIL_BACKEND.endswith("smtp.EmailBackend"):
    EMAIL_BACKEND = "campaigns.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.use_tls, _mail.use_ssl
EMAIL_FILE_PATH = _mail.directory
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = environment.sender()
# What providers report to /hooks/mail/<provider>/ is believed with this “name:password” only.
ANYMAIL = _mail.provider | {
    "WEBHOOK_SECRET": environment.basic_auth("MAIL_HOOK_SECRET"),
    "REQUESTS_TIMEOUT": (5, 10),
    # Our own clicks and pages count; no provider rewrites links or adds pictures.
    "IGNORE_UNSUPPORTED_FEATURES": True,
}
# Without SMS_URL texts are kept like mail.
_texts = addresses.texts()
SMS_BACKEND, SMS_SENDER = _texts.backend, _texts.sender
SMS_ACCOUNT, SMS_TOKEN = _texts.account, _texts.token

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("it", "Italiano"),
    ("ru", "Русский"),
    ("es", "Español"),
    ("nl", "Nederlands"),
    ("fr", "Français"),
]
# Those whose catalogue in locale/ is complete; pages are in no other.
TRANSLATED = ["en", "es", "fr", "it", "nl", "ru"]
# Compiled from locale/ when the product starts.
LOCALE_PATHS = [VAR_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static.CompressedOnce"},
}

# Maps of the API's documentation page are for whoever debugs it: megabytes, and nobody waits for them.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

LOG_FORMAT = environment.choice("LOG_FORMAT", "text", {"text", "json"})
LOG_LEVEL = environment.choice("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {
            "()": "config.logs.TextFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        },
        "json": {"()": "config.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # These come with handlers of their own; everything leaves by the masked one.
    "loggers": {
        name: {"handlers": [], "propagate": True}
        for name in ("django", "django.server", "gunicorn.error", "gunicorn.access")
    }
    | {"django-q": {"level": "WARNING"}, "httpx": {"level": "WARNING"}, "twilio": {"level": "WARNING"}},
}

if SENTRY_DSN := environment.text("SENTRY_DSN"):
    environment.report_errors(SENTRY_DSN)
