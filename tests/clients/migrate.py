"""AI secrets migrated from one Keyholt to another by the calls of `braintrust-migrate`, which is on no registry: it asks
for the projects, lists the source with `limit=1000` until a page is short, and posts nearly all fields of each row to
the target, which gives no value (wire document of the Braintrust side, section 8).

Run by scripts/end-to-end: the source is KEYHOLT_SOURCE_URL, the target KEYHOLT_URL.
"""

import os

import httpx

SOURCE = httpx.Client(
    base_url=os.environ["KEYHOLT_SOURCE_URL"],
    headers={"Authorization": f"Bearer {os.environ['KEYHOLT_SOURCE_API_KEY']}"},
    timeout=60,
)
TARGET = httpx.Client(
    base_url=os.environ["KEYHOLT_URL"], headers={"Authorization": f"Bearer {os.environ['KEYHOLT_API_KEY']}"}, timeout=60
)
ROWS, PAGE = 2345, 1000


def answer(response: httpx.Response) -> dict:
    assert response.status_code == 200, response.text
    return response.json()


def pages(client: httpx.Client):
    after = None
    while True:
        query = {"limit": PAGE} | ({"starting_after": after} if after else {})
        rows = answer(client.get("/v1/ai_secret", params=query))["objects"]
        yield from rows
        if len(rows) < PAGE:
            return
        after = rows[-1]["id"]


for side in (SOURCE, TARGET):
    projects = answer(side.get("/v1/project", params={"limit": PAGE}))["objects"]
    assert [project["name"] for project in projects] == ["default"], projects
    assert {"id", "org_id", "name", "created", "deleted_at", "user_id", "settings"} <= projects[0].keys()

for number in range(ROWS):
    body = {"name": f"MIGRATED_{number:05}", "type": ("openai", "azure", None)[number % 3], "metadata": {"n": number}}
    answer(SOURCE.post("/v1/ai_secret", json=body | {"secret": f"sk-{number:021}"}))

moved = 0
for row in pages(SOURCE):
    made = answer(TARGET.post("/v1/ai_secret", json={key: row[key] for key in row if key not in ("id", "created", "org_id")}))
    assert made["preview_secret"] is None and made["secret_updated_at"] is None
    moved += 1
assert moved == ROWS, moved

# Again: what is there is found, and nothing is made twice.
again = TARGET.post("/v1/ai_secret", json={"name": "MIGRATED_00000"})
assert again.headers["x-bt-found-existing"] == "true"

key = lambda row: (row["name"], row["type"], row["metadata"]["n"])  # noqa: E731
source, target = sorted(map(key, pages(SOURCE))), sorted(map(key, pages(TARGET)))
assert source == target and len(target) == ROWS
print(f"migrated {moved} rows: names, types and metadata equal, no value taken along")
