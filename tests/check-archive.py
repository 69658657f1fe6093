#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check what the runtime archives define and what they need.

usage: check-archive.py NM RHEAPER_CC TARGET LIBRHEAPER.a PLUGIN.a INTERPOSE.a INTERPOSE_CXX.a FOLLOW.a

TARGET is host, or what the archives are for.

- every wrapped symbol that the driver lists has a shim, and every shim is listed;
- nothing else is defined but rhp_* and rheaper_*: the names of an instrumented
  program are its own;
- nothing is needed but the functions named here: no allocation, no stdio, no
  locks of libc's, nothing that is a cancellation point.
"""
import re
import subprocess
import sys

# libc functions the runtime calls. All are async-signal-safe in practice:
# string functions, the vDSO clock, raw system calls; the third group only when
# the runtime starts or a thread begins and ends; the last lines are libgcc's, for i386,
# riscv64 and armhf.
NEEDED = set('''
memcpy memmove memset memcmp strlen strnlen strchr strcmp strncmp strrchr
syscall sigaction __errno_location clock_gettime environ _dl_find_object __ehdr_start _end _DYNAMIC
dl_iterate_phdr getauxval exit pthread_key_create pthread_setspecific dlsym
__tls_get_addr ___tls_get_addr dladdr dlopen malloc_usable_size wcslen __sched_cpualloc_size
_GLOBAL_OFFSET_TABLE_ __gcc_personality_v0 _Unwind_Resume _ZTISt9bad_alloc
__divdi3 __udivdi3
__clzdi2 __ctzdi2
__aeabi_idiv __aeabi_uidiv __aeabi_uidivmod __aeabi_ldivmod __aeabi_uldivmod __aeabi_d2ulz
__aeabi_unwind_cpp_pr0 __aeabi_unwind_cpp_pr1
'''.split())


# Ours; what a compiler makes for itself in each object that needs it, on riscv64 labels too;
# and the base that objects with static probes share (hidden)
OURS = r'\.L|__wrap_|(__real_)?rhp_|rheaper_|DW\.ref\.|__x86\.get_pc_thunk\.|_\.stapsdt\.base$'


def members(nm, path):
    """(defined, undefined) global names of each member."""
    text = subprocess.run([nm, path], capture_output=True, text=True, check=True).stdout
    for part in re.split(r'\n\n', text.strip()):
        defined, undefined = set(), set()
        for line in part.splitlines():
            words = line.split()
            if len(words) == 3 and words[1].isupper():
                defined.add(words[2])
            elif len(words) == 2 and words[0] in 'UwW':
                undefined.add(words[1])
        yield defined, undefined


def listed(driver, target):
    rows = subprocess.run([driver, '--rheaper-list-wrapped',
                           *{'i386': ['-m32'], 'armhf': ['--target=arm-linux-gnueabihf']}.get(target, [])], capture_output=True,
                          text=True, check=True).stdout.splitlines()
    return {row.split()[0]: row.split()[1] for row in rows}


def check_runtime(nm, path, wrapped, problems):
    """The shims of an archive, and all names it defines."""
    shims, own = set(), set()
    real = {'__real_' + n for n in wrapped}
    for defined, undefined in members(nm, path):
        shims |= {n[7:] for n in defined if n.startswith('__wrap_') and not n.startswith('__wrap_rhp_')}
        own |= defined
        stray = {n for n in defined if not re.match(OURS, n)}
        problems += ['%s: defined: %s' % (path, n) for n in stray]
        # Mentions functions for linkers to hear of, and needs none (wrap/bring.h)
        hears = set(wrapped) if any(n.startswith('rhp_hear_') for n in defined) else set()
        problems += ['%s: needed: %s' % (path, n) for n in undefined - real - NEEDED - hears
                     if not re.match(r'rhp_|__wrap_', n)]
    problems += ['%s: no shim: %s' % (path, n) for n in set(wrapped) - shims]
    problems += ['%s: not in the list: %s' % (path, n) for n in shims - set(wrapped)]
    return shims, own


def main():
    nm, driver, target, runtime, plugin, interpose, interpose_cxx, follow = sys.argv[1:]
    wrapped = listed(driver, target)
    problems = []
    for path in runtime, plugin:
        shims, own = check_runtime(nm, path, wrapped, problems)
    for path, groups in ((interpose, ['core', 'loader', 'exec']), (follow, ['core', 'loader']), (interpose_cxx, ['cxx'])):
        for defined, undefined in members(nm, path):
            stray = {n for n in defined if wrapped.get(n) not in groups}
            problems += ['%s: defined: %s' % (path, n) for n in stray if not re.match(OURS, n)]
            problems += ['%s: needed: %s' % (path, n) for n in undefined - NEEDED
                         if not re.match(OURS, n)]
    for p in sorted(set(problems)):
        print(p)
    print('%d wrapped symbols, %d shims, %d names' % (len(wrapped), len(shims), len(own)))
    sys.exit(1 if problems or not wrapped else 0)


main()
