"""Processes of a benchmark: started, watched through /proc, and ended whatever happens.

A child dies with the benchmark, even if that is killed. SIGTERM ends the benchmark like an error, so
that everything is cleared up on the way out.
"""

import ctypes
import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
STOP_WITHIN_S = 20
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


def say(text):
    """Tells how it goes, apart from the figures on stdout."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def end_on_sigterm():
    """From now on SIGTERM and SIGHUP run every `finally`."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))


def workers():
    """Two processes for work on many files.

    They end when their work does. multiprocessing's own pool ends them with SIGTERM, whose handler they
    inherit: an exit raised inside a queue's lock left a worker, and the benchmark, waiting for ever.
    """
    return ProcessPoolExecutor(2, initializer=signal.signal, initargs=(signal.SIGTERM, signal.SIG_DFL))


def _die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Processes:
    """Everything that a benchmark has started; ends it when it is left."""

    def __init__(self):
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.started)

    def start(self, command, log=None, **options):
        """Starts a process whose output goes to `log`, where one is given."""
        if log:
            with open(log, "ab") as out:
                options = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out, **options}
                process = subprocess.Popen(command, preexec_fn=_die_with_parent, **options)
        else:
            process = subprocess.Popen(command, preexec_fn=_die_with_parent, **options)
        self.started.append(process)
        return process

    def ended(self):
        """The names of those that are no longer there."""
        return [Path(str(process.args[0])).name for process in self.started if process.poll() is not None]


def stop(processes):
    """Ends them in order, by force if they do not end."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(timeout=STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            say(f"{process.args[0]} does not end: it is killed")
            process.kill()
            process.wait()


def cpu_seconds(process):
    """User and system time so far."""
    if process.poll() is not None:
        sys.exit(f"bench: {process.args[0]} ended during the measurement")
    # The fields after the command's name, which may hold anything: utime and stime are the 14th and 15th of all.
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def io_counts(process):
    """/proc/PID/io: `syscw` counts every write call (files, sockets, wake-ups), `write_bytes` what goes to disks."""
    lines = Path(f"/proc/{process.pid}/io").read_text().splitlines()
    return {name: int(value) for name, value in (line.split(": ") for line in lines)}


def memory_mb(process, which):
    """VmRSS (now) or VmHWM (peak)."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith(which))
    return round(int(line.split()[1]) / 1024, 1)
