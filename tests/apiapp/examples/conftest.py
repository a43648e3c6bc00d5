from typing import Any

import pytest

from apiapp.examples.models import ExampleUser


@pytest.fixture
def alice_and_bob(db: None) -> list[ExampleUser]:
    """The users that the migration brings; a test that empties every table may have been here."""
    users: list[tuple[int, dict[str, Any]]] = [
        (1, {"name": "Alice", "age": 30}),
        (2, {"name": "Bob", "age": 25}),
    ]
    return [
        ExampleUser.objects.update_or_create(pk=pk, defaults={**values, "owner": None})[0]
        for pk, values in users
    ]
