// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <sys/random.h>
#include <time.h>

#include "common/cli.h"
#include "push/http.h"
#include "push/request.h"
#include "push/spool.h"

#include "push/send.h"

#define MAX_BACKOFF_MS 60000
#define MAX_RETRY_AFTER_S 300
#define WORTH_SAYING_MS 1000

static void wait_ms(int64_t ms)
{
	struct timespec left = {.tv_sec = (time_t)(ms / 1000),
				.tv_nsec = (long)(ms % 1000 * 1000000)};

	while (nanosleep(&left, &left) != 0)
		;
}

/* From half of it to all of it: many senders that failed together do not come together.
 */
static int64_t backoff_ms(const struct send *s, size_t retry)
{
	int64_t ms = s->backoff_ms;
	uint32_t random = 0;

	for (size_t i = 0; i < retry && ms < MAX_BACKOFF_MS; i++)
		ms *= 2;
	if (ms > MAX_BACKOFF_MS)
		ms = MAX_BACKOFF_MS;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = 0;
	return ms / 2 + (int64_t)((uint64_t)ms / 2 * random >> 32);
}

/* Send a request until there is a result other than HTTP_AGAIN, or no patience. */
static struct http_answer try(struct send *s, const struct push_request *request)
{
	struct http_answer answer;

	for (size_t retry = 0;; retry++) {
		int64_t ms;

		spool_try(s->spool);
		answer = http_post(s->http, request);
		if (answer.result != HTTP_AGAIN)
			return answer;
		/* Known not to be there: it waits, whatever happens to us meanwhile. */
		spool_put_back(s->spool);
		if (retry == s->retries || answer.retry_after_s > MAX_RETRY_AFTER_S)
			return answer;
		ms = backoff_ms(s, retry);
		if (answer.retry_after_s * 1000 > ms)
			ms = answer.retry_after_s * 1000;
		if (ms >= WORTH_SAYING_MS)
			warn("send: %s; once more in %.0f s", answer.why,
			     (double)ms / 1e3);
		wait_ms(ms);
	}
}

static void take_answer(struct send *s, const struct push_request *request,
			const struct http_answer *answer)
{
	s->retry_after_s = answer->retry_after_s;
	switch (answer->result) {
	case HTTP_SENT:
		spool_sent(s->spool, request);
		s->n_sent++;
		s->n_samples += request->n_samples;
		break;
	case HTTP_AGAIN:
		warn("send: %s", answer->why);
		s->stopped = answer->retry_after_s > MAX_RETRY_AFTER_S
				     ? "the engine asks to come back later"
				     : "the engine is not there, or too busy";
		break;
	case HTTP_REFUSED:
		warn("send: refused: %s", answer->why);
		spool_drop(s->spool);
		s->n_refused++;
		break;
	case HTTP_DENIED:
		warn("send: %s", answer->why);
		spool_put_back(s->spool);
		s->n_refused++;
		s->stopped = "the engine lets us not in: check the URL, --token-file, "
			     "--tenant and --ca-file";
		break;
	case HTTP_IN_DOUBT:
		warn("send: %s: whether the engine has got it is not known", answer->why);
		if (s->takes_twice)
			spool_put_back(s->spool);
		else
			spool_doubt(s->spool);
		s->stopped = "the engine does not answer";
		break;
	}
}

void send_all(struct send *s)
{
	struct push_request request;

	while (!s->stopped && spool_next(s->spool, &request)) {
		int64_t oldest = (int64_t)time(NULL) - s->max_age_s;

		if (s->max_age_s && request.end_ns / 1000000000 < oldest) {
			spool_drop(s->spool);
			s->n_too_old++;
		} else {
			struct http_answer answer = try(s, &request);

			take_answer(s, &request, &answer);
		}
		push_request_fini(&request);
	}
}
