"""The SDK: a sync and an async client of a viewcomfy server, on httpx2 and pydantic alone."""

from viewcomfy.client.async_batch import AsyncBatchHandle
from viewcomfy.client.async_client import AsyncClient
from viewcomfy.client.async_deployment import AsyncDeploymentHandle
from viewcomfy.client.async_job import AsyncJobHandle
from viewcomfy.client.async_result import AsyncOutputFile, AsyncResult
from viewcomfy.client.batch import BatchHandle
from viewcomfy.client.client import Client
from viewcomfy.client.deployment import DeploymentHandle
from viewcomfy.client.job import JobHandle
from viewcomfy.client.result import OutputFile, Result

__all__ = [
    "AsyncBatchHandle",
    "AsyncClient",
    "AsyncDeploymentHandle",
    "AsyncJobHandle",
    "AsyncOutputFile",
    "AsyncResult",
    "BatchHandle",
    "Client",
    "DeploymentHandle",
    "JobHandle",
    "OutputFile",
    "Result",
]
