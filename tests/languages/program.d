// SPDX-License-Identifier: MIT
import core.stdc.stdio : printf;
import core.stdc.stdlib : free, malloc;

__gshared void*[] kept;

void work(size_t size)
{
    foreach (i; 0 .. 20)
    {
        void* block = malloc(size);
        if (i < 3)
            kept ~= block;
        else
            free(block);
    }
}

void main()
{
    work(7002);
    printf("ledger: 7002 20 %d\n", cast(int) kept.length);
}
