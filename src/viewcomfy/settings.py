"""Every setting: a VIEWCOMFY_* variable, its default, one sentence each."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from viewcomfy.core.deployments import POOL_NAME

MIB = 1024 * 1024
POOL = f"^{POOL_NAME.pattern}$"


class WorkerSettings(BaseSettings):
    """What concerns the work on jobs, in a worker of its own as in a server that works itself."""

    model_config = SettingsConfigDict(env_prefix="VIEWCOMFY_", env_ignore_empty=True, extra="ignore", validate_default=True)

    data_dir: Path = Field(Path(".viewcomfy"), description="The folder that holds all state: database, files, logs, ComfyUI.")
    engine: SecretStr | None = Field(
        None, description="Who gives out jobs: this process when absent, or nats://user:password@host:4222/namespace for many machines."
    )
    files: SecretStr | None = Field(
        None,
        description="Where files are kept: s3://bucket/prefix?endpoint=…, gs://…, az://…, or a folder; below the data folder when absent.",
    )
    pool: str = Field(
        "default", pattern=POOL, description="The pool whose jobs the worker of this process runs; a deployment names the pool of its jobs."
    )
    instance: str = Field("", description="What a fleet calls the worker of this process, to find it again; `viewcomfy fleet` sets it.")

    comfyui: str | None = Field(None, description="The URL or the folder of a ComfyUI; found by itself when absent.")
    backends: int = Field(1, ge=0, le=64, description="How many ComfyUI processes may run at once; 0: none here.")
    idle_timeout: float = Field(300.0, ge=0, description="Seconds without a job after which a ComfyUI process is stopped; 0 keeps it.")
    fast_start: bool = Field(
        True, description="Fork ComfyUI from a process with its packages loaded: starts after the first take a tenth of the time (Linux)."
    )
    start_timeout: float = Field(300.0, gt=0, description="Seconds that a ComfyUI process may take to start.")
    stall_timeout: float = Field(120.0, gt=0, description="Seconds of silence and unanswered probes after which a backend counts as hung.")
    cancel_grace: float = Field(10.0, ge=0, description="Seconds between the interrupt of a job and the kill of its backend.")
    shutdown_grace: float = Field(30.0, ge=0, description="Seconds that running jobs get to end when the server or worker is stopped.")
    comfyui_args: str = Field("", description="More command line options for ComfyUI, as a shell would split them.")

    model_cache: int = Field(
        0, ge=0, description="Bytes that models fetched for deployments may take; those used longest ago make room. 0 means no limit."
    )
    hf_token: SecretStr | None = Field(
        None, validation_alias=AliasChoices("VIEWCOMFY_HF_TOKEN", "HF_TOKEN"), description="The token for Hugging Face; HF_TOKEN works too."
    )
    civitai_token: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("VIEWCOMFY_CIVITAI_TOKEN", "CIVITAI_API_TOKEN", "CIVITAI_TOKEN"),
        description="The API key for Civitai; CIVITAI_API_TOKEN works too.",
    )
    model_tokens: SecretStr | None = Field(
        None, description="Tokens for other hosts of models, such as models.example.com=token,cdn.example.org:8443=token."
    )

    node_registry: str = Field("https://api.comfy.org", description="The registry that packs of custom nodes come from.")

    log_level: str = Field("info", description="How much is logged: debug, info, warning or error.")
    otlp: str | None = Field(
        None, description="The OpenTelemetry collector that gets traces, such as http://127.0.0.1:4318; nothing is traced when absent."
    )


class Settings(WorkerSettings):
    """What can be set. Command line options win over variables, variables over these defaults."""

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on; 0 picks a free one.")
    public_url: str | None = Field(None, description="The URL that callers use, when it differs from the one that requests arrive at.")
    admin_token: SecretStr | None = Field(None, description="The token of the management API; made on the first start when absent.")
    store: SecretStr | None = Field(
        None, description="Where rows are kept: postgresql://user:password@host:5432/name; SQLite in the data folder when absent."
    )

    lease_seconds: float = Field(30.0, gt=0, description="Seconds after which a silent worker loses its job.")
    attempts: int = Field(3, ge=1, le=20, description="How often a job is tried when its backend or worker is lost.")
    time_limit: float = Field(0.0, ge=0, description="Seconds that a job may run where its deployment says nothing; 0 means no limit.")
    max_queue: int = Field(10_000, ge=1, description="How many jobs may wait; the next one answers 429.")

    max_upload: int = Field(1024 * MIB, ge=1, description="The largest file part, in bytes.")
    max_request: int = Field(2048 * MIB, ge=1, description="The largest request body, in bytes.")
    max_field: int = Field(16 * MIB, ge=1, description="The largest text field (params, workflow_api), in bytes.")
    max_files: int = Field(64, ge=0, description="The most file parts in one request.")
    max_batch: int = Field(1000, ge=1, description="The most jobs in one batch.")
    fetch_allow: str = Field(
        "", description="The hosts that files named by https URL may come from, such as cdn.example.com,*.example.org."
    )
    fetch_seconds: float = Field(60.0, gt=0, description="Seconds that fetching such a file may take.")
    heartbeat: float = Field(15.0, gt=0, description="Seconds between signs of life on a waiting answer.")
    link_seconds: float = Field(86_400.0, gt=0, description="Seconds that a link to an output works.")
    file_links: Literal["server", "store"] = Field(
        "server", description="Who serves the bytes of links where files are in the cloud: server, or store, which callers must reach then."
    )

    node_map_url: str = Field(
        "https://raw.githubusercontent.com/ltdrdata/ComfyUI-Manager/main/extension-node-map.json",
        description="Where ComfyUI-Manager's map of node classes to packs is fetched, once a day at most; off: nowhere.",
    )

    keep_jobs_days: float = Field(30.0, ge=0, description="Days that finished jobs are kept; 0 keeps them for ever.")
    keep_files_days: float = Field(7.0, ge=0, description="Days that the files of finished jobs are kept; 0 keeps them for ever.")
    keep_files_bytes: int = Field(0, ge=0, description="How many bytes of files to keep, the oldest jobs' go first; 0 means no limit.")


class ClientSettings(BaseSettings):
    """What the client commands read."""

    model_config = SettingsConfigDict(env_prefix="VIEWCOMFY_", env_ignore_empty=True, extra="ignore")

    server: str = Field("http://127.0.0.1:8000", description="The server that client commands talk to.")
    client_id: str | None = Field(None, description="The client_id of the key to call with.")
    client_secret: SecretStr | None = Field(None, description="The client_secret of the key to call with.")
    admin_token: SecretStr | None = Field(None, description="The token of the management API.")
