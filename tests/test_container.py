"""The container image: what its files name is there and agrees, and the sandbox works inside where the image is built."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import nbformat
import pytest
from course import Class, Run
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from grader.execution import bounds

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "container"
SANDBOX_IS_MADE_WITH = {"mount", "umount2", "pivot_root", "unshare", "sethostname"}
"""System calls of bubblewrap and the fork server that a notebook may not make."""
SECONDS_TO_GRADE = 240


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their words, lines joined and comments left out."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


def words_of(instruction: str) -> list[str]:
    return [words for name, words in instructions() if name == instruction]


def compose() -> dict[str, Any]:
    return dict(YAML(typ="safe").load(ROOT / "compose.yaml"))


def project() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


# --- the files agree --------------------------------------------------------------------------------------------------


def test_what_is_copied_from_the_folder_is_there_and_sent_to_the_builder() -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [word for words in words_of("COPY") if "--from" not in words for word in words.split()[:-1]]
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert any(fnmatch.fnmatch(name, pattern) for pattern in sent), f"{name} is ignored"


def test_nothing_else_is_sent_to_the_builder() -> None:
    patterns = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in patterns, "submissions and passwords would go to the builder"


def test_both_stages_have_the_same_base_of_one_day() -> None:
    bases = {words.split()[0] for words in words_of("FROM")}
    assert len(bases) == 1
    assert re.fullmatch(r"docker\.io/library/debian:[a-z]+-\d{8}-slim", bases.pop())


def test_the_image_runs_as_an_ordinary_user() -> None:
    assert words_of("USER") == ["1000:1000"]


def test_the_image_has_every_extra_that_grading_and_reviewing_can_use() -> None:
    (extras,) = re.findall(r"EXTRAS=(\S+)", "\n".join(words_of("ARG")))
    assert sorted(extras.split(",")) == sorted(project()["optional-dependencies"].keys() - {"dev"})


def test_every_package_of_the_image_has_one_version() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {canonicalize_name(line.split("==")[0]) for line in lines if "==" in line}
    extras = {name: texts for name, texts in project()["optional-dependencies"].items() if name != "dev"}
    wanted = [Requirement(text) for texts in (project()["dependencies"], *extras.values()) for text in texts]
    assert [each.name for each in wanted if canonicalize_name(each.name) not in pinned | {"grader"}] == []


def test_the_seccomp_profile_refuses_what_notebooks_may_not_call_but_for_what_makes_their_sandbox() -> None:
    profile = json.loads((ROOT / "container" / "seccomp.json").read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    (refused,) = profile["syscalls"]
    assert refused["action"] == "SCMP_ACT_ERRNO"
    for_notebooks = {*bounds.MOUNTING, *bounds.LOOKING_INTO_OTHERS, *bounds.DEEP_IN_THE_SYSTEM}
    assert for_notebooks >= SANDBOX_IS_MADE_WITH
    assert set(refused["names"]) == for_notebooks - SANDBOX_IS_MADE_WITH


def test_compose_has_a_gradebook_a_desk_and_a_grader_with_versions() -> None:
    services = compose()["services"]
    assert services.keys() == {"gradebook", "grade", "desk"}
    assert re.search(r":\d+\.\d+-[a-z]+$", services["gradebook"]["image"])
    assert {services[name]["image"] for name in ("grade", "desk")} == {"grader"}
    assert all("healthcheck" in services[name] for name in ("gradebook", "desk"))


def test_only_the_desk_is_reached_from_outside_and_only_from_this_machine() -> None:
    services = compose()["services"]
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "desk": ["127.0.0.1:8765:8765"]
    }
    assert compose()["networks"]["inside"] == {"internal": True}
    assert services["gradebook"]["networks"] == services["grade"]["networks"] == ["inside"]


def test_the_password_is_a_secret_that_is_not_committed() -> None:
    (secret,) = compose()["secrets"].values()
    ignored = subprocess.run(["git", "check-ignore", "-q", secret["file"]], cwd=ROOT, check=False)
    assert ignored.returncode in (0, 128)  # 128: no repository, as in an unpacked archive
    assert "password=" not in (ROOT / "compose.yaml").read_text().lower().replace("pgpassword=$$(cat", "")


def test_compose_and_the_script_give_the_grader_the_same_rights() -> None:
    service = compose()["services"]["grade"]
    given = {
        *(f"--cap-drop={name}" for name in service["cap_drop"]),
        *(f"--security-opt={option.split('=')[0]}" for option in service["security_opt"]),
    }
    source = SCRIPT.read_text()
    function = source[source.index("rights() {") : source.index("user() {")]
    docker = re.sub(r"podman\*\).*?;;", "", function, flags=re.DOTALL)
    assert set(re.findall(r"--cap-drop=\w+|--security-opt=[a-z-]+", docker)) == given
    assert not re.search(
        r"privileged\b(?<!new-privileged)|cap-add|cap_add", source + (ROOT / "compose.yaml").read_text()
    )


def test_every_right_is_explained() -> None:
    text = (ROOT / "docs" / "container.md").read_text()
    source = SCRIPT.read_text()
    for option in re.findall(r"--security-opt=([a-z-]+)", source):
        assert f"`--security-opt {option}" in text, option


# --- the script -------------------------------------------------------------------------------------------------------


def script(*arguments: str, seconds: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **environment}
    return subprocess.run(
        [SCRIPT, *arguments], capture_output=True, text=True, timeout=seconds, env=environment, check=False
    )


@pytest.mark.parametrize("command", ["build", "run", "test", "runtime"])
def test_without_a_runtime_one_line_says_so(command: str) -> None:
    done = script(command, CONTAINER_RUNTIME="no-such-runtime")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "container: a container runtime must answer here: install podman or docker. Received: none from no-such-runtime\n"
    )


def test_without_a_command_it_says_which_there_are() -> None:
    done = script()
    assert done.returncode == 2
    assert all(f"scripts/container {name}" in done.stderr for name in ("build", "run", "test", "runtime"))


# --- in the image -----------------------------------------------------------------------------------------------------

SPYING = """
import os, pathlib
def holds(path, secret):
    try:
        return secret in path.read_bytes()
    except OSError:
        return False
print([str(path) for path in pathlib.Path("/proc").glob("[0-9]*/environ") if holds(path, b"HOME=/home/grader")])
print([path for path in ("/srv/class", "/run/secrets", "/home/grader", "/proc/1/root/srv") if os.path.exists(path)])
"""


@pytest.fixture(scope="module")
def image() -> str:
    """The runtime that has the image; the test is skipped where there is no runtime, or no image yet."""
    found = script("runtime")
    if found.returncode != 0:
        pytest.skip(found.stderr.strip())
    runtime, name = found.stdout.strip(), os.environ.get("GRADER_IMAGE", "grader")
    if subprocess.run([runtime, "image", "inspect", name], capture_output=True, check=False).returncode != 0:
        pytest.skip(f"{runtime} has no image {name}: scripts/container build")
    return runtime


@pytest.fixture
def course(image: str, tmp_path: Path) -> Class:
    """A class whose folder is all that the container is given."""

    def run(*arguments: str) -> Run:
        done = subprocess.run(
            [SCRIPT, "run", *(word.replace(str(tmp_path), "/srv/class") for word in arguments)],
            cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS_TO_GRADE, check=False,
        )  # fmt: skip
        return Run(done.returncode, done.stdout, done.stderr)

    made = Class(tmp_path, run)
    tmp_path.chmod(0o777)  # the container's user may be another one
    return made


@pytest.mark.slow
def test_the_sandbox_holds_inside(course: Class) -> None:
    done = course.run("doctor")
    assert "✓" in done.out, done.err
    assert "✗" not in done.out


@pytest.mark.slow
def test_a_notebook_is_graded_inside_and_sees_nothing_of_the_container(course: Class) -> None:
    course.hand_in("spy", [SPYING])
    done = course.grade("--store", str(course.root / "store"))
    assert done.code == 0, done.err
    assert course.marks()["spy"]["status"] == "graded"
    executed = nbformat.read(course.out / "spy" / "executed.ipynb", as_version=4)
    (output,) = executed.cells[0].outputs
    assert output.text.split() == ["[]", "[]"]
