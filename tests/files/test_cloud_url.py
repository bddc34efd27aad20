"""URLs of files in the cloud, and what is wrong with some."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.errors import InvalidName
from viewcomfy.files.cloud_url import TIMEOUT, CloudUrl


def test_a_url_names_a_bucket_and_a_prefix_in_it() -> None:
    url = CloudUrl.parse("s3://pictures/of/cats/?region=eu-central-1")
    assert (url.scheme, url.bucket, url.prefix, url.timeout) == ("s3", "pictures", "of/cats", TIMEOUT)
    assert url.options == {"region": "eu-central-1"}
    assert url.shown == "s3://pictures/of/cats"
    assert CloudUrl.parse("gs://pictures").shown == "gs://pictures"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("s3://KEY:a%2Fb+c%40@bucket", {"access_key_id": "KEY", "secret_access_key": "a/b+c@"}),
        ("s3://KEY:a/b+c@bucket/x", {"access_key_id": "KEY", "secret_access_key": "a/b+c"}),
        ("s3://bucket?access_key_id=KEY&secret_access_key=a/b+c", {"access_key_id": "KEY", "secret_access_key": "a/b+c"}),
        ("s3://bucket?endpoint=http://a:9000&virtual_hosted=true", {"endpoint": "http://a:9000", "virtual_hosted_style_request": "true"}),
        ("az://account:a2V5@container", {"account_name": "account", "account_key": "a2V5"}),
        ("az://container?account=a&sas=sv%3D1%26sig%3Dx", {"account_name": "a", "sas_key": "sv=1&sig=x"}),
        ("gs://bucket?service_account=/etc/key.json", {"service_account": "/etc/key.json"}),
    ],
)  # fmt: skip
def test_options_and_credentials_are_read(text: str, options: dict[str, str]) -> None:
    assert CloudUrl.parse(text).options == options


def test_a_timeout_is_in_seconds() -> None:
    assert CloudUrl.parse("s3://bucket?timeout=5").timeout == 5
    assert CloudUrl.parse("s3://bucket?timeout=5").options == {}


BAD = [
    "", "bucket", "ftp://bucket", "s3:bucket", "s3://", "s3:///prefix", "s3://b", "s3://KEY:S3CR3T@", "s3://:S3CR3T@bucket", "s3://S3CR3T@bucket",
    "gs://KEY:S3CR3T@bucket", "s3://bucket/../up", "s3://bucket/a//b", "s3://bucket?S3CR3T", "s3://bucket?S3CR3T=x", "s3://bucket?region",
    "s3://bucket?virtual_hosted=S3CR3T", "s3://bucket?timeout=S3CR3T", "s3://bucket?timeout=0", "s3://bucket?timeout=inf", "s3://buck:et/S3CR3T",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_a_bad_url_is_refused_without_repeating_secrets(text: str) -> None:
    with pytest.raises(InvalidName) as refusal:
        CloudUrl.parse(text)
    assert "S3CR3T" not in str(refusal.value)


def test_no_credentials_are_in_what_is_printed() -> None:
    url = CloudUrl.parse("s3://KEY:SECRET@bucket/x?session_token=TOKEN")
    assert not [secret for secret in ("KEY", "SECRET", "TOKEN") if secret in repr(url) + str(url) + url.shown]


@given(st.text(max_size=80))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    for candidate in (text, f"s3://{text}", f"az://bucket/{text}", f"gs://bucket?{text}"):
        try:
            CloudUrl.parse(candidate)
        except InvalidName:
            continue
