/* SPDX-License-Identifier: MIT */
/* The one place that knows libcurl: sends a request, and says what became of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct http;

enum http_result {
	HTTP_SENT,     /* the engine has it */
	HTTP_AGAIN,    /* it has it not, or is busy: later */
	HTTP_REFUSED,  /* it does not want this one */
	HTTP_DENIED,   /* it wants nothing from us: token, certificate, redirection */
	HTTP_IN_DOUBT, /* all was sent, and no answer came */
};

struct http_answer {
	enum http_result result;
	long status;        /* of HTTP; 0: none */
	long retry_after_s; /* 0: nothing was said */
	char why[256];      /* in words, without control characters */
};

struct http_settings {
	const char *url;          /* of the engine */
	const char *token_header; /* the whole header, or NULL */
	const char *tenant_header;
	const char *ca_file; /* NULL: those of the system */
	long timeout_s;
};

/* Begin. Dies if the URL is none of http or https, or if a token would be sent in the
 * clear to another machine. Settings stay the caller's. */
struct http *http_new(const struct http_settings *settings);
void http_free(struct http *http);

struct push_request;
struct http_answer http_post(struct http *http, const struct push_request *request);

/* The same, and write the body of an answer that is fine to `out`. */
struct http_answer http_ask(struct http *http, const struct push_request *request,
			    FILE *out);

/* Print what http_post would send, but for the token and the body. */
void http_print(const struct http *http, const struct push_request *request, FILE *out);

/* Write a text with %XX, for a query. Dies if memory runs out. */
void http_escape(FILE *out, const char *text);
