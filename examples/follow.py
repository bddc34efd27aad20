"""Submit a job, follow its progress, and come back for it later by its prompt_id."""

from viewcomfy import Client, EventKind

with Client("http://127.0.0.1:8000", client_id="<client id>", client_secret="<client secret>") as client:
    job = client.run("my-deployment", {"6-inputs-text": "a cat"})
    print("submitted", job.prompt_id)

    for event in job.events():  # goes on over broken connections
        if event.kind is EventKind.PROGRESS:
            print(f"{event.data['fraction']:4.0%}  {event.data['title']}")

    # in another process, after a restart, tomorrow: the prompt_id is all it takes
    for output in client.job(job.prompt_id).result().outputs:
        print(output.filename, output.size, "bytes at", output.url)
