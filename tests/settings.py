"""The product's settings, made quick and quiet for tests."""

from os import getpid
from pathlib import Path
from tempfile import gettempdir

from config.settings import *  # noqa: F403
from config.settings import DATABASES, Q_CLUSTER

SECRET_KEY = HASH_KEY = "tests-only-" + "x" * 50
BASE_URL = "http://localhost:8000"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MAIL_LEAVES = True
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
Q_CLUSTER = Q_CLUSTER | {"sync": False}
# Several threads must see one database, so it is a file and not in memory.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(Path(gettempdir()) / f"goodword-test-{getpid()}.sqlite3")}
