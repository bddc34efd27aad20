"""What a pack requires, read from its files."""

from __future__ import annotations

from pathlib import Path

from viewcomfy.packs.requirements import Clash, clashes, constraints_of, protected, read_wanted, required_names, without_names

PYTHON = "3.11.7"


def test_a_requirements_file_is_read_as_people_write_it(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "extra.txt").write_text("tqdm\n-r ../requirements.txt\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "requirements.txt").write_bytes(
        b"\xef\xbb\xbf# a comment\r\nnumpy>=1.2  # why\r\n\r\n--extra-index-url https://evil.example\r\n-r more/extra.txt\r\n"
        b"git+https://host.example/x.git#egg=x\r\ny @ https://host.example/y.whl\r\n-e ./lib\r\n../outside\r\n"
    )
    wanted = read_wanted(tmp_path)
    assert wanted.lines == (
        "numpy>=1.2", "tqdm", "git+https://host.example/x.git#egg=x", "y @ https://host.example/y.whl", str(tmp_path / "lib")
    )  # fmt: skip
    assert set(wanted.left_out) == {"--extra-index-url https://evil.example", "../outside"}


def test_without_one_the_dependencies_of_the_project_count(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "p"\ndependencies = ["einops>=0.8"]\n')
    assert read_wanted(tmp_path).lines == ("einops>=0.8",)
    (tmp_path / "requirements.txt").write_text("tqdm\n")
    assert read_wanted(tmp_path).lines == ("tqdm",)
    (tmp_path / "requirements.txt").unlink()
    (tmp_path / "pyproject.toml").write_text("no toml [")
    assert read_wanted(tmp_path).lines == ()


def test_files_outside_the_pack_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret\n")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "requirements.txt").write_text("-r ../secret.txt\n-r /etc/passwd\ntqdm\n")
    assert read_wanted(tmp_path / "pack").lines == ("tqdm",)


def test_torch_and_what_comfyui_names_has_to_stay(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("torch\nNumPy>=1.25\nkornia\n")
    core = required_names(tmp_path / "requirements.txt")
    pins = protected({"torch": "2.13.0+cpu", "torchaudio": "2.13.0", "numpy": "2.4.6", "helper": "1.0"}, core)
    assert pins == {"torch": "2.13.0+cpu", "torchaudio": "2.13.0", "numpy": "2.4.6"}
    assert required_names(tmp_path / "nothing.txt") == set()


def test_a_clash_names_what_is_installed_and_what_is_wanted() -> None:
    pins = {"torch": "2.13.0+cpu", "numpy": "2.4.6"}
    lines = ["torch==2.13.0", "NumPy<2", "numpy<1; python_version < '3'", "torch @ https://host.example/torch.whl", "other<1"]
    assert clashes(lines, pins, PYTHON) == [
        Clash("numpy", "2.4.6", "<2"),
        Clash("torch", "2.13.0+cpu", "that of https://host.example/torch.whl"),
    ]


def test_what_others_require_holds_as_far_as_it_does_now() -> None:
    installed = {"helper": "1.0", "einops": "0.8"}
    assert constraints_of(["helper<2", "einops>=0.9", "missing>1", "helper", "./x"], installed, PYTHON) == ["helper<2"]


def test_lines_about_a_package_can_be_taken_out() -> None:
    assert without_names(["torchvision>=0.1", "tqdm", "./x"], {"torchvision"}) == ["tqdm", "./x"]
