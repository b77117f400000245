#!/bin/sh
# Creates an import, lists the imports of its type, and deletes it.
set -eu
R="${RESOURCES_URL:-http://127.0.0.1:3000}/api/users/1/projects/789/resources"
COOKIE="Cookie: neptun-session=${TOKEN:-your-session-cookie}"

# With --fail-with-body, curl prints the body of an error response and exits with code 22.
created=$(curl --silent --show-error --fail-with-body -X POST "$R/imports" -H "$COOKIE" \
  -H 'Content-Type: application/json' -d '{"source_type": "gitlab", "source_path": "group/project"}')
echo "$created"
id=$(echo "$created" | sed 's/.*"id":\([0-9]*\).*/\1/')

curl --silent --show-error --fail-with-body "$R/imports?source_type=gitlab" -H "$COOKIE"
echo
curl --silent --show-error --fail-with-body -X DELETE "$R/imports/$id" -H "$COOKIE" -o /dev/null -w '%{http_code}\n'
