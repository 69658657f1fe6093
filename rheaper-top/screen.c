// SPDX-License-Identifier: MIT
/*
 * Signals come only while we wait for a key: they are blocked at any other time, and
 * their handlers do no more than to note them. So the terminal is never left between two
 * writes. A signal that ends the program ends it by that signal, when the terminal is
 * what it was; one that stops it does so likewise.
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "common/cli.h"
#include "common/clock.h"
#include "rheaper-top/format.h"
#include "rheaper-top/model.h"
#include "rheaper-top/view.h"

#include "rheaper-top/screen.h"

#define POLL_MS 50 /* of reading between two looks at the keyboard */
#define COLUMN_WIDTH 8
#define TOP_LINES (HEADER_LINES + 1)
#define ESCAPE 27
#define ESCAPE_DELAY_MS 25

static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT};

/* What handlers have noted, which know no other place; and whether atexit has to act. */
static volatile sig_atomic_t ending_signal, stopped, continued;
static bool active;

struct screen {
	struct view view;
	SCREEN *terminal;
	bool utf8;
	int delay_ms;
	int64_t next_ns; /* when the trace is looked at */
	bool more;       /* to be read at once */
	sigset_t outside;
};

static void note_signal(int number)
{
	if (number == SIGTSTP)
		stopped = 1;
	else if (number == SIGCONT)
		continued = 1;
	else
		ending_signal = number;
}

/* Those that were ignored stay so. */
static void catch_signals(sigset_t *outside)
{
	struct sigaction note = {.sa_handler = note_signal}, was;
	sigset_t block;

	sigemptyset(&block);
	sigaddset(&block, SIGWINCH); /* ncurses notes this one */
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		sigaddset(&block, signals[i]);
		if (sigaction(signals[i], NULL, &was) == 0 && was.sa_handler != SIG_IGN)
			sigaction(signals[i], &note, NULL);
	}
	sigprocmask(SIG_BLOCK, &block, outside);
}

/* Do by default what the signal asks for. */
static void obey_signal(int number)
{
	struct sigaction was, normal = {.sa_handler = SIG_DFL};
	sigset_t this;

	sigemptyset(&this);
	sigaddset(&this, number);
	sigaction(number, &normal, &was);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &this, NULL); /* here it comes */
	sigprocmask(SIG_BLOCK, &this, NULL);
	sigaction(number, &was, NULL);
}

static void leave_terminal(void)
{
	if (active)
		endwin();
	active = false;
}

bool screen_is_possible(void)
{
	if (isatty(STDOUT_FILENO) && isatty(STDIN_FILENO))
		return true;
	warn("open the screen: standard %s is not a terminal; printing text instead",
	     isatty(STDOUT_FILENO) ? "input" : "output");
	return false;
}

static int open_terminal(struct screen *s)
{
	const char *name = getenv("TERM");

	setlocale(LC_CTYPE, "");
	s->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	catch_signals(&s->outside);
	s->terminal = newterm(NULL, stdout, stdin);
	if (!s->terminal)
		die("open the screen: unknown terminal type \"%s\"; use --batch",
		    name ? name : "");
	active = true;
	atexit(leave_terminal);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_DELAY_MS);
	curs_set(0);
	return 0;
}

/* Text that is printable, as far as it fits. A locale that is not UTF-8 gets ASCII. */
static void put_text(const struct screen *s, int y, int x, const char *text)
{
	size_t n = strlen(text);
	mbstate_t state = {0};

	if (move(y, x) == ERR)
		return;
	while (n > 0) {
		wchar_t c[2] = {0};
		size_t length = s->utf8 ? mbrtowc(c, text, n, &state) : 1;
		int width;

		if (!s->utf8)
			c[0] = (*text & 0x80) ? L'?' : (wchar_t)*text;
		if (length == 0 || length > n)
			return;
		width = wcwidth(c[0]);
		if (width < 0)
			c[0] = L'?';
		x += width < 0 ? 1 : width;
		if (x > COLS)
			return;
		addnwstr(c, 1);
		text += length;
		n -= length;
	}
}

/* Return whether a text fits from column x on, to the end of the line. */
static bool fits(const struct screen *s, int x, const char *text)
{
	size_t n = strlen(text), length;
	mbstate_t state = {0};
	wchar_t c;

	for (; n > 0 && s->utf8; text += length, n -= length) {
		length = mbrtowc(&c, text, n, &state);
		if (length == 0 || length > n)
			return false;
		x += wcwidth(c) < 0 ? 1 : wcwidth(c);
	}
	return s->utf8 && x <= COLS;
}

/* The way from the allocator is there if all of it fits. */
static const char *name_row(const struct screen *s, uint32_t id, int x)
{
	const struct view *v = &s->view;
	const char *way = model_way(v->model, v->threads, id);

	return !way || fits(s, x, way) ? way : model_name(v->model, v->threads, id);
}

static void put_titles(const struct screen *s, int y)
{
	const struct view *v = &s->view;
	int x = 0;

	attron(A_REVERSE);
	mvhline(y, 0, ' ', COLS);
	for (int i = 0; i < N_FIGURES; i++) {
		const char *title = columns[i].brief;

		if (v->threads && columns[i].sites_only)
			continue;
		x += COLUMN_WIDTH;
		if (v->by == (enum figure)i)
			attron(A_BOLD | A_UNDERLINE);
		put_text(s, y, x - (int)strlen(title), title);
		attroff(A_BOLD | A_UNDERLINE);
	}
	put_text(s, y, x + 1, v->threads ? "THREAD" : "CALL SITE");
	attroff(A_REVERSE);
}

static int put_row(const struct screen *s, int y, size_t position)
{
	const struct view *v = &s->view;
	const struct row *row = model_rows(v->model, v->threads)->sorted[position];
	struct format format = {.estimate = v->model->status.sample_bytes, .brief = true};
	char number[NUMBER_SIZE];
	const char *name;
	int x = 0;

	if (position == v->position)
		attron(A_STANDOUT);
	mvhline(y, 0, ' ', COLS);
	for (int i = 0; i < N_FIGURES; i++) {
		if (v->threads && columns[i].sites_only)
			continue;
		format_figure(number, row, (enum figure)i, format);
		x += COLUMN_WIDTH;
		put_text(s, y, x - (int)strlen(number), number);
	}
	name = name_row(s, row->id, x + 1);
	put_text(s, y, x + 1, name ? name : "");
	attroff(A_STANDOUT);
	return name ? 0 : -ENOMEM;
}

static int put_header(const struct screen *s)
{
	const struct model *m = s->view.model;
	struct format format = {.estimate = m->status.sample_bytes, .brief = true};
	char lines[HEADER_LINES][HEADER_SIZE];
	int error = format_header(lines, m, format);

	for (int y = 0; !error && y < HEADER_LINES; y++) {
		if (y == 0)
			attron(A_BOLD);
		put_text(s, y, 0, lines[y]);
		attroff(A_BOLD);
	}
	return error;
}

static int draw(struct screen *s)
{
	struct view *v = &s->view;
	int error, height = LINES - TOP_LINES - 1;

	v->height = height > 0 ? (size_t)height : 1;
	error = view_update(v);
	erase();
	if (!error)
		error = put_header(s);
	if (v->page == PAGE_ROWS)
		put_titles(s, TOP_LINES - 1);
	for (int y = 0; !error && y < height && v->first + (size_t)y < view_n_lines(v);
	     y++) {
		const char *line = view_line(v, v->first + (size_t)y);

		if (line)
			put_text(s, TOP_LINES + y, 0, line);
		else
			error = put_row(s, TOP_LINES + y, v->first + (size_t)y);
	}
	put_text(s, LINES - 1, 0, view_hint(v));
	refresh();
	return error;
}

static int take_key(struct view *v, int key)
{
	static const struct {
		int key;
		enum view_key press;
	} keys[] = {
		{KEY_UP, VIEW_UP},         {KEY_DOWN, VIEW_DOWN},
		{KEY_PPAGE, VIEW_PAGE_UP}, {KEY_NPAGE, VIEW_PAGE_DOWN},
		{KEY_HOME, VIEW_HOME},     {KEY_END, VIEW_END},
		{KEY_ENTER, VIEW_ENTER},   {'\r', VIEW_ENTER},
		{'\n', VIEW_ENTER},        {ESCAPE, VIEW_ESCAPE},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (keys[i].key == key)
			return view_press(v, keys[i].press);
	}
	return key < 128 ? view_type(v, key) : 0;
}

/* Stopped by the user, with the terminal as it was. */
static void stop(void)
{
	stopped = 0;
	endwin();
	obey_signal(SIGTSTP);
	continued = 1;
}

static void answer_signals(void)
{
	if (stopped)
		stop();
	if (!continued)
		return;
	continued = 0;
	reset_prog_mode();
	clearok(stdscr, TRUE);
	refresh();
}

/* Wait until a key or a signal comes or it is time to look at the trace: false if the
 * terminal is gone. */
static bool wait_for_key(const struct screen *s)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	int64_t left = s->more ? 0 : s->next_ns - clock_ns();
	struct timespec timeout = {0};
	bool ever = s->view.paused || s->view.model->status.over;

	if (left > 0) {
		timeout.tv_sec = left / 1000000000;
		timeout.tv_nsec = left % 1000000000;
	}
	if (ppoll(&input, 1, ever ? NULL : &timeout, &s->outside) < 0)
		return errno == EINTR;
	return !(input.revents & (POLLHUP | POLLERR | POLLNVAL));
}

/* Look at the trace if it is time to. */
static int look(struct screen *s)
{
	struct model *m = s->view.model;
	int result;

	if (s->view.paused || m->status.over || (!s->more && clock_ns() < s->next_ns))
		return 0;
	result = model_poll(m, POLL_MS);
	s->more = result == 1;
	if (result < 0 || result > 1)
		return result;
	if (s->more && clock_ns() < s->next_ns)
		return 0;
	s->next_ns = clock_ns() + s->delay_ms * INT64_C(1000000);
	return model_update(m);
}

static int run(struct screen *s)
{
	struct view *v = &s->view;
	int key, error = 0;

	while (!error && !v->quit && !ending_signal) {
		error = look(s);
		if (!error)
			error = draw(s);
		if (error)
			break;
		if (!wait_for_key(s))
			break;
		answer_signals();
		while (!error && (key = getch()) != ERR)
			error = take_key(v, key);
	}
	return error;
}

int screen_run(struct model *model, const struct screen_options *o)
{
	struct screen s = {.delay_ms = o->delay_ms};
	int error;

	view_init(&s.view, model, o->by, o->threads);
	error = open_terminal(&s);
	if (!error)
		error = run(&s);
	leave_terminal();
	delscreen(s.terminal);
	view_fini(&s.view);
	if (ending_signal)
		obey_signal(ending_signal);
	sigprocmask(SIG_SETMASK, &s.outside, NULL);
	return error;
}
