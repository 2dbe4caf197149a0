"""Django settings: secure by default; what depends on the machine comes from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict
from whitenoise.compress import Compressor

from ecgreview.site import env

BASE_DIR = Path(__file__).resolve().parent.parent

# The demo runs on one machine: plain HTTP on loopback, synthetic exams, one-time sign-in links.
DEMO = env.flag("ECGREVIEW_DEMO")
DEMO_EXAMS = env.integer("ECGREVIEW_DEMO_EXAMS", 60, minimum=6, maximum=60)

DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text("SECRET_KEY")
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10 or SECRET_KEY.startswith("django-insecure"):
    raise ImproperlyConfigured("SECRET_KEY is weak: give it at least 50 random characters.")
if DEBUG and not DEMO:
    raise ImproperlyConfigured("DEBUG shows data in error pages: it may be on in the demo only.")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
# The public address of the site. Links in messages are built from it, never from a request.
SITE_URL = env.site_url("SITE_URL", "http://127.0.0.1:8000" if DEMO else None)

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
TEST_DATABASE = env.text("ECGREVIEW_TEST_DB", "test_ecgreview")

INSTALLED_APPS = [
    "annotations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "annotations.middleware.HeadWithoutBody",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "annotations.views.account.enrollment.Enrollment",
    "annotations.middleware.RowSecurity",
]

ROOT_URLCONF = "ecgreview.urls"
WSGI_APPLICATION = "ecgreview.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "annotations.views.context.site",
            ],
        },
    },
]

# -- Database ---------------------------------------------------------------------------------


def _database(url: str) -> dict[str, Any]:
    """Return Django's database settings for a libpq ``url``.

    Keepalives and ``tcp_user_timeout`` turn a dead connection into an error within seconds, so
    requests do not hang. The statement timeout limits what one request can cost.
    """
    parts = conninfo_to_dict(url)
    pool = {"min_size": 1, "max_size": env.integer("DATABASE_POOL_SIZE", 8), "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,  # the pool tests a connection before handing it out
        "OPTIONS": {
            **parts,
            "connect_timeout": 5,
            "keepalives": 1,
            "keepalives_idle": 1,
            "keepalives_interval": 1,
            "keepalives_count": 2,
            "tcp_user_timeout": 2000,
            "options": f"-c statement_timeout={env.integer('STATEMENT_TIMEOUT_MS', 30_000)}",
            **({"pool": pool} if env.flag("DATABASE_POOL") else {}),
        },
        "TEST": {"NAME": TEST_DATABASE},
    }


DATABASES = {"default": _database(env.text("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- Celery and Redis -------------------------------------------------------------------------

REDIS_URL = env.text("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# Tasks work in time slices and are called again, so most need no longer than this. The broker
# redelivers a task that takes longer than visibility_timeout, so two workers would run it at the
# same time; the longer tasks in tasks.py therefore claim their work first.
CELERY_TASK_SOFT_TIME_LIMIT = 15
CELERY_TASK_TIME_LIMIT = 20
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A process that has grown beyond this is replaced after its task: reports for 200 readers need
# hundreds of MB for a few seconds, and Python does not return that memory to the system.
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 350_000  # kB
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1_000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker indefinitely
CELERY_TASK_PUBLISH_RETRY = False
CELERY_REDIS_SOCKET_TIMEOUT = 5
CELERY_REDIS_SOCKET_CONNECT_TIMEOUT = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # The task of a killed worker is delivered again after visibility_timeout, at the next
    # sweep. kombu sweeps only every interval x throttle seconds, 100 by default.
    "visibility_timeout": 24,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 1,
    # How long to wait for a reply from Redis. A worker that closes its connection first waits for
    # the reply to its BRPOP, which takes up to 1 s, so the timeout must be longer. The web server
    # only publishes messages, so site/gunicorn.py sets it to 1 s.
    "socket_timeout": env.integer("BROKER_TIMEOUT_S", 3, minimum=1),
    "socket_keepalive": True,
    "health_check_interval": 10,
    # Retries when publishing. With kombu's defaults, a dead broker cost each request 6 s.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_BEAT_SCHEDULE = {
    # Rows in the database record what is due, so these calls make up for lost messages.
    "refresh agreement": {"task": "annotations.tasks.refresh_agreement", "schedule": 5.0},
    "recount agreement": {
        "task": "annotations.tasks.recount_agreement",
        "schedule": crontab(hour="2", minute="30"),
    },
    "compute suggestions": {"task": "annotations.tasks.compute_suggestions", "schedule": 15.0},
    "compute consensus": {"task": "annotations.tasks.compute_consensus", "schedule": 15.0},
    "link recordings": {"task": "annotations.tasks.link_recordings", "schedule": 60.0},
    "judge qualifications": {"task": "annotations.tasks.judge_qualifications", "schedule": 60.0},
    "reclaim leases": {"task": "annotations.tasks.reclaim_leases", "schedule": 60.0},
    "mail accounts": {"task": "annotations.tasks.mail_accounts", "schedule": 20.0},
    "mail notices": {"task": "annotations.tasks.mail_notices", "schedule": 60.0},
    "remind readers": {"task": "annotations.tasks.remind_readers", "schedule": crontab(hour="6")},
    "verify audit": {
        "task": "annotations.tasks.verify_audit",
        "schedule": crontab(hour="3", minute="30"),
    },
    "make archives": {"task": "annotations.tasks.make_archives", "schedule": 15.0},
    "make releases": {"task": "annotations.tasks.make_releases", "schedule": 15.0},
    "compare rules": {"task": "annotations.tasks.compare_rules", "schedule": 15.0},
    "clear archives": {"task": "annotations.tasks.clear_archives", "schedule": 3600.0},
    "keep statistics": {"task": "annotations.tasks.keep_statistics", "schedule": 30.0},
    "clear sessions": {"task": "annotations.tasks.clear_sessions", "schedule": crontab(hour="4")},
}

# An agreement report is computed when the counts have not changed for this long ...
AGREEMENT_QUIET_S = 5
# ... or when the newest report is older than this.
AGREEMENT_LATEST_S = 60

# -- People -----------------------------------------------------------------------------------

AUTH_USER_MODEL = "annotations.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "django.contrib.auth.backends.ModelBackend",
    "sesame.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
SESAME_ONE_TIME = True
SESAME_MAX_AGE = 24 * 60 * 60
PASSWORD_RESET_TIMEOUT = 60 * 60

# How long an invited person has to choose a password.
INVITATION_DAYS = 7

# Roles that need a second factor. If there are any, staff and superusers need one too.
MFA_ROLES = env.words("ECGREVIEW_MFA_ROLES", "" if DEMO else "coordinator,auditor,researcher")
if unknown := set(MFA_ROLES) - {"reader", "adjudicator", "coordinator", "researcher", "auditor"}:
    raise ImproperlyConfigured(f"ECGREVIEW_MFA_ROLES names no role: {', '.join(sorted(unknown))}.")

SESSION_ENGINE = "ecgreview.site.sessions"
SESSION_IDLE_S = 60 * env.integer("SESSION_IDLE_MINUTES", 720 if DEMO else 60, minimum=1)
SESSION_ABSOLUTE_S = 3600 * env.integer("SESSION_HOURS", 168 if DEMO else 12, minimum=1)

ACCOUNT_ADAPTER = "annotations.views.account.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = [
    "username*",
    "password1*",
]  # allauth's sign-in form requires this; there is no sign-up
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True  # keep the session when the browser is closed
ACCOUNT_PRESERVE_USERNAME_CASING = True
ACCOUNT_FORMS = {
    "login": "annotations.views.account.forms.SignInForm",
    "change_password": "annotations.views.account.forms.ChangePasswordForm",
    "set_password": "annotations.views.account.forms.SetPasswordForm",
    "reset_password": "annotations.views.account.forms.ForgottenPasswordForm",
    "reset_password_from_key": "annotations.views.account.forms.NewPasswordForm",
    "reauthenticate": "annotations.views.account.forms.ConfirmPasswordForm",
}
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    # The key combines user name and network address, so nobody can lock out a colleague.
    "login_failed": "30/5m/ip,5/5m/key",
}
# How many of our own proxies append to X-Forwarded-For; entries before theirs can be forged.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.flag("BEHIND_PROXY") else 0

MFA_ADAPTER = "annotations.views.account.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "ECG Review"
# allauth remembers a used code for 30 s only, so a tolerance would let it be used again.
MFA_TOTP_TOLERANCE = 0
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "authenticate": "annotations.views.account.forms.CodeForm",
    "reauthenticate": "annotations.views.account.forms.ConfirmCodeForm",
    "activate_totp": "annotations.views.account.forms.FirstCodeForm",
    "add_webauthn": "annotations.views.account.forms.AddPasskeyForm",
    "edit_webauthn": "annotations.views.account.forms.RenamePasskeyForm",
}

# Holds only counters shared by all processes: failed sign-ins and API requests.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "ecgreview",
        "OPTIONS": {
            "serializer": "ecgreview.site.cache.JsonSerializer",
            "socket_connect_timeout": 1,
            "socket_timeout": 1,
        },
    }
}

# -- Security ---------------------------------------------------------------------------------

HTTPS = env.flag("HTTPS", default=not DEMO)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_S
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
if env.flag("BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
# Of a file; below the limit of bodies in ecgreview.serving.bodies, so that our refusal comes first.
UPLOAD_MAX_BYTES = 4_900_000

MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS

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

# -- API --------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "annotations.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "annotations.api.errors.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
REST_KNOX = {"TOKEN_TTL": None, "AUTH_HEADER_PREFIX": "Token"}
# Per person; 0 means no limit. Reading an exam every three seconds takes about 200 a minute.
API_REQUESTS_PER_MINUTE = env.integer("API_REQUESTS_PER_MINUTE", 1200)
# Per network address, for requests without a valid session or token.
API_REQUESTS_PER_MINUTE_ANONYMOUS = env.integer("API_REQUESTS_PER_MINUTE_ANONYMOUS", 300)
# Files of predictions per team. Parsing one takes seconds, also if it is refused.
API_PREDICTIONS_PER_MINUTE = 10
# Per process. Checking a password is slow by design and must not occupy every thread.
SIGN_INS_AT_ONCE = 2

# Version of the product, shown in reports and by the API.
VERSION = "0.1.0"

SPECTACULAR_SETTINGS = {
    "TITLE": "ECG Review",
    "DESCRIPTION": "Blinded labeling of 12-lead ECGs: readings, agreement, consensus.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    # Without these, drf-spectacular puts a hash into some names (StateC8fEnum), because fields of
    # the same name have different enums, and names an enum twice if its fields have two names.
    "ENUM_NAME_OVERRIDES": {
        "AdjudicationModeEnum": "annotations.models.protocol.AdjudicationMode",
        "AdjudicationStageEnum": "annotations.models.adjudication.AdjudicationStage",
        "BasisEnum": "annotations.models.consensus.CellBasis",
        "ClassStateEnum": "annotations.models.consensus.ClassState",
        "ConsensusOutcomeEnum": "annotations.models.consensus.Outcome",
        "LeadEnum": "ecgreview.ecg.leads.LEADS",
        "QualityEnum": "annotations.models.reading_states.Quality",
        "ReaderKindEnum": "annotations.models.people.ReaderKind",
        "ReaderLevelEnum": "annotations.models.people.ReaderLevel",
        "ReadingOutcomeEnum": "annotations.models.reading.ReadingOutcome",
        "ReadingStageEnum": "annotations.models.reading_states.Stage",
        "RevisionReasonEnum": "annotations.models.reading_states.RevisionReason",
        "TokenScopeEnum": "annotations.models.token_grant.TokenScope",
        "UnsupportedRuleEnum": "annotations.api.comparisons.REASONS",
        "WorkStateEnum": "annotations.models.assignment.WorkState",
    },
}

# -- Static files, languages, time ------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "build" / "static")))
VENDOR_DIR = BASE_DIR / "build" / "vendor"
STATICFILES_DIRS = [BASE_DIR / "static", *([("vendor", VENDOR_DIR)] if VENDOR_DIR.is_dir() else [])]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "ecgreview.site.static.HashedStorage"},
}

# Only debuggers load source maps. Compressing them takes longer than all other files together.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [*Compressor.SKIP_COMPRESS_EXTENSIONS, "map"]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("pt-br", _("Portuguese (Brazil)"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "UTC")

# -- Mail -------------------------------------------------------------------------------------

MAIL_SERVER = env.mail_server("EMAIL_URL")
# Without a mail server no mail is created, and pages say so. Mail must not be written to a log
# instead, because its links would work for anyone who reads the log.
HAS_MAIL_SERVER = MAIL_SERVER is not None

EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if MAIL_SERVER else 'dummy'}.EmailBackend"
if MAIL_SERVER:
    EMAIL_HOST, EMAIL_PORT = MAIL_SERVER.host, MAIL_SERVER.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL_SERVER.user, MAIL_SERVER.password
    EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL_SERVER.starts_tls, MAIL_SERVER.is_tls
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "ECG Review <ecg-review@localhost>")

# -- Audit trail ------------------------------------------------------------------------------

# File in which each verification records the head of the trail; empty means the log only.
AUDIT_HEADS_FILE = env.text("AUDIT_HEADS_FILE", "")

# -- Data releases ----------------------------------------------------------------------------

# Ed25519 private key in PEM form that signs data releases; without one, they are not signed.
RELEASE_SIGNING_KEY = env.text("RELEASE_SIGNING_KEY", "")

# -- Logs -------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "ecgreview.logs.WithoutSecrets",
            "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "filters": {"short refusals": {"()": "ecgreview.logs.ShortRefusals"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["short refusals"],
        }
    },
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
