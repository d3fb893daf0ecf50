"""A disk of its own for an archive, so that what really reaches it can be counted.

An ext4 image on a loop device, where this process may have one: /sys/block/loopN/stat then counts every
sector, those of the file system's journal and of the database included. Elsewhere a plain folder, and
/proc/PID/io `write_bytes` of the service is all there is; that is said aloud.

The mount stands in a mount namespace of this process: nobody else sees it, and it goes with the last
process in it, however that ends.
"""

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

from machine import libc, say

CLONE_NEWNS = 0x20000
MS_PRIVATE_AND_BELOW = 0x40000 | 0x4000
SECTOR_BYTES = 512
FIELD_SECTORS_WRITTEN = 6
_in_own_namespace = False


class LoopDisk:
    """`path` is where to write; `is_loop` whether it is a disk of its own. `files`: room for so many."""

    def __init__(self, folder, name, gigabytes, keep=False, files=0):
        self.image, self.path, self.keep = folder / f"{name}.img", folder / name, keep
        self.gigabytes, self.files, self.device, self.is_loop = gigabytes, files, None, False

    def __enter__(self):
        self.path.mkdir(parents=True, exist_ok=True)
        why = self._mount()
        if why:
            say(f"{self.path} is a plain folder ({why}): only the service's own writes can be counted, "
                "without the file system's journal")
        return self

    def __exit__(self, *_):
        if self.is_loop:
            subprocess.run(["umount", "--lazy", self.path], check=False)
        if not self.keep:
            shutil.rmtree(self.path, ignore_errors=True)
            self.image.unlink(missing_ok=True)

    def written_bytes(self):
        """What has reached the disk since it was mounted, after everything was flushed; None in a plain folder."""
        if not self.is_loop:
            return None
        folder = os.open(self.path, os.O_RDONLY)
        libc.syncfs(folder)
        os.close(folder)
        fields = Path(f"/sys/block/{self.device}/stat").read_text().split()
        return int(fields[FIELD_SECTORS_WRITTEN]) * SECTOR_BYTES

    def _mount(self):
        """Mounts the image, made first if it is not there; says why not, if it cannot."""
        if os.geteuid() != 0:
            return "not root"
        missing = [tool for tool in ("mkfs.ext4", "mount", "losetup") if not shutil.which(tool)]
        if missing:
            return f"{missing[0]} is not installed"
        _own_namespace()
        if not self.image.exists():
            with open(self.image, "wb") as image:
                image.truncate(self.gigabytes << 30)
            # Nothing is left to be written later, by and by: it would be counted.
            # The default is a file in 16 KB, too few for small ones.
            inodes = ["-N", str(self.files)] if self.files else []
            made = _run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", *inodes, self.image])
            if made:
                self.image.unlink()
                return made
        failed = _run(["mount", "-o", "loop", self.image, self.path])
        if failed:
            return failed
        self.is_loop = True
        self.device = _run_out(["findmnt", "-n", "-o", "SOURCE", self.path]).rpartition("/")[2]
        return None


def _own_namespace():
    global _in_own_namespace
    if _in_own_namespace:
        return
    if libc.unshare(CLONE_NEWNS) == 0:
        libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_PRIVATE_AND_BELOW), None)
        _in_own_namespace = True


def _run(command):
    """None if it went well, else the end of what it said."""
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"{command[0]} failed"])[-1]


def _run_out(command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
