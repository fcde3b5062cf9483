"""What schemathesis cannot be told in its configuration: where a vendor's description is silent or another than its
contract, and what must not be taken from the run itself."""

import json
import os
import urllib.request

import schemathesis

NOBODY = "00000000-0000-7000-8000-000000000000"

# Refusals that the vendors' descriptions leave out, with the sections of the contracts that have them.
SILENT = {
    "Braintrust API": {
        "404": "an id or a name that there is not (wire/braintrust.md 1.4)",
        "413": "a body over 1 MiB (wire/braintrust.md 1.2)",
        "503": "the store does not answer in time (wire/braintrust.md 1.4)",
    },
    "Together APIs": {
        "400": "a body that is not as it must be (wire/together.md 1.4)",
        "401": "no API key, or a wrong one (wire/together.md 1.4)",
        "403": "an API key without the right (wire/together.md 1.4)",
        "404": "an id or a name that there is not (wire/together.md 1.4)",
        "413": "a body over 1 MiB (wire/together.md 1.4)",
        "429": "too many requests (wire/together.md 1.4)",
        "503": "the store does not answer in time (wire/together.md 1.4)",
    },
}
# wire/together.md 1.2: a field that is null counts as not given. Where it may be left out, null may stand there.
NULLABLE = "Together APIs"
# wire/together.md 1.2: whatever the field holds, it is ignored.
IGNORED = "project_id"


def own_ids() -> set[str]:
    """The API key of this run and whoever it belongs to."""
    request = urllib.request.Request(f"{os.environ['KEYHOLT_URL']}/keyholt/v1/whoami")
    request.add_header("Authorization", f"Bearer {os.environ['KEYHOLT_API_KEY']}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        who = json.load(answer)
    return {who["api_key"]["id"], who["principal"]["id"]}


OWN = own_ids()


@schemathesis.hook
def before_load_schema(context, raw_schema):
    title = raw_schema["info"]["title"]
    for item in raw_schema["paths"].values():
        for operation in item.values():
            if not isinstance(operation, dict):
                continue
            for status, reason in SILENT.get(title, {}).items():
                operation["responses"].setdefault(status, {"description": reason})
            if title == NULLABLE:
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    make_nullable(content["schema"], raw_schema)


def make_nullable(schema, raw_schema):
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        schema = raw_schema["components"]["schemas"][name]
    for name, field in schema["properties"].items():
        if name == IGNORED:
            schema["properties"][name] = {}
        elif name not in schema.get("required", []) and isinstance(field.get("type"), str):
            field["type"] = [field["type"], "null"]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Ids are taken from answers, those of the run's own key too: without it the rest of the run would see 401 only."""
    if case.method.upper() == "GET":
        return
    for place in (case.path_parameters, case.body):
        if isinstance(place, dict):
            for name, value in place.items():
                if isinstance(value, str) and value in OWN:
                    place[name] = NOBODY
