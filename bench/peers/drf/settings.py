"""Django's settings, from the environment."""

import os
from datetime import timedelta

SECRET_KEY = os.environ["SECRET_KEY"]
SYNCHRONOUS = os.environ.get("SYNCHRONOUS", "FULL")
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "drf.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "drf"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]  # sets Content-Length
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["DATABASE"],
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={SYNCHRONOUS};",
            "transaction_mode": "IMMEDIATE",  # a second writer waits, where it would fail
            "timeout": 20,
        },
    }
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["drf.sessions.BySession"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(hours=1)}
LOGGING_CONFIG = None
