"""The image's recipe and the compose file."""

import re
import shutil
import subprocess

import yaml

from report import DEPLOY, ROOT, USER, Report, version

COMPOSE = DEPLOY / "compose"


def image_problems(recipe: str) -> list[str]:
    problems = []
    *_, last = recipe.split("\nFROM ")
    if f"\nUSER {USER}:{USER}\n" not in last:
        problems.append("the image does not run as its user, by number")
    if re.search(r"^RUN |^ADD ", last, re.MULTILINE):
        problems.append("the last stage runs or fetches something")
    for image in re.findall(r"^ARG (?:BUILDER|RUNTIME)=(\S+)", recipe, re.MULTILINE):
        problems += tag_problems(image)
    if "--locked" not in recipe:
        problems.append("the build may take other versions than Cargo.lock's")
    if f"--tag keyholt:{version()} " not in recipe:
        problems.append("the command in it makes another version")
    return problems


def tag_problems(image: str) -> list[str]:
    tag = image.rpartition("/")[2].partition(":")[2]
    return [f"{image}: has no fixed tag"] if tag in ("", "latest") else []


def compose_problems(compose: dict) -> list[str]:
    services, secrets = compose["services"], compose["secrets"]
    nodes = {name: one for name, one in services.items() if name.startswith("node-")}
    problems = [] if len(nodes) >= 2 else ["there are fewer than two nodes"]
    for name, service in services.items():
        problems += tag_problems(service["image"])
        problems += [f"{name}: secret {one} is not declared" for one in service.get("secrets", []) if one not in secrets]
        if "no-new-privileges:true" not in service.get("security_opt", []):
            problems.append(f"{name} may gain privileges")
        if service.get("ports") and name != "nginx":
            problems.append(f"{name} is published past nginx")
    for name, node in nodes.items():
        if node["image"] != f"keyholt:{version()}":
            problems.append(f"{name} is of another version")
        if node.get("user") != f"{USER}:{USER}" or not node.get("read_only") or node.get("cap_drop") != ["ALL"]:
            problems.append(f"{name} is root, may write to its image or has capabilities")
        options = node["environment"]
        if options["KEYHOLT_FORWARDERS"] != services["nginx"]["networks"]["inside"]["ipv4_address"]:
            problems.append(f"{name} does not believe nginx alone")
        for option in ("KEYHOLT_ROOT_KEY_FILE", "KEYHOLT_DATABASE_PASSWORD_FILE"):
            if options[option].removeprefix("/run/secrets/") not in node["secrets"]:
                problems.append(f"{name}: {option} names no secret of it")
    made = (COMPOSE / "prepare").read_text()
    for name, secret in secrets.items():
        file = secret["file"].removeprefix("./secrets/")
        if f"own {file} " not in made:
            problems.append(f"secret {name}: `prepare` does not make {file}")
    return problems


def broken(compose_text: str) -> list[str]:
    """Each change of the compose file has to be found."""
    changes = [
        ('user: "65532:65532"', 'user: "0:0"'),
        ("read_only: true\n  cap", "read_only: false\n  cap"),
        ("postgres:15-bookworm", "postgres:latest"),
        ("nginx-unprivileged:1.28", "nginx-unprivileged"),
        ("KEYHOLT_FORWARDERS: 172.30.87.2", "KEYHOLT_FORWARDERS: 172.30.87.0/24"),
        ("secrets: [root-key, database-password]", "secrets: [root-key]"),
        ("./secrets/tls-key.pem", "./secrets/tls.key"),
    ]
    missed, known = [], set(compose_problems(yaml.safe_load(compose_text)))
    for before, after in changes:
        assert before in compose_text, before
        if set(compose_problems(yaml.safe_load(compose_text.replace(before, after)))) <= known:
            missed.append(f"nothing is found wrong with: {after}")
    return missed


def run(report: Report) -> None:
    recipe = (DEPLOY / "container/Containerfile").read_text()
    text = (COMPOSE / "compose.yaml").read_text()
    report.holds("the image's recipe keeps the rules", image_problems(recipe))
    report.holds("the compose file keeps the rules", compose_problems(yaml.safe_load(text)))
    report.holds("broken compose files are found", broken(text))
    scripts = [COMPOSE / "prepare", ROOT / "scripts/check-deploy"]
    checked = [subprocess.run(["bash", "-n", script], capture_output=True, text=True) for script in scripts]
    report.holds("scripts parse", [one.stderr for one in checked if one.returncode])
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        command = ["docker", "compose", "--file", COMPOSE / "compose.yaml", "config", "--quiet"]
        read = subprocess.run(command, capture_output=True, text=True)
        report.holds("docker compose reads the compose file", [read.stderr] if read.returncode else [])
    else:
        report.left_out("docker compose config", "it is not installed")
    report.left_out("building the image, starting the compose file", "this needs a container engine and registries")
