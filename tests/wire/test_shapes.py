"""The shapes that published clients depend on, to the key."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from viewcomfy.core.errors import all_errors
from viewcomfy.wire.deployments import DeployRequest
from viewcomfy.wire.errors import ErrorBody
from viewcomfy.wire.infer import FileOutput, PromptResult
from viewcomfy.wire.keys import KeyRequest


def test_a_result_has_exactly_the_keys_that_clients_pass_to_a_constructor() -> None:
    assert list(PromptResult.model_fields) == ["prompt_id", "status", "completed", "execution_time_seconds", "prompt", "outputs"]
    assert set(FileOutput.model_fields) == {"filename", "content_type", "data", "size"}


def test_a_client_reads_an_error_of_a_newer_server() -> None:
    assert ErrorBody.model_validate({"code": "new", "detail": "x", "more": 1}).code == "new"


@pytest.mark.parametrize("model", [DeployRequest, KeyRequest])
def test_a_misspelt_setting_is_refused(model: type[DeployRequest | KeyRequest]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate({"workflow_api": {}, "tmie_limit": 1})


def test_every_error_has_a_code_and_a_status_of_its_kind() -> None:
    for error in all_errors():
        assert error.code.replace("_", "").isalpha()
        assert 400 <= error.status < 600
