#!/bin/sh
# Call a deployment with curl: the answer as JSON, its first picture saved with jq.
# JSON goes with --form-string: -F would cut it at the first ';'. A file goes with -F under its param key.
set -eu
URL=${URL:-http://127.0.0.1:8000/d/my-deployment/infer}

curl --fail-with-body --silent --show-error "$URL" \
  -H "client_id: ${CLIENT_ID:?}" -H "client_secret: ${CLIENT_SECRET:?}" \
  -F logs=false \
  --form-string 'params={"6-inputs-text": "a cat; sitting", "3-inputs-seed": 7}' \
  > result.json
# with a photo: -F 1-inputs-image=@photo.png      live logs: -F logs=true, and curl --no-buffer

jq -r '.outputs[0].data' result.json | base64 -d > "$(jq -r '.outputs[0].filename' result.json)"
