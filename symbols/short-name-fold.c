// SPDX-License-Identifier: MIT
/*
 * What becomes of the text in a bracket when that closes. The text inside is in its short
 * form by then, so that only its length has to be looked at.
 */
#include "symbols/name-parts.h"

#include "symbols/short-name-parts.h"

#define MAX_ARGUMENTS 20 /* columns */
#define MAX_SELF 40
#define MAX_WORD 100 /* bytes */
#define MAX_SCOPES (SHORT_NAME_SIZE / 2)

static const char ellipsis[] = "\xe2\x80\xa6";

static size_t count_columns(const char *text, size_t n)
{
	size_t columns = 0;

	for (size_t i = 0; i < n; i++)
		columns += (text[i] & 0xc0) != 0x80;
	return columns;
}

void short_name_put(struct shortener *s, const char *text, size_t n)
{
	if (n < sizeof(s->text) - s->n) {
		memcpy(s->text + s->n, text, n);
		s->n += n;
	} else if (s->n_levels) {
		top_level(s)->overflow = true;
	}
}

void short_name_put_text(struct shortener *s, const char *text)
{
	short_name_put(s, text, strlen(text));
}

void short_name_put_word(struct shortener *s, const char *word, size_t n)
{
	size_t head = MAX_WORD / 2, tail = MAX_WORD / 3;

	if (n <= MAX_WORD) {
		short_name_put(s, word, n);
		return;
	}
	while (head && (word[head] & 0xc0) == 0x80)
		head--;
	while (tail && (word[n - tail] & 0xc0) == 0x80)
		tail--;
	short_name_put(s, word, head);
	short_name_put_text(s, ellipsis);
	short_name_put(s, word + n - tail, tail);
}

/* Where each component of the text begins. */
static size_t find_components(const char *text, size_t n, size_t *begins)
{
	size_t n_begins = 0, depth = 0;

	begins[n_begins++] = 0;
	for (size_t i = 0; i < n; i++) {
		size_t sign =
			begins[n_begins - 1] == i ? name_operator_length(text + i) : 0;

		if (sign && text[i + sign] == ' ')
			break; /* what it converts to is no scope */
		if (sign) {
			i += sign - 1;
		} else if (strchr("<([{", text[i])) {
			depth++;
		} else if (strchr(">)]}", text[i])) {
			depth -= depth > 0;
		} else if (depth == 0 && text[i] == ':' && i + 2 < n &&
			   text[i + 1] == ':') {
			begins[n_begins++] = ++i + 1;
		}
	}
	return n_begins;
}

void short_name_cut_scopes(struct shortener *s, size_t from, size_t max_columns,
			   size_t n_kept)
{
	size_t begins[MAX_SCOPES] = {0}, n, i = 0;
	char *text = s->text + from;

	s->text[s->n] = 0;
	n = find_components(text, s->n - from, begins);
	while (n - i > n_kept &&
	       count_columns(text + begins[i], s->n - from - begins[i]) > max_columns)
		i++;
	s->n -= begins[i];
	memmove(text, text + begins[i], s->n - from);
}

void short_name_end_argument(struct shortener *s)
{
	static const char *const defaults[] = {"std::allocator<", "std::char_traits<",
					       "std::less<",      "std::hash<",
					       "std::equal_to<",  "std::default_delete<"};
	struct level *level = top_level(s);
	const char *argument = s->text + level->argument;

	if (level->argument == level->start)
		return;
	argument += *argument == ' ' && level->argument < s->n;
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++) {
		if (!begins_with(argument, s->text + s->n, defaults[i]))
			continue;
		s->n = level->argument - 1;
		level->overflow = level->overflow_before;
		return;
	}
}

/* std::basic_string<char> is std::string. */
static void name_characters(struct shortener *s, size_t bracket)
{
	static const char *const kinds[][2] = {{"<char>", ""},
					       {"<wchar_t>", "w"},
					       {"<char8_t>", "u8"},
					       {"<char16_t>", "u16"},
					       {"<char32_t>", "u32"}};
	static const char basic[] = "basic_", std[] = "std::";
	size_t word = bracket, n_word;

	while (word && is_word(s->text[word - 1]))
		word--;
	if (word < strlen(std) ||
	    memcmp(s->text + word - strlen(std), std, strlen(std)) != 0 ||
	    !begins_with(s->text + word, s->text + bracket, basic))
		return;
	n_word = bracket - word - strlen(basic);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t n = strlen(kinds[i][0]), n_letters = strlen(kinds[i][1]);

		if (s->n - bracket != n || memcmp(s->text + bracket, kinds[i][0], n) != 0)
			continue;
		memmove(s->text + word + n_letters, s->text + word + strlen(basic),
			n_word);
		memcpy(s->text + word, kinds[i][1], n_letters);
		s->n = word + n_letters + n_word;
		return;
	}
}

static void close_arguments(struct shortener *s)
{
	struct level *level = top_level(s);

	short_name_end_argument(s);
	while (s->n > level->start && s->text[s->n - 1] == ' ')
		s->n--;
	if (level->overflow ||
	    count_columns(s->text + level->start, s->n - level->start) > MAX_ARGUMENTS) {
		s->n = level->start;
		short_name_put_text(s, ellipsis);
	}
	short_name_put_text(s, ">");
	name_characters(s, level->start - 1);
}

/* Whether a type can be a scope as it is, without brackets around it. */
static bool is_path(const char *text, size_t n)
{
	size_t depth = 0;

	for (size_t i = 0; i < n; i++) {
		depth += text[i] == '<';
		depth -= text[i] == '>' && depth;
		if (depth == 0 && !is_word(text[i]) && text[i] != ':' && text[i] != '>')
			return false;
	}
	return n && *text != ':' && *text != '<' &&
	       !begins_with(text, text + n, ellipsis);
}

static void close_self(struct shortener *s)
{
	static const char *const before[] = {"impl ", "&",       "mut ",
					     "dyn ",  "*const ", "*mut "};
	struct level *level = top_level(s);
	size_t from = level->start, end = level->as ? level->as : s->n;

	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		if (begins_with(s->text + from, s->text + end, before[i]))
			from += strlen(before[i]);
	}
	s->n = level->start + end - from;
	memmove(s->text + level->start, s->text + from, end - from);
	if (level->overflow && !level->as)
		s->n = level->start;
	if (is_path(s->text + level->start, s->n - level->start)) {
		memmove(s->text + level->start - 1, s->text + level->start,
			s->n - level->start);
		s->n--;
		short_name_cut_scopes(s, level->start - 1, MAX_SELF, 1);
		return;
	}
	if (s->n == level->start ||
	    count_columns(s->text + level->start, s->n - level->start) > MAX_SELF) {
		s->n = level->start;
		short_name_put_text(s, ellipsis);
	}
	short_name_put_text(s, ">");
}

void short_name_close(struct shortener *s)
{
	struct level *level = top_level(s);

	switch (level->fold) {
	case KEEP:
		if (level->overflow)
			s->n = level->start;
		if (level->overflow)
			short_name_put_text(s, ellipsis);
		short_name_put(s, &level->close, 1);
		break;
	case DROP:
		s->n = level->start - 1;
		if (level->close == ')' && s->n_levels == 1) {
			s->after_parameters = true;
			s->in_operator = s->after_sign = false;
		}
		break;
	case ARGUMENTS:
		close_arguments(s);
		break;
	case SELF:
		close_self(s);
		break;
	}
	s->n_levels--;
}
