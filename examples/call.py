"""Call a deployment, print ComfyUI's log lines as they come, save the pictures."""

from viewcomfy import Client, WorkflowFailed

with Client("http://127.0.0.1:8000", client_id="<client id>", client_secret="<client secret>") as client:
    # client.params("my-deployment") lists what can be set; a file is a Path, bytes or open(…, "rb")
    try:
        result = client.infer_with_logs("my-deployment", {"6-inputs-text": "a cat", "3-inputs-seed": 7})
    except WorkflowFailed as error:
        raise SystemExit(f"{error} (node {error.details.get('node_id')})") from error
    print(f"{result.execution_time_seconds:.1f} s")
    for path in result.save("out"):
        print(path)
