"""Snakemake and steps in processes forked from one that has imported libraries, for tests' sake.

A run of the workflow has hundreds of jobs, and most of a small job's time goes into imports. Here a
server imports what lies outside this repository, once; what stands first in PATH as ``python`` asks
it to fork, and the fork runs the step as ``python`` would: with the folder, environment, arguments
and files of the one who asked, a process a job, killed when that is killed. What is edited in a
project's copy of the steps counts: none of them is imported before. Snakemake is forked likewise.
"""

import atexit
import contextlib
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
from pathlib import Path

LIBRARIES = (
    "snakemake.cli snakemake.profiles snakemake.report.html_reporter snakemake.storage jinja2 "
    "librosa.beat librosa.decompose librosa.effects librosa.feature librosa.onset "
    "matplotlib.figure matplotlib.backends.backend_agg opensmile pandas pyarrow.dataset "
    "pyarrow.parquet pydantic scipy.optimize scipy.sparse.csgraph scipy.stats "
    "sklearn.decomposition sklearn.discriminant_analysis sklearn.ensemble "
    "sklearn.linear_model sklearn.manifold sklearn.metrics sklearn.neighbors "
    "sklearn.preprocessing sklearn.semi_supervised sklearn.svm soundfile torch typer"
).split()
SERVER = "server"  # What the client asks, beside it.
CLIENT = f"""\
#!{sys.executable} -ISE
import json, os, socket, sys
first = "".join(sys.argv[1:2])
if not (first.endswith("workflow/scripts/genregraph") or sys.argv[1:3] == ["-m", "snakemake"]):
    os.execv({sys.executable!r}, [{sys.executable!r}, *sys.argv[1:]])
server = socket.socket(socket.AF_UNIX)
server.connect(os.path.join(os.path.dirname(__file__), {SERVER!r}))
asked = json.dumps([os.getcwd(), dict(os.environ), sys.argv[1:]]).encode() + b"\\n"
socket.send_fds(server, [b"."], [0, 1, 2])
server.sendall(asked)
sys.exit(int(server.recv(16) or 1))
"""


def start(folder: str, user: int) -> None:
    """Go on as a server in the background, once it listens; until process ``user`` has ended."""
    client = Path(folder, "python")
    client.write_text(CLIENT, encoding="utf-8")
    client.chmod(0o755)
    for library in LIBRARIES:
        __import__(library)
    with contextlib.suppress(ImportError):
        __import__("dgl")
    gc.collect()
    gc.freeze()  # A fork that looked for rubbish among all this would first have to copy it.
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(Path(folder, SERVER)))
        listening.listen(64)
        if os.fork() == 0:
            serve(listening, os.pidfd_open(user))


def serve(listening: socket.socket, user: int) -> None:
    """Fork for each that asks."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for those who answer.
    while True:
        ready, _, _ = select.select([listening, user], [], [])
        if user in ready:
            os._exit(0)
        asking, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listening.close()
            answer(asking)
        asking.close()


def answer(asking: socket.socket) -> None:
    """Run a step for one who asks, and end it if that ends."""
    _, files, _, _ = socket.recv_fds(asking, 1, 3)
    text = b""
    while not text.endswith(b"\n"):
        text += asking.recv(1 << 16)
    folder, environment, arguments = json.loads(text)
    step = os.fork()
    if step == 0:
        asking.close()
        run(folder, environment, arguments, files)
    ended = os.pidfd_open(step)
    ready, _, _ = select.select([ended, asking], [], [])
    if ended not in ready:
        os.kill(step, signal.SIGKILL)
        os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(step, 0)[1])
    asking.sendall(str(code if code >= 0 else 128 - code).encode())
    os._exit(0)


def run(folder: str, environment: dict[str, str], arguments: list[str], files: list[int]) -> None:
    """Be the ``python`` that was asked for."""
    for number, file in enumerate(files):
        os.dup2(file, number)
    # The server's may know of a file to seek in.
    sys.stdout, sys.stderr = (os.fdopen(file, "w", 1, closefd=False) for file in (1, 2))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    of_module = arguments[0] == "-m"
    sys.argv = arguments[1:] if of_module else arguments
    sys.path[0] = "" if of_module else arguments[0]
    atexit._clear()  # What the server would do in the end is not this one's.
    code = 0
    try:
        if of_module:
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        threading._shutdown()  # As in Python's own end: pools are ended, then awaited.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    start(sys.argv[1], int(sys.argv[2]))
