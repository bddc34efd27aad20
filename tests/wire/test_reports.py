"""Reports as they go over the wire."""

from __future__ import annotations

from tests.core.catalogs import catalog, text_to_image
from viewcomfy.core.doctor import Diagnosis, clock
from viewcomfy.core.report import report
from viewcomfy.wire.reports import doctor_out, report_out

FOUND = report(text_to_image(steps=0, cfg="x"), {"gpu-1": catalog()})


def test_a_report_keeps_all_that_it_says() -> None:
    assert report_out(FOUND).model_dump() == FOUND.as_dict()


def test_a_diagnosis_holds_a_report_for_every_deployment() -> None:
    sent = doctor_out(Diagnosis((clock("gpu-1", 100.0),), {"poster": FOUND}))
    assert not sent.ok
    assert sent.deployments["poster"].summary == FOUND.summary
    assert sent.model_dump(mode="json")["checks"][0]["state"] == "error"
