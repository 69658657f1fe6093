// SPDX-License-Identifier: MIT
#include <langinfo.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include "common/text.h"
#include "report/memory.h"

#include "report/screen.h"

#define DEFAULT_WIDTH 80
#define MIN_WIDTH 20
#define BLOCKS_WIDTH 60 /* below that there is no room for pictures */
#define ELLIPSIS "…"

static pid_t pager;

const char *screen_color_name(size_t i)
{
	static const char *const names[] = {[COLOR_AUTO] = "auto",
					    [COLOR_ALWAYS] = "always",
					    [COLOR_NEVER] = "never"};

	return i < sizeof(names) / sizeof(*names) ? names[i] : NULL;
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && value[0];
}

static bool wants_colors(enum screen_color color)
{
	const char *term = getenv("TERM"), *forced = getenv("CLICOLOR_FORCE"),
		   *wanted = getenv("CLICOLOR");

	if (color != COLOR_AUTO)
		return color == COLOR_ALWAYS;
	if (is_set("NO_COLOR"))
		return false;
	if (forced && strcmp(forced, "0") != 0)
		return true;
	if (wanted && strcmp(wanted, "0") == 0)
		return false;
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

static size_t find_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long width = columns ? strtol(columns, NULL, 10) : 0;

	if (width >= MIN_WIDTH && width < 10000)
		return (size_t)width;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= MIN_WIDTH)
		return size.ws_col;
	return DEFAULT_WIDTH;
}

struct screen screen_open(enum screen_color color, size_t width)
{
	bool terminal = isatty(STDOUT_FILENO);
	struct screen screen = {.out = stdout, .width = width};

	if (!width)
		screen.width = terminal ? find_width() : SIZE_MAX;
	screen.colors = wants_colors(color);
	screen.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	screen.blocks = screen.width >= BLOCKS_WIDTH && screen.width != SIZE_MAX;
	return screen;
}

static const char *pager_command(void)
{
	if (getenv("RHEAPER_PAGER"))
		return getenv("RHEAPER_PAGER");
	if (getenv("PAGER"))
		return getenv("PAGER");
	return "less";
}

static _Noreturn void run_pager(int input, const char *command)
{
	if (dup2(input, STDIN_FILENO) < 0)
		_exit(127);
	close(input);
	setenv("LESS", "FRX", 0); /* quit if it fits, keep colours, keep the screen */
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

void screen_page(struct screen *screen, bool wanted)
{
	const char *command = pager_command();
	void (*interrupted)(int);
	int ends[2];

	if (!wanted || !isatty(STDOUT_FILENO) || !command[0] ||
	    strcmp(command, "cat") == 0)
		return;
	fflush(screen->out);
	if (pipe(ends) != 0)
		return;                        /* without a pager, then */
	interrupted = signal(SIGINT, SIG_IGN); /* the pager's own key */
	pager = fork();
	if (pager == 0) {
		signal(SIGINT, interrupted);
		close(ends[1]);
		run_pager(ends[0], command);
	}
	close(ends[0]);
	if (pager < 0) {
		signal(SIGINT, interrupted);
		close(ends[1]);
		return;
	}
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	signal(SIGPIPE, SIG_DFL); /* who leaves the pager wants no more */
	atexit(screen_close);
}

void screen_close(void)
{
	pid_t child = pager;

	pager = 0;
	if (child <= 0)
		return;
	fclose(stdout);
	while (waitpid(child, NULL, 0) < 0)
		;
}

void screen_style(const struct screen *screen, enum screen_style style)
{
	static const char *const codes[] = {
		[STYLE_PLAIN] = "\033[0m",
		[STYLE_STRONG] = "\033[1m",
		[STYLE_DIM] = "\033[2m",
		[STYLE_BAD] = "\033[1;31m",
	};

	if (screen->colors)
		fputs(codes[style], screen->out);
}

/* The columns of the character at the beginning of a text, and its length. */
static size_t character_columns(const char *text, size_t *length)
{
	wchar_t wide;
	mbstate_t state = {0};
	size_t left = strnlen(text, MB_LEN_MAX); /* a name may have megabytes */
	size_t n = mbrtowc(&wide, text, left, &state);
	int columns;

	*length = text_sequence(text, left);
	if (*length == 0)
		*length = 1;
	if (n == 0 || n > 4)
		return 1;
	columns = wcwidth(wide);
	return columns > 0 ? (size_t)columns : columns == 0 ? 0 : 1;
}

size_t screen_columns(const char *text)
{
	size_t columns = 0, length;

	for (; *text; text += length)
		columns += character_columns(text, &length);
	return columns;
}

/* Where a text has had so many columns, from its beginning. */
static const char *skip_columns(const char *text, size_t columns)
{
	size_t length, width;

	while (*text) {
		width = character_columns(text, &length);
		if (width > columns)
			break;
		columns -= width;
		text += length;
	}
	return text;
}

char *screen_cut(const struct screen *screen, const char *text, size_t columns)
{
	char *safe = text_printable(text), *cut;
	const char *mark = screen->utf8 ? ELLIPSIS : "~";
	size_t all;
	const char *head_end, *tail;

	if (!safe)
		memory_fail();
	all = screen_columns(safe);
	if (all <= columns)
		return safe;
	if (columns < 4)
		columns = 4;
	/* The tail, where the line of a file stands, is the larger part */
	head_end = skip_columns(safe, (columns - 1) * 2 / 5);
	tail = skip_columns(safe, all - (columns - 1 - (columns - 1) * 2 / 5));
	cut = memory_format("%.*s%s%s", (int)(head_end - safe), safe, mark, tail);
	free(safe);
	return cut;
}

void screen_put(const struct screen *screen, const char *text)
{
	char *safe = screen_cut(screen, text, SIZE_MAX);

	fputs(safe, screen->out);
	free(safe);
}

void screen_wrap(const struct screen *screen, const char *text, size_t column,
		 size_t indent)
{
	char *safe = text_printable(text), *rest = NULL;
	bool first = true;

	if (!safe)
		memory_fail();
	for (char *word = strtok_r(safe, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest)) {
		size_t columns = screen_columns(word);

		if (!first && column + 1 + columns > screen->width) {
			fprintf(screen->out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			putc(' ', screen->out);
			column++;
		}
		fputs(word, screen->out);
		column += columns;
		first = false;
	}
	putc('\n', screen->out);
	free(safe);
}

void screen_bar(const struct screen *screen, double share, size_t columns)
{
	static const char *const parts[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
	size_t eighths;

	if (share < 0)
		share = 0;
	if (share > 1)
		share = 1;
	eighths = (size_t)(share * (double)columns * 8 + 0.5);
	for (size_t i = 0; i < columns; i++) {
		size_t here = eighths > i * 8 ? eighths - i * 8 : 0;

		if (screen->utf8)
			fputs(parts[here > 8 ? 8 : here], screen->out);
		else
			putc(here >= 4 ? '#' : ' ', screen->out);
	}
}

void screen_spark(const struct screen *screen, const double *values, size_t n,
		  size_t columns)
{
	static const char *const heights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char plain[] = "_.-:=+*#";
	double most = 0;

	for (size_t i = 0; i < n; i++)
		most = values[i] > most ? values[i] : most;
	for (size_t column = 0; column < columns && n; column++) {
		size_t from = column * n / columns, to = (column + 1) * n / columns;
		double highest = 0;
		size_t height;

		for (size_t i = from; i < to || i == from; i++)
			highest = values[i] > highest ? values[i] : highest;
		height = most > 0 ? (size_t)(highest / most * 7.999) : 0;
		if (screen->utf8)
			fputs(heights[height], screen->out);
		else
			putc(plain[height], screen->out);
	}
}
