// SPDX-License-Identifier: MIT
/*
 * Whether an engine has a request that it did not answer cannot be known once the last
 * byte of the body has left. Before that it cannot have it: the length stands in front.
 */
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "common/cli.h"
#include "common/text.h"
#include "config.h"
#include "push/request.h"

#include "push/http.h"

struct http {
	struct http_settings settings;
	char *base; /* the URL without a slash at its end */
	CURL *curl;
	struct http_answer answer;
	FILE *out;     /* where the body of an answer goes, or NULL */
	size_t n_said; /* bytes of the answer's body that were kept */
	char said[128];
	char error[CURL_ERROR_SIZE];
};

static _Noreturn void die_memory(void)
{
	die("send: out of memory");
}

void http_escape(FILE *out, const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0);

	if (!escaped)
		die_memory();
	fputs(escaped, out);
	curl_free(escaped);
}

static bool is_this_machine(const char *host)
{
	return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
	       strcmp(host, "[::1]") == 0;
}

static char *part_of(CURLU *url, CURLUPart part)
{
	char *text = NULL;

	return curl_url_get(url, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static void check_url(const struct http_settings *s)
{
	CURLU *url = curl_url();
	char *scheme = NULL, *host = NULL, *query = NULL, *user = NULL;

	if (url && curl_url_set(url, CURLUPART_URL, s->url, 0) == CURLUE_OK) {
		scheme = part_of(url, CURLUPART_SCHEME);
		host = part_of(url, CURLUPART_HOST);
		query = part_of(url, CURLUPART_QUERY);
		user = part_of(url, CURLUPART_USER);
	}
	if (!scheme || !host || query || user ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		die_usage("%s: expected a URL such as https://pyroscope.example:4040, "
			  "without user and query",
			  s->url);
	if (s->token_header && strcmp(scheme, "http") == 0 && !is_this_machine(host))
		die_usage("%s: the token would go over the network in the clear; use "
			  "https",
			  s->url);
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(url);
}

/* The beginning of what an engine answers goes into a message. */
static size_t keep(char *bytes, size_t size, size_t n, void *context)
{
	struct http *http = context;
	size_t all = size * n, free = sizeof(http->said) - 1 - http->n_said;
	long status = 0;

	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	if (http->out && status >= 200 && status < 300)
		fwrite(bytes, 1, all, http->out);

	memcpy(http->said + http->n_said, bytes, all < free ? all : free);
	http->n_said += all < free ? all : free;
	return all;
}

struct http *http_new(const struct http_settings *settings)
{
	struct http *http = calloc(1, sizeof(*http));
	size_t length = strlen(settings->url);

	if (!http || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		die_memory();
	check_url(settings);
	http->settings = *settings;
	while (length > 0 && settings->url[length - 1] == '/')
		length--;
	http->base = strndup(settings->url, length);
	http->curl = curl_easy_init();
	if (!http->base || !http->curl)
		die_memory();
	return http;
}

void http_free(struct http *http)
{
	curl_easy_cleanup(http->curl);
	curl_global_cleanup();
	free(http->base);
	free(http);
}

static struct curl_slist *add(struct curl_slist *list, const char *name,
			      const char *value)
{
	char *header;

	if (asprintf(&header, "%s%s", name, value) < 0)
		die_memory();
	list = curl_slist_append(list, header);
	if (!list)
		die_memory();
	free(header);
	return list;
}

/* The id lets a relay, or an engine of the future, know what it had. */
static struct curl_slist *make_headers(const struct http *http,
				       const struct push_request *r)
{
	struct curl_slist *list = add(NULL, "Content-Type: ", r->type);
	char id[64];

	snprintf(id, sizeof(id), "%016llx-%u-%u", (unsigned long long)r->window, r->parts,
		 r->number);
	list = add(list, "Idempotency-Key: ", id);
	if (r->encoding)
		list = add(list, "Content-Encoding: ", r->encoding);
	if (http->settings.tenant_header)
		list = add(list, http->settings.tenant_header, "");
	return list;
}

static void say(struct http *http, const char *text)
{
	char *clean = text_utf8(text, strlen(text)), *printable;

	printable = clean ? text_printable(clean) : NULL;
	snprintf(http->answer.why, sizeof(http->answer.why), "%s",
		 printable ? printable : "");
	free(clean);
	free(printable);
}

static void say_status(struct http *http, long status)
{
	char text[192];

	http->said[http->n_said] = 0;
	http->said[strcspn(http->said, "\r\n")] = 0;
	snprintf(text, sizeof(text), "HTTP %ld%s%s", status, *http->said ? ": " : "",
		 http->said);
	say(http, text);
}

static enum http_result judge_status(long status)
{
	if (status >= 200 && status < 300)
		return HTTP_SENT;
	if (status == 408 || status == 425 || status == 429 || status >= 500)
		return HTTP_AGAIN;
	if (status == 401 || status == 403 || status == 404 || status == 407 ||
	    (status >= 300 && status < 400))
		return HTTP_DENIED;
	return HTTP_REFUSED;
}

static enum http_result judge_error(CURLcode code, curl_off_t sent, size_t size)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_ISSUER_ERROR:
		return HTTP_DENIED;
	default:
		return sent >= (curl_off_t)size ? HTTP_IN_DOUBT : HTTP_AGAIN;
	}
}

static void judge(struct http *http, CURLcode code, size_t size)
{
	long status = 0;
	curl_off_t sent = 0, wait = 0;

	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(http->curl, CURLINFO_SIZE_UPLOAD_T, &sent);
	curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &wait);
	http->answer =
		(struct http_answer){.status = status, .retry_after_s = (long)wait};
	/* Whose answer was cut has answered. */
	if (status >= 200) {
		http->answer.result = judge_status(status);
		say_status(http, status);
	} else {
		http->answer.result = judge_error(code, sent, size);
		say(http, *http->error ? http->error : curl_easy_strerror(code));
	}
}

static void set_options(struct http *http, const struct push_request *r, const char *url,
			struct curl_slist *headers)
{
	const struct http_settings *s = &http->settings;
	CURL *curl = http->curl;

	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->size);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "rheaper-push/" RHEAPER_VERSION);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, s->timeout_s);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	/* What gets no answer on a connection that was used before, libcurl sends once
	 * more by itself. */
	curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	if (s->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, s->ca_file);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, http);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->error);
	http->error[0] = 0;
	http->n_said = 0;
}

struct http_answer http_post(struct http *http, const struct push_request *r)
{
	struct curl_slist *headers = make_headers(http, r);
	char *url;

	if (asprintf(&url, "%s%s", http->base, r->path) < 0)
		die_memory();
	/* Nothing waits for a "100 Continue". */
	headers = add(headers, "Expect:", "");
	if (http->settings.token_header)
		headers = add(headers, http->settings.token_header, "");
	set_options(http, r, url, headers);
	judge(http, curl_easy_perform(http->curl), r->size);
	curl_slist_free_all(headers);
	free(url);
	return http->answer;
}

struct http_answer http_ask(struct http *http, const struct push_request *r, FILE *out)
{
	struct http_answer answer;

	http->out = out;
	answer = http_post(http, r);
	http->out = NULL;
	return answer;
}

void http_print(const struct http *http, const struct push_request *r, FILE *out)
{
	struct curl_slist *headers = make_headers(http, r);

	fprintf(out, "POST %s%s\n", http->base, r->path);
	for (const struct curl_slist *h = headers; h; h = h->next)
		fprintf(out, "%s\n", h->data);
	if (http->settings.token_header)
		fprintf(out, "%.*s (not shown)\n",
			(int)strcspn(http->settings.token_header, ":") + 1,
			http->settings.token_header);
	fprintf(out, "(%zu bytes, %zu samples)\n\n", r->size, r->n_samples);
	curl_slist_free_all(headers);
}
