"""What the words of an object store are taken for."""

from __future__ import annotations

import pytest
from obstore.exceptions import GenericError, PermissionDeniedError

from viewcomfy.core.errors import DiskFull, InvalidName, ServerUnavailable, UnknownFile, ViewComfyError
from viewcomfy.files.cloud_faults import cloud_fault

ANSWER = "Generic S3 error: Server returned non-2xx status code: {}: <Error><Code>{}</Code></Error> https://x?sig=SECRET"


@pytest.mark.parametrize(
    ("fault", "reading", "kind"),
    [
        (FileNotFoundError("Object at location a not found"), True, UnknownFile),
        (FileNotFoundError("Object at location a not found"), False, ServerUnavailable),
        (FileNotFoundError("<Code>NoSuchBucket</Code>"), True, ServerUnavailable),
        (GenericError(ANSWER.format("507 Insufficient Storage", "Full")), False, DiskFull),
        (GenericError(ANSWER.format("400 Bad Request", "QuotaExceeded")), False, DiskFull),
        (GenericError(ANSWER.format("400 Bad Request", "XMinioStorageFull")), False, DiskFull),
        (GenericError(ANSWER.format("400 Bad Request", "KeyTooLongError")), False, InvalidName),
        (GenericError(ANSWER.format("503 Slow Down", "SlowDown")), False, ServerUnavailable),
        (PermissionDeniedError("no"), True, ServerUnavailable),
        (GenericError("connection refused"), True, ServerUnavailable),
        (GenericError("Error performing PUT http://169.254.169.254/latest/api/token"), True, ServerUnavailable),
    ],
)
def test_a_fault_becomes_an_error_of_ours(fault: Exception, reading: bool, kind: type[ViewComfyError]) -> None:
    error = cloud_fault(fault, "s3://bucket/files", "jobs/1/a", reading=reading)
    assert type(error) is kind
    assert "SECRET" not in str(error)
    assert error.message.endswith(".")
