/* SPDX-License-Identifier: MIT */
/*
 * A database that is to be continued, back into the registry and the frames, as if the
 * traces that it has were loaded now. For load.c.
 */
#pragma once

struct frames;
struct registry;
struct store;

/* Fill an empty registry and new frames; `path` is for messages. Dies of a database that
 * is damaged. */
void resume_read(struct store *store, const char *path, struct registry *registry,
		 struct frames *frames);
