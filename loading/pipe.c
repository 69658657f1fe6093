// SPDX-License-Identifier: MIT
/*
 * Two batches at a time: one is filled, one is out. They change places when the first is
 * full and the reader of the second has come back for more, so memory is bounded by
 * both, however far one side is ahead.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "common/array.h"
#include "common/clock.h"
#include "trace/reader.h"

#include "loading/pipe.h"

#define ROWS_PER_POSITION 4096

/* Who may touch the batch that is out. */
enum turn {
	TURN_FILL, /* the thread */
	TURN_TAKE, /* pipe_next: it is full, or the thread has ended with `result` */
	TURN_HELD, /* pipe_next's caller */
};

struct pipe {
	struct pair *pair;
	const struct reader *reader;
	struct batch filled, out;
	pthread_t thread;
	pthread_mutex_t lock; /* of turn, over, result */
	pthread_cond_t changed;
	enum turn turn;
	bool over;
	int result;
	_Atomic uint64_t position;
};

struct pipe *pipe_new(void)
{
	struct pipe *p = calloc(1, sizeof(*p));
	pthread_condattr_t clock;

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &clock);
	pthread_condattr_destroy(&clock);
	return p;
}

void pipe_free(struct pipe *p)
{
	if (!p)
		return;
	free(p->filled.rows);
	free(p->filled.chains);
	free(p->out.rows);
	free(p->out.chains);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Another row or two, if there are, and their chains: 1, 0 at the end, or an error. */
static int take_rows(struct pipe *p)
{
	struct batch *b = &p->filled;
	int result;

	if (array_grow((void **)&b->rows, &b->n_rows_max, b->n_rows + PAIR_MAX_ROWS,
		       sizeof(*b->rows)))
		return -ENOMEM;
	result = pair_next(p->pair, &b->rows[b->n_rows]);
	if (result <= 0)
		return result;
	b->n_rows += (size_t)result;
	do {
		if (array_grow((void **)&b->chains, &b->n_chains_max, b->n_chains + 1,
			       sizeof(*b->chains)))
			return -ENOMEM;
		result = pair_next_chain(p->pair, &b->chains[b->n_chains]);
		b->n_chains += result == 1;
	} while (result == 1);
	return result < 0 ? result : 1;
}

/* Hand over what there is; `over`: it is the last. */
static void hand_over(struct pipe *p, bool over, int result)
{
	struct batch swapped;

	pthread_mutex_lock(&p->lock);
	while (p->turn != TURN_FILL)
		pthread_cond_wait(&p->changed, &p->lock);
	pthread_mutex_unlock(&p->lock);
	swapped = p->out;
	p->out = p->filled;
	p->filled = swapped;
	p->filled.n_rows = p->filled.n_chains = 0;
	pthread_mutex_lock(&p->lock);
	p->over = over;
	p->result = result;
	p->turn = TURN_TAKE;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

static void *run(void *context)
{
	struct pipe *p = context;
	int result;

	do {
		result = 1;
		for (size_t n = 1;
		     result == 1 && p->filled.n_rows <= BATCH_MAX_ROWS - PAIR_MAX_ROWS;
		     n++) {
			result = take_rows(p);
			if (n % ROWS_PER_POSITION == 0)
				p->position = reader_position(p->reader);
		}
		hand_over(p, result != 1, result);
	} while (result == 1);
	return NULL;
}

int pipe_start(struct pipe *p, struct pair *pair, const struct reader *reader)
{
	p->pair = pair;
	p->reader = reader;
	p->turn = TURN_FILL;
	p->over = false;
	p->position = 0;
	return -pthread_create(&p->thread, NULL, run, p);
}

/* Wait for the thread: 0, or -ETIMEDOUT. The lock is held. */
static int await_turn(struct pipe *p, int patience_ms)
{
	struct timespec until = clock_after_ms(patience_ms);
	int error = 0;

	while (p->turn != TURN_TAKE && error == 0) {
		if (patience_ms)
			error = pthread_cond_timedwait(&p->changed, &p->lock, &until);
		else
			error = pthread_cond_wait(&p->changed, &p->lock);
	}
	return p->turn == TURN_TAKE ? 0 : -error;
}

int pipe_next(struct pipe *p, int patience_ms, struct batch **batch)
{
	int result;

	pthread_mutex_lock(&p->lock);
	if (p->turn == TURN_HELD && p->over) {
		pthread_mutex_unlock(&p->lock);
		pthread_join(p->thread, NULL);
		return 0;
	}
	if (p->turn == TURN_HELD) {
		p->turn = TURN_FILL;
		pthread_cond_broadcast(&p->changed);
	}
	result = await_turn(p, patience_ms);
	if (result == 0) {
		p->turn = TURN_HELD;
		result = p->result < 0 ? p->result : 1;
	}
	pthread_mutex_unlock(&p->lock);
	*batch = &p->out;
	if (result < 0 && result != -ETIMEDOUT)
		pthread_join(p->thread, NULL);
	return result;
}

uint64_t pipe_position(const struct pipe *p)
{
	return p->position;
}
