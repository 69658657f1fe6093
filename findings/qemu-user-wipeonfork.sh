#!/bin/bash
# SPDX-License-Identifier: MIT
#
# qemu-user 7.2 (Debian 12's 1:7.2+dfsg-7+deb12u18+b3): madvise(MADV_WIPEONFORK) succeeds and does
# nothing, so a forked child sees what its parent wrote. Libraries that keep the state of a generator
# of random numbers or a mark of the process in such a page, and trust the result of the call,
# would believe to be in the parent. Advice that the kernel does not know succeeds there, too, so that no
# probe tells it. On the kernel itself, and under qemu-user 10.0.13 (Debian 13), the child sees 0.
#
# Output seen:
#   kernel: madvise 0, child sees 0; unknown advice -1
#   qemu: madvise 0, child sees 42; unknown advice 0
#
# Needs apt-get, gcc and what qemu-user depends on, on x86-64, Debian 12. Fails if qemu behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	apt-get download -qq "$1" 2>/dev/null
	echo "$2  $(ls "${1%%=*}"_*.deb)" | sha256sum -c --quiet
	dpkg -x "${1%%=*}"_*.deb .
}
fetch qemu-user=1:7.2+dfsg-7+deb12u18+b3 02a7d6a2675a12dd7fdd474924295552470c0c933e0b543975887f493a84219f
cat >program.c <<'END'
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int result, status;

	page[0] = 42;
	result = madvise(page, 4096, MADV_WIPEONFORK);
	if (fork() == 0)
		_exit(page[0]);
	wait(&status);
	printf("madvise %d, child sees %d; unknown advice %d\n", result, WEXITSTATUS(status), madvise(page, 4096, 77777));
	return 0;
}
END
gcc -O1 program.c -o program
wrong=0
look() {
	echo "$1: $2"
	[ "$2" = "$3" ] || wrong=1
}
look kernel "$(./program)" "madvise 0, child sees 0; unknown advice -1"
look qemu "$(usr/bin/qemu-x86_64 ./program)" "madvise 0, child sees 42; unknown advice 0"
exit $wrong
