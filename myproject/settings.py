"""Every setting, read from the environment once.

A file `.env` in the working folder is read first if present; `deploy/env.example` lists what can
be set.  Without any of it the server runs embedded: SQLite, an in-process cache and a broker
inside the one worker process.
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path

import environ
from django.urls import reverse_lazy

from apiapp.keys.quotas import quotas_of
from myproject.admin_theme import UNFOLD  # noqa: F401
from myproject.api_document import SPECTACULAR_SETTINGS  # noqa: F401
from myproject.browser_rules import (
    CORS_ALLOW_HEADERS,  # noqa: F401
    CORS_ALLOW_METHODS,  # noqa: F401
    CORS_EXPOSE_HEADERS,  # noqa: F401
    content_security_policy,
)
from myproject.caching_config import caches, caching_config
from myproject.log_config import log_config, log_settings
from myproject.monitoring_config import mail_config, monitoring_config
from myproject.outbound_config import outbound_config
from myproject.periodic_jobs import PERIODIC_JOBS  # noqa: F401
from myproject.rest_config import REST_FRAMEWORK  # noqa: F401
from myproject.sqlite_config import DATASETS_PAGE_BYTES, PAGE_BYTES, sqlite_options
from myproject.webhooks_config import webhooks_config

MIB, GIB = 2**20, 2**30

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")


def read_or_make_secret(path: Path) -> str:
    """Return the secret kept in `path`, made on first use and readable by its owner alone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret


# --- Where state lives -------------------------------------------------------------------------
SLUICE_HOME = Path(env.str("SLUICE_HOME", default="") or BASE_DIR / "var").expanduser().resolve()
(SLUICE_HOME / "secrets").mkdir(parents=True, exist_ok=True, mode=0o700)
for name in ("logs", "static"):
    (SLUICE_HOME / name).mkdir(exist_ok=True)

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or read_or_make_secret(
    SLUICE_HOME / "secrets" / "secret_key"
)

# --- `manage.py serve` ---------------------------------------------------------------------------
SERVE_PORT = env.int("PORT", default=8000)
SERVE_LAN = env.bool("LAN", default=False)  # listen on every address of this machine
SERVE_SHARE = env.bool("SHARE", default=False)  # `main`, by a link that the greeting prints
SERVE_HTTPS = env.bool("HTTPS", default=False)  # by a certificate authority of its own
SERVE_HEAD_S = env.float("REQUEST_HEAD_S", default=30.0)  # that the head of a request may take
ENVIRONMENT = dict(os.environ)  # what the processes that it starts are given
# What is looked at as a command starts: all that hangs on settings.  The URLs do not, and to look at
# them is to load whatever answers a request, for half a second and 60 MB in each process.
CHECKS_AT_START = (
    *("admin", "caches", "compatibility", "database", "files", "models", "security"),
    *("staticfiles", "templates", "translation", "uploads"),
)

# --- Screens --------------------------------------------------------------------------------------
SCREEN_SOURCE = env.str("SCREEN_SOURCE", default="")  # of `main`: local, pattern, camera:0, a path
SCREEN_FPS = env.float("SCREEN_FPS", default=30.0)
SCREEN_RELAY_URL = env.str("SCREEN_RELAY_URL", default="")  # unix:/run/sluice.sock or redis://...
SCREEN_IDLE_S = env.float("SCREEN_IDLE_S", default=10.0)  # without viewers, until nothing runs
SCREEN_STALLED_S = env.float("SCREEN_STALLED_S", default=15.0)  # that a viewer may take nothing
SCREEN_MAX_VIEWERS = env.int("SCREEN_MAX_VIEWERS", default=200)  # of one screen, in one process
SCREEN_CALLERS = "myproject.screen_callers.callers"
SCREEN_TELL = "myproject.screen_events.tell"
PROBLEM_TABLES = ["streaming.problems.PROBLEMS"]  # beside that of apiapp
WEBSOCKET_MAX_BYTES = SCREEN_MAX_FRAME_BYTES = 4 * MIB

# --- Who may call under which name --------------------------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS_ONLY = env.bool("HTTPS_ONLY", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY or SERVE_HTTPS
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS_ONLY
IS_BEHIND_PROXY = env.bool("BEHIND_HTTPS_PROXY", default=False)
# Whose X-Forwarded-For is believed; without a proxy anybody here could choose an address.
FORWARDED_ALLOW_IPS = env.str("FORWARDED_ALLOW_IPS", default="127.0.0.1" if IS_BEHIND_PROXY else "")
if IS_BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# On plain http (this machine, a LAN) secure cookies, the redirect and HSTS would lock everyone
# out; HTTPS_ONLY=1 switches all of them on, and then nothing is silenced.
SILENCED_SYSTEM_CHECKS = [
    *([] if HTTPS_ONLY else ["security.W004", "security.W008", "security.W012", "security.W016"]),
    # One process counts exactly in its own memory; several are given REDIS_URL, and our own
    # subclass of Redis's cache is not in the list of those that the package knows.
    "django_ratelimit.E003",
    "django_ratelimit.W001",
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Browsers share cookies between ports of one host: two servers on one machine must not.
SESSION_COOKIE_NAME = env.str("SESSION_COOKIE_NAME", default="sluice_session")
CSRF_COOKIE_NAME = env.str("CSRF_COOKIE_NAME", default="sluice_csrf")
# Pages of other origins whose scripts may call the API, with a key: cookies are never theirs.
CORS_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_ALLOW_ALL_ORIGINS = "*" in CORS_ORIGINS
CORS_ALLOWED_ORIGINS = [] if CORS_ALLOW_ALL_ORIGINS else CORS_ORIGINS
CORS_ALLOW_CREDENTIALS = False
CORS_URLS_REGEX = r"^/(?!admin/|login)"
CONTENT_SECURITY_POLICY = content_security_policy(env.str("CSP_MORE", default=""))
X_FRAME_OPTIONS = "DENY"  # browsers that know CSP go by its frame-ancestors
SECURE_REFERRER_POLICY = "same-origin"

# --- Parts --------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_ratelimit",
    "axes",
    "corsheaders",
    "channels",
    "apiapp",
    "apiapp.audit",
    "apiapp.keys",
    "apiapp.idempotency",
    "apiapp.jobs",
    "apiapp.outbox",
    "apiapp.uploads",
    "apiapp.outbound",
    "apiapp.payments",
    "apiapp.imports",
    "apiapp.webhooks",
    "apiapp.monitoring",
    "apiapp.examples",
    "streaming",
]
MIDDLEWARE = [
    "apiapp.http.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ORIGINS else []),
    "apiapp.http.answers.PackingMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "apiapp.http.answers.CacheControlMiddleware",
    "myproject.policies.ContentPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
# What programs' answers have of it (apiapp/http/programs.py).
SAME_OF_ALL_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "myproject.policies.ContentPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "myproject.urls"
WSGI_APPLICATION = "myproject.wsgi.application"
ASGI_APPLICATION = "myproject.asgi.application"
APPEND_SLASH = False  # every path answers with and without it: never a redirect
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
                "apiapp.context.browser",
            ]
        },
    }
]

# --- Rows ---------------------------------------------------------------------------------------
DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", default=0)


def database(url: str, schema: str = "") -> dict:
    """Django's settings for one database; `schema`: of the datasets', its search path on PostgreSQL."""
    config = env.db_url_config(url)
    if config["ENGINE"].endswith("sqlite3"):
        # Tests use files too: in memory, threads would lock one another out.
        test = {"NAME": f"{config['NAME']}.test"}
        page_bytes = DATASETS_PAGE_BYTES if schema else PAGE_BYTES
        return {**config, "OPTIONS": sqlite_options(page_bytes=page_bytes), "TEST": test}
    options = dict(config.get("OPTIONS", {}))
    if schema:
        options["options"] = f"-c search_path={schema}"
    if DATABASE_POOL_SIZE:
        options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 10}
    return {**config, "OPTIONS": options, "CONN_MAX_AGE": 0, "DISABLE_SERVER_SIDE_CURSORS": False}


DATABASE_URL = env.str("DATABASE_URL", default=f"sqlite:///{SLUICE_HOME / 'sluice.sqlite3'}")
# Imported tables live apart: a load of hours must not make an upload's answer wait for the one
# writer that SQLite has.  On PostgreSQL it is a schema of the same database.
DATASETS_DATABASE_URL = env.str("DATASETS_DATABASE_URL", default="") or (
    f"sqlite:///{SLUICE_HOME / 'datasets.sqlite3'}"
    if DATABASE_URL.startswith("sqlite")
    else DATABASE_URL
)
DATASETS_SCHEMA = "datasets"
DATABASES = {
    "default": database(DATABASE_URL),
    "datasets": database(DATASETS_DATABASE_URL, schema=DATASETS_SCHEMA),
}
DATABASE_ROUTERS = ["apiapp.imports.routers.DatasetsRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Cache and sessions ---------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="")
CACHE_PREFIX = env.str("CACHE_PREFIX", default="sluice")  # two servers on one Redis need two
CACHES = caches(REDIS_URL, prefix=CACHE_PREFIX)
CACHING = caching_config(env)
SESSION_ENGINE = f"django.contrib.sessions.backends.{'cached_db' if REDIS_URL else 'db'}"
LOGIN_URL = reverse_lazy("login")
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}Validator"}
    for name in ("UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword")
]

# --- Callers --------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # refuses to look at the next of too many passwords
    "django.contrib.auth.backends.ModelBackend",
]
AXES_HANDLER = "apiapp.keys.lockouts.LockoutHandler"
AXES_CLIENT_IP_CALLABLE = "apiapp.keys.lockouts.client_address"
AXES_USERNAME_CALLABLE = "apiapp.keys.lockouts.client_name"
AXES_LOCKOUT_CALLABLE = "apiapp.keys.views.locked_out"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURES", default=10)
AXES_COOLOFF_TIME = timedelta(seconds=env.int("LOGIN_LOCK_S", default=15 * 60))
AXES_SENSITIVE_PARAMETERS = ["username", "csrfmiddlewaretoken"]  # people mistype passwords there
AXES_RESET_ON_SUCCESS = AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = AXES_ENABLE_ADMIN = AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
LOGIN_LINK_EXPIRES_S = env.int("LOGIN_LINK_EXPIRES_S", default=24 * 3600)
RATE_LIMIT_ENABLED = env.bool("RATE_LIMIT_ENABLED", default=True)
RATE_LIMITS = {  # policy -> quotas; what they mean: docs/limits.md
    "callers": quotas_of("callers", env.str("RATE_LIMIT_CALLERS", default="6000/m")),
    "open": quotas_of("open", env.str("RATE_LIMIT_OPEN", default="1200/m")),
    "anonymous-writes": quotas_of(
        "anonymous-writes", env.str("RATE_LIMIT_ANONYMOUS_WRITES", default="50/h,200/d")
    ),
    "logins": quotas_of("logins", env.str("RATE_LIMIT_LOGINS", default="100/h")),  # that failed
}
# Of requests with an Idempotency-Key: for how long one that is worked on keeps a second out (its
# server may have died), and for how long answers are given again.
IDEMPOTENCY_LEASE_S = env.float("IDEMPOTENCY_LEASE_S", default=30.0)
IDEMPOTENCY_KEEP_S = env.float("IDEMPOTENCY_KEEP_S", default=24 * 3600)
RATELIMIT_USE_CACHE = "counters"
RATELIMIT_FAIL_OPEN = True  # a Redis that is away must not lock everybody out

# --- Background work --------------------------------------------------------------------------------
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="memory://localhost")
if CELERY_BROKER_URL.startswith("memory"):
    CELERY_BROKER_TRANSPORT = "apiapp.jobs.inprocess:Transport"
BROKER_OPTIONS: dict[str, dict] = {
    # Without it RabbitMQ may refuse a message after it was thought to be sent.
    "amqp": {"confirm_publish": True},
}
CELERY_BROKER_TRANSPORT_OPTIONS = BROKER_OPTIONS.get(CELERY_BROKER_URL.partition(":")[0], {})
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker may be away for as long as it likes
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # a Redis that restarts refuses commands for a while
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # the lease is in the row
CELERY_WORKER_ENABLE_PREFETCH_COUNT_REDUCTION = False  # nor is a slot kept free for its redelivery
CELERY_WORKER_LOST_WAIT = 0.5  # for the results of a pool child that died: they are in the row
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # jobs are cancelled in their rows
CELERY_TASK_IGNORE_RESULT = True  # what happened is in the Job row
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=2)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = env.str("CELERY_QUEUE", default="sluice")
JOB_LEASE_S = env.float("JOB_LEASE_S", default=15.0)
JOB_POLL_S = env.float("JOB_POLL_S", default=0.1)
JOB_RETRY_DELAY_S = env.float("JOB_RETRY_DELAY_S", default=2.0)
JOB_STOP_S = env.float("JOB_STOP_S", default=1.0)  # to end in, when the worker is to stop
JOB_KEEP_S = env.float("JOB_KEEP_S", default=30 * 24 * 3600)  # jobs that have ended

# --- Imports ------------------------------------------------------------------------------------------
# The rows that imports changed or removed, with which they can be undone: for so many days, and of
# so many imports into one dataset.
IMPORT_HISTORY_DAYS = env.float("IMPORT_HISTORY_DAYS", default=30.0)
IMPORT_HISTORY_KEPT = env.int("IMPORT_HISTORY_KEPT", default=20)
# What a packed file may unpack to, in a temporary file beside the uploads while it is read.
IMPORT_UNPACKED_LIMIT_BYTES = env.int("IMPORT_UNPACKED_LIMIT_BYTES", default=64 * GIB)
IMPORT_READER_MEMORY_BYTES = env.int("IMPORT_READER_MEMORY_BYTES", default=2 * GIB)  # no text
IMPORT_LANES = env.bool("IMPORT_LANES", default=True)  # a process that reads with DuckDB
IMPORT_LANES_FROM_BYTES = env.int("IMPORT_LANES_FROM_BYTES", default=4 * 2**20)
EXPORT_LIMIT_S = env.float("EXPORT_LIMIT_S", default=4 * 3600.0)  # of a dataset, in all
EXPORT_MAX_AT_ONCE = env.int("EXPORT_MAX_AT_ONCE", default=4)  # of one user, from one process
STATISTICS_LIMIT_S = env.float("STATISTICS_LIMIT_S", default=10.0)  # then a sample has to do

# --- Uploads ------------------------------------------------------------------------------------------
UPLOAD_FOLDER = SLUICE_HOME / "uploads"
UPLOAD_STORE = env.str("UPLOAD_STORE", default="")  # s3://bucket/prefix: where finished files stay
UPLOAD_CHUNK_BYTES = env.int("UPLOAD_CHUNK_BYTES", default=8 * MIB)
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=100 * GIB)
UPLOAD_USER_QUOTA_BYTES = env.int("UPLOAD_USER_QUOTA_BYTES", default=200 * GIB)
UPLOAD_EXPIRES_S = env.int("UPLOAD_EXPIRES_S", default=7 * 24 * 3600)
UPLOAD_MAX_OPEN = env.int("UPLOAD_MAX_OPEN", default=1000)  # unfinished ones, of one user
UPLOAD_IDLE_S = env.float("UPLOAD_IDLE_S", default=60.0)  # how long a client may send nothing
UPLOAD_MAX_BODIES = env.int("UPLOAD_MAX_BODIES", default=256)  # of one user at the same time
UPLOAD_MIN_BYTES_PER_S = env.int("UPLOAD_MIN_BYTES_PER_S", default=240)  # of a body, on average
UPLOAD_FREE_DISK_BYTES = env.int("UPLOAD_FREE_DISK_BYTES", default=512 * MIB)
# Where `manage.py upload` notes what it has begun, in the home of who runs it (a server may run
# without a home, which Path.expanduser would call an error).
CACHE_HOME = env.str("XDG_CACHE_HOME", default=os.path.expanduser("~/.cache"))  # noqa: PTH111
CLIENT_CACHE = Path(CACHE_HOME) / "sluice"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * MIB  # bodies that Django itself reads: JSON and forms
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
BODY_MAX_DEPTH = 64  # lists and objects in one another

OUTBOUND = outbound_config(env)
WEBHOOKS = webhooks_config(env)

# --- Words ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="UTC")

# --- Files for browsers -----------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = SLUICE_HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Served from where they lie: nothing is copied at start, so `make run` starts at once.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 0 if DEBUG else 300

# --- Watching it -------------------------------------------------------------------------------------------
MONITORING = monitoring_config(env)
vars().update(mail_config(env))

# --- Logs -----------------------------------------------------------------------------------------------
LOGGING = log_config(LOGS := log_settings(env), folder=SLUICE_HOME / "logs", secrets=[SECRET_KEY])
