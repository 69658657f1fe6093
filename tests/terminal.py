# SPDX-License-Identifier: MIT
"""A program in a terminal of its own, in the foreground, as a shell starts it."""
import fcntl
import os
import pty
import resource
import select
import signal
import struct
import termios
import time

PATIENCE = 240
TERMINAL_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGPIPE,
                    signal.SIGCONT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
MARK = b"\x00end of what was written\x00"
CLEAR = b"\x1b[H\x1b[2J"  # as xterm does it


class Terminal:
    def __init__(self, command, env, cwd, lines=24, columns=100):
        """Starts the command; self.pid is its process, self.output all that it wrote."""
        self.master, slave = pty.openpty()
        self.slave = slave
        self.resize(lines, columns)
        self.before = termios.tcgetattr(slave)
        self.output = b""
        self.reports, report = os.pipe()
        self.shell = os.fork()
        if self.shell == 0:
            try:
                self.be_shell(slave, report, command, env, cwd)
            finally:
                os._exit(1)
        os.close(report)
        self.pid = int(self.report())

    @staticmethod
    def be_shell(slave, report, command, env, cwd):
        """Leads the session and reports what becomes of the program."""
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        ready, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            for number in range(3):
                os.dup2(slave, number)
            os.setpgid(0, 0)
            os.close(go)
            os.read(ready, 1)
            # Whoever runs the tests in the background ignores some of them.
            for number in TERMINAL_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            os.chdir(cwd)
            os.execve(command[0], command, env)
        os.close(ready)
        try:
            os.setpgid(pid, pid)
        except OSError:
            pass
        os.tcsetpgrp(slave, pid)
        os.write(report, b"%d\n" % pid)
        os.close(go)
        while True:
            status = os.waitpid(pid, os.WUNTRACED)[1]
            if os.WIFSTOPPED(status):
                os.write(report, b"stopped\n")
                continue
            os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
            os._exit(0)

    def report(self):
        """The next line of the shell."""
        text = b""
        deadline = time.monotonic() + PATIENCE
        while not text.endswith(b"\n"):
            # The program may wait for us to read what it writes
            ready = select.select([self.reports, self.master], [], [], PATIENCE)[0]
            assert ready and time.monotonic() < deadline, (text, self.output)
            if self.master in ready:
                self.read()
            if self.reports in ready:
                byte = os.read(self.reports, 1)
                assert byte, (text, self.output)
                text += byte
        self.drain()
        return text.decode().strip()

    def read(self):
        try:
            self.output += os.read(self.master, 65536)
        except OSError:  # nobody has it open any more
            pass

    def drain(self):
        """Reads what was written until now. A terminal hands it on a moment later, so a mark of ours
        is written behind it."""
        while select.select([self.master], [], [], 0)[0]:  # so that there is room for it
            self.read()
        os.write(self.slave, MARK)
        deadline = time.monotonic() + PATIENCE
        while MARK not in self.output:
            assert time.monotonic() < deadline, self.output
            if select.select([self.master], [], [], 1)[0]:
                self.read()
        self.output = self.output.replace(MARK, b"")

    def expect(self, *texts):
        """Reads until the program has written all of these since the last expect."""
        deadline = time.monotonic() + PATIENCE
        while True:
            new = self.output[self.mark:]
            if all(text in new for text in texts):
                self.mark = len(self.output)
                return new
            assert time.monotonic() < deadline, (texts, new)
            if select.select([self.master], [], [], 1)[0]:
                self.read()

    def redraw_until(self, is_right):
        """Has all of the screen written again until that is right."""
        deadline = time.monotonic() + PATIENCE
        while True:
            os.kill(self.pid, signal.SIGCONT)
            new = self.expect(CLEAR, b"q: quit")
            new = new[new.rindex(CLEAR):]
            if is_right(new):
                return
            assert time.monotonic() < deadline, new

    mark = 0

    def type(self, keys):
        os.write(self.master, keys)

    def resize(self, lines, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def modes(self):
        return termios.tcgetattr(self.slave)

    def close(self):
        for pid in self.pid, self.shell:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        os.waitpid(self.shell, 0)
        for descriptor in self.master, self.slave, self.reports:
            os.close(descriptor)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
