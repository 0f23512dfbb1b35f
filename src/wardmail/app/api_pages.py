"""The API as a page for people, made of the description that machines read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wardmail.app.markdown_table import markdown_table

Described = Mapping[str, Any]

_OPENING = """# The API, call by call

Made of the description that machines read, [`/openapi.json`](/openapi.json) (OpenAPI 3.1), for this version of the gateway.
[The API](reference/api.md) says how to call it, what is sent back when something is wrong, and what comes again;
[error codes](errors.md) lists what each code means."""
_WHO = {
    "key": "an integration, by a credential",
    "person": "a person, by their own key,",
}
_DEEPEST = 4


def api_page(description: Described) -> str:
    """Markdown."""
    return "\n".join(_page(description))


def description_of_api() -> Described:
    from typing import cast

    from wardmail import __version__
    from wardmail.web.api.building import build_api
    from wardmail.web.api.services import ApiServices

    return build_api(cast(ApiServices, None), __version__).openapi()


def _page(description: Described) -> Iterator[str]:
    yield _OPENING
    by_tag: dict[str, list[tuple[str, str, Described]]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    for tag, calls in by_tag.items():
        yield f"\n## {tag.capitalize()}\n"
        for method, path, operation in calls:
            yield f"### {method} {path}\n"
            yield from _operation(operation, description)


def _operation(operation: Described, description: Described) -> Iterator[str]:
    yield f"{operation.get('description', operation['summary'])}\n"
    schemes = [name for each in operation["security"] for name in each]
    needs = " or ".join(each.replace("-", " ") for each in operation.get("x-permission", ()))
    yield f"Who calls: {_WHO[schemes[0]]}{f' who may {needs}' if needs else ''}.\n"
    rows = [
        (f"`{each['name']}`", each["in"], _kind(each["schema"], description), _words(each))
        for each in operation.get("parameters", ())
    ]
    if rows:
        yield from markdown_table(("parameter", "in", "kind", "what it is"), rows)
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        fields = list(_fields(content.get("schema", {}), description))
        yield f"The body, `{media}`{':' if fields else '.'}\n"
        if fields:
            yield from markdown_table(("field", "kind", "needed", "what it is"), fields)
    good = [status for status in operation["responses"] if status.startswith("2")]
    yield f"When it is done: {' or '.join(good)}.\n"


def _fields(schema: Described, description: Described, inside: str = "", deep: int = 0) -> Iterator[Sequence[str]]:
    schema = _resolved(schema, description)
    for variant in schema.get("oneOf", schema.get("anyOf", ())):
        yield from _fields(variant, description, inside, deep)
    needed = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        whole = _resolved(field, description)
        yield f"`{inside}{name}`", _kind(field, description), "yes" if name in needed else "", _words(whole)
        items = _resolved(whole.get("items", {}), description)
        if deep < _DEEPEST and items.get("properties"):
            yield from _fields(items, description, f"{inside}{name}[].", deep + 1)


def _kind(schema: Described, description: Described) -> str:
    schema = _resolved(schema, description)
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{each}`" for each in schema.get("enum", [schema.get("const")]))
    variants = schema.get("anyOf", schema.get("oneOf", ()))
    kinds = [_kind(each, description) for each in variants if _resolved(each, description).get("type") != "null"]
    if kinds:
        return " or ".join(dict.fromkeys(kinds))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}), description)}"
    return str(schema.get("format", schema.get("type", "anything")))


def _words(described: Described) -> str:
    return " ".join(str(described.get("description", described.get("schema", {}).get("description", ""))).split())


def _resolved(schema: Described, description: Described) -> Described:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Described = description["components"]["schemas"][reference.rpartition("/")[2]]
    return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}
