// SPDX-License-Identifier: MIT
import core.stdc.stdio : fflush, printf, stdout;
import core.stdc.stdlib : free, malloc;

__gshared void*[3] kept;

extern (C) export int work_here()
{
    foreach (i; 0 .. 20)
    {
        void* block = malloc(7110);
        if (i < 3)
            kept[i] = block;
        else
            free(block);
    }
    printf("ledger: 7110 20 3\n");
    fflush(stdout);
    return 1;
}
