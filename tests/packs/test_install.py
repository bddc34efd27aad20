"""Packs that are added: what they bring comes in, what they would break does not."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packs.kit import GOOD, Repository, everything_in
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.packages import Packages
from viewcomfy.comfy.records import revision
from viewcomfy.core.errors import Conflict, InstallFailed, NoBackend, PackBroken, PackConflict
from viewcomfy.packs.install import Installer
from viewcomfy.packs.record import read_packs
from viewcomfy.packs.source import parse_source

Make = Callable[..., Repository]
USES_SMALL = {"__init__.py": "import small\n" + GOOD.format(name="Pack"), "requirements.txt": "small\n"}


@pytest.fixture
def packages(comfyui: Installation) -> Packages:
    """What is installed for it."""
    return Packages(comfyui.base / "venv", lambda _: None)


def put(comfyui: Installation, name: str, code: str, requirements: str = "") -> None:
    """Put a pack there by hand."""
    folder = comfyui.base / "custom_nodes" / name
    folder.mkdir()
    (folder / "__init__.py").write_text(code)
    (folder / "requirements.txt").write_text(requirements)


def leftovers(comfyui: Installation) -> list[str]:
    beside = [path.name for path in comfyui.base.iterdir() if "twin" in path.name]
    return beside + [path.name for path in comfyui.records.glob("nodes-*") if path.name != "nodes.lock"]


def test_a_pack_comes_with_its_packages_its_record_and_a_word_to_the_workers(
    installer: Installer, comfyui: Installation, packages: Packages, repository: Make
) -> None:
    made = repository(files=USES_SMALL)
    outcome = installer.add(parse_source(made.url))
    assert [(each.name, each.before, each.after) for each in outcome.changes] == [("small", "", "1.0")]
    assert outcome.pack.classes == ("Pack",)
    assert packages.installed()["small"] == "1.0"
    recorded = read_packs(comfyui)["Pack"]
    assert (recorded.url, recorded.commit, recorded.branch) == (made.url, made.git("rev-parse", "HEAD").strip(), "main")
    assert recorded.requirements == ("small",)
    assert (comfyui.base / "custom_nodes" / "Pack" / "__init__.py").is_file()
    assert revision(comfyui)
    assert leftovers(comfyui) == []
    with pytest.raises(Conflict, match="there already"):
        installer.add(parse_source(made.url))


def test_scripts_of_new_packages_run_in_the_place_that_they_are_in(installer: Installer, comfyui: Installation, repository: Make) -> None:
    script = "import pathlib, sys\npath = pathlib.Path(sys.executable).parent / 'tool'\n"
    script += "path.write_text(f'#!{sys.executable}\\nprint(1)\\n')\npath.chmod(0o755)\n"
    installer.add(parse_source(repository(files={"__init__.py": GOOD.format(name="Pack"), "install.py": script}).url))
    tool = comfyui.base / "venv" / "bin" / "tool"
    assert subprocess.run([str(tool)], capture_output=True, text=True, check=True).stdout == "1\n"


def test_a_dry_run_shows_the_changes_and_makes_none(
    installer: Installer, comfyui: Installation, packages: Packages, repository: Make
) -> None:
    before, files = packages.installed(), everything_in(comfyui.base)
    made = repository(files={"__init__.py": "raise SystemExit\n", "requirements.txt": "small\nhelper>=2\n--index-url https://x.example\n"})
    outcome = installer.add(parse_source(made.url), is_dry=True)
    assert [(each.name, each.before, each.after) for each in outcome.changes] == [("helper", "1.0", "2.0"), ("small", "", "1.0")]
    assert any("--index-url" in note for note in outcome.notes)
    assert packages.installed() == before
    assert everything_in(comfyui.base) == files
    assert leftovers(comfyui) == []
    assert not revision(comfyui)


@pytest.mark.parametrize(
    ("requirement", "name", "installed"),
    [
        ("torch<2", "torch", "2.13.0+cpu"),
        ("numpy==1.26", "numpy", "2.4.6"),
        ("torch @ https://host.example/torch.whl", "torch", "2.13.0+cpu"),
        ("needs-old-numpy", "numpy", "2.4.6"),
    ],
)
@pytest.mark.parametrize("is_dry", [True, False])
def test_what_would_replace_torch_or_comfyuis_own_packages_is_refused(
    installer: Installer,
    comfyui: Installation,
    packages: Packages,
    repository: Make,
    requirement: str,
    name: str,
    installed: str,
    is_dry: bool,
) -> None:
    before, files = packages.installed(), everything_in(comfyui.base)
    made = repository(files={"__init__.py": GOOD.format(name="Pack"), "requirements.txt": f"small\n{requirement}\n"})
    with pytest.raises(PackConflict) as refused:
        installer.add(parse_source(made.url), is_dry=is_dry)
    assert name in str(refused.value)
    assert installed in str(refused.value)
    assert packages.installed() == before
    assert everything_in(comfyui.base) == files
    assert leftovers(comfyui) == []


def test_what_another_pack_requires_is_not_taken_from_it(installer: Installer, comfyui: Installation, repository: Make) -> None:
    put(comfyui, "Older", "import helper\nhelper.old()\n" + GOOD.format(name="Older"), "helper<2\n")
    made = repository(files={"__init__.py": GOOD.format(name="Pack"), "requirements.txt": "helper>=2\n"})
    with pytest.raises(PackConflict, match="helper"):
        installer.add(parse_source(made.url))


def test_a_package_that_cannot_be_had_is_a_conflict_in_the_installers_words(installer: Installer, repository: Make) -> None:
    made = repository(files={"__init__.py": GOOD.format(name="Pack"), "requirements.txt": "no-such-package\n"})
    with pytest.raises(PackConflict, match="no-such-package"):
        installer.add(parse_source(made.url))


def test_a_stand_in_is_not_replaced_and_that_is_said(
    installer: Installer, comfyui: Installation, packages: Packages, repository: Make
) -> None:
    made = repository(files={"__init__.py": "import torchvision\n" + GOOD.format(name="Pack"), "requirements.txt": "torchvision\n"})
    outcome = installer.add(parse_source(made.url))
    assert outcome.changes == ()
    assert any("torchvision" in note and "stand-in" in note for note in outcome.notes)
    assert "torchvision" not in packages.installed()
    needs = repository("Needs", {"__init__.py": GOOD.format(name="Needs"), "requirements.txt": "needs-vision\n"})
    with pytest.raises(PackConflict, match="torch"):  # pip knows no way round it; uv does, see the tests with the real ComfyUI
        installer.add(parse_source(needs.url))


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise ValueError('so it goes')", "ValueError: so it goes"),
        ("raise SystemExit(0)", "SystemExit"),
        ("import sys; sys.exit('good bye')", "good bye"),
        ("import os; os._exit(3)", "exit code 3"),
        ("import os; os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("import no_such_module", "no_such_module"),
        ("x =", "SyntaxError"),
        ("NOTHING = 1", "NODE_CLASS_MAPPINGS"),
    ],
)
def test_a_pack_that_does_not_import_is_rolled_back(
    installer: Installer, comfyui: Installation, packages: Packages, repository: Make, code: str, told: str
) -> None:
    put(comfyui, "Other", GOOD.format(name="Other"))
    before, files = packages.installed(), everything_in(comfyui.base)
    requirements = "small\nhelper>=2\n" if "so it goes" in code else ""  # packages once: pip takes its time
    with pytest.raises(PackBroken, match=told) as broken:
        installer.add(parse_source(repository(files={"__init__.py": code + "\n", "requirements.txt": requirements}).url))
    assert "nodes-work" not in str(broken.value)
    assert packages.installed() == before
    assert everything_in(comfyui.base) == files
    assert read_packs(comfyui) == {}
    assert leftovers(comfyui) == []
    assert not revision(comfyui)


def test_a_pack_that_hangs_is_stopped_and_says_where(comfyui: Installation, repository: Make, installer: Installer) -> None:
    impatient = Installer(comfyui, installer.registry, limit=8)
    with pytest.raises(PackBroken, match="within 8 s") as broken:
        impatient.add(parse_source(repository(files={"__init__.py": "import time\ntime.sleep(3600)\n"}).url))
    assert "custom_nodes/Pack/__init__.py" in str(broken.value)
    assert leftovers(comfyui) == []


def test_threads_that_a_pack_leaves_behind_do_not_hold_the_trial_up(installer: Installer, repository: Make) -> None:
    code = "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,)).start()\n" + GOOD.format(name="Pack")
    assert installer.add(parse_source(repository(files={"__init__.py": code}).url)).pack.classes == ("Pack",)


def test_a_pack_that_breaks_another_is_rolled_back(
    installer: Installer, comfyui: Installation, packages: Packages, repository: Make
) -> None:
    put(comfyui, "Other", "import helper\nhelper.old()\n" + GOOD.format(name="Other"))
    made = repository("ABreaker", {"__init__.py": GOOD.format(name="ABreaker"), "requirements.txt": "helper>=2\n"})
    with pytest.raises(PackBroken, match="Other") as broken:
        installer.add(parse_source(made.url))
    assert "has no attribute 'old'" in str(broken.value)
    assert packages.installed()["helper"] == "1.0"


def test_a_pack_is_not_blamed_for_what_was_broken_before(installer: Installer, comfyui: Installation, repository: Make) -> None:
    put(comfyui, "Broken", "raise ValueError('long ago')\n")
    outcome = installer.add(parse_source(repository().url))
    assert any("Broken" in note for note in outcome.notes)
    (comfyui.main.parent / "nodes.py").write_text("raise RuntimeError('a broken ComfyUI')\n")
    with pytest.raises(NoBackend, match="a broken ComfyUI"):
        installer.add(parse_source(repository("Second").url))


def test_an_install_script_may_install_but_not_replace_what_has_to_stay(
    installer: Installer, comfyui: Installation, packages: Packages, repository: Make, wheels: Path
) -> None:
    pip = "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', *{what}], check=False, env={env})\n"
    good = {"__init__.py": "import small\n" + GOOD.format(name="Pack"), "install.py": pip.format(what="['small']", env="None")}
    outcome = installer.add(parse_source(repository(files=good).url))
    assert [each.name for each in outcome.changes] == ["small"]
    assert outcome.has_script
    env = "{}"  # without the constraints that it was given
    torch = pip.format(what=f"['--no-index', {str(wheels / 'torch-1.0-py3-none-any.whl')!r}]", env=env)
    with pytest.raises(PackConflict, match="torch"):
        installer.add(parse_source(repository("Bad", {"__init__.py": GOOD.format(name="Bad"), "install.py": torch}).url))
    assert packages.installed()["torch"] == "2.13.0+cpu"


def test_an_install_script_cannot_write_into_the_packages_that_are_in_use(
    installer: Installer, comfyui: Installation, packages: Packages, repository: Make
) -> None:
    script = "import helper, pathlib\npathlib.Path(helper.__file__).write_text('broken =')\nraise SystemExit('no further')\n"
    with pytest.raises(PackBroken, match="no further"):
        installer.add(parse_source(repository(files={"__init__.py": "", "install.py": script}).url))
    assert "old" in (packages.site_packages / "helper.py").read_text()


def test_our_own_secrets_are_not_for_packs(installer: Installer, repository: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIEWCOMFY_ADMIN_TOKEN", "s3cret")
    code = "import os\nassert 'VIEWCOMFY_ADMIN_TOKEN' not in os.environ\n"
    installer.add(parse_source(repository(files={"__init__.py": code + GOOD.format(name="Pack"), "install.py": code}).url))


def test_packs_are_only_installed_into_a_virtual_environment(installer: Installer, comfyui: Installation, repository: Make) -> None:
    (comfyui.base / "venv" / "pyvenv.cfg").unlink()
    with pytest.raises(InstallFailed, match="virtual environment"):
        installer.add(parse_source(repository().url))
