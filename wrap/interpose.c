/* SPDX-License-Identifier: MIT */
/*
 * Built twice. Of capture `process` every call is recorded. Of capture `link`
 * (RHP_FOLLOW_ONLY) an allocation is recorded only where libc makes it on
 * behalf of a wrapped function that the program called (libc-calls.h), and
 * frees and reallocs by shared libraries are recorded so that a block of the
 * program's does not seem to live on.
 *
 * The real functions are looked up with dlsym, which may itself allocate:
 * until it has answered, memory comes from a small arena whose blocks are never
 * freed.
 */
#include <dlfcn.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/modules.h"
#include "runtime/start.h"
#include "wrap/interpose.h"
#include "wrap/operators.h"

#define ARENA_SIZE 65536
#define ARENA_ALIGN 16
#define MOST_BETWEEN 256 /* bytes of stack that strdup and its like use */

/* What brings this object out of its archive. */
#ifdef RHP_FOLLOW_ONLY
HIDDEN char rhp_interpose_lifetime;
RHP_SAY("scope=link");
#else
HIDDEN char rhp_interpose_malloc;
extern HIDDEN char rhp_interpose_exec;
static const char *const exec_wanted __attribute__((used)) = &rhp_interpose_exec;
RHP_SAY("scope=process");
#endif

static _Alignas(ARENA_ALIGN) char arena[ARENA_SIZE];
static size_t arena_used;

static bool in_arena(const void *p)
{
	return (uintptr_t)p - (uintptr_t)arena < ARENA_SIZE;
}

static void *arena_alloc(size_t alignment, size_t size)
{
	alignment = alignment < ARENA_ALIGN ? ARENA_ALIGN : alignment;
	if (size > ARENA_SIZE || alignment > ARENA_SIZE)
		return NULL;
	size_t need = (size + alignment + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	size_t at = __atomic_fetch_add(&arena_used, need, __ATOMIC_RELAXED);
	if (at + need > ARENA_SIZE)
		return NULL;
	return (void *)(((uintptr_t)arena + at + alignment - 1) &
			~(uintptr_t)(alignment - 1));
}

static void show_way(void);

/*
 * What dlsym finds is the allocator's, so there has to be a dynamic linker, and the
 * library of the allocator. _DYNAMIC is in no static program but a position-independent
 * one: a link that the compiler makes static by itself ends with an error, which names
 * this function. malloc_usable_size is of most allocators, and nothing here defines it:
 * lld counts a library that has nothing else than what is wrapped as not needed.
 */
extern HIDDEN ElfW(Dyn) _DYNAMIC[];
size_t malloc_usable_size(void *p);
static COLD __attribute__((noinline)) void static_links_need_static_among_the_words(void)
{
	__asm__ volatile("" : : "r"(_DYNAMIC), "r"(malloc_usable_size));
}

/* The real functions; NULL until looked up. */
static struct rhp_next next;

static __thread char looking_up __attribute__((tls_model("initial-exec")));

static COLD void look_up(void)
{
	looking_up = 1;
#define FUNCTION(name) next.name = (__typeof__(next.name))dlsym(RTLD_NEXT, #name);
	RHP_NEXT_FUNCTIONS
#undef FUNCTION
	looking_up = 0;
	static_links_need_static_among_the_words();
	show_way();
}

/* False while the look-up is under way in this thread. */
static ALWAYS_INLINE bool ready(void)
{
	if (LIKELY(next.valloc != NULL))
		return true;
	if (looking_up)
		return false;
	if (!next.malloc)
		look_up();
	return true;
}

static void *next_malloc(size_t size)
{
	return ready() ? next.malloc(size) : arena_alloc(0, size);
}

static void *next_calloc(size_t n, size_t size)
{
	size_t total;
	if (ready())
		return next.calloc(n, size);
	return __builtin_mul_overflow(n, size, &total) ? NULL : arena_alloc(0, total);
}

/* A block of the arena moves out; its size is not known, but the rest of the
 * arena is readable. */
static void *move_out(const void *p, size_t size)
{
	size_t most = (size_t)(arena + ARENA_SIZE - (const char *)p);
	void *q = next_malloc(size);
	if (q)
		memcpy(q, p, size < most ? size : most);
	return q;
}

static void *next_realloc(void *p, size_t size)
{
	if (UNLIKELY(in_arena(p)))
		return move_out(p, size);
	return ready() ? next.realloc(p, size) : arena_alloc(0, size);
}

static void *next_reallocarray(void *p, size_t n, size_t size)
{
	size_t total;
	if (LIKELY(ready() && next.reallocarray && !in_arena(p)))
		return next.reallocarray(p, n, size);
	return __builtin_mul_overflow(n, size, &total) ? NULL : next_realloc(p, total);
}

static void next_free(void *p)
{
	if (LIKELY(!in_arena(p) && ready()))
		next.free(p);
}

static void *next_aligned_alloc(size_t alignment, size_t size)
{
	return ready() ? next.aligned_alloc(alignment, size)
		       : arena_alloc(alignment, size);
}

static int next_posix_memalign(void **p, size_t alignment, size_t size)
{
	ready();
	return next.posix_memalign(p, alignment, size);
}

static void *next_memalign(size_t alignment, size_t size)
{
	return ready() ? next.memalign(alignment, size) : arena_alloc(alignment, size);
}

static void *next_valloc(size_t size)
{
	return ready() ? next.valloc(size) : arena_alloc(4096, size);
}

static void *next_pvalloc(size_t size)
{
	if (!ready())
		return arena_alloc(4096, size);
	return next.pvalloc ? next.pvalloc(size)
			    : next.valloc((size + 4095) & ~(size_t)4095);
}

#undef SHIM
#define SHIM EXPORTED
#define NAME(f) f
#define RECORDED(f) record_##f
#define REAL(f) next_##f

#ifdef RHP_FOLLOW_ONLY
static ALWAYS_INLINE bool enter_for_caller(const void *here)
{
	const void *caller = rhp_thread.caller_frame;
	return UNLIKELY(caller != NULL) && caller > here && rhp_enter(here);
}

#else
static ALWAYS_INLINE bool is_left_out(void)
{
	return UNLIKELY(__atomic_load_n(&rhp_capture_now, __ATOMIC_RELAXED) ==
			RHP_CAPTURE_LINK);
}

/* Whether the shim with this frame was called by strdup or its like, and that by the
 * shim that noted it: no handler's frame has room between the two. */
static ALWAYS_INLINE bool is_for_caller(const void *here)
{
	const char *caller = rhp_thread.caller_frame;
	return UNLIKELY(caller != NULL) &&
	       (uintptr_t)(caller - (const char *)here) < MOST_BETWEEN;
}

static ALWAYS_INLINE enum rhp_function function_called(const void *here,
						       enum rhp_function function)
{
	return is_for_caller(here) ? (enum rhp_function)rhp_thread.caller_function
				   : function;
}

static ALWAYS_INLINE const void *frame_called(const void *here)
{
	return is_for_caller(here) ? rhp_thread.caller_frame : here;
}
#endif

/* Whether a library stands before this function of libc's: not the program itself, whose
 * address the function may have. */
static bool is_intercepted(const void *function)
{
	uintptr_t module = rhp_module_start(function);
	return module != rhp_module_start((const void *)syscall) &&
	       module != rhp_module_start(arena);
}

/* A sanitizer that is preloaded intercepts functions that the runtime calls, and has
 * nothing behind them before its constructor has run, in which dlsym allocates. */
static void look_for_sanitizer(void)
{
	rhp_start_waits = is_intercepted((const void *)clock_gettime) ||
			  is_intercepted((const void *)sigaction);
}

/* A shared library resizes a block that may be the program's. */
static void *follow_realloc(void *p, size_t size)
{
	bool begun = rhp_on_realloc_begin(p);
	struct rhp_place before = rhp_real_begin(RHP_FRAME_HERE);
	void *q = next_realloc(p, size);
	rhp_real_end(before);
	if (begun)
		rhp_record_realloc_followed(p, q, size);
	return q;
}

#ifdef RHP_FOLLOW_ONLY
static void note_operator(const void *found, const void *library, const void *shim)
{
	if (found != library && found != shim) /* some linkers export the shim as such */
		rhp_operators = RHP_OPERATORS_REPLACED;
}

/* Where nothing of ours is exported under these names: there are the program's operators,
 * if the library's are not the first. */
static void look_for_operators(void)
{
#define WRAP(group, family, ret, name, params) WRAP_##group(name)
#define WRAP_cxx(name)                                                                   \
	note_operator(dlsym(RTLD_DEFAULT, #name), dlsym(RTLD_NEXT, #name), __wrap_##name);
#define WRAP_core(name)
#define WRAP_core_late(name)
#define WRAP_string(name)
#define WRAP_libc(name)
#define WRAP_libc_late(name)
#define WRAP_loader(name)
#define WRAP_exec(name)
#define WRAP_control(name)
#define WRAP_control_late(name)
#include "contract/symbols.def"
#undef WRAP
#undef WRAP_cxx
}

/* Before anything of the program runs: the capture is not `process`. */
static void set_capture(void)
{
	rhp_capture = RHP_CAPTURE_LINK;
	if (!rhp_look_for_operators)
		rhp_look_for_operators = look_for_operators;
	rhp_operators_meet();
	look_for_sanitizer();
}
RUNS_FIRST(set_capture)

#define PASSES(size) false
#define PASSES_REALLOC(p, size) false
#define ENTER_ALLOC() enter_for_caller(frame)
#define CALLED(f) rhp_thread.caller_function, rhp_thread.caller_frame
#define REALLOC_ENTER_FOLLOWED(p, size)                                                  \
	if (p && !rhp_thread.caller_frame && rhp_enter(frame))                           \
		return follow_realloc(p, size);
#else
#define PASSES(size) (is_left_out() || rhp_passes(size))
#define PASSES_REALLOC(p, size)                                                          \
	(rhp_passes_free(p) && (is_left_out() || rhp_passes(size)))
#define ENTER_ALLOC() (!is_left_out() && rhp_enter(frame))
#define CALLED(f) function_called(frame, RHP_FN_##f), frame_called(frame)
#define REALLOC_ENTER_FOLLOWED(p, size)                                                  \
	if (p && is_left_out() && rhp_enter(frame))                                      \
		return follow_realloc(p, size);
#endif

#define FUNCTION(name) EXPORTED __typeof__(__real_##name) name;
RHP_NEXT_FUNCTIONS
#undef FUNCTION

#include "wrap/core-shims.h"

#ifndef RHP_FOLLOW_ONLY
/* What is here, whatever the name means in this program. */
static __typeof__(malloc) own_malloc __attribute__((alias("malloc")));
extern __typeof__(malloc) __wrap_malloc __attribute__((weak));

/* Libraries find us if the executable exports what is here: not with a version script
 * that hides all, or --exclude-libs, nor where the program has a malloc of its own. It
 * records its own calls then, and its trace says so. Before anything of the program runs,
 * for the loader has a lock. */
static void look_for_libraries(void)
{
	const void *found = dlsym(RTLD_DEFAULT, "malloc");

	/* Some linkers export the shim as such. */
	if (found != (const void *)own_malloc && found != (const void *)__wrap_malloc)
		rhp_capture = RHP_CAPTURE_LINK;
	look_for_sanitizer();
}
RUNS_FIRST(look_for_libraries)
#endif

/* A library that opens and closes others (GModule, APR, libltdl) calls this one, and the
 * next library may come to the same address. Who calls does not matter to libc's. */
EXPORTED __typeof__(dlclose) dlclose;
EXPORTED int dlclose(void *handle)
{
	static __typeof__(dlclose) *real;
	if (!real)
		real = (__typeof__(real))dlsym(RTLD_NEXT, "dlclose");
	int r = real ? real(handle) : -1;
	if (__atomic_load_n(&RHP_STATE, __ATOMIC_RELAXED) == RHP_ON)
		rhp_modules_closed();
	return r;
}

/* Our own definitions, whatever the program has under these names. */
#define FUNCTION(name)                                                                   \
	extern __attribute__((                                                           \
		alias(#name),                                                            \
		visibility("hidden"))) __typeof__(__real_##name) rhp_exported_##name;
RHP_NEXT_FUNCTIONS
#undef FUNCTION

/* Not past a function of the program's own, which stands in the place of ours. */
static void show_way(void)
{
	bool directly = __atomic_load_n(&arena_used, __ATOMIC_RELAXED) == 0;
#define FUNCTION(name)                                                                   \
	if (name == rhp_exported_##name)                                                 \
		rhp_next.name = directly && next.name ? next.name : next_##name;
	RHP_NEXT_FUNCTIONS
#undef FUNCTION
}
