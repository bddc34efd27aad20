"""Names that may have been meant."""

from __future__ import annotations

from viewcomfy.core.report_hints import Hints


def test_the_names_of_all_offers_are_looked_at() -> None:
    assert Hints().near("sdxl.safetensors", [("a.ckpt", 7, None), ("sd_xl.safetensors",), ()]) == ("sd_xl.safetensors",)


def test_the_same_question_about_other_offers_gets_another_answer() -> None:
    hints = Hints()
    assert hints.near("KSamplr", [["KSampler"]]) == ("KSampler",)
    assert hints.near("KSamplr", [["KSamplers"]]) == ("KSamplers",)
    assert hints.near("KSamplr", [["Other"]]) == ()


def test_the_right_one_is_found_among_thousands_that_are_alike() -> None:
    names = [f"folder {at % 20}/some_model_v{at}.safetensors" for at in range(5000)]
    assert Hints().near("folder 7\\some_model_v4321.safetensors", [names])[0] == names[4321]
