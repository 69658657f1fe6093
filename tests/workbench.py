# SPDX-License-Identifier: MIT
"""A directory in which a test builds and runs programs, in a clean environment."""
import os
import subprocess


class Workbench:
    def __init__(self, directory):
        self.dir = directory
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith(("RHEAPER_", "LD_"))}

    def path(self, name):
        return os.path.join(self.dir, name)

    def file(self, name, text):
        """Writes a file; its path."""
        with open(self.path(name), "w") as out:
            out.write(text)
        return self.path(name)

    def run(self, *command, status=0, silent=True, timeout=240, **env):
        """Runs a command in the directory, which ends with `status` and, if `silent`, says
        nothing on standard error; what it says on standard output. The timeout is to end a
        hang, and far from what a machine needs whose processors have other things to do."""
        result = subprocess.run(command, cwd=self.dir, env={**self.env, **env}, text=True,
                                capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout)
        assert result.returncode == status, (command, result)
        assert not silent or result.stderr == "", (command, result)
        return result.stdout
