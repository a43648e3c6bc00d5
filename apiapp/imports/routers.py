"""Which rows live behind which database alias."""

from typing import Any

from django.db.models import Model

DATASETS = "datasets"
KEPT_WITH_THE_TABLES = {"refusedcell", "loadledger", "datasetevent"}
KEPT_IN_BOTH = {"idempotency"}  # each answer with the work it tells of


class DatasetsRouter:
    """Refused cells, the ledger and the events live beside the imported tables; all else in `default`."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        is_ours = model._meta.app_label == "imports"
        return DATASETS if is_ours and model._meta.model_name in KEPT_WITH_THE_TABLES else None

    db_for_write = db_for_read

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool:
        if app_label in KEPT_IN_BOTH:
            return True
        kept_with_the_tables = app_label == "imports" and model_name in KEPT_WITH_THE_TABLES
        return kept_with_the_tables == (db == DATASETS)
