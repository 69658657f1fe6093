/* SPDX-License-Identifier: MIT */
/*
 * The journal of what was sent: a line for each request. The newest 65,536 at least are
 * remembered; engines refuse what is older than that long before. For spool.c. Every
 * function dies if the file cannot be read or written.
 */
#pragma once

#include <stdbool.h>

struct push_request;
struct sent;

/* Open the journal in a directory, whose descriptor stays the caller's, as does the path,
 * which is for messages. */
struct sent *sent_open(const char *path, int directory);
void sent_close(struct sent *sent);

/* Return whether a request was sent. If it was not, *shorter, unless NULL, says whether
 * one of its window was, when that ended earlier. */
bool sent_has(const struct sent *sent, const struct push_request *request, bool *shorter);

/* Return the length of the windows of a request's series that were sent, or wait; that of
 * the request if none were. */
uint32_t sent_length(const struct sent *sent, const struct push_request *request);
/* Say that a request waits. */
void sent_note_length(struct sent *sent, const struct push_request *request);

/* Write down that a request was sent. It is on the disk when this returns. */
void sent_add(struct sent *sent, const struct push_request *request);
