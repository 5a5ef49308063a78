# SPDX-License-Identifier: Apache-2.0
"""Programs whose output is read while they run, including this project's back-end."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time


class Failure(Exception):
    """Raised when a front-end or the back-end did not behave as expected."""


class Program:
    """A running program. Its output is stored; commands are written to its standard input."""

    def __init__(self, command, name=None, environment=None):
        self.name = name or command[0].rsplit("/", 1)[-1]
        self.text = ""
        self.consumed = 0
        self.ended = False
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            part = os.read(self.process.stdout.fileno(), 65536)
            with self.changed:
                self.text += part.decode("latin-1")
                self.ended = not part
                self.changed.notify_all()
            if not part:
                return

    def say(self, line, end="\n"):
        self.process.stdin.write((line + end).encode())
        self.process.stdin.flush()

    def expect(self, pattern, seconds=60):
        """Waits for a pattern in the output after the previous match; returns the match."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                found = re.compile(pattern, re.MULTILINE).search(self.text, self.consumed)
                if found:
                    self.consumed = found.end()
                    return found
                left = deadline - time.monotonic()
                if self.ended or left <= 0:
                    said = "ended" if self.ended else f"was silent about it for {seconds} s"
                    raise Failure(f"{self.name} {said}, not '{pattern}'; its last lines: {self.tail()}")
                self.changed.wait(left)

    def tail(self):
        clean = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", self.text[-2000:])
        return " / ".join(line.strip() for line in clean.splitlines() if line.strip())[-600:]

    def count(self, text):
        with self.changed:
            return self.text.count(text)

    def await_count(self, text, times, seconds=120):
        deadline = time.monotonic() + seconds
        with self.changed:
            while self.text.count(text) < times:
                left = deadline - time.monotonic()
                if self.ended or left <= 0:
                    raise Failure(f"{self.name} has said '{text}' {self.text.count(text)} times, not {times}; its last lines: {self.tail()}")
                self.changed.wait(left)

    @contextlib.contextmanager
    def watched(self):
        """Ends the program at the end of a block. A failure in the block gets the program's state and last lines."""
        try:
            yield self
        except Failure as failure:
            status = self.process.poll()
            state = "runs" if status is None else f"ended with {status}"
            raise Failure(f"{failure}; {self.name} {state}, its last lines: {self.tail()}") from failure
        finally:
            self.end()

    def end(self, how=signal.SIGTERM):
        """Ends the program and waits for the rest of its output."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with self.changed:
            self.changed.wait_for(lambda: self.ended, 5)


class BackEnd(Program):
    """vhost4j run. Each line of output that is not an event of a front-end is reported as a problem."""

    QUIET = re.compile(
        r"waiting for a front-end|front-end attached|negotiated 0x|front-end detached: (the front-end closed|.*closed the connection)|link (up|down)"
    )

    def __init__(self, command, socket, options, within=()):
        self.socket = socket
        super().__init__([*within, *command, "run", f"--socket-path={socket}", *options], "vhost4j")
        self.expect(r"waiting for a front-end", 600)
        self.expect("\n")
        self.mark()

    def mark(self):
        """Starts a new section of the output, for the next front-end."""
        self.started = self.consumed = len(self.text)

    def negotiated(self):
        """The features of each driver: number and names."""
        found = re.findall(r"negotiated (0x[0-9a-f]+) ?(.*)", self.text[self.started :])
        return [(int(number, 16), names.split()) for number, names in found]

    def last_features(self):
        if not self.negotiated():
            self.expect("negotiated 0x.*\n")
        return set(self.negotiated()[-1][1])

    def troubles(self):
        lines = self.text[self.started :].splitlines()
        return [line for line in lines if line and not self.QUIET.search(line)]
