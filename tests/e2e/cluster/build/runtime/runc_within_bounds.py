"""
An OCI runtime: runc, asked for nothing that this kernel's bounding set forbids.

``docker run --privileged`` asks for every capability, and runc fails if CAP_SYS_RESOURCE cannot be
granted. Without that capability no process can lower its OOM score either, so that wish goes too.
"""

import json
import os
import shutil
import sys
from pathlib import Path

MISSING = "CAP_SYS_RESOURCE"


def option(arguments: list[str], *names: str) -> str | None:
    """Find the value of an option, as ``--name value`` or ``--name=value``."""
    for index, argument in enumerate(arguments):
        for name in names:
            if argument == name and index + 1 < len(arguments):
                return arguments[index + 1]
            if argument.startswith(name + "="):
                return argument.partition("=")[2]
    return None


def bound(process: dict[str, object]) -> None:
    """Take from an OCI process what cannot be granted."""
    capabilities = process.get("capabilities")
    if isinstance(capabilities, dict):
        for names in capabilities.values():
            if names and MISSING in names:
                names.remove(MISSING)
    score = process.get("oomScoreAdj")
    if isinstance(score, int) and score < 0:
        process["oomScoreAdj"] = 0


def rewrite(arguments: list[str]) -> None:
    """Bound the process file that a create, run or exec names."""
    verb = next((word for word in arguments if word in {"create", "run", "exec"}), None)
    if verb in {"create", "run"}:
        path = Path(option(arguments, "--bundle", "-b") or ".") / "config.json"
        spec = json.loads(path.read_text())
        bound(spec["process"])
    elif verb == "exec" and (file := option(arguments, "--process", "-p")):
        path = Path(file)
        spec = json.loads(path.read_text())
        bound(spec)
    else:
        return
    path.write_text(json.dumps(spec))


if __name__ == "__main__":
    rewrite(sys.argv[1:])
    os.execv(shutil.which("runc") or "/usr/sbin/runc", ["runc", *sys.argv[1:]])  # noqa: S606 - that is its job
