"""The binary as the image has it: its libraries and nothing else, a user of its own, a root that cannot be written."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request

from report import DEPLOY, USER, Report, binary

# What distroless/cc holds of what we may need.
LIBRARIES = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
WAIT_SECONDS = 20


def libraries(program: pathlib.Path) -> list[pathlib.Path]:
    listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return [pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", listed)]


def library_problems(found: list[pathlib.Path]) -> list[str]:
    return [f"{path.name} is not in the image" for path in found if path.name not in LIBRARIES]


def image_root(root: pathlib.Path, program: pathlib.Path) -> None:
    for source, target in [(program, "usr/local/bin/keyholt"), *((path, str(path)[1:]) for path in libraries(program))]:
        place = root / target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)
    data = root / "data"
    data.mkdir(mode=0o700)
    os.chown(data, USER, USER)
    root.chmod(0o755)


def make_root_key() -> str:
    return subprocess.run([DEPLOY / "make-root-key"], capture_output=True, text=True, check=True).stdout


def start(root: pathlib.Path, root_key: str) -> list[str]:
    """Starts the server in the image's root, without any environment but its options, and stops it when it is ready."""
    (root / "data/root-key").write_text(root_key)
    (root / "data/root-key").chmod(0o400)
    os.chown(root / "data/root-key", USER, USER)
    options = {
        "KEYHOLT_LISTEN": "127.0.0.1:0",
        "KEYHOLT_METRICS_LISTEN": "off",
        "KEYHOLT_DATA_DIR": "/data/store",
        "KEYHOLT_ROOT_KEY_FILE": "/data/root-key",
        "KEYHOLT_BOOTSTRAP_API_KEY": "a first key that is for this check alone",
    }
    log = root.parent / "log"
    command = ["chroot", f"--userspec={USER}:{USER}", root, "/usr/local/bin/keyholt", "serve"]
    with log.open("wb") as output:
        # chroot ends in /, which the user cannot write to.
        server = subprocess.Popen(command, env={"PATH": os.environ["PATH"]} | options, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline and server.poll() is None:
            if listening := re.search(r"listening on (http://\S+)", log.read_text(errors="replace")):
                with urllib.request.urlopen(f"{listening[1]}/readyz", timeout=WAIT_SECONDS) as answer:
                    return [] if answer.status == 200 else [f"/readyz answers {answer.status}"]
            time.sleep(0.02)
        return [f"it is not ready: {log.read_text(errors='replace').strip()}"]
    finally:
        server.terminate()
        server.wait(WAIT_SECONDS)


def run(report: Report) -> None:
    program = binary()
    if program is None:
        report.left_out("the binary in the image's root", "there is no release build, and no KEYHOLT_BIN")
        return
    report.holds("the binary needs no library that the image lacks", library_problems(libraries(program)))
    if os.getuid() != 0:
        report.left_out("the binary in the image's root", "only root may change the root")
        return
    with tempfile.TemporaryDirectory(prefix="keyholt-image-") as folder:
        root = pathlib.Path(folder, "root")
        root.mkdir()
        # The folder itself is its owner's; the user of the image has to get through.
        pathlib.Path(folder).chmod(0o755)
        image_root(root, program)
        key = make_root_key()
        refused = start(root, key[:10] + ("A" if key[10] != "A" else "B") + key[11:])
        report.holds("a changed root key is refused", [] if "malformed" in str(refused) else ["it is not"])
        (root / "data/root-key").unlink()
        report.holds("the server starts in the image's root, with a root key of make-root-key", start(root, key))
