/* SPDX-License-Identifier: MIT */
/*
 * Reads a database that is to be continued back into the registry and the frames, which
 * are then as if its traces had been loaded now. For load.c.
 */
#pragma once

struct frames;
struct registry;
struct store;

/*
 * Fill an empty registry and new frames from the database of `store`. Messages call it
 * `path`. Dies if the database is damaged or memory runs out.
 */
void resume_read(struct store *store, const char *path, struct registry *registry,
		 struct frames *frames);
