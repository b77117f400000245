"""Creates an import, and reads the list page by page. Requires httpx: pip install httpx"""

import os

import httpx

URL = os.environ.get("RESOURCES_URL", "http://127.0.0.1:3000")
TOKEN = os.environ.get("TOKEN", "your-session-cookie")
IMPORTS = "/api/users/1/projects/789/resources/imports"

# As a header, so that the cookie is sent whatever the domain and the scheme.
with httpx.Client(base_url=URL, headers={"Cookie": f"neptun-session={TOKEN}"}, timeout=30) as client:
    created = client.post(IMPORTS, json={"source_type": "gitlab", "source_path": "group/project"})
    if created.is_error:
        error = created.json()
        raise SystemExit(f"{error['code']}: {error['message']} {error.get('errors', '')}")
    print(created.status_code, created.json()["import"]["source_path"])

    count = 0
    response = client.get(IMPORTS, params={"limit": 100})
    while True:
        response.raise_for_status()
        count += len(response.json()["imports"])
        following = response.links.get("next")
        if following is None:
            break
        # The link is relative to the request's own URL.
        response = client.get(response.url.join(following["url"]))
    print("imports:", count)
