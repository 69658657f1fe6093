/* SPDX-License-Identifier: MIT */
/* Calls with anything in the register that others keep their frames in. */
void *call_with(void *(*function)(void *), void *argument, unsigned long garbage);

void *call_with(void *(*function)(void *), void *argument, unsigned long garbage)
{
#ifdef __x86_64__
	register unsigned long r __asm__("rbp") = garbage;
	__asm__ volatile("" : "+r"(r));
	void *result = function(argument);
	__asm__ volatile("" : "+r"(r));
	return result;
#else
	return garbage ? function(argument) : 0;
#endif
}
