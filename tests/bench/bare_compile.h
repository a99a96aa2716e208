/*
 * bare_compile.h - a candidate compiled without any box: cc1, as and ld started directly, the image loaded into this process.
 *
 * The compiler, flags, units and headers are those of the compile box (sandbox/compile_plan.c); units that do not hold the candidate are compiled once, as
 * the box's cache does. The image is loaded with all rights of this process: only for programs that a campaign has found to be well-behaved.
 * Files stand in the current folder.
 */
#pragma once

#include <dlfcn.h>
#include <spawn.h>
#include <stdbool.h>

#include "evaluators/rig.h"
#include "sandbox/pad_object.h"
#include "sandbox/toolchain.h"
#include "tests/bench/bench.h"

typedef void bare_entry(const void *arguments, void *results);

struct bare_compile {
	const struct rig *rig;        /* borrowed: units and flags */
	struct toolchain tools;
	const char *headers;          /* borrowed; the box's own headers */
	bool units_made;
	int images;                   /* made so far: each has a name of its own, since dlopen knows a file again */
};

struct bare_words { const char *words[BENCH_WORDS_MAX + TOOLCHAIN_NATIVE_MAX]; int count; };

extern char **environ;

static inline void bare_say(struct bare_words *w, const char *const *more)
{
	while (*more)
		w->words[w->count++] = *more++;
	w->words[w->count] = NULL;
}

/* In a session of its own, as every box is: a kernel with autogroups gives each session its share of a busy machine. */
static inline bool bare_tool(const struct bare_words *w)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int status = -1;
	pid_t pid;

	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, w->words[0], &actions, &attributes, (char *const *)(size_t)w->words, environ) == 0)
		waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return status == 0;
}

static inline void bare_write(const char *name, const void *bytes, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) {
		perror(name);
		exit(2);
	}
	close(fd);
}

static inline void bare_compile_open(struct bare_compile *b, const struct rig *r, const char *headers)
{
	char pad[PAD_OBJECT_BYTES_MAX];
	struct err e = { 0 };

	*b = (struct bare_compile){ .rig = r, .headers = headers };
	if (toolchain_find(&b->tools, r->configure->compiler, &e) < 0)
		bench_stop("toolchain", &e);
	bare_write("pad.o", pad, pad_object_make(pad, 0));
	for (int i = 0; i < r->unit_count; i++)
		bare_write(r->units[i].name, r->units[i].text, r->units[i].size);
}

static inline void bare_add_flags(struct bare_words *w, const struct bare_compile *b)
{
	for (int i = 0; b->rig->configure->flags[i]; i++) {
		const char *flag = b->rig->configure->flags[i];

		if (text_equal(flag, "-march=native"))
			bare_say(w, (const char *const *)(size_t)b->tools.native);
		else
			bare_say(w, (const char *const[]){ flag, NULL });
	}
	bare_say(w, (const char *const[]){ "-falign-functions=64", "-falign-loops=64", "-falign-jumps=64", NULL });
}

static inline bool bare_unit(const struct bare_compile *b, const char *name)
{
	const char *include = b->rig->configure->include_dir;
	char *assembly = text_format("%s.s", name), *object = text_format("%s.o", name);
	struct bare_words w = { .count = 0 };
	bool done;

	bare_say(&w, (const char *const[]){ b->tools.cc1, "-quiet", "-nostdinc", NULL });
	bare_add_flags(&w, b);
	bare_say(&w, (const char *const[]){ "-fPIC", "-fvisibility=hidden", "-fno-asynchronous-unwind-tables", "-fno-stack-protector",
		"-fno-ident", "-frandom-seed=clade", "-w", NULL });
	if (include)
		bare_say(&w, (const char *const[]){ "-iquote", include, "-isystem", include, NULL });
	bare_say(&w, (const char *const[]){ "-isystem", b->headers, "-isystem", b->tools.include_dir, NULL });
	if (b->rig->configure->candidate_included)
		bare_say(&w, (const char *const[]){ "-DCLADE_CANDIDATE=\"candidate.c\"", NULL });
	bare_say(&w, (const char *const[]){ name, "-o", assembly, NULL });
	done = bare_tool(&w);
	w.count = 0;
	bare_say(&w, (const char *const[]){ b->tools.as, "--noexecstack", "-o", object, assembly, NULL });
	done = done && bare_tool(&w);
	free(assembly);
	free(object);
	return done;
}

static inline bool bare_link(const struct bare_compile *b, const char *image)
{
	struct bare_words w = { .count = 0 };
	char objects[COMPILE_UNITS_MAX][80];

	bare_say(&w, (const char *const[]){ b->tools.ld, "-shared", "-z", "noexecstack", "-z", "norelro", "-z", "text", "--hash-style=sysv",
		"--build-id=none", "--no-warn-rwx-segments", "-s", "-o", image, "pad.o", NULL });
	if (!b->rig->configure->candidate_included)
		bare_say(&w, (const char *const[]){ "candidate.c.o", NULL });
	for (int i = 0; i < b->rig->unit_count; i++) {
		snprintf(objects[i], sizeof objects[i], "%s.o", b->rig->units[i].name);
		bare_say(&w, (const char *const[]){ objects[i], NULL });
	}
	return bare_tool(&w);
}

/* The entry of the compiled program; *object is for dlclose. Ends the bench where a program of a campaign does not compile. */
static inline bare_entry *bare_compile(void **object, struct bare_compile *b, const char *source, size_t size)
{
	char image[40];
	bool included = b->rig->configure->candidate_included, done = true;
	void *entry;

	snprintf(image, sizeof image, "./image%d.so", b->images++);
	bare_write("candidate.c", source, size);
	if (!included)
		done = bare_unit(b, "candidate.c");
	for (int i = 0; i < b->rig->unit_count && done && (included || !b->units_made); i++)
		done = bare_unit(b, b->rig->units[i].name);
	b->units_made = true;
	done = done && bare_link(b, image);
	*object = done ? dlopen(image, RTLD_NOW | RTLD_LOCAL) : NULL;
	unlink(image);
	entry = *object ? dlsym(*object, "clade_call") : NULL;
	if (!entry) {
		fprintf(stderr, "a program of the campaign does not compile or load without a box: %s\n", done ? dlerror() : "its tools failed");
		exit(2);
	}
	return (bare_entry *)entry;
}
