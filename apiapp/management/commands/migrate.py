"""`manage.py migrate`: both databases, and on PostgreSQL the schema of the second."""

from typing import Any

from django.conf import settings
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connections

DATASETS = "datasets"


class Command(migrate.Command):
    """Django's own, run for every database unless one is named."""

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=None)

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        return super().get_check_kwargs(options) | {"databases": aliases_of(options["database"])}

    def handle(self, *args: Any, **options: Any) -> None:
        aliases = aliases_of(options.pop("database"))
        if DATASETS in aliases:
            create_datasets_schema()
        for alias in aliases:
            super().handle(*args, database=alias, **options)


def aliases_of(named: str | None) -> list[str]:
    return [named] if named else [DEFAULT_DB_ALIAS, DATASETS]


def create_datasets_schema() -> None:
    """The schema must stand before Django looks for its own table of migrations in it."""
    connection = connections[DATASETS]
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE SCHEMA IF NOT EXISTS {connection.ops.quote_name(settings.DATASETS_SCHEMA)}"
        )
