"""What docs/deploy ships: each command of the Dockerfile, the compose files and the units is run, and the units are verified."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import SandboxClient
from tests import shipped
from tests.conftest import free_port
from tests.program import Program
from tests.shipped import ROOT, UNITS, Command, compose, of_service, of_unit, unit

PASSPHRASE = "cinq mots pour une sauvegarde"
PLACES = ("DATA_DIR", "DATABASE_URL", "SECRET_KEY", "HOST", "PORT", "TRUSTED_PROXIES")  # what the files may set
SMALL, NATION = compose("compose.yaml"), compose("compose.nation.yaml")
OURS = {name: each for name, each in NATION["services"].items() if each.get("image") == "porte-voix"}


@pytest.fixture
async def started(program: Program, sandbox: SandboxClient) -> AsyncIterator[Any]:
    """Starts a command of a file on a store, a folder and a port of the test's; all are stopped at the end."""
    running: list[Program] = []

    async def start(command: Command, **more: str) -> Program:
        assert set(command.settings) <= {*PLACES, "BACKUP_PASSPHRASE"}, command.settings
        process = program.again()
        process.set(PORT=str(free_port()), **more)
        running.append(process)
        await process.start(*command.words)
        await process.line("Porte-voix runs")
        return process

    yield start
    for process in running:
        await process.stop()


async def ends_well(process: Program) -> None:
    process.signal(signal.SIGTERM)
    assert await process.ended() == 0, process.output
    assert "Stopping; what is being sent ends first." in process.output


# systemd


def test_systemd_knows_every_word_of_the_units_and_holds_the_services_tight(tmp_path: Path) -> None:
    named = []
    for file in UNITS.iterdir():
        text = file.read_text().replace("/srv/porte-voix/.venv/bin/python", sys.executable)
        instance = {"porte-voix@.service": "worker", "porte-voix-web@.service": "8001"}.get(file.name)
        (tmp_path / file.name).write_text(text)
        named.append(tmp_path / (file.name.replace("@", f"@{instance}") if instance else file.name))
        if instance:
            named[-1].write_text(text)
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, named)],
        capture_output=True,
        text=True,
    )
    assert (said.returncode, said.stderr) == (0, "")
    services = [str(each) for each in named if each.suffix == ".service"]
    assert len(services) == 4
    for service in services:  # of 100; a service without a fence has 96
        held = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", service], capture_output=True, text=True)  # fmt: skip
        assert held.returncode == 0, held.stdout


def test_the_units_give_what_is_being_sent_the_time_to_end() -> None:
    from schedules.publishing import CALL_TIMEOUT

    for name in ("porte-voix.service", "porte-voix@.service", "porte-voix-web@.service"):
        assert int(unit(name)["TimeoutStopSec"][0]) > CALL_TIMEOUT
    for service in (SMALL["services"]["porte-voix"], *OURS.values()):
        assert service["stop_grace_period"] == "5m"


@pytest.mark.about_files
async def test_the_one_service_runs_and_ends_at_sigterm(started: Any) -> None:
    await ends_well(await started(of_unit("porte-voix.service")))


@pytest.mark.about_servers
@pytest.mark.parametrize("role", ["bot", "worker", "clock"])
async def test_the_service_of_a_role_runs_and_ends_at_sigterm(started: Any, role: str) -> None:
    await ends_well(await started(of_unit("porte-voix@.service", role)))


@pytest.mark.about_servers
async def test_the_service_of_the_pages_runs_on_the_port_that_names_it(started: Any) -> None:
    port = str(free_port())
    command = of_unit("porte-voix-web@.service", port)
    assert command.settings["PORT"] == port
    await ends_well(await started(command))


async def test_the_nightly_backup_is_written_and_can_be_read(program: Program, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    kept = tmp_path / "kept"
    kept.mkdir()
    assert (await program.call("campaigns", "add", "Campagne"))[0] == 0
    command = of_unit("porte-voix-backup.service", credentials=str(tmp_path))
    assert unit("porte-voix-backup.service")["ReadWritePaths"] == ["/var/backups/porte-voix"]
    words = [word.replace("/var/backups/porte-voix", str(kept)) for word in command.words]
    code, said = await program.call(*words)
    assert code == 0, said
    (file,) = kept.iterdir()
    program.set(BACKUP_PASSPHRASE=PASSPHRASE)
    assert (await program.call("restore", "--check", str(file)))[0] == 0


# The image


def test_all_that_is_compiled_into_the_image_is_there_and_compiles(tmp_path: Path) -> None:
    image = shipped.context(tmp_path)
    there = {each.name for each in image.iterdir()}
    (compiles,) = [rest for word, rest in shipped.instructions() if word == "RUN" and "compileall" in rest]
    words = compiles.replace(".venv/bin/python", sys.executable).split()
    assert set(words[4:]) == there - {"pyproject.toml", "requirements.lock", "requirements-dev.lock"}
    assert subprocess.run(words, cwd=image).returncode == 0


def test_nothing_secret_and_nothing_needless_goes_into_the_image(tmp_path: Path) -> None:
    for name in (".env", "var/secret_key", "campaigns/old.sqlite3", "web/.env"):  # as they may lie about in a checkout
        assert shipped._ignored(name, (ROOT / ".dockerignore").read_text().splitlines()), name
    inside = {each.name for each in shipped.context(tmp_path).iterdir()}
    copied = {"requirements.lock", "requirements-dev.lock", "pyproject.toml", "run_bot.py"}
    rooms = {"badges", "bot", "campaigns", "commands", "networks", "sandbox", "schedules", "web"}
    assert inside == copied | rooms
    for word, rest in shipped.instructions():
        if word == "COPY" and not rest.startswith(("--from", ". ")):
            assert set(rest.split()[:-1]) <= inside


@pytest.mark.about_files
async def test_the_image_runs_from_what_is_copied_into_it_and_its_check_tells_the_living_from_the_dead(
    program: Program, sandbox: SandboxClient, tmp_path: Path
) -> None:
    image = shipped.context(tmp_path / "image")
    entry, words = json.loads(shipped.last("ENTRYPOINT")), json.loads(shipped.last("CMD"))
    assert entry == [".venv/bin/python", "run_bot.py"] == [shipped.health_check()[0], entry[1]]
    settings = shipped._settings(shipped.last("ENV").split())
    assert settings == {"HOST": ".".join("0000"), "PORT": "8000", "DATA_DIR": "/var/lib/porte-voix"}
    environment = {**program._environment, "PORTEVOIX_HOST": settings["HOST"], "PYTHONUNBUFFERED": "1"}

    async def healthy() -> int:
        check = await asyncio.create_subprocess_exec(sys.executable, *shipped.health_check()[1:], env=environment)
        return await check.wait()

    assert await healthy() != 0  # nobody is there
    del environment["PORTEVOIX_TELEGRAM_BASE_URL"], environment["PORTEVOIX_BOT_TOKEN"]
    running = await asyncio.create_subprocess_exec(
        sys.executable, *entry[1:], *words, cwd=image, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert running.stdout is not None
    try:
        while line := await running.stdout.readline():
            if b"Porte-voix runs" in line:
                break
        assert await healthy() == 0
    finally:
        running.terminate()
        await running.communicate()
    assert running.returncode == 0
    assert await healthy() != 0


def test_the_image_installs_what_is_locked_and_runs_as_nobody_in_particular() -> None:
    runs = [rest for word, rest in shipped.instructions() if word == "RUN"]
    assert any("--require-hashes -r requirements.lock" in rest for rest in runs)
    assert any("libfribidi0" in rest for rest in runs)
    words = [word for word, _ in shipped.instructions()]
    assert shipped.last("USER") == "porte-voix"
    assert words.index("USER") < words.index("ENTRYPOINT")
    known = {
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "ARG",
        "ENV",
        "USER",
        "VOLUME",
        "EXPOSE",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    }
    assert set(words) == known
    for rest in (*runs, "true"):  # each is a line that a shell understands
        assert subprocess.run(["sh", "-n", "-c", rest]).returncode == 0


# compose


def test_the_compose_files_name_only_what_is_there() -> None:
    for file in (SMALL, NATION):
        volumes = set(file["volumes"])
        for name, service in file["services"].items():
            for volume in service.get("volumes", []):
                where = re.sub(r"\$\{[^}]*\}", "/set", volume).split(":")[0]
                assert where in volumes or where.startswith("/") or (shipped.DEPLOY / where).exists(), (name, volume)
            for other in service.get("depends_on", []):
                assert other in file["services"]
            if "build" in service:
                assert (shipped.DEPLOY / service["build"] / "Dockerfile").is_file()
            for env_file in service.get("env_file", []):
                assert (shipped.DEPLOY / env_file).parent == shipped.DEPLOY / "../.."
        subnet = file["networks"]["default"]["ipam"]["config"][0]["subnet"]
        ours = [each for each in file["services"].values() if each.get("image") == "porte-voix"]
        assert {each["environment"]["PORTEVOIX_TRUSTED_PROXIES"] for each in ours} == {subnet}


def test_of_all_parts_there_are_as_many_as_the_page_says() -> None:
    count: dict[str, int] = {}
    for name, service in OURS.items():
        if "profiles" not in service:
            role = service["command"][-1]
            count[role] = count.get(role, 0) + service.get("deploy", {}).get("replicas", 1)
            assert ("healthcheck" in service) is (role != "web"), name
    assert count == {"web": 2, "bot": 1, "worker": 2, "clock": 2}
    most = int(NATION["services"]["postgres"]["command"][-1].partition("=")[2])
    assert 18 * sum(count.values()) + 18 < most


@pytest.mark.about_files
async def test_the_small_composition_runs(started: Any) -> None:
    await ends_well(await started(of_service(SMALL["services"]["porte-voix"])))


@pytest.mark.about_servers
async def test_the_large_one_runs_all_its_parts_at_once_on_one_database(started: Any) -> None:
    parts = [of_service(service) for service in OURS.values() if "profiles" not in service]
    running = [await started(command) for command in parts]
    assert len(running) == 5
    for process in running:
        await ends_well(process)


async def test_the_backup_of_the_large_one_is_written(program: Program, tmp_path: Path) -> None:
    assert (await program.call("campaigns", "add", "Campagne"))[0] == 0
    program.set(BACKUP_PASSPHRASE=PASSPHRASE)
    words = [word.replace("/backups", str(tmp_path)) for word in of_service(OURS["backup"]).words]
    code, said = await program.call(*words)
    assert code == 0, said
    assert f"✓ {tmp_path}/porte-voix-" in said


def test_the_large_ones_nginx_takes_the_site_with_its_processes_and_its_name(tmp_path: Path) -> None:
    (_, _, line) = NATION["services"]["nginx"]["command"]
    made = tmp_path / "default.conf"
    begin = line.partition("&&")[0].replace("/site.conf", str(shipped.DEPLOY / "nginx.conf"))
    begin = begin.replace("/etc/nginx/conf.d/default.conf", str(made)).replace("$$", "$")
    assert subprocess.run(["sh", "-c", begin], env={**os.environ, "SITE": "voix.example.net"}).returncode == 0
    text = made.read_text()
    assert text.count("server web-1:8000") == text.count("server web-2:8000") == 1
    assert text.count("server_name voix.example.net;") == 2 and "campaign.example.org" not in text
    assert "127.0.0.1:80" not in re.sub(r"#.*", "", text)
    assert shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
