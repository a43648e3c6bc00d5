"""Serializers that are made once: making one takes longer than a row does."""

from functools import cache
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings


@cache
def shared(kind: Any, *, is_partial: bool = False) -> Any:
    """A serializer of this class that nothing but rows is written and read with."""
    return kind(partial=is_partial)


def values_of(body: Any, kind: Any, *, is_partial: bool = False) -> Any:
    """What is in a body.  Raises ValidationError."""
    if body is None:  # as is_valid has it, which an own serializer would be needed for
        raise ValidationError({api_settings.NON_FIELD_ERRORS_KEY: ["No data provided"]})
    return shared(kind, is_partial=is_partial).run_validation(body)
