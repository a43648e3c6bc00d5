"""Examples of the catalogue, as part of a view's documentation."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.views import APIView

from apiapp.examples.catalogue import Example

View = TypeVar("View", bound=type[APIView])


def documented(*examples: Example) -> Callable[[View], View]:
    """Show `examples` in the docstrings of a view and of its methods, and in OpenAPI."""

    def decorate(view: View) -> View:
        view.__doc__ = with_examples(view.__doc__, *examples)
        for name in {example.method.lower() for example in examples}:
            of_method = [example for example in examples if example.method.lower() == name]
            handler = getattr(view, name)
            handler.__doc__ = with_examples(handler.__doc__ or first_line(view), *of_method)
            shown = [each for example in of_method for each in openapi_examples(example)]
            setattr(view, name, extend_schema(examples=shown)(handler))
        return view

    return decorate


def with_examples(doc: str | None, *examples: Example) -> str:
    blocks = [indented(example.as_text()) for example in examples]
    return "\n\n".join([(doc or "").strip(), *blocks])


def first_line(view: type[APIView]) -> str:
    return (view.__doc__ or "").strip().partition("\n")[0]


def indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def openapi_examples(example: Example) -> Iterator[OpenApiExample]:
    summary = f"{example.method} {example.target}"
    if example.content_type:
        yield OpenApiExample(
            f"{example.name} sent",
            summary=summary,
            value=example.body,
            request_only=True,
            media_type=example.content_type,
        )
    yield OpenApiExample(
        f"{example.name} answered",
        summary=summary,
        value=example.answer,
        response_only=True,
        status_codes=[str(example.status)],
        media_type=example.answer_type.partition(";")[0],
    )
