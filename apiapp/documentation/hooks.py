"""What drf-spectacular is told to do before and after it describes the views."""

import re
from typing import Any

from apiapp.documentation import parts
from apiapp.documentation.schema import TAGS

Endpoint = tuple[str, str, str, Any]  # path, its regular expression, method, view
Document = dict[str, Any]

BEFORE_NAME = re.compile(r".*[:#]")  # in the URI of a type of problem


def with_slash_only(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Each path answers with and without its trailing slash; it is documented once, with it."""
    known = {path for path, *_ in endpoints}
    return [endpoint for endpoint in endpoints if f"{endpoint[0]}/" not in known]


def with_shared_parts(result: Document, **_context: Any) -> Document:
    """The tags, the components that operations refer to, and each refusal once."""
    result["tags"] = [{"name": name, "description": text} for name, text in TAGS.values()]
    components = result["components"]
    components["schemas"]["Problem"] = parts.PROBLEM
    components["headers"] = parts.HEADERS
    components["parameters"] = parts.PARAMETERS
    components["responses"] = shared_refusals(result)
    return result


def shared_refusals(result: Document) -> Document:
    """Take refusals out of the operations; name -> response."""
    shared: Document = {}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                name = refusal_name(status, response)
                if name and shared.setdefault(name, response) == response:
                    reference = {"$ref": f"#/components/responses/{name}"}
                    operation["responses"][status] = reference
    return shared


def refusal_name(status: str, response: Document) -> str | None:
    """Status and types of what is nothing but a problem; None: it is something else as well."""
    contents = response.get("content", {})
    if not contents or not contents.keys() <= parts.PROBLEM_TYPES:
        return None
    _problem, narrowed = contents[parts.PROBLEM_JSON]["schema"]["allOf"]
    types = [BEFORE_NAME.sub("", full) for full in narrowed["properties"]["type"]["enum"]]
    forms = "" if parts.PROBLEM_XML in contents else ".json"
    return f"{status}.{'.'.join(types)}{forms}"
