"""The units, as systemd reads and rates them."""

import pathlib
import re
import shutil
import subprocess
import tempfile

from report import DEPLOY, Report

FOLDER = DEPLOY / "systemd"
UNIT = "keyholt.service"
# systemd's own measure from 0 to 10, times ten. It differs a little between its versions: 14 in 252.
MOST_EXPOSURE = 20
# What the measure hardly counts and the keys depend on.
NEEDED = ["User=keyholt", "NoNewPrivileges=true", "ProtectSystem=strict", "LimitCORE=0", "MemorySwapMax=0", "UMask=0077"]


def analyze(*arguments: str, folder: str) -> subprocess.CompletedProcess:
    return subprocess.run(["systemd-analyze", *arguments, f"./{UNIT}"], cwd=folder, capture_output=True, text=True)


def unit_problems(folder: str) -> list[str]:
    verified = analyze("verify", folder=folder)
    problems = [verified.stderr.strip()] if verified.returncode or verified.stderr.strip() else []
    rated = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSURE}", "--no-pager", folder=folder)
    if rated.returncode:
        problems.append(rated.stdout.strip().splitlines()[-1] if rated.stdout else rated.stderr.strip())
    lines = pathlib.Path(folder, UNIT).read_text().splitlines()
    return problems + [f"{line} is missing" for line in NEEDED if line not in lines]


def rule_problems(text: str) -> list[str]:
    problems = []
    for credential in re.findall(r"^LoadCredential=([\w-]+):", text, re.MULTILINE):
        if f"%d/{credential} %t/keyholt/{credential}" not in text:
            problems.append(f"the credential {credential} is loaded and not used")
    for name in ("KEYHOLT_ROOT_KEY", "KEYHOLT_BOOTSTRAP_API_KEY"):
        if f"Environment={name}=" in text:
            problems.append(f"{name} stands in a unit, which everybody can read")
    if re.search(r"://[^/@\s]*:[^/@\s]*@", text):
        problems.append("a password stands in a unit, which everybody can read")
    return problems


def copied(folder: str, program: str) -> pathlib.Path:
    """The units with a program that is there: systemd refuses a unit whose program is missing."""
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    unit = pathlib.Path(folder, UNIT)
    unit.write_text(unit.read_text().replace("/usr/local/bin/keyholt", program))
    return unit


def run(report: Report) -> None:
    units = {path: path.read_text() for path in (FOLDER / UNIT, FOLDER / f"{UNIT}.d/postgresql.conf")}
    report.holds("units keep the rules", [problem for text in units.values() for problem in rule_problems(text)])
    report.holds(
        "a password in a unit is found",
        [] if rule_problems("Environment=KEYHOLT_DATABASE_URL=postgres://k:word@db/k") else ["it is not"],
    )
    if not report.has("systemd-analyze", "units are valid and confined"):
        return
    with tempfile.TemporaryDirectory(prefix="keyholt-units-") as folder:
        unit = copied(folder, shutil.which("true") or "/bin/true")
        report.holds("units are valid and confined", unit_problems(folder))
        text = unit.read_text()
        missed = []
        changes = [("Restart=on-failure", "Restart=somehow"), ("CapabilityBoundingSet=\n", "")]
        for before, after in changes + [(line, "") for line in NEEDED]:
            assert before in text, before
            unit.write_text(text.replace(before, after))
            if not unit_problems(folder):
                missed.append(f"nothing is found wrong without {before.strip()}")
        report.holds("broken units are found", missed)
    report.left_out("starting the service", "systemd does not run this machine, or is not to be changed by a check")
