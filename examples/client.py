"""Creates an import and reads the paginated list. Requires httpx: pip install httpx"""

import os

import httpx

URL = os.environ.get("RESOURCES_URL", "http://127.0.0.1:3000")
TOKEN = os.environ.get("TOKEN", "your-session-cookie")
IMPORTS = "/api/users/1/projects/789/resources/imports"

# The token is sent as a header. httpx's cookie jar would send a cookie from a sign-in response only to the host that
# set it and, if the cookie is Secure, only over https.
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
        next_link = response.links.get("next")
        if next_link is None:
            break
        # The link is relative to the URL of the request.
        response = client.get(response.url.join(next_link["url"]))
    print("imports:", count)
