"""The files for containers: by the specification, by our settings, by what least privilege asks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser
from jsonschema import Draft202012Validator
from packaging.requirements import Requirement

from llmio.cli import COMMANDS, setup
from llmio.cli.config import examined
from tests.compose.files import FOLDER, ROOT, environment, filled, read, variables

SERVICES = {
    "nginx-proxy": "nginxproxy/nginx-proxy:1.7-alpine",
    "nginx-proxy-acme": "nginxproxy/acme-companion:2.6",
    "app": "llmio:latest",
    "worker": "llmio:latest",
    "db": "postgres:17",
    "redis": "redis:8.4",
    "haraka": "llmio:latest",
    "channels": "llmio:latest",
    "hocuspocus": "llmio:latest",
    "pgbackups": "prodrigestivill/postgres-backup-local:17",
}
OURS = [name for name, image in SERVICES.items() if image.startswith("llmio")]
GIVEN = {"CANONICAL_HOST": "decide.example.org", "POSTGRES_PASSWORD": "p", "HARAKA_CONTAINER_IMAGE": "mail"}
OTHERS = {  # variables of other images, each from its documentation
    "app": {"VIRTUAL_HOST", "VIRTUAL_PORT", "LETSENCRYPT_HOST"},
    "worker": set(),
    "haraka": {"RAILS_INBOUND_EMAIL_URL"},
    "channels": {"VIRTUAL_HOST", "VIRTUAL_PORT", "LETSENCRYPT_HOST", "PRIVATE_APP_URL", "PORT"},
    "hocuspocus": {"VIRTUAL_HOST", "VIRTUAL_PORT", "LETSENCRYPT_HOST", "PORT"},
    "nginx-proxy-acme": {"DEFAULT_EMAIL"},
    "db": {"PGDATA", "POSTGRES_PASSWORD", "POSTGRES_DB"},
    "pgbackups": {"POSTGRES_HOST", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_EXTRA_OPTS",
                  "BACKUP_SUFFIX", "SCHEDULE", "BACKUP_KEEP_DAYS", "BACKUP_KEEP_WEEKS", "BACKUP_KEEP_MONTHS",
                  "HEALTHCHECK_PORT"},
}  # fmt: skip
PROCESS = {"MALLOC_ARENA_MAX", "PRIVATE_APP_URL"}
"""Read by the C library, and by the reference's servers where they stand in."""


@pytest.fixture(scope="module")
def file():
    return read("docker-compose.yml")


def faults(document) -> list[str]:
    schema = json.loads((Path(__file__).parent / "schema" / "compose-spec.json").read_text())
    return [f"{list(one.path)}: {one.message}" for one in Draft202012Validator(schema).iter_errors(document)]


@pytest.mark.parametrize("name", ["docker-compose.yml", "loomio-services.yml"])
def test_it_is_as_the_specification_says(name):
    assert faults(filled(read(name), GIVEN)) == []


def test_the_specification_finds_what_is_wrong(file):
    assert faults(file | {"services": {"app": {"portz": ["80:80"]}}}) != []


def test_the_ten_services_have_their_images_and_ports(file):
    whole = filled(file, GIVEN)["services"]
    assert {name: one["image"] for name, one in whole.items()} == SERVICES
    ports = {name: one["ports"] for name, one in whole.items() if "ports" in one}
    assert ports == {"nginx-proxy": ["80:80", "443:443"], "haraka": ["25:2525"]}
    inside = {name: one["expose"] for name, one in whole.items() if "expose" in one}
    assert inside == {"app": ["3000"], "channels": ["5000"], "hocuspocus": ["5000"]}


def test_the_images_can_be_chosen_by_variables(file):
    chosen = {name: "chosen" for name in variables("docker-compose.yml") if name.endswith(("_IMAGE", "_TAG"))}
    whole = filled(file, GIVEN | chosen)["services"]
    assert {one["image"] for one in whole.values()} == {"chosen:chosen"}


def test_each_service_is_watched_and_comes_back(file):
    for name, one in file["services"].items():
        assert one["restart"] == "unless-stopped", name
        assert one["healthcheck"]["test"] if name != "pgbackups" else "HEALTHCHECK_PORT" in one["environment"], name


def test_each_service_may_do_no_more_than_it_must(file):
    for name, one in file["services"].items():
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in one, name
        if name not in ("nginx-proxy", "nginx-proxy-acme"):  # they write their own configuration
            assert one["read_only"] is True, name
            assert not any("docker.sock" in str(volume) for volume in one.get("volumes", ())), name
    for name in OURS:
        assert file["services"][name]["user"] == "${LLMIO_UID:-10001}:${LLMIO_GID:-10001}"
        assert "cap_add" not in file["services"][name]


def test_the_proxy_reaches_neither_database_nor_redis(file):
    places = {name: set(one["networks"]) for name, one in file["services"].items()}
    assert file["networks"]["back"] == {"internal": True}
    assert places["db"] == places["redis"] == {"back"}
    for proxy in ("nginx-proxy", "nginx-proxy-acme"):
        assert places[proxy] == {"front"}
    for name in ("app", "worker", "channels", "hocuspocus", "haraka", "pgbackups"):
        assert "back" in places[name], name


def test_only_those_who_need_secrets_get_them(file):
    given = {name for name, one in file["services"].items() if one.get("env_file")}
    assert given == {"app", "worker", "haraka", "hocuspocus"}
    assert not {"SECRET_COOKIE_TOKEN", "DATABASE_URL"} & set(file["services"]["channels"]["environment"])


def test_folders_of_the_reference_can_be_taken_over(file):
    assert "./storage:/data/storage" in file["services"]["app"]["volumes"]
    assert "./storage:/data/storage" in file["services"]["worker"]["volumes"]
    assert "./pgdata:/pgdata" in file["services"]["db"]["volumes"]
    assert file["services"]["db"]["environment"]["PGDATA"] == "/pgdata"


def known() -> set[str]:
    declared = examined({}, {}).settings.declared.values()
    return {name for item in declared for name in (item.env, *item.aliases)}


@pytest.mark.parametrize("service", OURS)
def test_each_variable_is_a_setting_of_ours(file, service):
    told = set(file["services"][service].get("environment", ()))
    assert told - OTHERS.get(service, set()) - PROCESS - known() - {"HOCUSPOCUS_URL"} == set()


def test_each_variable_of_other_images_is_one_of_theirs(file):
    for service in set(SERVICES) - set(OURS):
        assert set(file["services"][service].get("environment", ())) == OTHERS.get(service, set())


def test_the_file_of_variables_has_every_variable_that_is_read():
    names = {entry.name for entry in setup.ENTRIES}
    assert set(variables("docker-compose.yml")) - names == set()
    assert names - set(variables("docker-compose.yml")) - known() - {"DEVISE_SECRET", "LLMIO_UID"} == set()


def test_defaults_are_the_same_in_both_files():
    read_as = {name: value for name, value in variables("docker-compose.yml").items() if value}
    shown = {entry.name: entry.default for entry in setup.ENTRIES if entry.default}
    assert {name: read_as[name] for name in shown} == shown


def test_the_example_is_written_from_the_code():
    assert (FOLDER / "env.example").read_text() == setup.example()


def test_commands_exist(file):
    for service in OURS:
        words = file["services"][service]["command"]
        assert words[0] == "llmio", service
        assert words[1] in COMMANDS, service


def test_a_missing_variable_is_named(file):
    with pytest.raises(KeyError, match="CANONICAL_HOST"):
        filled(file["services"]["app"]["environment"], {"POSTGRES_PASSWORD": "p"})


def test_browsers_are_told_where_the_channels_are():
    told = environment("app", GIVEN)
    assert told["CHANNELS_URL"] == "wss://channels.decide.example.org"
    assert told["HOCUSPOCUS_URL"] == "wss://hocuspocus.decide.example.org"
    assert environment("app", GIVEN | {"CHANNELS_URL": "wss://live"})["CHANNELS_URL"] == "wss://live"


# -- the image -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory):
    made = DockerfileParser(path=str(tmp_path_factory.mktemp("image")))
    made.content = (FOLDER / "Dockerfile").read_text()
    return made.structure


def of(dockerfile, instruction: str) -> list[str]:
    return [one["value"] for one in dockerfile if one["instruction"] == instruction]


def test_the_image_is_made_in_two_stages_on_a_slim_base(dockerfile):
    assert of(dockerfile, "FROM") == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.\d+-slim-\w+", of(dockerfile, "ARG")[0])


def test_the_image_runs_as_nobody_special(dockerfile):
    assert of(dockerfile, "USER") == ["10001:10001"]
    stages = [one["instruction"] for one in dockerfile]
    assert stages.index("USER") > [place for place, one in enumerate(stages) if one == "FROM"][-1]


def test_what_the_image_copies_is_there_and_let_through(dockerfile):
    allowed = {line[1:] for line in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    sources = [words.split()[:-1] for words in of(dockerfile, "COPY") if "--from" not in words]
    named = {source for line in sources for source in line}
    assert all((ROOT / source).exists() for source in named)
    assert named == allowed


def test_the_image_runs_commands_that_exist(dockerfile):
    words = json.loads(of(dockerfile, "CMD")[0])
    assert words == ["llmio", "task"]
    assert json.loads(of(dockerfile, "HEALTHCHECK")[0].split("CMD ")[1])[1] in COMMANDS


def test_packages_of_the_image_are_locked_by_their_hashes(dockerfile):
    text = (FOLDER / "requirements.lock").read_text()
    assert "://" not in text
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)
    wanted = [Requirement(one) for one in requires("llmio") or ()]
    for one in wanted:
        if one.marker is None or any(one.marker.evaluate({"extra": name}) for name in extras()):
            name = re.sub(r"[-_.]+", "-", one.name).lower()
            assert name in locked, f"{name} is missing in the lock: make lock"
            assert one.specifier.contains(locked[name]), f"{name}: make lock"
    assert any("--require-hashes" in one and "requirements.lock" in one for one in of(dockerfile, "RUN"))


def extras() -> list[str]:
    """Needs of the built-in plugins: the image has them all."""
    found = [tomllib.loads(path.read_text())["project"] for path in ROOT.glob("plugins/*/pyproject.toml")]
    return [name for one in found if one.get("dependencies") for name in one["entry-points"]["llmio.plugins"]]


# -- the units of systemd -------------------------------------------------------------------------------------------------

UNITS = sorted((ROOT / "etc" / "systemd").iterdir())
HARDENED = ("NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes",
            "RestrictNamespaces=yes", "SystemCallFilter=@system-service", "User=llmio")  # fmt: skip


@pytest.mark.parametrize("unit", [one for one in UNITS if one.suffix == ".service"], ids=lambda one: one.name)
def test_units_are_hardened_and_run_commands_that_exist(unit):
    lines = unit.read_text().splitlines()
    assert set(HARDENED) - set(lines) == set()
    for line in lines:
        if line.startswith("Exec"):
            command, _, words = line.partition("=")[2].partition(" ")
            assert command == "/opt/llmio/bin/llmio"
            assert words.split()[0] in COMMANDS
    if "Type=exec" in lines:
        assert "KillMode=mixed" in lines  # or the processes of the web server would be told before they are drained


def test_units_are_well_in_the_eyes_of_systemd(tmp_path):
    for unit in UNITS:
        name = unit.name.replace("web@.", "web@3000.").replace("worker@.", "worker@1.")
        (tmp_path / name).write_text(unit.read_text().replace("/opt/llmio/bin/llmio", "/bin/true"))
    if shutil.which("systemd-analyze"):  # elsewhere the test above has read them
        units = sorted(str(one) for one in tmp_path.iterdir())
        said = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
        )
        assert (said.returncode, said.stderr) == (0, "")
