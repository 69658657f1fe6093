/* SPDX-License-Identifier: MIT */
#include <objc/Object.h>
#include <objc/runtime.h>
#include <stdio.h>

@interface Kept : Object {
	char room[7001];
}
@end

@implementation Kept
@end

static id kept[3];

static void work(void)
{
	for (int i = 0; i < 20; i++) {
		id block = class_createInstance(objc_getClass("Kept"), 0);
		if (i < 3)
			kept[i] = block;
		else
			object_dispose(block);
	}
}

int main(void)
{
	work();
	printf("ledger: %zu 20 %d\n", class_getInstanceSize(objc_getClass("Kept")), kept[2] ? 3 : 0);
	return 0;
}
