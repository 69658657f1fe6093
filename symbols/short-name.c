// SPDX-License-Identifier: MIT
/*
 * One pass over the name. What is written at the end of the text in hand stays there
 * until the bracket around it closes; then it is known how long it became, and it is
 * kept, folded or dropped. So text of a megabyte never takes more room than a short name,
 * and what is folded inside does not count outside.
 *
 * What was left out may leave something behind that is to be left out, in names that no
 * compiler makes. So the pass is repeated while the name becomes shorter.
 */
#include "symbols/name-parts.h"

#include "symbols/short-name-parts.h"

#define MAX_COLUMNS 40

static bool is_next(const struct shortener *s, const char *what)
{
	return begins_with(s->name, s->end, what);
}

static bool is_self(const struct shortener *s)
{
	char last = s->n ? s->text[s->n - 1] : ' ';

	if (ends_with(s, "::"))
		return is_next(s, "<impl ");
	return !is_word(last) && !strchr(">])}", last);
}

static enum fold fold_of(struct shortener *s, char open)
{
	struct level *around = top_level(s);
	char last = s->n ? s->text[s->n - 1] : ' ';

	switch (open) {
	case '<':
		if (s->n_levels == 0 && s->after_sign)
			return DROP;
		return is_self(s) ? SELF : ARGUMENTS;
	case '(':
		return !around || around->close == '}' ? DROP : KEEP;
	case '[': /* alloc[fdfd2bd8633a6659] is a crate */
		return !around || is_next(s, "[abi:") || is_word(last) ? DROP : KEEP;
	}
	return KEEP;
}

static void open_level(struct shortener *s, char open, char close)
{
	enum fold fold = fold_of(s, open);

	if (s->n_levels == SHORT_NAME_MAX_LEVELS || s->n + 2 >= sizeof(s->text)) {
		if (s->n_levels)
			top_level(s)->overflow = true;
		s->n_deeper = 1;
		return;
	}
	if (fold == ARGUMENTS && ends_with(s, "::")) /* Rust's f::<T> */
		s->n -= 2;
	s->text[s->n++] = open;
	s->levels[s->n_levels++] = (struct level){
		.close = close, .fold = fold, .start = s->n, .argument = s->n};
}

static void take_close(struct shortener *s, char close)
{
	size_t i = s->n_levels;

	/* A sign in an expression, unless it is this one's turn */
	while (i && s->levels[i - 1].close != close && close != '>')
		i--;
	if (i == 0 || s->levels[i - 1].close != close) {
		if (s->n_levels)
			short_name_put(s, &close, 1);
		return;
	}
	while (s->n_levels >= i)
		short_name_close(s);
}

/* Inside of more brackets than anyone can read. */
static void skip_deeper(struct shortener *s)
{
	char c = *s->name++;

	if (c == '-' && s->name < s->end && *s->name == '>')
		s->name++;
	else if (strchr("<([{", c))
		s->n_deeper++;
	else if (strchr(">)]}", c))
		s->n_deeper--;
}

/* A namespace that is written for the linker alone. */
static bool is_inline_namespace(const struct shortener *s, const char *word, size_t n)
{
	static const char *const of_std[] = {"__1", "__2", "__8", "__ndk1", "_V2"};

	if (!begins_with(word + n, s->end, "::") || !ends_with(s, "::"))
		return false;
	if (n == 7 && memcmp(word, "__cxx11", n) == 0)
		return true;
	for (size_t i = 0; i < sizeof(of_std) / sizeof(*of_std); i++) {
		if (n == strlen(of_std[i]) && memcmp(word, of_std[i], n) == 0)
			return ends_with(s, "std::");
	}
	return false;
}

/* The words of Rust's <Type as Trait> and <impl Trait for Type>. */
static bool take_self_word(struct shortener *s, const char *word, size_t n)
{
	struct level *level = top_level(s);

	if (!level || level->fold != SELF || !ends_with(s, " "))
		return false;
	if (n == 2 && memcmp(word, "as", n) == 0 && !level->as && !level->overflow) {
		level->as = s->n - 1;
	} else if (n == 3 && memcmp(word, "for", n) == 0 &&
		   begins_with(s->text + level->start, s->text + s->n, "impl ")) {
		s->n = level->start;
		level->overflow = false;
		s->name += s->name < s->end && *s->name == ' ';
		return true;
	}
	return false;
}

static bool is_qualifier(const char *word, size_t n)
{
	static const char *const words[] = {"const", "volatile", "noexcept"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (n == strlen(words[i]) && memcmp(word, words[i], n) == 0)
			return true;
	}
	return false;
}

/* "operator", with its sign; it is in_operator up to its parameters. */
static void take_operator(struct shortener *s, size_t n)
{
	size_t word = strlen("operator");

	short_name_put(s, s->name, n);
	s->name += n;
	if (s->n_levels)
		return;
	s->in_operator = true;
	s->after_sign = n > word;
	while (!s->after_sign && s->name < s->end && !is_word(*s->name) &&
	       !strchr(" (<", *s->name)) {
		const char *sign = s->name;

		while (s->name < s->end && !is_word(*s->name) && !strchr(" (<", *s->name))
			s->name++;
		short_name_put_word(s, sign, (size_t)(s->name - sign));
		s->after_sign = true;
	}
}

static void take_word(struct shortener *s)
{
	const char *word = s->name;
	size_t sign = name_operator_length(word);
	size_t n;

	if (sign && !is_word(word[strlen("operator")]) &&
	    sign <= (size_t)(s->end - word) && !s->after_parameters) {
		take_operator(s, sign);
		return;
	}
	while (s->name < s->end && is_word(*s->name))
		s->name++;
	n = (size_t)(s->name - word);
	if (s->n_levels == 0 && s->after_parameters) {
		if (is_qualifier(word, n))
			return;
		if (n == 8 && memcmp(word, "requires", n) == 0) {
			s->name = s->end;
			return;
		}
		s->n = 0; /* that was a result type: decltype (...) */
		s->after_parameters = false;
	}
	if (is_inline_namespace(s, word, n))
		s->name += 2;
	else if (!take_self_word(s, word, n))
		short_name_put_word(s, word, n);
}

static void take_space(struct shortener *s)
{
	while (s->name < s->end && *s->name == ' ')
		s->name++;
	if (s->name == s->end)
		return;
	if (s->n_levels || (s->in_operator && *s->name != '<')) {
		if (!strchr(">)]", *s->name))
			short_name_put_text(s, " ");
	} else if (!s->in_operator && !s->after_parameters) {
		s->n = 0; /* that was a result type */
	}
}

static void take_sign(struct shortener *s)
{
	struct level *level = top_level(s);
	char c = *s->name;
	bool is_argument = c == ',' && level && level->fold == ARGUMENTS;
	bool is_bound = c == '+' && level && level->fold == SELF && ends_with(s, " ");

	if (s->n_levels == 0 && s->after_parameters && c != ':') {
		s->name++;
		return;
	}
	if (is_argument)
		short_name_end_argument(s);
	if (is_bound && !level->as) /* dyn Trait + Send */
		level->as = s->n - 1;
	short_name_put(s, s->name++, 1);
	if (c == '-' && s->name < s->end && *s->name == '>')
		short_name_put(s, s->name++, 1);
	if (is_argument) {
		level->argument = s->n;
		level->overflow_before = level->overflow;
	}
}

static void take_colons(struct shortener *s)
{
	s->after_parameters = false;
	s->name += 2;
	if (s->n_levels == 0 && !s->in_operator && s->n > SHORT_NAME_SIZE / 2)
		short_name_cut_scopes(s, 0, 0, 2);
	short_name_put_text(s, "::");
}

static void take_next(struct shortener *s)
{
	static const char open[] = "<([{", close[] = ">)]}";
	static const char anonymous[] = "(anonymous namespace)";
	char c = *s->name;
	const char *bracket;

	if (s->n_deeper) {
		skip_deeper(s);
	} else if (is_word(c)) {
		take_word(s);
	} else if (is_next(s, "::")) {
		take_colons(s);
	} else if (is_next(s, anonymous)) {
		s->name += strlen(anonymous);
		s->name += is_next(s, "::") ? 2 : 0;
	} else if (c == ' ') {
		take_space(s);
	} else if (s->in_operator && s->n_levels == 0 && is_next(s, "[]")) {
		short_name_put_text(s, "[]");
		s->name += 2;
	} else if ((bracket = strchr(open, c))) {
		open_level(s, c, close[bracket - open]);
		s->name++;
	} else if (strchr(close, c)) {
		s->name++;
		take_close(s, c);
	} else {
		take_sign(s);
	}
}

/* What has no parts: code without a name, Objective-C's -[Class method:]. */
static bool is_whole(const char *name)
{
	size_t n = strlen(name);

	return name_cut_offset(name, n) < n || strncmp(name, "-[", 2) == 0 ||
	       strncmp(name, "+[", 2) == 0;
}

static void shorten(struct shortener *s, const char *name, size_t max_columns)
{
	const char *clone = strstr(name, " [clone ");
	size_t length = clone ? (size_t)(clone - name) : strlen(name);

	length = name_cut_clones(name, length);
	length = name_cut_rust_hash(name, length);
	s->n = s->n_levels = s->n_deeper = 0;
	s->in_operator = s->after_sign = s->after_parameters = false;
	s->name = name;
	s->end = is_whole(name) ? name : name + length;
	while (s->name < s->end)
		take_next(s);
	while (s->n_levels)
		short_name_close(s);
	short_name_cut_scopes(s, 0, max_columns, 3);
	if (s->n == 0)
		short_name_put_word(s, name, strlen(name));
	s->text[s->n] = 0;
}

static size_t write_name(const char *name, size_t max_columns, char *text, size_t size)
{
	struct shortener s;
	char best[SHORT_NAME_SIZE];
	size_t n = strlen(name);

	for (;;) {
		shorten(&s, name, max_columns);
		if (s.n >= n)
			break;
		memcpy(best, s.text, s.n + 1);
		name = best;
		n = s.n;
	}
	if (size == 0)
		return 0;
	if (n >= size) {
		n = size - 1;
		while (n && (name[n] & 0xc0) == 0x80)
			n--;
	}
	memmove(text, name, n);
	text[n] = 0;
	return n;
}

size_t short_name(const char *name, char *text, size_t size)
{
	return write_name(name, MAX_COLUMNS, text, size);
}

size_t short_name_scoped(const char *name, char *text, size_t size)
{
	return write_name(name, SHORT_NAME_SIZE, text, size);
}
