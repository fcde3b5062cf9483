"""What holds, what does not, and what was left out."""

import os
import pathlib
import shutil
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
# The user of the image.
USER = 65532


def version() -> str:
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def binary() -> pathlib.Path | None:
    chosen = os.environ.get("KEYHOLT_BIN")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    path = pathlib.Path(chosen).resolve() if chosen else ROOT / target / "release" / "keyholt"
    return path if path.is_file() else None


class Report:
    def __init__(self) -> None:
        self.failures = 0
        self.omissions = 0

    def holds(self, what: str, problems: list[str]) -> None:
        """What is promised holds when there are no problems with it."""
        print(f"{'not ' if problems else ''}as promised: {what}", *problems, sep="\n    ")
        self.failures += bool(problems)

    def left_out(self, what: str, why: str) -> None:
        print(f"left out: {what}: {why}")
        self.omissions += 1

    def has(self, program: str, what: str) -> bool:
        """Whether a program is there that scripts/test installs; it must be in CI."""
        if shutil.which(program):
            return True
        if os.environ.get("CI"):
            self.holds(what, [f"{program} is missing, and CI has to have it"])
        else:
            self.left_out(what, f"{program} is not installed")
        return False

    def end(self) -> int:
        print(f"deploy: {self.failures} failed, {self.omissions} left out")
        return 1 if self.failures else 0
