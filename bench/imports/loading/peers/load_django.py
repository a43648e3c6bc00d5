"""Loads a CSV into a Django model, as people do; prints the seconds of the load.

    python load_django.py HOW DATABASE_URL TABLE FILE plain|local

HOW: `import_export` (a ModelResource with its defaults), `import_export_bulk` (with all that its
manual names to make it faster) or `bulk_create` (csv.DictReader, batches of 1,000; a row that does
not convert is left out).  Runs in the peers' own virtual environment; the table is made here.
"""

# ruff: noqa: E402 - in one file, the settings come before what needs them

import csv
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.apps import AppConfig
from django.conf import settings

HOW, URL, TABLE, FILE, FORM = sys.argv[1:]
BATCH_ROWS = 1000
IS_LOCAL = FORM == "local"
DATE = "%d.%m.%Y" if IS_LOCAL else "%Y-%m-%d"
DATETIME = f"{DATE} %H:%M:%S"


def database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path[1:]}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
    }


class LoadingConfig(AppConfig):
    name = __name__
    label = "loading"


settings.configure(
    DATABASES={"default": database(URL)},
    INSTALLED_APPS=[f"{__name__}.LoadingConfig", "import_export"],
    USE_TZ=True,
    TIME_ZONE="UTC",
    LOGGING_CONFIG=None,
)
django.setup()

from django.db import connection, models
from import_export import fields, resources, widgets
from tablib import Dataset


class Entry(models.Model):  # noqa: DJ008
    id = models.BigIntegerField(primary_key=True)
    name = models.TextField()
    email = models.TextField()
    born = models.DateField()
    seen_at = models.DateTimeField()
    price = models.DecimalField(max_digits=12, decimal_places=2)
    is_active = models.BooleanField()
    score = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    city = models.TextField(blank=True)
    note = models.TextField(blank=True)
    reference = models.TextField()
    quantity = models.BigIntegerField()

    class Meta:
        app_label = "loading"
        db_table = TABLE


def decimal(text: str) -> Decimal | None:
    if IS_LOCAL:
        text = text.replace(".", "").replace(",", ".")
    return Decimal(text) if text else None


# --- django-import-export --------------------------------------------------------------------------
class LocalDecimal(widgets.Widget):
    def clean(self, value: str, row: object = None, **options: object) -> Decimal | None:
        return decimal(value)


class EntryResource(resources.ModelResource):
    class Meta:
        model = Entry


class LocalResource(EntryResource):
    born = fields.Field("born", "born", widget=widgets.DateWidget(DATE))
    seen_at = fields.Field("seen_at", "seen_at", widget=widgets.DateTimeWidget(DATETIME))
    price = fields.Field("price", "price", widget=LocalDecimal())
    score = fields.Field("score", "score", widget=LocalDecimal())


def import_export(resource: resources.Resource) -> None:
    with Path(FILE).open(newline="", encoding="utf-8") as file:
        rows = Dataset().load(file.read(), format="csv", delimiter=";" if IS_LOCAL else ",")
    resource.import_data(rows, dry_run=False, raise_errors=True)


def usual_resource() -> resources.Resource:
    return LocalResource() if IS_LOCAL else EntryResource()


def bulk_resource() -> resources.Resource:
    resource = usual_resource()
    resource._meta.use_bulk = True
    resource._meta.batch_size = BATCH_ROWS
    resource._meta.skip_diff = True
    resource._meta.force_init_instance = True  # no query for each row
    return resource


# --- bulk_create -----------------------------------------------------------------------------------
def bulk_create() -> None:
    with Path(FILE).open(newline="", encoding="utf-8") as file:
        entries = good_entries(csv.DictReader(file, delimiter=";" if IS_LOCAL else ","))
        while batch := list(islice(entries, BATCH_ROWS)):
            Entry.objects.bulk_create(batch)


def good_entries(rows: "csv.DictReader[str]") -> Iterator[Entry]:
    for row in rows:
        try:
            yield entry(row)
        except (ValueError, TypeError, InvalidOperation):  # None where a cell is missing
            continue


def entry(row: dict[str, str]) -> Entry:
    return Entry(
        id=int(row["id"]),
        name=row["name"],
        email=row["email"],
        born=day(row["born"]),
        seen_at=moment(row["seen_at"]),
        price=decimal(row["price"]),
        is_active={"true": True, "false": False}[row["is_active"]],
        score=decimal(row["score"]),
        city=row["city"],
        note=row["note"],
        reference=row["reference"],
        quantity=int(row["quantity"]),
    )


def day(text: str) -> date:
    return datetime.strptime(text, DATE).date() if IS_LOCAL else date.fromisoformat(text)  # noqa: DTZ007


def moment(text: str) -> datetime:
    found = datetime.strptime(text, DATETIME) if IS_LOCAL else datetime.fromisoformat(text)  # noqa: DTZ007
    return found.replace(tzinfo=UTC)


LOADERS = {
    "import_export": lambda: import_export(usual_resource()),
    "import_export_bulk": lambda: import_export(bulk_resource()),
    "bulk_create": bulk_create,
}


if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(Entry)
    started = time.perf_counter()
    LOADERS[HOW]()
    print(time.perf_counter() - started)
