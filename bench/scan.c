/* SPDX-License-Identifier: MIT */
/*
 * usage: scan BLOCKS. A heap to be scanned: blocks of 24 to 72 bytes, each held by a
 * pointer in an earlier one at random, and every fourth with a second pointer.
 */
#include <stdio.h>
#include <stdlib.h>

struct node {
	struct node *left, *right;
};

static struct node *root;
static unsigned long seed = 88172645463325252ul;

static unsigned long draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void hold(struct node *parent, struct node *node)
{
	if (!parent->left) {
		parent->left = node;
	} else if (!parent->right) {
		parent->right = node;
	} else {
		node->left = parent->left;
		parent->left = node;
	}
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	struct node **all = malloc((n + 1) * sizeof(*all));

	for (unsigned long i = 0; all && i < n; i++) {
		all[i] = calloc(1, 24 + draw() % 4 * 16);
		if (!all[i])
			return 1;
		if (i)
			hold(all[draw() % i], all[i]);
		if (i && draw() % 4 == 0 && !all[i]->right)
			all[i]->right = all[draw() % i];
	}
	root = n && all ? all[0] : NULL;
	free(all);
	return root == NULL;
}
